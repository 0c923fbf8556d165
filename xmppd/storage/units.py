"""What a batch is made of: its drivers, who waits for it, and units, which are all or nothing."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure


class Committing(Protocol):
    """The part of a driver that group commit needs."""

    window: float

    @property
    def busy(self) -> bool: ...

    def mark(self) -> object: ...
    def undo(self, state: Any) -> None: ...
    def commit(self) -> Deferred[None]: ...


class Waiter:
    """Somebody who waits for a batch. A quiet one need not listen: its unit tells."""

    __slots__ = ("deferred", "quiet", "value")

    def __init__(self, deferred: Deferred[Any], value: object, quiet: bool) -> None:
        self.deferred = deferred
        self.value = value
        self.quiet = quiet

    def keep(self) -> None:
        self.deferred.callback(self.value)

    def lose(self, why: Failure) -> None:
        self.deferred.errback(Failure(why.value))
        if self.quiet:
            # whoever listens has heard it by now; what their own code raised is left alone
            self.deferred.addErrback(lambda left: None if left.value is why.value else left)


class Batch:
    """The writes of one commit."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.drivers: list[Committing] = []
        self.waiters: list[Waiter] = []
        self.rows = 0
        self.size = 0
        self.hurried = False
        self.done = False
        self.failure: Failure | None = None


class Unit:
    """Writes that happen together or not at all."""

    _log = Logger()

    def __init__(self) -> None:
        self.marks: list[tuple[Committing, object]] = []
        self.waiters: list[Waiter] = []
        self.failure: Failure | None = None

    def undo(self) -> None:
        for driver, state in reversed(self.marks):
            try:
                driver.undo(state)
            except Exception:  # those who wait, and the other drivers, are to hear nevertheless
                self._log.failure("{driver} cannot undo a unit", driver=driver)
