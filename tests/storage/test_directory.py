"""The store of text files keeps every promise, and bears hands in its files."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from xmppd.conformance import BackendSuite, DocumentSuite, LogSuite, StorageSuite, TableSuite
from xmppd.storage.directory import DirectoryStore


class InDirectory(StorageSuite):
    def make(self) -> DirectoryStore:
        return DirectoryStore(self.folder(), reactor, now=self.wall)


class DocumentsInDirectory(InDirectory, DocumentSuite, TestCase):
    pass


class TablesInDirectory(InDirectory, TableSuite, TestCase):
    pass


class LogsInDirectory(InDirectory, LogSuite, TestCase):
    pass


class DirectoryBackend(InDirectory, BackendSuite, TestCase):
    pass
