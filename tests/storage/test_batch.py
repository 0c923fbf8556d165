"""Group commit: when batches are committed, in which order they are told, what units undo."""

from __future__ import annotations

import gc

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.storage.batch import MAX_BYTES, MAX_ROWS, GroupCommit
from xmppd.storage.interfaces import Changed, Full, StorageError, Unavailable


class Recorder:
    """A driver whose commits the test lets succeed or fail."""

    busy = False

    def __init__(self, window: float = 0.01, hold: bool = False) -> None:
        self.window = window
        self.hold = hold
        self.commits: list[Deferred[None]] = []
        self.writes: list[str] = []

    def mark(self) -> int:
        return len(self.writes)

    def undo(self, state: int) -> None:
        del self.writes[state:]

    def commit(self) -> Deferred[None]:
        self.commits.append(Deferred() if self.hold else succeed(None))
        return self.commits[-1]


class GroupCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.group = GroupCommit(self.clock)
        self.driver = Recorder()
        self.told: list[object] = []
        self.group.on_kept(self.told.append)
        self.group.on_failed(lambda number, why: self.told.append((number, type(why))))

    def write(
        self, what: str = "x", driver: Recorder | None = None, size: int = 0
    ) -> Deferred[str]:
        driver = driver or self.driver
        self.group.touch(driver, size)
        driver.writes.append(what)
        return self.group.promise(what)


class WhenTest(GroupCase):
    def test_quiet(self) -> None:
        """The first write of a quiet time is committed at the end of the turn."""
        write = self.write()
        self.assertNoResult(write)
        self.clock.advance(0)
        self.assertEqual(self.successResultOf(write), "x")

    def test_busy(self) -> None:
        """Later writes are committed together, 10 ms after the commit before."""
        self.write()
        self.clock.advance(0)
        self.clock.advance(0.004)
        writes = [self.write(), self.write()]
        self.clock.advance(0.005)
        self.assertNoResult(writes[0])
        self.clock.advance(0.001)
        self.assertEqual([self.successResultOf(write) for write in writes], ["x", "x"])
        self.assertEqual(len(self.driver.commits), 2)

    def test_clock_set_back(self) -> None:
        """A clock that steps back by an hour has no write wait for an hour."""
        self.write()
        self.clock.advance(0)
        self.clock.rightNow -= 3600
        write = self.write()
        self.clock.advance(0.01)
        self.successResultOf(write)

    def test_large(self) -> None:
        """A batch of many rows or bytes does not wait, but for the end of the turn."""
        for rows, size in ((MAX_ROWS, 0), (1, MAX_BYTES)):
            self.write()
            self.clock.advance(0)
            self.clock.advance(0.001)
            writes = [self.write(size=size) for _ in range(rows)]
            self.assertNotEqual(self.group.ticket, 0)
            self.clock.advance(0)
            self.successResultOf(writes[-1])

    def test_nothing_written(self) -> None:
        """Without a write there is no ticket, no commit and no timer."""
        self.assertEqual(self.group.ticket, 0)
        self.successResultOf(self.group.flush())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_flush(self) -> None:
        """`flush` commits at once and waits for what is under way."""
        self.driver.hold = True
        first = self.write()
        self.clock.advance(0)
        self.write()
        flushed = self.group.flush()
        self.driver.commits[0].callback(None)
        self.successResultOf(first)
        self.assertNoResult(flushed)
        self.driver.commits[1].callback(None)
        self.successResultOf(flushed)


class OrderTest(GroupCase):
    def test_told_in_order(self) -> None:
        """A batch is not told before the one ahead of it."""
        self.driver.hold = True
        first = self.write()
        self.clock.advance(0)
        second = self.write()
        self.clock.advance(0.01)
        self.driver.commits[1].callback(None)
        self.assertNoResult(second)
        self.assertEqual((self.group.kept, self.told), (0, []))
        self.driver.commits[0].callback(None)
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(self.told, [1, 2])

    def test_slowest_driver(self) -> None:
        """A batch is kept when every driver it touched has it."""
        slow = Recorder(hold=True)
        write = self.write()
        self.write(driver=slow)
        self.clock.advance(0)
        self.assertNoResult(write)
        slow.commits[0].callback(None)
        self.successResultOf(write)

    def test_untouched_driver(self) -> None:
        """Drivers that were not touched are left alone."""
        other = Recorder()
        self.write()
        self.clock.advance(0)
        self.assertEqual(other.commits, [])

    def test_flush_while_telling(self) -> None:
        """Who commits when told of a batch is told of the next one after all have heard of it."""
        self.group.on_failed(lambda number, why: self.write("late") and None)
        self.group.on_failed(lambda number, why: self.group.flush() and None)
        self.driver.hold = True
        write = self.write()
        write.addErrback(lambda _: self.told.append("lost"))
        self.clock.advance(0)
        self.driver.hold = False
        self.driver.commits[0].errback(Full())
        self.assertEqual(self.told, [(1, Full), 1, "lost", 2])
        self.assertEqual(self.group.kept, 2)

    def test_failure(self) -> None:
        """A lost batch is told first, then `kept` passes it, then its waiters hear why."""
        self.driver.hold = True
        write = self.write()
        write.addErrback(lambda failure: self.told.append(failure.value) or failure)
        self.clock.advance(0)
        problem = Full("archive")
        self.driver.commits[0].errback(problem)
        self.failureResultOf(write, Full)
        self.assertEqual(self.told, [(1, Full), 1, problem])

    def test_other_exception(self) -> None:
        """A driver that fails in some other way is Unavailable to those who are told."""
        self.driver.hold = True
        write = self.write()
        self.clock.advance(0)
        self.driver.commits[0].errback(ZeroDivisionError())
        self.failureResultOf(write, ZeroDivisionError)
        self.assertEqual(self.told[0], (1, Unavailable))

    def test_driver_raises(self) -> None:
        """A driver that raises in `commit` loses its batch and stops nobody."""
        self.driver.commit = None  # type: ignore[assignment]
        write = self.write()
        self.clock.advance(0)
        self.failureResultOf(write, TypeError)
        del self.driver.commit
        write = self.write()
        self.clock.advance(0.01)
        self.successResultOf(write)


class UnitTest(GroupCase):
    def test_undone_over_drivers(self) -> None:
        """A refused write undoes what its unit did in every driver, and nothing else."""
        other = Recorder()
        self.write("before")
        with self.group.unit() as kept:
            self.write("undone")
            self.write("undone", other)
            self.group.refuse(Changed())
            self.write("undone")
        self.write("after", other)
        self.assertEqual((self.driver.writes, other.writes), (["before"], ["after"]))
        self.clock.advance(0)
        self.failureResultOf(kept, Changed)

    def test_writes_inside_fire_with_the_unit(self) -> None:
        """What writes inside return fails with the unit; nobody has to listen."""
        with self.group.unit() as kept:
            heard = self.write()
            self.write()
            refused = self.group.refuse(Changed())
        seen: list[type[Exception]] = []
        for one in (heard, refused):
            one.addErrback(lambda failure: seen.append(type(failure.value)))
        self.clock.advance(0)
        self.assertEqual(seen, [Changed, Changed])
        self.failureResultOf(kept, Changed)

    def test_lost_commit(self) -> None:
        """A lost batch fails the unit; unheard writes inside add no noise."""
        self.driver.hold = True
        with self.group.unit() as kept:
            self.write()
        self.clock.advance(0)
        self.driver.commits[0].errback(Full())
        self.failureResultOf(kept, Full)

    def test_own_mistakes_are_heard(self) -> None:
        """An error in what listens to a write inside a unit is still logged."""
        with self.group.unit() as kept:
            self.write().addErrback(lambda _: 1 // 0)
            self.group.refuse(Changed())
        self.clock.advance(0)
        self.failureResultOf(kept, Changed)
        gc.collect()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_nested(self) -> None:
        """A unit inside another is part of it."""
        with self.group.unit() as outer:
            self.write("undone")
            with self.group.unit() as inner:
                self.write("undone")
            self.group.refuse(Changed())
        self.assertEqual(self.driver.writes, [])
        inner.addErrback(lambda failure: failure.trap(StorageError))
        self.clock.advance(0)
        self.assertIs(self.successResultOf(inner), StorageError)
        self.failureResultOf(outer, Changed)

    def test_mistake_in_nested(self) -> None:
        """An exception in an inner unit undoes the outer one too, though it is caught there."""
        with self.group.unit() as outer:
            self.write("undone")
            try:
                with self.group.unit() as inner:
                    self.write("undone")
                    raise ZeroDivisionError
            except ZeroDivisionError:
                self.write("undone")
        self.assertEqual(self.driver.writes, [])
        inner.addErrback(lambda _: None)
        self.clock.advance(0)
        self.failureResultOf(outer, ZeroDivisionError)

    def test_undo_that_fails(self) -> None:
        """A driver that cannot undo keeps nobody waiting; the others undo their part."""
        other = Recorder()
        other.undo = None  # type: ignore[assignment]
        with self.group.unit() as kept:
            self.write("undone")
            self.write("stays", other)
            self.group.refuse(Changed())
        self.assertEqual(self.driver.writes, [])
        self.clock.advance(0)
        self.failureResultOf(kept, Changed)
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)

    def test_refused_outside(self) -> None:
        """Outside of units a refused write fails at once."""
        self.failureResultOf(self.group.refuse(Changed()), Changed)
