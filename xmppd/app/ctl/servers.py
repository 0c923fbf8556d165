"""Verbs on streams with other servers: what there is, an end to it, and a trial."""

from typing import Any, Protocol

from xmppd.app.config_model import Config
from xmppd.app.config_words import shown
from xmppd.app.ctl.remote import way_to
from xmppd.app.ctl.verb import WAY, Parameter, Refused, Verb
from xmppd.app.roles import ServersRole
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.s2s.incoming import Incoming
from xmppd.s2s.outgoing import Outgoing
from xmppd.s2s.pair import Pair
from xmppd.s2s.probe import Probe
from xmppd.tls.transport import tls_facts


class Federating(Protocol):
    """A process that may speak with other servers."""

    config: Config
    federation: ServersRole | None


async def s2s_list(server: Federating, domain: str | None = None) -> list[dict[str, Any]]:
    """List the streams with other servers."""
    edge = _role(server).edge
    remote = None if domain is None else _domain(domain)
    pairs = [
        _outgoing(pair)
        for pair in edge.pairs.values()
        if remote in (None, pair.remote) and (_stream_of(pair) is not None or len(pair.queue))
    ]
    coming = [
        _incoming(stream) for stream in edge.incoming if remote is None or stream.is_of(remote)
    ]
    return [*pairs, *coming]


async def s2s_close(server: Federating, domain: str) -> dict[str, Any]:
    """Close all streams with a domain."""
    remote = _domain(domain)
    closed = _role(server).edge.close(remote)
    if not closed:
        raise Refused(f"{remote}: there is no stream with it")
    return {"domain": remote, "closed": closed}


async def s2s_check(server: Federating, domain: str) -> dict[str, Any]:
    """Find the server of a domain, connect, prove ourselves; tell what came of it."""
    edge = _role(server).edge
    remote = _domain(domain)
    if edge.serves(remote):
        raise Refused(f"{remote} is served here")
    report = await Probe(edge, Jid.parse(server.config.domains[0]), remote).run()
    return {
        "domain": remote,
        "policy": edge.settings.policy_of(remote),
        "problems": report.problems,
        **{"where": None, "tls": None, "certificate": None, "proof": None, **report.about},
    }


async def s2s_route(server: Federating, sender: str, to: str) -> dict[str, Any]:
    """Tell how a stanza for another server would go on from here."""
    return await way_to(_role(server).edge, _domain(sender), _domain(to))


def _role(server: Federating) -> ServersRole:
    if server.federation is None:
        raise Refused("this server does not talk to others (s2s.enabled = true lets it)")
    return server.federation


def _domain(text: str) -> Jid:
    try:
        jid = Jid.parse(text)
    except InvalidJid as problem:
        raise Refused(f"not a domain: {problem} (got {shown(text)})") from None
    return jid.host


def _stream_of(pair: Pair) -> Outgoing | None:
    """The one that we have opened, be it for this pair or for another."""
    ways = (way for way in pair.ways if isinstance(way, Outgoing))
    return pair.stream or next(ways, None)


def _outgoing(pair: Pair) -> dict[str, Any]:
    stream = _stream_of(pair)
    facts = {} if stream is None else stream.about
    return {
        "direction": "out",
        "local": pair.local,
        "remote": pair.remote,
        "where": facts.get("where"),
        "tls": facts.get("tls"),
        "proof": facts.get("proof"),
        "bidi": stream is not None and stream.is_bidi,
        "waiting": len(pair.queue),
    }


def _incoming(stream: Incoming) -> dict[str, Any]:
    return {
        "direction": "in",
        "local": " ".join(sorted({local for _, local in stream.proved})) or None,
        "remote": " ".join(sorted({remote for remote, _ in stream.proved})) or stream.peer,
        "where": stream.where,
        "tls": tls_facts(stream.transport).version or None,
        "proof": stream.proof or None,
        "bidi": stream.is_bidi,
        "waiting": 0,
    }


_REMOTE = Parameter("domain", "domain", "The domain of the other server.")

VERBS = (
    Verb(
        "s2s_list",
        "List the streams with other servers.",
        s2s_list,
        (Parameter("domain", "domain", "Only those with this domain.", required=False),),
        needs="server",
        role="servers",
    ),
    Verb(
        "s2s_close",
        "Close the streams with a domain.",
        s2s_close,
        (_REMOTE,),
        needs="server",
        role="servers",
        changes=True,
    ),
    Verb(
        "s2s_check",
        "Try the server of a domain: where it is, its certificate, what proves us there.",
        s2s_check,
        (_REMOTE,),
        needs="server",
        role="servers",
        seconds=120,
    ),
    Verb(
        "s2s_route",
        "Tell how a stanza for another server would go on.",
        s2s_route,
        WAY,
        needs="server",
        role="servers",
    ),
)
