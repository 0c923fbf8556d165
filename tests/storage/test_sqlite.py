"""The SQLite store keeps every promise."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from xmppd.conformance import BackendSuite, DocumentSuite, LogSuite, StorageSuite, TableSuite
from xmppd.storage.sqlite import SqliteStore


class InSqlite(StorageSuite):
    def make(self) -> SqliteStore:
        return SqliteStore(self.folder(), reactor, now=self.wall)


class UncachedInSqlite(StorageSuite):
    def make(self) -> SqliteStore:
        return SqliteStore(self.folder(), reactor, now=self.wall, cache=0)


class DocumentsInSqlite(InSqlite, DocumentSuite, TestCase):
    pass


class TablesInSqlite(InSqlite, TableSuite, TestCase):
    pass


class LogsInSqlite(InSqlite, LogSuite, TestCase):
    pass


class SqliteBackend(InSqlite, BackendSuite, TestCase):
    pass


class DocumentsUncached(UncachedInSqlite, DocumentSuite, TestCase):
    pass


class TablesUncached(UncachedInSqlite, TableSuite, TestCase):
    pass


class BackendUncached(UncachedInSqlite, BackendSuite, TestCase):
    pass
