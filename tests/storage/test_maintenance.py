"""Long jobs beside the server's work: none holds up another, and all end when it stops."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from xmppd.storage.interfaces import StorageError
from xmppd.storage.maintenance import Maintenance

ENDLESS = """INSERT INTO song
    WITH RECURSIVE number(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM number WHERE x < 1000000000)
    SELECT x FROM number"""


class MaintenanceTest(TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "store.sqlite"
        self.database = sqlite3.connect(self.path, isolation_level=None)
        self.addCleanup(self.database.close)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("CREATE TABLE song (name TEXT)")
        self.maintenance = Maintenance(self.path, reactor)
        self.addCleanup(self.maintenance.close)

    async def test_side_by_side(self) -> None:
        """A checkpoint does not wait for a job that waits for something else."""
        self.database.execute("BEGIN IMMEDIATE")
        writing = self.maintenance.run("INSERT INTO song VALUES (:name)", {"name": "Ophelia"})
        await self.maintenance.checkpoint()
        self.assertNoResult(writing)
        self.database.execute("ROLLBACK")
        await writing

    async def test_close(self) -> None:
        """A job that would take hours ends when the server stops."""
        endless = self.maintenance.run(ENDLESS, {})
        self.maintenance.close()
        with self.assertRaises(StorageError):
            await endless

    async def test_copy(self) -> None:
        """A copy that fails leaves nothing behind; one that is made can be read."""
        self.database.execute("INSERT INTO song VALUES ('Ophelia')")
        target = self.folder / "copy"
        await self.maintenance.copy(target)
        copy = sqlite3.connect(target)
        self.addCleanup(copy.close)
        self.assertEqual(copy.execute("SELECT name FROM song").fetchall(), [("Ophelia",)])
        with self.assertRaises(StorageError):
            await self.maintenance.copy(target)
        self.database.close()
        self.path.write_bytes(b"x" * 8192)
        with self.assertRaises(StorageError):
            await self.maintenance.copy(self.folder / "other")
        self.assertFalse((self.folder / "other").exists())
