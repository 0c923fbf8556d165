"""How sessions end: by the client's word, by a lost connection, by the server's."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from xmppd.component.leg import End, State
from xmppd.component.stages import Life
from xmppd.protocol.acks import TooHigh, count_in
from xmppd.protocol.errors import StreamError
from xmppd.protocol.stanza import Stanza
from xmppd.sm import presence
from xmppd.sm.reaching import missed_again

_NOT_MEANT: Final = frozenset({"system-shutdown", "connection-timeout"})
"""The edge's own errors that are no fault of its client."""

if TYPE_CHECKING:
    from xmppd.sm.manager import SessionManager
    from xmppd.sm.session import Session
    from xmppd.sm.user import User


def closed(manager: SessionManager, session: Session, close: Stanza) -> None:
    """The edge says that the stream is gone, or something that this end need not know."""
    if close.name != "close":
        return
    written, acknowledged = count_in(close, "written"), count_in(close, "a")
    if written is not None:
        session.written(written)
    if acknowledged is not None:
        with suppress(TooHigh):
            session.acknowledged(acknowledged)
    if _is_lost(close):
        manager.detached.lost(session, End.ANSWERED)
    else:
        end(manager, session, End.ANSWERED)


def _is_lost(close: Stanza) -> bool:
    """Whether the client did not mean to go (3.7)."""
    how = close.attrs.get("how")
    return how == "lost" or (how == "error" and close.attrs.get("condition") in _NOT_MEANT)


def end(manager: SessionManager, session: Session, how: End = End.CLOSED) -> None:
    """End a session: broadcast unavailable, and give what was not written another chance.

    `how` is what ends its leg: unless said otherwise the word that the stream has to be closed,
    which has been sent.
    """
    user, host = session.user, session.user.host
    if manager.sessions.pop(session.address, None) is None:
        return
    kicked = session.leg.state is State.CLOSING
    manager.edges.ended(session.leg, how if kicked else End.ABSENT)
    if user.sessions.get(session.jid.resource) is session:
        del user.sessions[session.jid.resource]
    session.closing = True
    manager.detached.ended(session)
    presence.unavailable(host, session, presence.farewell(session))
    left = session.undelivered(_reached_nobody(user, session))
    unsettled = session.watching.take_unsettled()
    host.tell(Life.CLOSED, session)
    if not user.sessions:
        host.residents.rested(user)
    for stanza in left:
        missed_again(host, stanza, user, unsettled.pop(stanza, None))
    for one in unsettled.values():
        one.done()


def _reached_nobody(user: User, session: Session) -> set[Stanza]:
    """What went to several sessions, of which this was the last."""
    left = set()
    for stanza, sessions in list(user.shared.items()):
        sessions.discard(session)
        if not sessions:
            del user.shared[stanza]
            left.add(stanza)
    return left


def kick(user: User, error: StreamError, resource: str = "") -> int:
    """Close the streams of a user's sessions, or of one; returns how many."""
    sessions = [
        session for session in user.sessions.values() if resource in ("", session.jid.resource)
    ]
    for session in sessions:
        attached = session.attached
        session.close(error)
        if not attached:
            end(user.host.manager, session)
    return len(sessions)
