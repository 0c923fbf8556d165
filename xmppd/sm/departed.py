"""Sessions that an earlier life of this process had: others are told that they have gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from xmppd.component.session import StreamFacts
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm import presence
from xmppd.sm.session import Session

if TYPE_CHECKING:
    from xmppd.sm.user import User


@attrs.frozen
class Seen:
    """A session that somebody has seen: whether it had broadcast presence, and to whom else it had
    sent it."""

    broadcast: bool = False
    directed: list[str] = attrs.field(factory=list)


class Departed(Session):
    """A session that has neither a stream nor a queue: nothing comes to it any more."""

    __slots__ = ()

    def __init__(self, user: User, jid: Jid) -> None:
        self.user = user
        self.jid = jid
        self.address = jid
        self.facts = StreamFacts(jid.domain)
        self.since = 0.0
        self.presence = None
        self.priority = 0
        self.interested = False
        self.directed = None
        self.notes = {}
        self.ticket = 0
        self.closing = self.full = True
        self.gate = self.managed = self.backlog = None


def depart(user: User, resource: str, seen: Seen) -> None:
    """Tell whoever has seen a session that it has gone (RFC 6121, 4.5.2 and 4.6.3).

    Where its client has come back under the same resource, only those hear of it to whom it has
    not shown itself again.
    """
    session = Departed(user, user.jid.with_resource(resource))
    session.directed = {Jid.parse(text) for text in seen.directed}
    back = user.sessions.get(resource)
    if back is not None and back.presence is not None:
        session.directed = {jid for jid in session.directed if not user.entitles(jid)}
    elif seen.broadcast:
        session.presence = Stanza.make("presence", sender=session.jid)
    if back is not None:
        session.directed -= back.directed or set()
    presence.unavailable(user.host, session, presence.farewell(session))
