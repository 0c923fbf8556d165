"""The memory store keeps every promise but surviving a restart."""

from __future__ import annotations

from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from xmppd.conformance import (
    JULIET,
    BackendSuite,
    DocumentSuite,
    LogSuite,
    StorageSuite,
    TableSuite,
)
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import StorageError
from xmppd.storage.memory import MemoryStore


class InMemory(StorageSuite):
    def make(self) -> MemoryStore:
        return MemoryStore(reactor, now=self.wall)


class DocumentsInMemory(InMemory, DocumentSuite, TestCase):
    pass


class TablesInMemory(InMemory, TableSuite, TestCase):
    pass


class LogsInMemory(InMemory, LogSuite, TestCase):
    pass


class MemoryBackend(InMemory, BackendSuite, TestCase):
    pass


class MemoryTest(SynchronousTestCase):
    def test_kept_at_end_of_turn(self) -> None:
        """Nothing is kept before the reactor turn ends, everything right after."""
        clock = Clock()
        store = MemoryStore(clock)
        write = store.document("vcard", JsonCodec()).put(JULIET, 1)
        self.assertNoResult(write)
        clock.advance(0)
        self.assertEqual(self.successResultOf(write), 1)
        self.assertEqual(store.kept, 1)

    def test_one_shape_per_store(self) -> None:
        """A store that holds documents refuses to be read as a log."""
        store = MemoryStore(Clock())
        store.document("vcard", JsonCodec()).put(JULIET, 1)
        self.failureResultOf(store.log("vcard").edges(JULIET), StorageError)

    def test_no_backup(self) -> None:
        """There is nothing to back up."""
        self.failureResultOf(MemoryStore(Clock()).backup(Path(self.mktemp())), StorageError)

    def test_sweep(self) -> None:
        """Each minute, rows that have expired go, and markers of removals after 90 days."""
        clock = Clock()
        store = MemoryStore(clock)
        store.open()
        table = store.table("tokens", JsonCodec(), versioned=True)
        table.put(JULIET, "a", 1, expires=30)
        table.put(JULIET, "b", 1)
        table.remove(JULIET, "b")
        self.assertGreater(self.successResultOf(table.version(JULIET)), 0)
        clock.pump([60] * 2)
        clock.advance(91 * 86_400)
        clock.pump([60] * 2)
        self.assertEqual(self.successResultOf(table.version(JULIET)), 0)
        store.close()
        self.assertEqual(clock.getDelayedCalls(), [])
