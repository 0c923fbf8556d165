"""Iqs that a component sends, and their answers (RFC 6120, 8.2.3)."""

from collections.abc import Callable
from itertools import count

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

MAX_OPEN = 10_000
"""Requests under way at once; beyond it asking fails, so that no peer's silence eats memory."""


class Requests:
    """Requests under way. An answer counts only from the very JID that was asked: an id alone
    could be guessed by others."""

    def __init__(self, send: Callable[[Stanza], None], clock: IReactorTime) -> None:
        self._send = send
        self._clock = clock
        self._ids = count(1)
        self._open: dict[tuple[str, Jid], tuple[Deferred[Stanza], IDelayedCall]] = {}

    def ask(self, iq: Stanza, timeout: float = 30.0) -> Deferred[Stanza]:
        """Send an iq get or set; its id is ours to choose.

        Fires with the result. Fails with `StanzaError`: the answer's condition, or
        remote-server-timeout after `timeout` seconds.
        """
        assert iq.to is not None
        if len(self._open) >= MAX_OPEN:
            return fail(StanzaError("resource-constraint"))
        id = f"x{next(self._ids)}"
        key = id, iq.to
        waiting: Deferred[Stanza] = Deferred(lambda _: self._forget(key))
        self._open[key] = waiting, self._clock.callLater(timeout, self._late, key)
        self._send(iq.readdressed(id=id))
        return waiting

    def answered(self, answer: Stanza) -> bool:
        """Take a result or error. False if nobody here asked its sender for it."""
        key = (answer.id or "", answer.sender or Jid.parse("invalid"))
        found = self._forget(key)
        if found is None:
            return False
        if answer.type == "result":
            found.callback(answer)
        else:
            found.errback(StanzaError(condition_of(answer)))
        return True

    def _forget(self, key: tuple[str, Jid]) -> Deferred[Stanza] | None:
        waiting, timer = self._open.pop(key, (None, None))
        if timer is not None and timer.active():
            timer.cancel()
        return waiting

    def _late(self, key: tuple[str, Jid]) -> None:
        waiting = self._forget(key)
        if waiting is not None:
            waiting.errback(StanzaError("remote-server-timeout"))


def condition_of(answer: Stanza) -> str:
    """The condition of an error stanza; undefined-condition where it names none of the RFC's."""
    error = answer.child("", "error")
    first = None if error is None else error.firstChildElement()
    name = "" if first is None else str(first.name)
    try:
        return StanzaError(name).condition
    except KeyError:
        return "undefined-condition"
