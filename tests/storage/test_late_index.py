"""The index of logs may lag behind the log: no reader ever notices."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.conformance.suite import JULIET, ROMEO
from xmppd.storage.backend import StoreBackend
from xmppd.storage.interfaces import ANY, Full, Unavailable, Where
from xmppd.storage.late_index import FEW, PARTS, QUIET_SECONDS, RETRY_SECONDS
from xmppd.storage.memory import MemoryStore
from xmppd.storage.session import Parameters
from xmppd.storage.sqlite import FILE, SqliteDriver


class NoFlush:
    def __init__(self, file: int, reactor: Any) -> None:
        os.close(file)

    def flush(self) -> Deferred[None]:
        raise NotImplementedError

    def close(self) -> None:
        pass


class SlowThread:
    """Runs a statement when the test says so."""

    broken = False

    def __init__(self, path: Path, reactor: object) -> None:
        self._path = path
        self.waiting: list[tuple[str, Parameters, Deferred[None]]] = []

    def run(self, text: str, parameters: Parameters) -> Deferred[None]:
        if self.broken:
            return fail(Unavailable(detail="it is Sunday"))
        done: Deferred[None] = Deferred()
        self.waiting.append((text, parameters, done))
        return done

    def go(self) -> None:
        text, parameters, done = self.waiting.pop()
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute(text, parameters)
        done.callback(None)

    def close(self) -> None:
        pass


class LateIndexCase(SynchronousTestCase):
    many = 4

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.folder = Path(self.mktemp())
        self.open()

    def tearDown(self) -> None:
        self.close()

    def open(self) -> None:
        self.driver = SqliteDriver(self.folder, self.clock, "process", NoFlush, self.make_thread)
        self.driver.index.many = self.many
        self.store = StoreBackend(self.driver, self.clock)
        self.successResultOf(self.store.open())
        self.log = self.store.log("archive")

    def make_thread(self, path: Path, reactor: object) -> SlowThread:
        self.thread = SlowThread(path, reactor)
        return self.thread

    def close(self) -> None:
        closing = self.store.close()
        self.finish()
        self.successResultOf(closing)

    def fill(self, number: int = 5) -> list[str]:
        """So many entries in one batch; the index is to have them."""
        ids = [self.log.append(JULIET, b"%d" % at, peer=f"{at % 2}") for at in range(number)]
        self.commit()
        return ids

    def commit(self) -> None:
        self.clock.advance(0.01)

    def finish(self) -> None:
        while self.driver.index.running:
            self.go()
            self.commit()

    def go(self) -> None:
        """Let the thread write; it waits until what we have begun is committed."""
        if self.driver.session.in_transaction:
            self.commit()
        if self.thread.waiting:
            self.thread.go()

    def bodies(self, where: Where = ANY, newest: bool = False, limit: int = 100) -> list[bytes]:
        page = self.successResultOf(self.log.find(JULIET, where, limit=limit, newest=newest))
        return [entry.body for entry in page.entries]

    def indexed(self) -> int:
        with closing(sqlite3.connect(self.folder / FILE)) as connection:
            ((number,),) = connection.execute("select count(*) from entry")
        return int(number)


class CatchingUpTest(LateIndexCase):
    def test_part_by_part(self) -> None:
        """However far the index has come, each entry is found once and in its place."""
        ids = self.fill()
        self.log.append(ROMEO, b"other")
        for part in range(PARTS):
            self.assertEqual(self.bodies(), [b"0", b"1", b"2", b"3", b"4"], part)
            self.assertEqual(self.bodies(Where(peer="1"), newest=True, limit=1), [b"3"])
            self.assertEqual(self.bodies(Where(after=ids[1]), limit=2), [b"2", b"3"])
            self.assertEqual(self.successResultOf(self.log.count(JULIET)), 5)
            self.go()
            self.commit()
        self.assertEqual(self.indexed(), 5)
        self.assertEqual(self.driver.index.tail.size, 1)
        self.assertEqual(self.bodies(), [b"0", b"1", b"2", b"3", b"4"])

    def test_below_and_above(self) -> None:
        """A page may begin in the index and end above it, in both directions."""
        self.fill()
        self.finish()
        for body in (b"5", b"6"):
            self.log.append(JULIET, body)
        self.assertEqual(self.bodies(limit=6), [b"%d" % at for at in range(6)])
        self.assertEqual(self.bodies(limit=4, newest=True), [b"3", b"4", b"5", b"6"])
        self.assertEqual(self.successResultOf(self.log.count(JULIET, stop=6)), None)
        self.assertEqual(self.successResultOf(self.log.count(JULIET, Where(peer="1"))), 2)
        page = self.successResultOf(self.log.find(JULIET, limit=7))
        self.assertFalse(page.more)

    def test_commits_wait(self) -> None:
        """While the thread writes, a batch waits for it rather than stop the process."""
        self.fill()
        with self.store.unit() as kept:
            self.log.append(JULIET, b"5")
        self.commit()
        self.assertNoResult(kept)
        self.go()
        self.clock.advance(0.002)
        self.successResultOf(kept)

    def test_late_id(self) -> None:
        """An id that was given out before, and comes after the index has passed it."""
        early, middle = self.log.new_id(), self.log.new_id()
        self.fill()
        self.log.append(JULIET, b"middle", id=middle)
        self.assertEqual(self.bodies()[0], b"middle")
        self.finish()
        self.log.append(JULIET, b"early", id=early)
        self.commit()
        self.assertEqual(self.bodies(), [b"early", b"middle", b"0", b"1", b"2", b"3", b"4"])

    def test_removed_meanwhile(self) -> None:
        """What is removed while the index is made does not come back."""
        ids = self.fill()
        self.go()
        self.log.remove(JULIET, ids[:2])
        self.finish()
        self.commit()
        self.finish()
        self.assertEqual(self.bodies(), [b"2", b"3", b"4"])
        self.assertEqual(self.successResultOf(self.log.count(JULIET)), 3)

    def test_erased(self) -> None:
        """Erasing takes entries within and above the index."""
        self.fill()
        self.finish()
        self.log.append(JULIET, b"5")
        self.assertEqual(self.successResultOf(self.store.owners(JULIET.realm)), [JULIET])
        self.store.erase(JULIET)
        self.commit()
        self.assertEqual(self.bodies(), [])
        self.assertEqual(self.indexed(), 0)
        self.assertEqual(self.successResultOf(self.store.owners(JULIET.realm)), [])

    def test_erased_in_vain(self) -> None:
        """While nothing can be written, what cannot be erased is still found."""
        self.fill(3)
        self.driver.session.problem = Full(detail="no space")
        self.failureResultOf(self.store.erase(JULIET), Full)
        self.assertEqual(self.bodies(), [b"0", b"1", b"2"])
        self.driver.session.problem = None
        self.store.erase(JULIET)
        self.assertEqual(self.bodies(), [])

    def test_owner_above_only(self) -> None:
        """An owner whose entries are not in the index yet is listed all the same."""
        self.log.append(ROMEO, b"x")
        self.assertEqual(self.successResultOf(self.store.owners(ROMEO.realm)), [ROMEO])

    def test_unit_undone(self) -> None:
        """Entries of a unit that is undone are gone from memory, too."""
        self.log.append(JULIET, b"before")
        try:
            with self.store.unit() as kept:
                self.log.append(JULIET, b"undone")
                self.assertEqual(self.bodies(), [b"before", b"undone"])
                raise ZeroDivisionError
        except ZeroDivisionError:
            kept.addErrback(lambda _: None)
        self.assertEqual(self.bodies(), [b"before"])
        self.assertEqual(self.successResultOf(self.log.count(JULIET)), 1)

    def test_trim(self) -> None:
        """Trimming to a number counts what is above the index."""
        self.fill()
        self.finish()
        for at in (5, 6, 7):
            self.log.append(JULIET, b"%d" % at)
        self.log.trim(JULIET, keep=4)
        self.assertEqual(self.bodies(), [b"4", b"5", b"6", b"7"])
        self.log.trim(JULIET, keep=2)
        self.assertEqual(self.bodies(), [b"6", b"7"])

    def test_failure(self) -> None:
        """When the index cannot be written, that is tried again later."""
        self.thread.broken = True
        self.fill()
        self.assertEqual(self.bodies(), [b"0", b"1", b"2", b"3", b"4"])
        self.thread.broken = False
        self.clock.advance(RETRY_SECONDS)
        self.fill(1)
        self.finish()
        self.assertEqual(self.indexed(), 6)


class RestartTest(LateIndexCase):
    def restart(self) -> None:
        self.close()
        self.open()

    def test_rows_above_the_mark(self) -> None:
        """They are read back at start, whether the mark was noted or not."""
        self.fill()
        self.finish()
        self.restart()
        self.assertEqual(self.driver.index.tail.size, 5)  # noted with the next batch
        self.fill(1)
        self.finish()
        self.fill(1)
        self.restart()
        self.assertEqual(self.driver.index.tail.size, 1)
        self.assertEqual(len(self.bodies()), 7)

    def test_stopped_half_way(self) -> None:
        """A run that did not come to its end is done again."""
        self.fill()
        self.go()
        self.restart()
        self.assertEqual(len(self.bodies()), 5)
        self.fill(1)
        self.finish()
        self.assertEqual((self.indexed(), len(self.bodies())), (6, 6))


class QuietTest(LateIndexCase):
    many = 10 * FEW

    def test_quiet(self) -> None:
        """Fewer rows wait for a quiet second; very few stay in memory."""
        self.fill(FEW - 1)
        self.clock.advance(QUIET_SECONDS)
        self.assertEqual(self.thread.waiting, [])
        self.fill(1)
        self.clock.advance(QUIET_SECONDS)
        self.finish()
        self.assertEqual(self.indexed(), FEW)


class AgainstMemoryTest(LateIndexCase):
    """Whatever is done while the index is being made: the store in memory says the same."""

    @given(st.integers())
    @settings(max_examples=25, deadline=None)
    def test_same(self, seed: int) -> None:
        self.folder = Path(self.mktemp())
        self.close()
        self.open()
        random = Random(seed)
        other = MemoryStore(self.clock).log("archive")
        early = [self.log.new_id() for _ in range(5)]
        ids: list[str] = []
        for number in range(60):
            match random.randrange(8):
                case 0 if early:
                    ids.append(early.pop())
                    for log in (self.log, other):
                        log.append(JULIET, b"%d" % number, peer=f"{number % 3}", id=ids[-1])
                case 1 if ids:
                    gone = random.choices(ids, k=2)
                    for log in (self.log, other):
                        log.remove(JULIET, gone)
                    ids = [id for id in ids if id not in gone]
                case 2:
                    self.clock.advance(0.01)
                case 3 if self.thread.waiting:
                    self.go()
                case _:
                    kind = random.randrange(2)
                    ids.append(self.log.append(JULIET, b"%d" % number, peer="1", kind=kind))
                    other.append(JULIET, b"%d" % number, peer="1", kind=kind, id=ids[-1])
            where = Where(
                peer=random.choice([None, "1"]),
                kinds=random.choice([(), (1,)]),
                after=random.choice([None, *ids]),
            )
            limit, newest = random.randrange(1, 5), random.random() < 0.5
            pages = [
                self.successResultOf(log.find(JULIET, where, limit=limit, newest=newest))
                for log in (self.log, other)
            ]
            self.assertEqual(*pages)
            counts = [self.successResultOf(log.count(JULIET, where)) for log in (self.log, other)]
            self.assertEqual(*counts)
