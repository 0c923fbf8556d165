"""What to do with a batch that the disk refuses for now: hold it and try again."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from xmppd.storage.interfaces import Full, ReadOnly, StorageError

HELD = 10.0
"""Seconds for which a batch is held."""
EVERY = 0.5
"""Seconds between two attempts."""


class Patience:
    """Tries a commit again while the disk is full or read-only, until it gives up."""

    _log = Logger()

    def __init__(self, clock: IReactorTime, attempt: Callable[[], None]) -> None:
        self._clock = clock
        self._attempt = attempt
        self._until = 0.0
        self._over: Deferred[None] | None = None

    @property
    def holding(self) -> bool:
        return self._over is not None

    def hold(self, problem: StorageError) -> Deferred[None]:
        """Fires when an attempt succeeded, or fails with the last problem."""
        self._log.error("nothing can be stored: {problem}", problem=problem)
        over = self._over = Deferred()
        self._until = self._clock.seconds() + HELD
        self._clock.callLater(EVERY, self._try)
        return over

    def _try(self) -> None:
        over, self._over = self._over, None
        assert over is not None
        try:
            self._attempt()
        except (Full, ReadOnly) as problem:
            if self._clock.seconds() >= self._until:
                over.errback(problem)
                return
            self._over = over
            self._clock.callLater(EVERY, self._try)
        except StorageError as problem:
            over.errback(problem)
        else:
            self._log.info("storing again")
            over.callback(None)
