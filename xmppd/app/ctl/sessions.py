"""Verbs on sessions: who is here, and who has to leave."""

from typing import Any

from xmppd.app.ctl.addresses import address_named, host_of
from xmppd.app.ctl.verb import Parameter, Refused, Server, Verb
from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.sm.ending import kick as end_sessions
from xmppd.sm.session import Session


async def sessions(server: Server, jid: str | None = None) -> list[dict[str, Any]]:
    """List the sessions of everybody, of a domain, of an account, or one."""
    if jid is None:
        hosts = [host.sessions() for host in server.manager.hosts.values()]
        return [described(session) for found in hosts for session in found]
    address = address_named(server, jid)
    host = host_of(server, address.domain)
    return [described(session) for session in host.sessions() if _within(session.jid, address)]


async def kick(server: Server, jid: str) -> dict[str, Any]:
    """Close the streams of an account, or the one of a full JID."""
    address = address_named(server, jid)
    if not address.local:
        raise Refused(f"{address} is a domain (write NAME@{address})")
    user = host_of(server, address.domain).users.get(address.local)
    error = StreamError("policy-violation", "closed by an administrator")
    ended = 0 if user is None else end_sessions(user, error, address.resource)
    if not ended:
        raise Refused(f"{address} has no session")
    return {"jid": address, "sessions_ended": ended}


def _within(jid: Jid, address: Jid) -> bool:
    return address in (jid, jid.bare, jid.host)


def described(session: Session) -> dict[str, Any]:
    """What there is to tell of a session."""
    facts = session.facts
    return {
        "jid": session.jid,
        "address": facts.peer,
        "via": facts.via,
        "since": format_datetime(int(session.since * 1_000_000)),
        "priority": session.priority if session.available else None,
        "tls": facts.tls or None,
        "cipher": facts.cipher or None,
        "language": facts.lang or None,
    }


VERBS = (
    Verb(
        "sessions",
        "List sessions.",
        sessions,
        (
            Parameter(
                "jid",
                "jid",
                "Only of this domain or account.",
                required=False,
                metavar="[DOMAIN|JID]",
            ),
        ),
        needs="server",
    ),
    Verb(
        "kick",
        "Close the streams of an account.",
        kick,
        (Parameter("jid", "jid", "The account, or one of its sessions by its full JID."),),
        needs="server",
        changes=True,
    ),
)
