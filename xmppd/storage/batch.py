"""Group commit: units gather in a batch, batches are kept in order.

One `GroupCommit` serves all back-ends of a process, so that tickets are counted once: a batch is
kept when every driver it touched has it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredList, fail, maybeDeferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.storage.interfaces import StorageError, Unavailable
from xmppd.storage.units import Batch, Committing, Unit, Waiter

T = TypeVar("T")

MAX_ROWS = 1_000
MAX_BYTES = 1 << 20
BUSY_SECONDS = 0.002
"""Until a driver that is busy is asked again."""


class GroupCommit:
    """Gathers the writes of all drivers and commits them together.

    The first write of a quiet time is committed at the end of the reactor turn, others their
    driver's `window` after the last commit, or sooner when the batch has grown large.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self.kept = 0
        self.ticket = 0
        """The batch now filling; 0: nothing waits to be committed."""
        self._clock = clock
        self._filling = Batch(1)
        self._running: deque[Batch] = deque()
        self._call: IDelayedCall | None = None
        self._last = float("-inf")
        self._unit: Unit | None = None
        self._telling = False
        self._kept_calls: list[Callable[[int], None]] = []
        self._failed_calls: list[Callable[[int, StorageError], None]] = []

    @property
    def in_unit(self) -> bool:
        return self._unit is not None

    def on_kept(self, call: Callable[[int], None]) -> None:
        self._kept_calls.append(call)

    def on_failed(self, call: Callable[[int, StorageError], None]) -> None:
        self._failed_calls.append(call)

    def touch(self, driver: Committing, size: int = 0) -> None:
        """Announce one write of about `size` bytes, before it is made."""
        batch, unit = self._filling, self._unit
        if driver not in batch.drivers:
            batch.drivers.append(driver)
            self.ticket = batch.number
        if unit is not None and all(driver is not seen for seen, _ in unit.marks):
            unit.marks.append((driver, driver.mark()))
        batch.rows += 1
        batch.size += size
        if not batch.hurried and (batch.rows >= MAX_ROWS or batch.size >= MAX_BYTES):
            batch.hurried = True
            self._schedule(0)
        elif self._call is None:
            self._schedule(self._rest_of(driver.window))

    def promise(self, value: T) -> Deferred[T]:
        """A Deferred for a write just made: fires with `value` when it is kept."""
        return self._wait(value, self._unit is not None)

    def refuse(self, why: StorageError) -> Deferred[Any]:
        """A Deferred for a write that failed; the unit it is in is undone at its end."""
        if self._unit is None:
            return fail(why)
        self._unit.failure = self._unit.failure or Failure(why)
        return self.promise(None)

    @contextmanager
    def unit(self) -> Iterator[Deferred[None]]:
        """See `Backend.unit`. A unit inside another one is part of it."""
        if self._unit is not None:
            with self._part_of(self._unit) as kept:
                yield kept
            return
        unit = self._unit = Unit()
        kept = self._wait(None, False)
        try:
            yield kept
        except BaseException:
            unit.waiters[0].quiet = True
            unit.failure = Failure()
            raise
        finally:
            self._unit = None
            self._leave(unit)

    @contextmanager
    def _part_of(self, unit: Unit) -> Iterator[Deferred[None]]:
        try:
            yield self._wait(None, True)
        except BaseException:
            unit.failure = unit.failure or Failure()
            raise

    def flush(self) -> Deferred[None]:
        """Commit now; fires when nothing is under way any more, kept or lost."""
        self._schedule(None)
        self._commit()
        if not self._running:
            return succeed(None)
        over: Deferred[None] = Deferred()
        self._running[-1].waiters.append(Waiter(over, None, True))
        return over.addErrback(lambda _: None)

    def _wait(self, value: T, quiet: bool) -> Deferred[T]:
        deferred: Deferred[T] = Deferred()
        within = self._unit if self._unit is not None else self._filling
        within.waiters.append(Waiter(deferred, value, quiet))
        return deferred

    def _leave(self, unit: Unit) -> None:
        if unit.failure is not None:
            unit.undo()
            # at the end of the turn, when whoever cares has begun to listen
            self._clock.callLater(0, self._lose, unit.waiters, unit.failure)
        elif unit.marks:
            self._filling.waiters += unit.waiters
        else:
            self._clock.callLater(0, self._keep, unit.waiters)

    def _rest_of(self, window: float) -> float:
        since = max(0.0, self._clock.seconds() - self._last)  # a clock may have been set back
        return max(0.0, window - since)

    def _schedule(self, delay: float | None) -> None:
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = (
            None if delay is None else self._clock.callLater(delay, self._commit_when_ready)
        )

    def _commit_when_ready(self) -> None:
        self._call = None
        if any(driver.busy for driver in self._filling.drivers):
            self._schedule(BUSY_SECONDS)
        else:
            self._commit()

    def _commit(self) -> None:
        batch = self._filling
        if not batch.drivers:
            return
        self._filling, self.ticket = Batch(batch.number + 1), 0
        self._last = self._clock.seconds()
        self._running.append(batch)
        commits = [maybeDeferred(driver.commit) for driver in batch.drivers]
        DeferredList(commits, consumeErrors=True).addCallback(self._settle, batch)

    def _settle(self, results: list[tuple[bool, Any]], batch: Batch) -> None:
        batch.failure = next((failure for success, failure in results if not success), None)
        batch.done = True
        if self._telling:
            return  # somebody who is being told has committed: first things first
        self._telling = True
        try:
            while self._running and self._running[0].done:
                self._tell(self._running.popleft())
        finally:
            self._telling = False

    def _tell(self, batch: Batch) -> None:
        if batch.failure is not None:
            why = _as_storage_error(batch.failure)
            self._log.error("batch {number} is lost: {why}", number=batch.number, why=why)
            self._call_all(self._failed_calls, batch.number, why)
        self.kept = batch.number
        self._call_all(self._kept_calls, batch.number)
        if batch.failure is not None:
            self._lose(batch.waiters, batch.failure)
        else:
            self._keep(batch.waiters)

    def _keep(self, waiters: list[Waiter]) -> None:
        for waiter in waiters:
            waiter.keep()

    def _lose(self, waiters: list[Waiter], why: Failure) -> None:
        for waiter in waiters:
            waiter.lose(why)

    def _call_all(self, calls: list[Any], *arguments: object) -> None:
        for call in list(calls):
            try:
                call(*arguments)
            except Exception:
                self._log.failure("{call} failed after a commit", call=call)


def _as_storage_error(failure: Failure) -> StorageError:
    problem = failure.value
    return problem if isinstance(problem, StorageError) else Unavailable(detail=str(problem))
