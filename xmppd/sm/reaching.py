"""A message reaches sessions, or is missed (RFC 6121, 8.5; XEP-0160)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred, succeed

from xmppd.component.stages import Received, Verdict, deferred, walk
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.hints import is_worth_keeping
from xmppd.protocol.stanza import Stanza
from xmppd.sm.delivery import Rule, choose, message_type
from xmppd.sm.session import Session
from xmppd.sm.spreading import picked
from xmppd.sm.unsettled import Unsettled
from xmppd.sm.user import User
from xmppd.sm.waiting import late

if TYPE_CHECKING:
    from xmppd.sm.host import Host

T = TypeVar("T")


def done(result: T, unsettled: Unsettled | None) -> T:
    """A stanza has been handled."""
    if unsettled is not None:
        unsettled.done()
    return result


def deliver(
    stanza: Stanza, user: User, sessions: Sequence[Session], unsettled: Unsettled | None
) -> None:
    """Where one client of several has it, it is not missed when another's session ends."""
    if unsettled is not None and _is_rescued(stanza) and is_worth_keeping(stanza):
        unsettled.user, unsettled.stanza = user, stanza
        for session in sessions:
            session.watching.settles(stanza, unsettled)
    if len(sessions) == 1:
        sessions[0].deliver(stanza)
        return
    user.shared[stanza] = set(sessions)
    for session in sessions:
        session.deliver_watched(stanza, partial(_reached, user, stanza))


def _reached(user: User, stanza: Stanza) -> None:
    user.shared.pop(stanza, None)


def missed(host: Host, stanza: Stanza, user: User) -> Deferred[None]:
    """Nobody got it: offer it to whoever keeps messages, else refuse it."""

    def offered(taken: bool) -> None:
        if not taken and message_type(stanza) != "error":
            host.refuse(stanza, StanzaError("service-unavailable"))

    offer = _offer(host, stanza, user).addCallback(offered)
    return offer.addErrback(host.refuse_failure, stanza)


def _offer(host: Host, stanza: Stanza, user: User) -> Deferred[bool]:
    hooks = iter(host.dispatch.received_missed[stanza.name].of(stanza, user.notes))

    def ask_next(taken: object = None) -> bool | Deferred[bool]:
        if taken:
            return True
        for hook in hooks:
            result = hook(stanza, user)
            if result is not None and not isinstance(result, bool):
                return deferred(result).addCallback(ask_next)
            if result:
                return True
        return False

    return succeed(None).addCallback(ask_next)


def _is_rescued(stanza: Stanza) -> bool:
    """Whether a stanza whose session ends goes elsewhere."""
    return stanza.name == "message" and message_type(stanza) in ("chat", "normal")


def missed_again(host: Host, stanza: Stanza, user: User, unsettled: Unsettled | None) -> None:
    """A message whose session ended before it was written: as if it came now (RFC 6121, 8.5.3).

    Where it waited for a client that managed its stream it says since when (XEP-0198, 5). Sessions
    whose clients have a copy of it do not get it once more.
    """
    if _is_rescued(stanza):
        copied = getattr(stanza, "copied", frozenset[object]())
        stanza = late(host.jid, stanza)
        hooks = host.dispatch.hooks(Received.CHECK, stanza.name)
        checked = maybeDeferred(walk, hooks, stanza, user)
        checked.addCallback(_again, host, user, unsettled, copied)
        checked.addErrback(host.refuse_failure, stanza).addBoth(done, unsettled)
        return
    if stanza.name == "iq" and stanza.type in ("get", "set"):
        host.refuse(stanza, StanzaError("service-unavailable"))
    done(None, unsettled)


def _again(
    verdict: Verdict,
    host: Host,
    user: User,
    unsettled: Unsettled | None,
    copied: Collection[object],
) -> Deferred[None] | None:
    if not isinstance(verdict, Stanza):
        return None
    rule, sessions = choose(user, verdict.readdressed(user.jid))
    sessions = picked(host, user, verdict, sessions)
    if sessions and all(session in copied for session in sessions):
        return None
    sessions = [session for session in sessions if session not in copied]
    fit = [session for session in sessions if session.inherits(verdict)]
    if fit:
        deliver(verdict, user, fit, unsettled)
    elif sessions or rule is Rule.MISSED:
        return missed(host, verdict, user)
    return None
