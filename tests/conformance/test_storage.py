"""Every storage back-end keeps every promise."""

from __future__ import annotations

import tarfile
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from xmppd.conformance.documents import DocumentSuite
from xmppd.conformance.logs import LogSuite
from xmppd.conformance.suite import StorageSuite
from xmppd.conformance.tables import TableSuite
from xmppd.conformance.whole import BackendSuite
from xmppd.storage.backend import StoreBackend
from xmppd.storage.directory import DirectoryStore
from xmppd.storage.flusher import Flusher
from xmppd.storage.memory import MemoryStore
from xmppd.storage.sqlite import FILE, SqliteDriver, SqliteStore


class InMemory(StorageSuite):
    def make(self) -> MemoryStore:
        return MemoryStore(reactor, now=self.wall)


class InSqlite(StorageSuite):
    def make(self) -> SqliteStore:
        return SqliteStore(self.folder(), reactor, now=self.wall)

    def restored(self, copy: Path) -> SqliteStore:
        folder = Path(self.mktemp())
        folder.mkdir()
        copy.rename(folder / FILE)
        return SqliteStore(folder, reactor, now=self.wall)


class InSqliteUncached(StorageSuite):
    def make(self) -> SqliteStore:
        return SqliteStore(self.folder(), reactor, now=self.wall, cache=0)


class InSqliteIndexed(StorageSuite):
    """The index is brought up to date again and again, by its thread."""

    def make(self) -> StoreBackend:
        driver = SqliteDriver(self.folder(), reactor, "process", Flusher)
        driver.index.many = 1
        return StoreBackend(driver, reactor, now=self.wall)


class InDirectory(StorageSuite):
    def make(self) -> DirectoryStore:
        return DirectoryStore(self.folder(), reactor, now=self.wall)

    def restored(self, copy: Path) -> DirectoryStore:
        folder = Path(self.mktemp())
        with tarfile.open(copy) as tar:
            tar.extractall(folder, filter="data")
        return DirectoryStore(folder, reactor, now=self.wall)


class MemoryDocuments(InMemory, DocumentSuite, TestCase):
    pass


class MemoryTables(InMemory, TableSuite, TestCase):
    pass


class MemoryLogs(InMemory, LogSuite, TestCase):
    pass


class MemoryBackend(InMemory, BackendSuite, TestCase):
    pass


class SqliteDocuments(InSqlite, DocumentSuite, TestCase):
    pass


class SqliteTables(InSqlite, TableSuite, TestCase):
    pass


class SqliteLogs(InSqlite, LogSuite, TestCase):
    pass


class IndexedLogs(InSqliteIndexed, LogSuite, TestCase):
    pass


class IndexedBackend(InSqliteIndexed, BackendSuite, TestCase):
    pass


class SqliteBackend(InSqlite, BackendSuite, TestCase):
    pass


class UncachedDocuments(InSqliteUncached, DocumentSuite, TestCase):
    pass


class UncachedTables(InSqliteUncached, TableSuite, TestCase):
    pass


class UncachedBackend(InSqliteUncached, BackendSuite, TestCase):
    pass


class DirectoryDocuments(InDirectory, DocumentSuite, TestCase):
    pass


class DirectoryTables(InDirectory, TableSuite, TestCase):
    pass


class DirectoryLogs(InDirectory, LogSuite, TestCase):
    pass


class DirectoryBackend(InDirectory, BackendSuite, TestCase):
    pass
