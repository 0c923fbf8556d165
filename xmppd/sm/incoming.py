"""What comes from the router for a host or its accounts (RFC 6121, 8; RFC 6120, 10.5)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from xmppd.component.extension import ACCOUNT, HOST, OWN_ACCOUNT
from xmppd.component.stages import DROP, Verdict, walk
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import ROSTER
from xmppd.protocol.stanza import Stanza
from xmppd.sm import presence
from xmppd.sm.delivery import TABLE, Rule, To, choose, message_type
from xmppd.sm.order import unfinished
from xmppd.sm.reaching import deliver, done, missed
from xmppd.sm.session import Session
from xmppd.sm.unsettled import Unsettled
from xmppd.sm.user import User

if TYPE_CHECKING:
    from xmppd.sm.host import Host

MAX_LINE = 1_000
"""Stanzas of one sender that may wait until something it sent before is done."""


def receive(host: Host, stanza: Stanza, unsettled: Unsettled | None = None) -> None:
    """Handle one stanza addressed to the host or to one of its accounts.

    `unsettled` is there where its sender waits to hear that it is handled.
    """
    to = stanza.to
    assert to is not None
    if not to.local:
        _for_host(host, stanza)
        done(None, unsettled)
        return
    user = host.users.get(to.local)
    if user is not None:
        for_account(host, stanza, user, unsettled)
    else:
        host.with_user(
            to.local,
            lambda found: for_account(host, stanza, found, unsettled),
            lambda failure: _refuse(host, failure, stanza, unsettled),
        )


def _refuse(host: Host, failure: Failure, stanza: Stanza, unsettled: Unsettled | None) -> None:
    host.refuse_failure(failure, stanza)
    done(None, unsettled)


def for_account(
    host: Host, stanza: Stanza, user: User | None, unsettled: Unsettled | None = None
) -> None:
    """Handle a stanza to an account; None: there is none of that name."""
    if user is None:
        _for_nobody(host, stanza)
        done(None, unsettled)
        return
    sender = user.jid if stanza.sender is None else stanza.sender.bare
    line = user.lines.get(sender)
    if line is None:
        pending = _handle(host, stanza, user, unsettled)
        if pending is not None:
            user.lines[sender] = deque()
            pending.addBoth(_go_on, host, user, sender)
            host.manager.overdue.something_waits()
    elif len(line) < MAX_LINE:
        line.append((stanza, unsettled))
    else:
        host.refuse(stanza, StanzaError("resource-constraint", "too many stanzas wait"))
        done(None, unsettled)


def _go_on(_: object, host: Host, user: User, sender: Jid) -> None:
    """Handle what the same sender sent meanwhile, in its order."""
    line = user.lines[sender]
    while line:
        pending = _handle(host, line[0][0], user, line.popleft()[1])
        if pending is not None:
            pending.addBoth(_go_on, host, user, sender)
            return
    del user.lines[sender]


def _handle(
    host: Host, stanza: Stanza, user: User, unsettled: Unsettled | None
) -> Deferred[Any] | None:
    """Handle one stanza; what is not done at once is returned, and never fails."""
    try:
        hooks = host.dispatch.received[stanza.name].of(stanza, user.notes)
        verdict = walk(hooks, stanza, user) if hooks else stanza
        if isinstance(verdict, Stanza) or verdict is DROP:  # Deferred is slow to ask for
            pending = _walked(verdict, host, user, unsettled)
        else:
            pending = verdict.addCallback(_walked, host, user, unsettled)
    except Exception:
        host.refuse_failure(Failure(), stanza)
        pending = None
    if pending is not None:
        pending.addErrback(host.refuse_failure, stanza)
        return unfinished(pending.addBoth(done, unsettled))
    if unsettled is not None:
        unsettled.done()
    return None


def _walked(
    verdict: Verdict, host: Host, user: User, unsettled: Unsettled | None
) -> Deferred[Any] | None:
    """Pass on what CHECK and MARK have let through."""
    if not isinstance(verdict, Stanza):
        return None
    if verdict.name == "message":
        return _message(host, verdict, user, unsettled)
    if verdict.name == "presence":
        return presence.received(host, user, verdict)
    _iq(host, verdict, user)
    return None


def _message(
    host: Host, stanza: Stanza, user: User, unsettled: Unsettled | None
) -> Deferred[Any] | None:
    rule, sessions = choose(user, stanza)
    dispatch, notes = host.dispatch, user.notes
    for hook in dispatch.received_pick["message"].of(stanza, notes):
        chosen = hook(stanza, user, sessions)
        sessions = sessions if chosen is None else chosen
    host.guarded_each(dispatch.received_note["message"].of(stanza, notes), stanza, user, sessions)
    if sessions:
        deliver(stanza, user, sessions, unsettled)
    elif rule is Rule.MISSED:
        return missed(host, stanza, user)
    elif rule is Rule.REFUSE:
        host.refuse(stanza, StanzaError("service-unavailable"))
    return None


def _iq(host: Host, stanza: Stanza, user: User) -> None:
    to, sender = stanza.to, stanza.sender
    assert to is not None
    own = sender is not None and sender.bare == user.jid
    if not to.resource:
        origin = _sender_session(user, stanza, own)
        if origin is not None or not own:
            host.handle(OWN_ACCOUNT if own else ACCOUNT, stanza, origin)
        return  # else: the session that asked has ended
    session = user.sessions.get(to.resource)
    roster = (
        not own and stanza.type == "set" and any(child[0] == ROSTER for child in stanza.children)
    )
    if session is None or session.closing or session.full or roster:
        host.refuse(stanza, StanzaError("service-unavailable"))
    else:
        session.deliver(stanza)


def _sender_session(user: User, stanza: Stanza, own: bool) -> Session | None:
    return user.sessions.get(stanza.sender.resource) if own and stanza.sender else None


def _for_host(host: Host, stanza: Stanza) -> None:
    if stanza.name == "iq":
        host.handle(HOST, stanza, host.session_of(stanza.sender))
    elif stanza.name == "message":
        if message_type(stanza) != "error":
            host.refuse(stanza, StanzaError("service-unavailable"))
    else:
        presence.received_by_host(host, stanza)


def _for_nobody(host: Host, stanza: Stanza) -> None:
    """RFC 6121, 8.5.1: a missing account looks like one that a stranger cannot reach."""
    assert stanza.to is not None
    if stanza.name == "iq" and stanza.to.resource:
        host.refuse(stanza, StanzaError("service-unavailable"))
    elif stanza.name == "iq":
        host.handle(ACCOUNT, stanza, None)
    elif stanza.name == "message":
        if TABLE[message_type(stanza), To.NOBODY] is Rule.REFUSE:
            host.refuse(stanza, StanzaError("service-unavailable"))
    elif stanza.type == "probe":
        presence.refuse_probe(host, stanza)
