"""What SQLite may meet: a second process, a full disk, damage, a failing flush."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.conformance.suite import JULIET, ROMEO
from xmppd.storage.backend import StoreBackend
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import Corrupt, Full, Locked, ReadOnly, StorageError, Unavailable
from xmppd.storage.sqlite import FILE, SqliteDriver, SqliteStore


class FailingFlusher:
    """A disk whose flush fails once it is told to."""

    broken = False

    def __init__(self, file: int, reactor: Any) -> None:
        os.close(file)

    def flush(self) -> Deferred[None]:
        return fail(Unavailable(detail="flush failed")) if self.broken else succeed(None)

    def close(self) -> None:
        pass


class SqliteCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.folder = Path(self.mktemp())
        self.driver = SqliteDriver(self.folder, self.clock, "process", FailingFlusher)
        self.store = StoreBackend(self.driver, self.clock)
        self.successResultOf(self.store.open())
        self.log = self.store.log("archive")
        self.document = self.store.document("vcard", JsonCodec())
        self.failed: list[tuple[int, StorageError]] = []
        self.store.on_failed(lambda number, why: self.failed.append((number, why)))

    def tearDown(self) -> None:
        self.store.close()
        self.clock.advance(1)

    def commit(self) -> None:
        self.clock.advance(0.01)

    def count(self) -> int | None:
        return self.successResultOf(self.log.count(JULIET))


class WrongValueTest(SqliteCase):
    def test_not_utf_8(self) -> None:
        """A text that is no Unicode is refused, or loses its batch; the next one is kept."""
        self.failureResultOf(self.document.put(JULIET._replace(name="\ud800"), 1), StorageError)
        self.log.append(JULIET, b"x", peer="\ud800")
        ticket = self.store.ticket
        self.commit()
        self.assertEqual([number for number, _ in self.failed], [ticket])
        self.log.append(JULIET, b"x")
        self.commit()
        self.assertEqual(self.count(), 1)


class LockTest(SqliteCase):
    def test_second_process(self) -> None:
        """A second one gets Locked, which names the process that has the store."""
        problem = self.failureResultOf(SqliteStore(self.folder, self.clock).open(), Locked)
        self.assertIn(str(os.getpid()), str(problem.value))

    def test_after_close(self) -> None:
        """Closing lets the next one in."""
        self.successResultOf(self.store.close())
        other = SqliteStore(self.folder, self.clock, durability="process")
        self.successResultOf(other.open())
        self.successResultOf(other.close())

    def test_files_private(self) -> None:
        """Nobody else can read the files."""
        for path in self.folder.iterdir():
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)


class FullDiskTest(SqliteCase):
    def limit(self, pages: int) -> None:
        self.driver.session.read(f"PRAGMA max_page_count={pages}", {})

    def fill_up(self) -> int:
        """Leave a batch that does not fit; its ticket."""
        self.log.append(JULIET, b"before")
        self.commit()
        self.limit(1)
        for _ in range(10):
            self.log.append(JULIET, b"x" * 4000)
        ticket = self.store.ticket
        self.commit()
        return ticket

    def test_held(self) -> None:
        """A batch that does not fit is neither kept nor lost for ten seconds."""
        ticket = self.fill_up()
        self.clock.pump([0.5] * 18)
        self.assertLess(self.store.kept, ticket)
        self.assertEqual(self.failed, [])

    def test_refused_meanwhile(self) -> None:
        """Meanwhile writes are refused as Full, at once; reading goes on."""
        self.fill_up()
        self.assertRaises(Full, self.log.append, ROMEO, b"x")
        self.failureResultOf(self.document.put(JULIET, 1), Full)
        self.assertIsNone(self.successResultOf(self.document.get(JULIET)))
        self.assertGreaterEqual(self.count() or 0, 1)

    def test_space_back(self) -> None:
        """When there is space again, the batch is kept and writing goes on."""
        ticket = self.fill_up()
        self.clock.pump([0.5] * 4)
        self.limit(1_000_000)
        self.clock.advance(0.5)
        self.assertEqual(self.store.kept, ticket)
        self.assertEqual(self.count(), 11)
        write = self.document.put(JULIET, 1)
        self.commit()
        self.successResultOf(write)

    def test_lost(self) -> None:
        """After ten seconds the batch is lost, which is told before `kept` passes it."""
        kept: list[int] = []
        ticket = self.fill_up()
        self.store.on_kept(lambda _: kept.append(len(self.failed)))
        self.clock.pump([0.5] * 21)
        self.assertEqual([(number, type(why)) for number, why in self.failed], [(ticket, Full)])
        self.assertEqual((self.store.kept, kept), (ticket, [1]))
        self.assertEqual(self.count(), 1)
        self.limit(1_000_000)
        self.log.append(JULIET, b"after")
        self.commit()
        self.assertEqual((self.count(), self.store.kept), (2, ticket + 1))

    def test_waiters_told(self) -> None:
        """Whoever waits for the lost batch is told Full."""
        self.limit(1)
        with self.store.unit() as kept:
            self.log.append(JULIET, b"x" * 100_000)
        self.commit()
        self.clock.pump([0.5] * 21)
        self.failureResultOf(kept, Full)

    def test_one_write_too_large(self) -> None:
        """A write for which there is no space is refused; its neighbours are kept."""
        before = self.document.put(JULIET, 1)
        self.limit(1)
        large = self.document.put(ROMEO, "x" * 1_000_000)
        self.failureResultOf(large, Full)
        self.commit()
        self.successResultOf(before)
        self.assertIsNone(self.successResultOf(self.document.get(ROMEO)))


class CheckpointTest(SqliteCase):
    def setUp(self) -> None:
        super().setUp()
        self.driver.restart_at = 1
        self.attempts = 0
        read = self.driver.session.read

        def read_but_no_checkpoint(text: str, parameters: Any) -> list[Any]:
            if "checkpoint" in text:
                self.attempts += 1
                raise Full(detail="no space")
            return read(text, parameters)

        self.patch(self.driver.session, "read", read_but_no_checkpoint)

    def put(self) -> None:
        write = self.document.put(JULIET, 1)
        self.commit()
        self.successResultOf(write)

    def test_failing(self) -> None:
        """What is committed is kept, though the log in front of the database cannot be emptied."""
        self.put()
        self.put()
        self.assertEqual(self.failed, [])

    def test_retried(self) -> None:
        """It is tried again after a while, not at every commit."""
        self.put()
        self.put()
        self.assertEqual(self.attempts, 1)
        self.clock.advance(10)
        self.put()
        self.assertEqual(self.attempts, 2)


class DamageTest(SqliteCase):
    def reopen(self) -> Any:
        self.store = SqliteStore(self.folder, self.clock, durability="process", cache=0)
        return self.store.open()

    def fill(self) -> None:
        for number in range(200):
            self.document.put(JULIET._replace(name=f"u{number:03}"), "x" * 2000)
        self.commit()
        self.successResultOf(self.store.close())

    def test_not_a_database(self) -> None:
        """A file that is no database is Corrupt, and is not overwritten."""
        self.fill()
        path = self.folder / FILE
        path.write_bytes(b"x" * 4096 + path.read_bytes()[4096:])
        before = path.read_bytes()
        self.failureResultOf(self.reopen(), Corrupt)
        self.assertEqual(path.read_bytes(), before)

    def test_somebody_elses_database(self) -> None:
        """A database that is not ours is Corrupt, and is not touched."""
        folder = Path(self.mktemp())
        folder.mkdir()
        connection = sqlite3.connect(folder / FILE)
        connection.execute("create table songs (title text)")
        connection.commit()
        connection.close()
        store = SqliteStore(folder, self.clock, durability="process")
        self.failureResultOf(store.open(), Corrupt)

    def test_damaged_page(self) -> None:
        """What is damaged cannot be read; from then on nothing is written."""
        self.fill()
        path = self.folder / FILE
        data = bytearray(path.read_bytes())
        for at in range(20 * 4096, len(data), 4096):
            data[at : at + 100] = b"\xaa" * 100
        path.write_bytes(data)
        self.successResultOf(self.reopen())
        document = self.store.document("vcard", JsonCodec())
        owners = [JULIET._replace(name=f"u{number:03}") for number in range(200)]
        results: list[Any] = []
        for owner in owners:
            document.get(owner).addBoth(results.append)
        problems = [one.value for one in results if hasattr(one, "value") and hasattr(one, "trap")]
        self.assertTrue(problems)
        self.assertEqual({type(problem) for problem in problems}, {Corrupt})
        self.assertIn(str(path), str(problems[0]))
        self.failureResultOf(document.put(ROMEO, 1), Corrupt)
        self.assertRaises(Corrupt, self.store.log("archive").append, ROMEO, b"x")


class FlushTest(SynchronousTestCase):
    def test_failed_flush(self) -> None:
        """After a failed flush nothing is promised: the batch is lost, writing stops."""
        clock = Clock()
        store = SqliteStore(Path(self.mktemp()), clock, flusher=FailingFlusher)
        self.successResultOf(store.open())
        document = store.document("vcard", JsonCodec())
        first = document.put(JULIET, 1)
        clock.advance(0.01)
        self.successResultOf(first)
        self.patch(FailingFlusher, "broken", True)
        second = document.put(JULIET, 2)
        clock.advance(0.01)
        self.failureResultOf(second, Unavailable)
        self.failureResultOf(document.put(JULIET, 3), Unavailable)
        self.successResultOf(store.close())


class ReadOnlyTest(SynchronousTestCase):
    def test_folder(self) -> None:
        """A folder that cannot be made is ReadOnly; the message names it and the user."""
        path = Path(self.mktemp())
        path.write_text("a file")
        problem = self.failureResultOf(SqliteStore(path / "data", Clock()).open(), ReadOnly)
        self.assertIn(str(path), str(problem.value))
        self.assertIn(str(os.geteuid()), str(problem.value))
