"""What a session sends: checked, stamped, and passed on (RFC 6120, 8.1.2 and 10.3)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from xmppd.component.stages import DROP, Verdict, walk
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.namespaces import SESSION_PROTOCOL
from xmppd.protocol.stanza import Stanza
from xmppd.sm import ending, presence
from xmppd.sm.order import unfinished

if TYPE_CHECKING:
    from xmppd.sm.host import Host
    from xmppd.sm.session import Session
    from xmppd.sm.unsettled import Unsettled

_IQ_TYPES = frozenset({"get", "set", "result", "error"})

ROUTER_FROM = "router_from"
"""The attribute by which routers tell services who asks (as jabberd's do): not for clients."""


def take(host: Host, session: Session, stanza: Stanza) -> None:
    """Handle one stanza of a client, after all that it sent before."""
    if session.backlog is not None:
        session.backlog.append(stanza)
        end_if_gone(session)
        return
    if stanza.ns or session.managed is not None:
        pending = _begin(host, session, stanza)
    else:
        pending = _handle(host, session, stanza, None)
    if pending is not None:
        session.backlog = deque()
        pending.addBoth(_go_on, host, session)
        host.manager.overdue.something_waits()


def _go_on(_: object, host: Host, session: Session) -> None:
    """Handle what the client sent meanwhile, in its order."""
    backlog = session.backlog
    while backlog:
        pending = _begin(host, session, backlog.popleft())
        if pending is not None:
            pending.addBoth(_go_on, host, session)
            return
    session.backlog = None
    host.manager.reports.note(session)


def end_if_gone(session: Session) -> None:
    """A session that is closing takes nothing more, so its end need not wait for what does."""
    if session.closing:
        ends = [item for item in session.backlog or () if item.ns == SESSION_PROTOCOL]
        for item in ends:
            ending.closed(session.user.host.manager, session, item)


def _begin(host: Host, session: Session, stanza: Stanza) -> Deferred[Any] | None:
    """Handle one item; what is not done at once is returned, and never fails."""
    managed = session.managed
    if stanza.ns:
        _take_element(host, session, stanza)
        return None
    if managed is None or session.closing:
        return _handle(host, session, stanza, None)
    unsettled = managed.begin(stanza)
    pending = _handle(host, session, stanza, unsettled)
    managed.begun(unsettled, pending)
    return pending


def _take_element(host: Host, session: Session, item: Stanza) -> None:
    """What is no stanza: the end of the stream, or somebody's who has asked for such."""
    if item.ns == SESSION_PROTOCOL:
        ending.closed(host.manager, session, item)
        return
    handler = host.dispatch.element_handler(item.ns, item.name)
    if handler is None:
        session.close(StreamError("unsupported-stanza-type"))
    elif not session.closing:
        host.guarded(handler, item, session)


def _handle(
    host: Host, session: Session, stanza: Stanza, unsettled: Unsettled | None
) -> Deferred[Any] | None:
    """Handle one stanza; what is not done at once is returned, and never fails."""
    if session.closing:
        return None
    stamped = _stamped(session, stanza)
    if stamped is None:
        session.close(StreamError("invalid-from"))
        return None
    try:
        pending = _walk(host, session, stamped, unsettled)
    except Exception:
        _failed(Failure(), host, session, stamped)
        return None
    return (
        None if pending is None else unfinished(pending.addErrback(_failed, host, session, stamped))
    )


def _walk(
    host: Host, session: Session, stanza: Stanza, unsettled: Unsettled | None
) -> Deferred[Any] | None:
    """Take a stanza through CHECK and MARK, and pass on what they let through."""
    if stanza.malformed == "to":
        raise StanzaError("jid-malformed", by=host.jid)
    if stanza.name == "iq":
        _check_iq(stanza)
    hooks = host.dispatch.sent[stanza.name].of(stanza, session.user.notes)
    verdict = walk(hooks, stanza, session) if hooks else stanza
    if isinstance(verdict, Stanza) or verdict is DROP:  # Deferred is slow to ask for
        return _pass_on(verdict, host, session, unsettled)
    return verdict.addCallback(_pass_on, host, session, unsettled)


def _stamped(session: Session, stanza: Stanza) -> Stanza | None:
    """With the true `from` and the stream's language; None if it claims another `from`."""
    jid = session.jid
    if "from" in stanza.attrs:
        claimed = stanza.sender
        if claimed is None or (claimed != jid and claimed != jid.bare):
            return None
    lang = session.facts.lang
    if lang and "xml:lang" not in stanza.attrs:
        stamped = stanza.readdressed(None, jid, **{"xml:lang": lang})
    else:
        stamped = stanza.readdressed(None, jid)
    stamped.attrs.pop(ROUTER_FROM, None)
    stamped.malformed = stanza.malformed
    return stamped


def _check_iq(stanza: Stanza) -> None:
    """RFC 6120, 8.1.3 and 8.2.3: an id, a known type, one child in a request."""
    attrs = stanza.attrs
    type = attrs.get("type")
    if "id" not in attrs or type not in _IQ_TYPES:
        raise StanzaError("bad-request", "an iq needs an id and one of the four types")
    if type in ("get", "set") and len(stanza.children) != 1:
        raise StanzaError("bad-request", "a request has exactly one child")


def _failed(failure: Failure, host: Host, session: Session, stanza: Stanza) -> None:
    """Answer a stanza that failed with its StanzaError, else as our own fault."""
    if stanza.type in ("error", "result"):
        return
    answer = stanza.error(host.error_of(failure))
    if stanza.to is None:
        answer = answer.readdressed(sender=host.jid if stanza.malformed else session.jid.bare)
    host.answer(session, answer)


def _pass_on(
    verdict: Verdict, host: Host, session: Session, unsettled: Unsettled | None
) -> Deferred[Any] | None:
    if not isinstance(verdict, Stanza):
        return None
    stanza, pending = verdict, None
    if unsettled is not None:
        if unsettled.cancelled:
            return None
        unsettled.passed = True
    if stanza.name == "presence":
        if session.closing:
            return None  # it has said its last, and would be seen for ever
        pending = presence.sent(host, session, stanza)
    else:
        if stanza.to is None:
            # RFC 6120, 10.3.1 and 10.3.3: handled on behalf of the sender's own account.
            stanza = stanza.readdressed(session.jid.bare)
        if unsettled is None:
            host.manager.send(stanza)
        else:
            host.manager.pass_on(stanza, unsettled)
    hooks = host.dispatch.sent_note[stanza.name].of(stanza, session.user.notes)
    host.guarded_each(hooks, stanza, session)
    return pending
