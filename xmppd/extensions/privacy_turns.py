"""How much work the privacy lists of one account may be: a client repeats what it likes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred

from xmppd.component.allowance import Allowance
from xmppd.extensions.privacy import lists_of
from xmppd.protocol.errors import StanzaError
from xmppd.sm.session import Session
from xmppd.sm.user import User

T = TypeVar("T")

RATE: Final = 20_000
"""Rules and contacts that may be looked at in a second for one account; each takes some 4 us."""
BURST: Final = 100_000
"""The same after a quiet time."""
MAX_WAITING: Final = 100
"""Requests of one account that may wait for their turn."""
LEAST: Final = 20
"""What every request costs."""


def in_turn(session: Session, work: Callable[[], T | Deferred[T]]) -> Deferred[T]:
    """Do something with the lists of an account, after all that its clients asked for before.

    That is at once, unless they have asked for much. Raises StanzaError resource-constraint where
    too much waits already.
    """
    user = session.user
    turns = user.notes.get(Turns)
    if turns is None:
        turns = user.notes[Turns] = Turns(user)
    return turns.take(work)


class Turns:
    """What clients of one account do with its lists, as a note of its user."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._clock = user.host.clock
        self._allowance = Allowance(self._clock, RATE, BURST)
        self._waiting: deque[Callable[[], None]] = deque()
        self._resting = False

    def take(self, work: Callable[[], T | Deferred[T]]) -> Deferred[T]:
        """Do it when it is its turn; the result is its own."""
        if len(self._waiting) >= MAX_WAITING:
            raise StanzaError("resource-constraint", "too many requests wait")
        result: Deferred[T] = Deferred()

        def do() -> None:
            maybeDeferred(work).addCallbacks(result.callback, result.errback)

        self._waiting.append(do)
        if not self._resting:
            self._go_on()
        return result

    def _go_on(self) -> None:
        self._resting = False
        while self._waiting and not self._resting:
            seconds = self._allowance.spend(_cost(self._user))
            self._waiting.popleft()()
            if seconds:
                self._resting = True
                self._clock.callLater(seconds, self._go_on)


def _cost(user: User) -> int:
    """All rules are written, and all contacts looked at for each session."""
    rules = sum(map(len, lists_of(user).lists.values()))
    return LEAST + rules + len(user.contacts) * len(user.available)
