"""Iqs that a component sends, and their answers (RFC 6120, 8.2.3)."""

from collections.abc import Callable
from itertools import count

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from xmppd.protocol.errors import DEFAULT_TYPES, StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT, STANZA_ERRORS
from xmppd.protocol.stanza import Stanza

MAX_OPEN = 10_000
"""Requests under way at once; beyond it asking fails, so that no peer's silence eats memory."""

_ERROR_TYPES = frozenset({"auth", "cancel", "continue", "modify", "wait"})

_Key = tuple[str, Jid | None]


class Requests:
    """Requests under way. An answer counts only from the very JID that was asked: an id alone
    could be guessed by others."""

    def __init__(self, send: Callable[[Stanza], None], clock: IReactorTime) -> None:
        self._send = send
        self._clock = clock
        self._ids = count(1)
        self._open: dict[_Key, tuple[Deferred[Stanza], IDelayedCall]] = {}

    def ask(self, iq: Stanza, timeout: float = 30.0) -> Deferred[Stanza]:
        """Send an iq get or set, which must have a `to`; its id is ours to choose.

        Fires with the result. Fails with `StanzaError`: the answer's, or remote-server-timeout
        after `timeout` seconds, or resource-constraint at once when too many are under way.
        """
        assert iq.to is not None
        if len(self._open) >= MAX_OPEN:
            return fail(StanzaError("resource-constraint"))
        id = f"x{next(self._ids)}"
        key = id, iq.to
        waiting: Deferred[Stanza] = Deferred(lambda _: self._cancelled(key))
        self._open[key] = waiting, self._clock.callLater(timeout, self._late, key)
        try:
            self._send(iq.readdressed(id=id))
        except BaseException:
            self._forget(key)
            raise
        return waiting

    def answered(self, answer: Stanza) -> bool:
        """Take a stanza that may be an answer. False if nobody here asked its sender for it."""
        if answer.name != "iq" or answer.ns != CONTENT or answer.type not in ("result", "error"):
            return False
        found = self._forget((answer.id or "", answer.sender))
        if found is None:
            return False
        if answer.type == "result":
            found.callback(answer)
        else:
            found.errback(error_of(answer))
        return True

    def give_up(self) -> None:
        """No more answers come: all that wait for one fail, as when it is too late."""
        for key in list(self._open):
            self._late(key)

    def _forget(self, key: _Key) -> Deferred[Stanza] | None:
        waiting, timer = self._open.pop(key, (None, None))
        if timer is not None and timer.active():
            timer.cancel()
        return waiting

    def _cancelled(self, key: _Key) -> None:
        self._forget(key)

    def _late(self, key: _Key) -> None:
        waiting = self._forget(key)
        if waiting is not None:
            waiting.errback(StanzaError("remote-server-timeout"))


def condition_of(answer: Stanza) -> str:
    """The condition of an error stanza; undefined-condition where it names none of the RFC's."""
    return error_of(answer).condition


def error_of(answer: Stanza) -> StanzaError:
    """The error that a stanza carries (RFC 6120, 8.3.2): condition, type and text."""
    error = answer.child(CONTENT, "error")
    if error is None:
        return StanzaError("undefined-condition")
    type = error.getAttribute("type")
    condition, text = "undefined-condition", ""
    for child in error.elements():
        if child.uri == STANZA_ERRORS and child.name == "text":
            text = str(child)
        elif child.uri == STANZA_ERRORS and child.name in DEFAULT_TYPES:
            condition = child.name
    return StanzaError(condition, text, type=type if type in _ERROR_TYPES else None)
