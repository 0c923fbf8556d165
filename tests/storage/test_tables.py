"""Tables over the years: removals that are forgotten are never mistaken for nothing removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.conformance.suite import JULIET, ROMEO
from xmppd.storage.backend import StoreBackend
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.directory import DirectoryStore
from xmppd.storage.driver import Place, Selection
from xmppd.storage.interfaces import TooOld
from xmppd.storage.memory import MemoryDriver, MemoryStore
from xmppd.storage.sqlite import SqliteStore

YEAR = 365 * 86_400


class ForgottenTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_700_000_000)

    def open(self, store: Any) -> None:
        self.store = store
        self.successResultOf(store.open())
        self.addCleanup(store.close)
        self.table = store.table("roster", JsonCodec(), versioned=True)

    def forget(self) -> None:
        """Let a year go by, and the old removals be dropped."""
        self.clock.advance(YEAR)
        self.clock.advance(0.01)

    def removal_is_no_rest(self) -> None:
        seen = self.table.put(JULIET, "romeo", 1)
        self.clock.advance(1)
        self.table.put(JULIET, "tybalt", 1)
        self.table.remove(JULIET, "tybalt")
        self.table.put(ROMEO, "juliet", 1)
        self.clock.advance(1)
        newest = self.successResultOf(self.table.version(JULIET))
        self.forget()
        self.failureResultOf(self.table.changes(JULIET, self.successResultOf(seen)), TooOld)
        self.assertEqual(self.successResultOf(self.table.version(JULIET)), newest)
        self.assertEqual(self.successResultOf(self.table.changes(JULIET, newest))[:2], ([], []))

    def test_memory(self) -> None:
        """Whoever last looked before the removal is not told that nothing changed."""
        self.open(MemoryStore(self.clock))
        self.removal_is_no_rest()

    def test_sqlite(self) -> None:
        """Nor in SQLite."""
        self.open(SqliteStore(Path(self.mktemp()), self.clock, durability="process", cache=0))
        self.removal_is_no_rest()

    def test_directory(self) -> None:
        """Nor in files."""
        self.open(DirectoryStore(Path(self.mktemp()), self.clock))
        self.removal_is_no_rest()

    def test_dropped(self) -> None:
        """Of removals that are old only the newest of a table is remembered."""
        driver = MemoryDriver()
        self.open(StoreBackend(driver, self.clock))
        for key in "abc":
            self.table.put(JULIET, key, 1)
            self.table.remove(JULIET, key)
        self.forget()
        left = driver.rows(Place("roster", JULIET), Selection(removed=True), self.clock.seconds())
        self.assertEqual([row.key for row in left], ["c"])
