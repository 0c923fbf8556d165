"""Presence: broadcast, directed, probes (RFC 6121, 4), as sent and as received."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.defer import Deferred

from xmppd.component.stages import Life
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm import contacts
from xmppd.sm.session import MAX_DIRECTED, Session
from xmppd.sm.spreading import picked, spread

if TYPE_CHECKING:
    from xmppd.sm.host import Host
    from xmppd.sm.subscriptions import Kind
    from xmppd.sm.user import User

_NUMBER = re.compile(r"[ \t\r\n]*[+-]?[0-9]{1,9}[ \t\r\n]*")

SUBSCRIPTION = frozenset({"subscribe", "subscribed", "unsubscribe", "unsubscribed"})


# What a session sends


def sent(host: Host, session: Session, stanza: Stanza) -> Deferred[Any] | None:
    """Handle presence of a client; raises StanzaError, or returns what fails with one."""
    type = stanza.attrs.get("type")
    if type in SUBSCRIPTION:
        _check_subscription(stanza, session)
        return contacts.send(host, session.user, cast("Kind", type), stanza)
    if type is None or type == "unavailable":
        if stanza.to is not None:
            _directed(host, session, stanza, type is None)
        elif type is None:
            _available(host, session, stanza)
        else:
            unavailable(host, session, stanza)
    elif type in ("probe", "error") and stanza.to is not None:
        host.manager.send(stanza)
    else:
        raise StanzaError("bad-request", "unknown type of presence")
    return None


def _check_subscription(stanza: Stanza, session: Session) -> None:
    if stanza.to is None or stanza.to.bare == session.jid.bare:
        raise StanzaError("bad-request", "subscriptions go to the bare JID of another")


def priority_of(stanza: Stanza) -> int:
    """The priority of presence (RFC 6121, 4.7.2.3); raises StanzaError bad-request."""
    if not stanza.has(CONTENT, "priority"):
        return 0
    text = stanza.text(CONTENT, "priority") or ""
    if _NUMBER.fullmatch(text) is None:
        raise StanzaError("bad-request", "priority is not a number")
    priority = int(text)
    if not -128 <= priority <= 127:
        raise StanzaError("bad-request", "priority is not within -128 and 127")
    return priority


def _available(host: Host, session: Session, stanza: Stanza) -> None:
    priority = priority_of(stanza)
    first = session.presence is None
    session.presence = stanza
    session.priority = priority
    _broadcast(host, session, stanza)
    if first:
        _initial(host, session)
        host.traces.changed(session.user)
    host.tell(Life.PRESENCE, session)


def _initial(host: Host, session: Session) -> None:
    """RFC 6121, 4.2.2 and 4.3.1; 3.1.3: requests that still wait are delivered again."""
    user = session.user
    for other in user.available:
        if other is not session and other.presence is not None:
            session.deliver(other.presence.readdressed(user.jid))
    probe = Stanza.make("presence", sender=session.jid, type="probe")
    seen = [contact.jid for contact in user.contacts.values() if contact.user_subscribed]
    spread(host, session, probe, seen)
    for request in map(parse_stanza, user.requests.values()):
        if picked(host, user, request, [session]):
            session.deliver(request)
    host.tell(Life.AVAILABLE, session)


def _broadcast(host: Host, session: Session, stanza: Stanza) -> None:
    """To the contacts who may see it, and to the account's own sessions (4.2.2, 4.4.2)."""
    user = session.user
    seeing = [contact.jid for contact in user.contacts.values() if contact.contact_subscribed]
    spread(host, session, stanza, seeing)
    host.manager.send(stanza.readdressed(user.jid))


def unavailable(host: Host, session: Session, stanza: Stanza) -> None:
    """The session goes offline, by its own word or by its end (RFC 6121, 4.5.2, 4.6.3)."""
    told = session.presence is not None
    if told:
        session.presence = None
        _broadcast(host, session, stanza)
        session.deliver(stanza.readdressed(session.user.jid))
        session.priority = 0
        host.tell(Life.UNAVAILABLE, session)
    directed, session.directed = session.directed, None
    if directed:
        entitles = session.user.entitles
        left = [jid for jid in directed if not (told and entitles(jid))]
        spread(host, session, stanza, left)
    if told or directed:
        host.traces.changed(session.user)


def _directed(host: Host, session: Session, stanza: Stanza, available: bool) -> None:
    """RFC 6121, 4.6: remembered for those who would not get the unavailable otherwise."""
    to = stanza.to
    assert to is not None
    directed = session.directed
    if available:
        priority_of(stanza)
        if session.presence is None or not session.user.entitles(to):
            directed = session.directed = directed if directed is not None else set()
            if to not in directed and len(directed) >= MAX_DIRECTED:
                raise StanzaError("resource-constraint", "too many directed presences")
            directed.add(to)
            host.traces.changed(session.user)
    elif directed is not None:
        directed.discard(to)
        host.traces.changed(session.user)
    host.manager.send(stanza)


# What comes for an account


def received(host: Host, user: User, stanza: Stanza) -> Deferred[Any] | None:
    """Handle presence for an account (RFC 6121, 3, 4 and 8.5); returns what is not done yet."""
    type, to = stanza.attrs.get("type"), stanza.to
    assert to is not None
    if type in SUBSCRIPTION:
        return contacts.receive(host, user, cast("Kind", type), stanza)
    if type == "probe":
        _probed(host, user, stanza)
    elif type is None or type == "unavailable" or type == "error":
        if to.resource:
            session = user.sessions.get(to.resource)
            sessions = [] if session is None else [session]
        else:
            sessions = user.available
        for session in picked(host, user, stanza, sessions):
            session.deliver(stanza)
    return None


def _probed(host: Host, user: User, stanza: Stanza) -> None:
    """RFC 6121, 4.3.2."""
    asker, to = stanza.sender, stanza.to
    if asker is None or to is None:
        return
    if not user.entitles(asker):
        refuse_probe(host, stanza)
        return
    known = [user.sessions.get(to.resource)] if to.resource else user.available
    found = [session for session in known if session is not None and session.presence is not None]
    for session in found:
        assert session.presence is not None
        spread(host, session, session.presence, [asker])
    if not found and asker.bare != user.jid:
        host.manager.send(Stanza.make("presence", to=asker, sender=to, type="unavailable"))


def refuse_probe(host: Host, stanza: Stanza) -> None:
    """What a stranger gets, whether the account exists or not (RFC 6121, 4.3.2)."""
    if stanza.to is not None and stanza.sender is not None:
        host.manager.send(
            Stanza.make("presence", to=stanza.sender, sender=stanza.to.bare, type="unsubscribed")
        )


def received_by_host(host: Host, stanza: Stanza) -> None:
    """Presence to the domain itself: nobody is there to be seen or subscribed to."""
    if stanza.type == "subscribe" or stanza.type == "probe":
        refuse_probe(host, stanza)


def farewell(session: Session) -> Stanza:
    """The unavailable presence that the server sends for a session that has ended."""
    return Stanza.make("presence", sender=session.jid, type="unavailable")
