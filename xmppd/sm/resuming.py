"""A client comes back over another stream (XEP-0198, 5; session protocol, 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xmppd.component.leg import End
from xmppd.component.session import StreamFacts, kick, verb
from xmppd.component.stages import Life
from xmppd.protocol.acks import TooHigh, count_in, failed, resumed
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import STREAM_MANAGEMENT
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.sm.manager import SessionManager
    from xmppd.sm.session import Session
    from xmppd.sm.user import User

Answer = Callable[[Stanza], None]


def resume(
    manager: SessionManager,
    user: User,
    stream: Jid,
    facts: StreamFacts,
    asked: Stanza,
    answer: Answer,
) -> None:
    """Give a stream the session that it asks for, or say why not.

    :param asked: the client's `<resume/>`.
    """
    previd, h = asked.attrs.get("previd", ""), count_in(asked)
    if user.host.dispatch.element_handler(STREAM_MANAGEMENT, "enable") is None:
        answer(_failed("feature-not-implemented"))
        return
    if not previd or h is None:
        answer(_failed("bad-request"))
        return
    session = _session(user, previd)
    if session is None:
        answer(_failed("item-not-found", manager.detached.handled(previd, user.jid)))
        return
    try:
        session.acknowledged(h)
    except TooHigh as error:
        answer(kick(error))
        return
    _fence(manager, session, stream, facts)
    assert session.managed is not None
    session.managed.fence(
        lambda: _resumed(manager, session, answer), lambda error: answer(kick(error))
    )


def _session(user: User, previd: str) -> Session | None:
    for session in user.sessions.values():
        managed = session.managed
        if managed is not None and managed.resumable and managed.id == previd:
            return None if session.closing else session
    return None


def _fence(manager: SessionManager, session: Session, stream: Jid, facts: StreamFacts) -> None:
    """From here on the session has another leg, and nothing that comes by the old one counts."""
    former, conflict = session.leg, StreamError("conflict", "resumed over another stream")
    managed = session.managed
    assert managed is not None
    # First of all, for the former leg may be found to have ended with a former life of its edge.
    leg = manager.edges.leg(session, stream, former.epoch + 1)
    if managed.draining:
        managed.give_way(conflict)
        manager.edges.ended(former, End.ABSENT)
    elif session.attached:
        manager.edges.kick(former, conflict)
        managed.end_leg()
        manager.edges.ended(former, End.CLOSED)
    manager.detached.attached(session)
    session.leg = leg
    session.facts = facts


def _resumed(manager: SessionManager, session: Session, answer: Answer) -> None:
    """All that came over the old leg is settled: now `h` is final."""
    managed, leg = session.managed, session.leg
    assert managed is not None
    leg.h = managed.h
    answer(
        verb(
            "opened",
            resumed(managed.id, managed.h),
            session=session.address,
            e=str(leg.epoch),
            jid=session.jid,
            managed="true",
        )
    )
    managed.send_again()
    session.user.host.tell(Life.RESUMED, session)


def _failed(condition: str, h: int | None = None) -> Stanza:
    return parse_stanza(failed(condition, h))
