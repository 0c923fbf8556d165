"""How stanzas get to another server: the stream that takes them, or where one would be opened."""

from typing import Any

from xmppd.protocol.jid import Jid
from xmppd.s2s.edge import ServerEdge
from xmppd.s2s.outgoing import Outgoing
from xmppd.s2s.pair import Pair
from xmppd.s2s.race import Place
from xmppd.s2s.resolver import NoAnswer, NotFound
from xmppd.s2s.server_stream import ServerStream
from xmppd.tls.transport import tls_facts


async def way_to(edge: ServerEdge, local: Jid, remote: Jid) -> dict[str, Any]:
    """What an edge does with a stanza from one domain to another.

    `state` is that of the pair of domains, or `left alone` after a failure; `refused` where the
    edge would not send it at all. `places` are those that would be tried now, where nothing is.
    """
    pair = edge.pairs.get((local.domain, remote.domain))
    facts = dict.fromkeys(("where", "tls", "proof", "problem")) | {
        "local": local,
        "remote": remote,
        "state": _state(edge, pair, local, remote),
        "policy": edge.settings.policy_of(remote),
        "waiting": 0 if pair is None else len(pair.queue),
        "places": [],
    }
    if facts["state"] == "left alone":
        facts["problem"] = edge.backoffs.problem(remote).text
    elif facts["state"] == "none":
        facts["places"], facts["problem"] = await _places(edge, remote)
    elif pair is not None:
        facts |= _facts(pair.way or pair.stream)
    return facts


def _facts(stream: ServerStream | None) -> dict[str, str]:
    """How a stream is secured; also one that the other server has opened (XEP-0288)."""
    if stream is None:
        return {}
    if isinstance(stream, Outgoing):
        return {key: stream.about.get(key, "") for key in ("where", "tls", "proof")}
    tls = tls_facts(stream.transport).version or "none"
    return {"where": stream.where, "tls": tls, "proof": stream.proof}


def _state(edge: ServerEdge, pair: Pair | None, local: Jid, remote: Jid) -> str:
    if edge.serves(remote) or not edge.serves(local):
        return "refused"
    if pair is not None and pair.state != "none":
        return pair.state
    return "left alone" if edge.backoffs.holds(remote) else "none"


async def _places(edge: ServerEdge, remote: Jid) -> tuple[list[str], str | None]:
    """Where DNS, or the configuration, says that a server is; or why not."""
    found: list[str] = []
    try:
        async for places in edge.connector.places(remote):
            found += map(_told, places)
    except (NotFound, NoAnswer) as problem:
        return found, str(problem)
    return found, None


def _told(place: Place) -> str:
    return f"{place} ({'direct TLS' if place.direct else 'STARTTLS'})"
