"""What a session sends: checked, stamped, and passed on (RFC 6120, 8.1.2 and 10.3)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from xmppd.component.stages import DROP, Sent, Verdict, walk
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.stanza import Stanza
from xmppd.sm import presence

if TYPE_CHECKING:
    from xmppd.sm.host import Host
    from xmppd.sm.session import Session

_IQ_TYPES = frozenset({"get", "set", "result", "error"})


def take(host: Host, session: Session, stanza: Stanza) -> None:
    """Handle one stanza of a client, after all that it sent before."""
    if session.backlog is not None:
        session.backlog.append(stanza)
        return
    if session.closing:
        return
    stamped = _stamped(session, stanza)
    if stamped is None:
        session.close(StreamError("invalid-from"))
        return
    try:
        if stamped.malformed == "to":
            raise StanzaError("jid-malformed", by=host.jid)
        if stamped.name == "iq":
            _check_iq(stamped)
        hooks = host.dispatch.sent[stamped.name]
        verdict = walk(hooks, stamped, session) if hooks else stamped
    except StanzaError as error:
        _refuse(host, session, stamped, error)
        return
    if isinstance(verdict, Stanza):
        _pass_on(host, session, verdict)
    elif verdict is not DROP:
        _await(host, session, stamped, verdict)


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


def _refuse(host: Host, session: Session, stanza: Stanza, error: StanzaError) -> None:
    if stanza.type not in ("error", "result"):
        answer = stanza.error(error)
        if stanza.to is None:
            answer = answer.readdressed(sender=host.jid if stanza.malformed else session.jid.bare)
        host.answer(session, answer)


def _await(host: Host, session: Session, stanza: Stanza, verdict: Verdict) -> None:
    """Hold what comes after until the hook has decided."""
    session.backlog = deque()

    def walked(result: Verdict) -> None:
        if isinstance(result, Stanza):
            _pass_on(host, session, result)

    def go_on(_: object) -> None:
        waiting, session.backlog = session.backlog, None
        for held in waiting or ():
            take(host, session, held)

    assert isinstance(verdict, Deferred)
    verdict.addCallback(walked)
    verdict.addErrback(host.refuse_failure, stanza)
    verdict.addBoth(go_on)


def _pass_on(host: Host, session: Session, stanza: Stanza) -> None:
    name = stanza.name
    if name == "presence":
        try:
            presence.sent(host, session, stanza)
        except StanzaError as error:
            _refuse(host, session, stanza, error)
            return
    else:
        if stanza.to is None:
            # RFC 6120, 10.3.1 and 10.3.3: handled on behalf of the sender's own account.
            stanza = stanza.readdressed(session.jid.bare)
        host.manager.send(stanza)
    for hook in host.dispatch.hooks(Sent.NOTE, name):
        host.guarded(hook, stanza, session)
