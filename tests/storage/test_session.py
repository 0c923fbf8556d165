"""The transaction now filling: what was written is there, whatever became of the transaction."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from xmppd.storage.interfaces import Corrupt, StorageError, Unavailable
from xmppd.storage.session import Session


class SessionTest(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.session = Session(folder / "store.sqlite")
        self.session.open()
        self.addCleanup(self.session.close)
        self.session.read("PRAGMA busy_timeout=0", {})
        self.write("CREATE TABLE song (name TEXT, id INTEGER PRIMARY KEY)")
        self.session.commit()
        self.other = sqlite3.connect(folder / "store.sqlite", isolation_level=None)
        self.addCleanup(self.other.close)

    def write(self, text: str, **parameters: object) -> None:
        self.session.write(text, parameters)

    def add(self, name: object) -> None:
        self.write("INSERT INTO song (name) VALUES (:name)", name=name)

    def names(self) -> list[str]:
        return [name for (name,) in self.session.read("SELECT name FROM song ORDER BY id", {})]

    def roll_back_and_lock(self) -> None:
        """Have somebody else write while the transaction is rolled back."""
        self.session.repeat()
        self.session.read("ROLLBACK", {})
        self.other.execute("BEGIN IMMEDIATE")

    def test_write_after_a_repeat_that_failed(self) -> None:
        """What was written before is kept too, though its transaction was lost in between."""
        self.add("before")
        state = self.session.mark()
        self.add("undone")
        self.session.taken_back = self.roll_back_and_lock
        self.session.undo(state)
        self.other.execute("ROLLBACK")
        self.add("after")
        self.session.commit()
        self.assertEqual(self.names(), ["before", "after"])

    def test_undo_does_not_fail(self) -> None:
        """What is taken back is taken back, though the database is locked just then."""
        self.add("before")
        state = self.session.mark()
        self.add("undone")
        self.session.taken_back = self.roll_back_and_lock
        self.session.undo(state)
        self.assertRaises(Unavailable, self.add, "refused")
        self.other.execute("ROLLBACK")
        self.assertEqual(self.names(), ["before"])

    def test_rows_after_a_lost_transaction(self) -> None:
        """Rows that waited do not push out what was written before them."""
        self.session.insert_rows = lambda rows: self.session.write_many(
            "INSERT INTO song (name) VALUES (?)", rows
        )
        self.add("before")
        self.session.add_row(("row",))
        self.session.read("ROLLBACK", {})
        self.session.commit()
        self.assertEqual(self.names(), ["before", "row"])

    def test_read_after_a_commit_that_failed(self) -> None:
        """Reads see what was written while it waits for another attempt."""
        self.write(
            "CREATE TABLE verse (song INTEGER REFERENCES song(id) DEFERRABLE INITIALLY DEFERRED)"
        )
        self.session.commit()
        self.session.read("PRAGMA foreign_keys=ON", {})
        self.add("held")
        self.write("INSERT INTO verse VALUES (4711)")
        self.assertRaises(StorageError, self.session.commit)
        self.assertEqual(self.names(), ["held"])

    def test_refused_write_locks_nobody_out(self) -> None:
        """Where the only write was refused there is nothing to commit, and no lock."""
        self.assertRaises(StorageError, self.add, ["x"])
        self.assertFalse(self.session.in_transaction)

    def test_wrong_type(self) -> None:
        """What SQLite cannot hold is the caller's mistake: the next write is taken."""
        self.assertRaises(
            StorageError, self.write, "INSERT INTO song (name) VALUES (:name)", name=[]
        )
        self.assertRaises(StorageError, self.write, "INSERT INTO song (name) VALUES (:name)")
        self.add("after")
        self.session.commit()
        self.assertEqual(self.names(), ["after"])

    def test_not_utf_8(self) -> None:
        """A text that is none is damage: nothing more is written."""
        self.other.execute("INSERT INTO song (name) VALUES (CAST(x'ff' AS TEXT))")
        self.assertRaises(Corrupt, self.names)
        self.assertRaises(Corrupt, self.add, "after")
