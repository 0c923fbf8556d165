"""Looking again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

ROUND = 60.0
"""Seconds between two looks, unless somebody says otherwise."""


class Rounds:
    """Calls those who look after rooms, each so many seconds."""

    log = Logger()

    def __init__(
        self, clock: IReactorTime, lookers: Sequence[Callable[[], None]], every: float = ROUND
    ) -> None:
        self._lookers = lookers
        self._every = every
        self._calls = LoopingCall(self._look)
        self._calls.clock = clock

    def start(self) -> None:
        """Begin, with the first look after that time."""
        self._calls.start(self._every, now=False)

    def stop(self) -> None:
        """Look no more."""
        if self._calls.running:
            self._calls.stop()

    def _look(self) -> None:
        for look in self._lookers:
            try:
                look()
            except Exception:  # the others look all the same, and this one again
                self.log.failure("Looking after rooms has failed")
