"""Each store on the back-end that was chosen for it; one count of tickets for all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.conformance.suite import JULIET
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.directory import DirectoryDriver, DirectoryStore
from xmppd.storage.interfaces import CHANGES, PROCESS, UNIT, Changed, Locked, StorageError
from xmppd.storage.memory import MemoryDriver, MemoryStore
from xmppd.storage.sqlite import SqliteStore
from xmppd.storage.stores import StoreMap, factory

FILES = {"roster", "requests"}
PROBE = """
import sys
from twisted.internet.task import Clock
from xmppd.storage.stores import StoreMap
stores = StoreMap(None, Clock(), ["memory"], lambda store, domain: "memory", None)
stores.open()
print(sorted({"sqlalchemy", "alembic", "sqlite3", "tarfile"} & set(sys.modules)))
"""


def choose(store: str, domain: str) -> str:
    return "directory" if store in FILES else "memory"


class StoresTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.folder = Path(self.mktemp())
        self.edits: list[Any] = []
        names = ["memory", "directory"]
        self.stores = StoreMap(
            self.folder, self.clock, names, choose, lambda *edit: self.edits.append(edit)
        )
        self.successResultOf(self.stores.open())
        self.addCleanup(self.close)
        self.domain = self.stores.of("example.com")
        self.roster = self.domain.table("roster", JsonCodec())
        self.account = self.domain.document("account", JsonCodec())

    def close(self) -> None:
        self.stores.close()
        self.clock.advance(1)

    def test_chosen(self) -> None:
        """A store is where it was chosen to be."""
        self.roster.put(JULIET, "a", {})
        self.account.put(JULIET, 1)
        self.clock.advance(0.01)
        files = list((self.folder / "accounts" / "example.com" / "juliet").iterdir())
        self.assertEqual([path.name for path in files], ["roster.toml"])

    def test_one_count(self) -> None:
        """Writes on several back-ends are in one batch."""
        self.account.put(JULIET, 1)
        ticket = self.domain.ticket
        write = self.roster.put(JULIET, "a", {})
        self.assertEqual(self.stores.ticket, ticket)
        self.clock.advance(0.01)
        self.successResultOf(write)
        self.assertEqual((self.domain.kept, self.stores.kept), (ticket, ticket))

    def test_unit_over_back_ends(self) -> None:
        """Changed undoes a unit on all of them."""
        with self.domain.unit() as kept:
            self.account.put(JULIET, 1)
            self.roster.put(JULIET, "a", {})
            self.roster.put(JULIET, "a", {}, if_version=7)
        self.assertIsNone(self.successResultOf(self.account.get(JULIET)))
        self.assertEqual(self.successResultOf(self.roster.items(JULIET)), [])
        self.clock.advance(0.01)
        self.failureResultOf(kept, Changed)

    def test_erase(self) -> None:
        """An owner is erased everywhere."""
        self.roster.put(JULIET, "a", {})
        self.account.put(JULIET, 1)
        self.domain.erase(JULIET)
        self.clock.advance(0.01)
        self.assertIsNone(self.successResultOf(self.account.get(JULIET)))
        self.assertEqual(self.successResultOf(self.roster.items(JULIET)), [])

    def test_edits(self) -> None:
        """Edits by hand are passed on."""
        self.roster.put(JULIET, "a", {})
        self.clock.advance(0.01)
        (self.folder / "accounts/example.com/juliet/roster.toml").write_text("")
        self.clock.pump([1, 0.01])
        self.assertEqual(self.edits, [(JULIET, "roster", frozenset({("", "a")}))])

    def test_apart(self) -> None:
        """Stores written in one unit must be on one back-end; the message names them."""

        def apart(store: str, domain: str) -> str:
            return "directory" if store == "roster" else "memory"

        stores = StoreMap(self.folder, self.clock, ["memory"], apart, lambda *edit: None)
        problem = self.assertRaises(StorageError, stores.of, "example.com")
        self.assertIn("roster and requests", str(problem))

    def test_features_that_lack(self) -> None:
        """A back-end that cannot do what a store needs is refused; the message says which."""
        stores = self.stores
        for lacking, store in ((UNIT, "account"), (CHANGES, "roster")):
            able = frozenset({UNIT, CHANGES} - {lacking})
            self.patch(MemoryDriver, "features", able)
            self.patch(DirectoryDriver, "features", able)
            problem = self.assertRaises(StorageError, stores.of, f"{store}.example.net")
            for part in (store, lacking):
                self.assertIn(part, str(problem))

    def test_back_ends_of_others(self) -> None:
        """A process that keeps rooms only needs not have the back-end of rosters."""
        stores = StoreMap(self.folder, self.clock, ["memory"], choose, lambda *edit: None)
        room = stores.of("rooms.example.net").document("room", JsonCodec())
        self.assertIsNone(self.successResultOf(room.get(JULIET)))

    def test_backup(self) -> None:
        """What survives nothing is not backed up; the other back-ends are, each to its file."""
        path = Path(self.mktemp()).absolute()
        self.successResultOf(self.stores.backup(path))
        self.assertTrue(path.with_name(f"{path.name}.directory").exists())
        self.assertFalse(path.with_name(f"{path.name}.memory").exists())
        self.failureResultOf(self.stores.backup(path), StorageError)

    def test_backup_refused(self) -> None:
        """Nothing is copied where something cannot be, or where there is nothing to copy."""
        path = Path(self.mktemp()).absolute()
        self.patch(DirectoryDriver, "features", frozenset({UNIT, CHANGES, PROCESS}))
        problem = self.failureResultOf(self.stores.backup(path), StorageError)
        self.assertIn("directory", str(problem.value))
        alone = StoreMap(self.folder, self.clock, ["memory"], choose, lambda *edit: None)
        self.failureResultOf(alone.backup(path), StorageError)

    def test_opened_in_vain(self) -> None:
        """Where one back-end cannot be opened none stays open."""
        folder = Path(self.mktemp())
        locking = SqliteStore(folder, self.clock, durability="process")
        self.successResultOf(locking.open())
        self.addCleanup(locking.close)
        names = ["directory", "sqlite"]
        stores = StoreMap(folder, self.clock, names, choose, lambda *edit: None)
        self.failureResultOf(stores.open(), Locked)
        again = DirectoryStore(folder, self.clock)
        self.successResultOf(again.open())
        self.successResultOf(again.close())

    def test_unknown(self) -> None:
        """A back-end that nobody provides is refused; the message lists what there is."""
        problem = self.assertRaises(StorageError, factory, "punchcards")
        for name in ("punchcards", "memory", "directory", "sqlite"):
            self.assertIn(name, str(problem))

    def test_locked_once(self) -> None:
        """SQLite and text files may share a folder."""
        stores = StoreMap(
            Path(self.mktemp()), self.clock, ["sqlite", "directory"], choose, lambda *edit: None
        )
        opened = stores.open()
        self.successResultOf(opened)
        self.successResultOf(stores.close())

    def test_memory_alone(self) -> None:
        """A server on the memory store imports no SQL."""
        done = subprocess.run(
            [sys.executable, "-c", PROBE], capture_output=True, text=True, check=False
        )
        self.assertEqual((done.stdout, done.stderr), ("[]\n", ""))

    def test_is_memory(self) -> None:
        """The name `memory` gives the store in memory."""
        self.assertIs(getattr(factory("memory"), "__self__", None), MemoryStore)
