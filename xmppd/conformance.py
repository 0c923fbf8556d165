"""Conformance kit: what every storage back-end promises, one sentence per test.

Subclass the suites together with `twisted.trial.unittest.TestCase`, give `make`, and run them::

    class MyDocuments(DocumentSuite, TestCase):
        def make(self):
            return MyStore(self.folder(), reactor, now=self.wall)
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Iterable
from itertools import product
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from unittest import SkipTest, TestCase

from twisted.internet.defer import gatherResults
from twisted.trial import unittest

from xmppd.storage.codecs import JsonCodec, XmlCodec
from xmppd.storage.interfaces import (
    ANY,
    BACKUP,
    CHANGES,
    POWER,
    PROCESS,
    UNIT,
    Backend,
    Changed,
    Corrupt,
    Entry,
    NoSuchEntry,
    Owner,
    StorageError,
    TooOld,
    Where,
)

if TYPE_CHECKING:

    class Base(TestCase):
        """What trial's test case adds, with types."""

        def mktemp(self) -> str: ...
        def flushLoggedErrors(self, *types: type[Exception]) -> list[Any]: ...
else:
    Base = object  # no test case by itself: trial would run the suites without a back-end

JULIET = Owner("example.com", "juliet")
ROMEO = Owner("example.com", "romeo")
ORCHARD = Owner("conference.example.com", "orchard")
HOST = Owner("example.com", "")
STRANGE = Owner("exämple.com", "../.%2F\u2028ju\\l:iet*\U0001f339" + "x" * 900)

JSON_VALUES = [
    None,
    True,
    0,
    -(1 << 62),
    1 << 80,
    0.1,
    1e300,
    "",
    'quo"te \\ \x00\x7f\n\t\u2028 \U0001f339 \u202e',
    "'''\r\n\"\"\"",
    [],
    {},
    [None, [1, "a", [None]], {"": None}],
    {"": "x"},
    {"": {"": []}, "a b": {"c.d": [{"e": 1}, {"f": []}]}, "version": 3, "@tag": 1},
    {"nested": {"list": [[], [[]], [{}]]}},
    {"text": "1979-05-27", "float": -0.5, "key\n": "x"},
]


class Wall:
    """A wall clock that stands wherever the test puts it."""

    def __init__(self) -> None:
        self.time = time.time()

    def __call__(self) -> float:
        return self.time


class StorageSuite(Base):
    """What the suites share: a back-end that is open during the test."""

    wall: Wall
    backend: Backend
    _folder: Path | None = None

    def make(self) -> Backend:
        """A back-end, not opened; a second one made in the same test finds the first one's data.

        It reads the time from `self.wall`, if it can be told to.
        """
        raise NotImplementedError

    def folder(self) -> Path:
        """The same new folder for all back-ends of a test."""
        if self._folder is None:
            self._folder = Path(self.mktemp())
            self._folder.mkdir(parents=True)
        return self._folder

    def setUp(self) -> Any:
        if not isinstance(self, unittest.TestCase):
            # others await nothing, and would call every test a success
            raise TypeError("the suites are for twisted.trial.unittest.TestCase")
        self.wall = Wall()
        self.backend = self.make()
        self.addCleanup(lambda: self.backend.close())
        return self.backend.open()

    async def reopen(self) -> None:
        """Close and open again, if the back-end claims to survive that."""
        if PROCESS not in self.backend.features:
            return
        await self.backend.close()
        self.backend = self.make()
        await self.backend.open()

    def need(self, feature: str) -> None:
        if feature not in self.backend.features:
            raise SkipTest(f"does not claim {feature!r}")

    def restored(self, copy: Path) -> Backend:
        """A back-end, not opened, made of what `backup` wrote; by default that is not tested."""
        raise SkipTest("the suite was not told how a backup is put back")

    async def fails(self, problem: type[StorageError], what: Awaitable[Any]) -> StorageError:
        try:
            found = await what
        except problem as caught:
            return caught
        raise self.failureException(f"no {problem.__name__} but {found!r}")


class DocumentSuite(StorageSuite):
    """Documents: one value per owner, compare and set."""

    async def test_absent(self) -> None:
        """A document nobody wrote is None; removing it says False."""
        document = self.backend.document("vcard", JsonCodec())
        self.assertIsNone(await document.get(JULIET))
        self.assertFalse(await document.remove(JULIET))

    async def test_json(self) -> None:
        """Every JSON value comes back as it was, also after a restart."""
        document = self.backend.document("vcard", JsonCodec())
        owners = [Owner("example.com", f"u{number}") for number, _ in enumerate(JSON_VALUES)]
        writes = [document.put(o, v) for o, v in zip(owners, JSON_VALUES, strict=True)]
        for owner, value in zip(owners, JSON_VALUES, strict=True):
            found = await document.get(owner)
            self.assertEqual(found and (found.value,), (value,))
        await gatherResults(writes)
        await self.reopen()
        document = self.backend.document("vcard", JsonCodec())
        for owner, value in zip(owners, JSON_VALUES, strict=True):
            found = await document.get(owner)
            self.assertEqual(found and (found.value,), (value,))
            self.assertIs(type(found and found.value), type(value))

    async def test_xml(self) -> None:
        """XML comes back byte for byte, and as bytes."""
        document = self.backend.document("vcard", XmlCodec())
        xml = "<v xmlns='vcard-temp'>\r\n\U0001f339<![CDATA[]]></v>\n".encode()
        await document.put(JULIET, xml)
        self.assertEqual((await self._get(document)).value, xml)
        await self.reopen()
        document = self.backend.document("vcard", XmlCodec())
        self.assertEqual((await self._get(document)).value, xml)

    async def test_large(self) -> None:
        """A value of 1 MiB is kept."""
        document = self.backend.document("vcard", JsonCodec())
        await document.put(JULIET, {"photo": "x" * (1 << 20)})
        self.assertEqual(len((await self._get(document)).value["photo"]), 1 << 20)

    async def test_not_shared(self) -> None:
        """Changing a value after it was put or got changes nothing that is stored."""
        document = self.backend.document("vcard", JsonCodec())
        value = {"names": ["Juliet"]}
        await document.put(JULIET, value)
        value["names"].append("Capulet")
        (await self._get(document)).value["names"].append("Montague")
        self.assertEqual((await self._get(document)).value, {"names": ["Juliet"]})

    async def test_compare_and_set(self) -> None:
        """`if_version` 0 wants nothing there, another version that one; else Changed."""
        document = self.backend.document("vcard", JsonCodec())
        await self.fails(Changed, document.put(JULIET, 1, if_version=7))
        first = await document.put(JULIET, 1, if_version=0)
        await self.fails(Changed, document.put(JULIET, 2, if_version=0))
        second = await document.put(JULIET, 2, if_version=first)
        await self.fails(Changed, document.put(JULIET, 3, if_version=first))
        await self.fails(Changed, document.remove(JULIET, if_version=first))
        self.assertEqual(await document.get(JULIET), (2, second))
        self.assertTrue(await document.remove(JULIET, if_version=second))
        self.assertIsNone(await document.get(JULIET))

    async def test_versions_grow(self) -> None:
        """Versions grow though the clock steps back, over removal and restart."""
        document = self.backend.document("vcard", JsonCodec())
        versions = [await document.put(JULIET, 1)]
        self.wall.time -= 3600
        versions.append(await document.put(JULIET, 2))
        await document.remove(JULIET)
        versions.append(await document.put(JULIET, 3))
        await document.remove(JULIET)
        self.assertEqual(versions, sorted(set(versions)))
        await self.reopen()
        document = self.backend.document("vcard", JsonCodec())
        self.assertGreater(await document.put(JULIET, 4), versions[-1])

    async def test_change_raced(self) -> None:
        """A hundred changes at once all take effect."""
        document = self.backend.document("counter", JsonCodec())
        await gatherResults([document.change(JULIET, lambda n: (n or 0) + 1) for _ in range(100)])
        self.assertEqual((await self._get(document)).value, 100)

    async def test_change_that_fails(self) -> None:
        """What the function of `change` raises is what it fails with; nothing is written."""
        document = self.backend.document("counter", JsonCodec())
        version = await document.put(JULIET, 0)
        with self.assertRaises(ZeroDivisionError):
            await document.change(JULIET, lambda n: 1 // (n or 0))
        self.assertEqual(await document.get(JULIET), (0, version))

    async def test_read_before_kept(self) -> None:
        """A read sees a write that is not kept yet."""
        document = self.backend.document("vcard", JsonCodec())
        write = document.put(JULIET, 1)
        self.assertEqual((await self._get(document)).value, 1)
        await write

    async def test_owners(self) -> None:
        """Owners of a realm who have the document come by name, page by page."""
        document = self.backend.document("account", JsonCodec())
        names = sorted(f"u{number:02}" for number in range(25))
        writes = [document.put(Owner("example.com", name), 1) for name in reversed(names)]
        writes.append(document.put(ORCHARD, 1))
        writes.append(self.backend.document("vcard", JsonCodec()).put(JULIET, 1))
        await gatherResults(writes)
        found: list[Owner] = []
        for _ in range(4):  # the last page is empty
            found += await document.owners("example.com", found[-1].name if found else "", 10)
        self.assertEqual([owner.name for owner in found], names)

    async def test_strange_owner(self) -> None:
        """An owner's name may be any text, and is not taken for a path."""
        document = self.backend.document("vcard", JsonCodec())
        await document.put(STRANGE, 1)
        await self.reopen()
        document = self.backend.document("vcard", JsonCodec())
        self.assertEqual((await self._get(document, STRANGE)).value, 1)
        self.assertEqual(await document.owners(STRANGE.realm), [STRANGE])

    async def test_does_not_decode(self) -> None:
        """A value that the codec does not understand is Corrupt, with store and owner."""
        await self.backend.document("vcard", JsonCodec()).put(JULIET, 1)
        document = self.backend.document("vcard", XmlCodec())
        problem = await self.fails(Corrupt, document.get(JULIET))
        self.assertEqual((problem.store, problem.owner), ("vcard", JULIET))

    async def _get(self, document: Any, owner: Owner = JULIET) -> Any:
        found = await document.get(owner)
        self.assertIsNotNone(found)
        return found


class TableSuite(StorageSuite):
    """Tables: rows of section and key, versions, what changed since."""

    def table(self, store: str = "items", versioned: bool = False) -> Any:
        return self.backend.table(store, JsonCodec(), versioned=versioned)

    async def keys(self, table: Any, *arguments: Any, **named: Any) -> str:
        return "".join(row.key for row in await table.items(JULIET, *arguments, **named))

    async def fill(self, table: Any, keys: str, **named: Any) -> None:
        await gatherResults([table.put(JULIET, key, key.upper(), **named) for key in keys])

    async def test_row(self) -> None:
        """A row comes back with all its fields, also after a restart."""
        table = self.table()
        expires = int(self.wall.time) + 60
        for number, value in enumerate(JSON_VALUES):
            table.put(JULIET, f"k{number}", value, section="ä b", tag="t", expires=expires)
        version = await table.put(JULIET, "", {"a": None})
        self.assertEqual(await table.get(JULIET, ""), ("", "", {"a": None}, version, None, None))
        await self.reopen()
        table = self.table()
        for number, value in enumerate(JSON_VALUES):
            row = await table.get(JULIET, f"k{number}", "ä b")
            self.assertEqual(row._replace(version=0), (f"k{number}", "ä b", value, 0, "t", expires))
            self.assertIs(type(row.value), type(value))
        self.assertEqual((await table.get(JULIET, "")).value, {"a": None})
        self.assertIsNone(await table.get(JULIET, "k1"))

    async def test_xml_rows(self) -> None:
        """Rows may hold XML."""
        table = self.backend.table("requests", XmlCodec())
        await table.put(JULIET, "romeo@example.net", "<presence>\U0001f339</presence>".encode())
        await self.reopen()
        row = await self.backend.table("requests", XmlCodec()).get(JULIET, "romeo@example.net")
        self.assertEqual(row and row.value, "<presence>\U0001f339</presence>".encode())

    async def test_order(self) -> None:
        """Rows come in the order of their last write, which a restart does not change."""
        table = self.table()
        await self.fill(table, "abcd")
        await table.put(JULIET, "b", 2)
        self.assertEqual(await self.keys(table), "acdb")
        await self.reopen()
        self.assertEqual(await self.keys(self.table()), "acdb")

    async def test_pages(self) -> None:
        """`after`, `before`, `newest` and `limit` page through the rows, oldest first."""
        table = self.table()
        await self.fill(table, "abcdef")
        rows = await table.items(JULIET)
        self.assertEqual(await self.keys(table, limit=2), "ab")
        self.assertEqual(await self.keys(table, after=rows[1].version, limit=2), "cd")
        self.assertEqual(await self.keys(table, newest=True, limit=2), "ef")
        self.assertEqual(await self.keys(table, before=rows[4].version, newest=True, limit=2), "cd")
        self.assertEqual(await self.keys(table, after=rows[5].version), "")

    async def test_pages_while_rows_go(self) -> None:
        """Paging goes on behind a row that was removed or moved meanwhile: nothing is skipped."""
        table = self.table()
        await self.fill(table, "abcdef")
        rows = await table.items(JULIET, limit=3)
        await table.remove(JULIET, "c")
        await table.put(JULIET, "a", 1)
        self.assertEqual(await self.keys(table, after=rows[-1].version), "defa")
        self.assertEqual(await self.keys(table, before=rows[-1].version), "b")

    async def test_many_rows(self) -> None:
        """A table of thousands of rows is whole for all that take no limit."""
        number = 2500
        table = self.table("many", versioned=True)
        first = await table.put(JULIET, "first", 1)
        await gatherResults([table.put(JULIET, f"{at:04}", at) for at in range(number)])
        self.assertEqual(len(await table.items(JULIET)), 1000)
        self.assertEqual(len(await table.items(JULIET, limit=number)), number)
        self.assertEqual((await table.get(JULIET, "0007")).value, 7)
        if CHANGES in self.backend.features:
            changes = await table.changes(JULIET, first)
            self.assertEqual([row.value for row in changes.rows], list(range(number)))
        self.assertEqual(await table.trim(JULIET, "", number - 1), 2)
        self.assertEqual(await table.clear(JULIET), number - 1)
        self.assertEqual(await table.items(JULIET), [])

    async def test_sections_and_tags(self) -> None:
        """Sections and tags select rows; the same key may stand in two sections."""
        table = self.table()
        await self.fill(table, "ab", section="one", tag="x")
        await self.fill(table, "bc", section="two", tag="y")
        await self.fill(table, "d", section="two", tag="x")
        self.assertEqual(await self.keys(table, "one"), "ab")
        self.assertEqual(await self.keys(table, "two"), "bcd")
        self.assertEqual(await self.keys(table, tag="x"), "abd")
        self.assertEqual(await self.keys(table, "two", tag="x"), "d")
        self.assertEqual(await self.keys(table, ""), "")
        self.assertEqual(await self.keys(table), "abbcd")

    async def test_stores_and_owners_apart(self) -> None:
        """Stores and owners do not see each other's rows."""
        await self.fill(self.table(), "a")
        await self.table("other").put(JULIET, "b", 1)
        await self.table().put(ROMEO, "c", 1)
        await self.table().put(HOST, "d", 1)
        self.assertEqual(await self.keys(self.table()), "a")

    async def test_compare_and_set(self) -> None:
        """`if_version` 0 wants no row, another version that one; else Changed."""
        table = self.table()
        first = await table.put(JULIET, "a", 1, if_version=0)
        await self.fails(Changed, table.put(JULIET, "a", 2, if_version=0))
        await self.fails(Changed, table.put(JULIET, "b", 2, if_version=first))
        second = await table.put(JULIET, "a", 2, if_version=first)
        await self.fails(Changed, table.remove(JULIET, "a", if_version=first))
        self.assertTrue(await table.remove(JULIET, "a", if_version=second))
        self.assertFalse(await table.remove(JULIET, "a"))

    async def test_expiry(self) -> None:
        """At the second it names, a row has expired: no read or condition finds it."""
        table = self.table("tokens", versioned=True)
        self.wall.time = float(int(self.wall.time))
        await table.put(JULIET, "a", 1, expires=int(self.wall.time) + 10)
        self.wall.time += 9.5
        self.assertEqual(await self.keys(table), "a")
        self.wall.time += 0.5
        self.assertEqual(await self.keys(table), "")
        self.assertIsNone(await table.get(JULIET, "a"))
        self.assertIsNone(await table.take(JULIET, "a"))
        self.assertFalse(await table.remove(JULIET, "a"))
        self.assertEqual(await table.trim(JULIET, "", 0), 0)
        self.assertEqual(await table.clear(JULIET), 0)
        await table.put(JULIET, "a", 2, if_version=0)
        self.assertEqual(await self.keys(table), "a")

    async def test_expired_rows_do_not_count(self) -> None:
        """Where only so many rows are kept or asked for, those that have expired take no place."""
        table = self.table("tokens")
        self.wall.time = float(int(self.wall.time))
        await self.fill(table, "ab")
        await table.put(JULIET, "x", 1, expires=int(self.wall.time) + 10)
        await self.fill(table, "c")
        self.wall.time += 10
        self.assertEqual(await self.keys(table, newest=True, limit=2), "bc")
        self.assertEqual(await table.trim(JULIET, "", 3), 0)
        self.assertEqual(await self.keys(table), "abc")

    async def test_take_raced(self) -> None:
        """Of all who take a row exactly one gets it."""
        table = self.table("invites")
        await table.put(HOST, "token", 1)
        taken = await gatherResults([table.take(HOST, "token") for _ in range(10)])
        self.assertEqual([row.value for row in taken if row is not None], [1])

    async def test_clear_and_trim(self) -> None:
        """`clear` empties a section or all, `trim` keeps the newest; both say how many went."""
        table = self.table()
        await self.fill(table, "abcde", section="one")
        await self.fill(table, "fg", section="two")
        self.assertEqual(await table.trim(JULIET, "one", 2), 3)
        self.assertEqual(await self.keys(table), "defg")
        self.assertEqual(await table.trim(JULIET, "one", 2), 0)
        self.assertEqual(await table.clear(JULIET, "two"), 2)
        self.assertEqual(await table.clear(JULIET), 2)
        self.assertEqual(await self.keys(table), "")

    async def test_changes(self) -> None:
        """`changes` tells rows as they are now and what was removed, each once."""
        self.need(CHANGES)
        table = self.table("roster", versioned=True)
        self.assertEqual(await table.changes(JULIET, 0), ([], [], 0))
        first = await table.put(JULIET, "a", 1)
        await self.fill(table, "bcd")
        await table.remove(JULIET, "b")
        await table.put(JULIET, "c", 2)
        changes = await table.changes(JULIET, first)
        self.assertEqual([(row.key, row.value) for row in changes.rows], [("d", "D"), ("c", 2)])
        self.assertEqual(changes.removed, [("", "b")])
        self.assertEqual(changes.version, await table.version(JULIET))
        self.assertEqual((await table.changes(JULIET, changes.version))[:2], ([], []))
        await table.put(JULIET, "b", 3)
        changes = await table.changes(JULIET, changes.version)
        self.assertEqual(([row.key for row in changes.rows], changes.removed), (["b"], []))

    async def test_removal_moves_version(self) -> None:
        """A removal and a `clear` give the table a new version."""
        self.need(CHANGES)
        table = self.table("roster", versioned=True)
        first = await table.put(JULIET, "a", 1)
        await table.remove(JULIET, "a")
        second = await table.version(JULIET)
        self.assertGreater(second, first)
        await self.fill(table, "ab")
        third = await table.version(JULIET)
        await table.clear(JULIET)
        changes = await table.changes(JULIET, third)
        self.assertEqual((changes.rows, changes.removed), ([], [("", "a"), ("", "b")]))

    async def test_too_old(self) -> None:
        """Versions from the future, or older than what is remembered, are TooOld."""
        self.need(CHANGES)
        table = self.table("roster", versioned=True)
        version = await table.put(JULIET, "a", 1)
        await table.put(JULIET, "b", 1)
        await self.fails(TooOld, table.changes(JULIET, version + 1_000_000_000_000))
        self.wall.time += 91 * 86_400
        await self.fails(TooOld, table.changes(JULIET, version))
        newest = await table.version(JULIET)
        self.assertEqual((await table.changes(JULIET, newest)).rows, [])

    async def test_no_changes_known(self) -> None:
        """A table that is not `versioned` forgets removals, and so knows no changes."""
        self.need(CHANGES)
        table = self.table("items")
        first = await table.put(JULIET, "a", 1)
        await table.put(JULIET, "b", 1)
        await table.remove(JULIET, "a")
        await self.fails(TooOld, table.changes(JULIET, first))

    async def test_changes_after_restart(self) -> None:
        """After a restart the newest version is still known, older ones or TooOld."""
        self.need(CHANGES)
        table = self.table("roster", versioned=True)
        await self.fill(table, "ab")
        middle = await table.version(JULIET)
        await table.remove(JULIET, "a")
        newest = await table.version(JULIET)
        await self.reopen()
        table = self.table("roster", versioned=True)
        self.assertEqual(await table.version(JULIET), newest)
        self.assertEqual(await table.changes(JULIET, newest), ([], [], newest))
        try:
            changes = await table.changes(JULIET, middle)
        except TooOld:
            return
        self.assertEqual((changes.rows, changes.removed), ([], [("", "a")]))


class LogSuite(StorageSuite):
    """Logs: entries in the order of time."""

    def log(self, store: str = "archive") -> Any:
        return self.backend.log(store)

    async def kept(self) -> None:
        """Wait until all that was appended is kept."""
        with self.backend.unit() as kept:
            self.backend.document("marker", JsonCodec()).put(HOST, 1)
        await kept

    async def bodies(self, where: Where = ANY, **named: Any) -> str:
        named.setdefault("limit", 100)
        page = await self.log().find(JULIET, where, **named)
        return b"".join(entry.body for entry in page.entries).decode()

    def fill(self, bodies: str, **named: Any) -> list[str]:
        log = self.log()
        return [log.append(JULIET, body.encode(), **named) for body in bodies]

    async def test_entry(self) -> None:
        """An entry comes back with all its fields, also after a restart."""
        body = "<message>\r\n\0\U0001f339".encode() + b"\xff\n"
        id = self.log().append(JULIET, body, peer="ä b\n", resource="% \U0001f339", kind=3)
        empty = self.log().append(JULIET, b"")
        expected = [
            Entry(id, int(self.wall.time * 1_000_000), "ä b\n", "% \U0001f339", 3, body),
            Entry(empty, int(self.wall.time * 1_000_000) + 1, "", "", 0, b""),
        ]
        self.assertEqual(await self.log().find(JULIET, limit=2), (expected, False))
        await self.kept()
        await self.reopen()
        self.assertEqual(await self.log().find(JULIET, limit=2), (expected, False))

    async def test_ids(self) -> None:
        """Ids are 26 characters of base32hex, sort by time and carry 64 bits nobody can guess."""
        ids = [self.log().new_id() for _ in range(50)]
        self.assertEqual(ids, sorted(ids))
        self.assertEqual(len({id[-12:] for id in ids}), 50)
        for id in ids:
            self.assertRegex(id, "^[0-9A-V]{26}$")

    async def test_ids_grow(self) -> None:
        """Ids grow though the clock steps back, over a trim and a restart."""
        (first,) = self.fill("a")
        self.wall.time -= 3600
        (second,) = self.fill("b")
        self.assertGreater(second, first)
        await self.log().trim(JULIET, keep=0)
        await self.reopen()
        (third,) = self.fill("c")
        self.assertGreater(third, second)
        self.assertEqual(await self.bodies(), "c")

    async def test_id_given_out_before(self) -> None:
        """An entry appended late under an id given out before stands where its id says."""
        id = self.log().new_id()
        self.fill("b")
        self.assertEqual(self.log().append(JULIET, b"a", id=id), id)
        self.assertEqual(await self.bodies(), "ab")

    async def test_id_used_once(self) -> None:
        """An id serves one entry; what is not an id serves none."""
        (id,) = self.fill("a")
        self.assertRaises(StorageError, self.log().append, JULIET, b"b", id=id)
        for wrong in ("", "x" * 26, "0" * 25 + "V", "ä" * 26):
            self.assertRaises(StorageError, self.log().append, JULIET, b"b", id=wrong)
        self.assertEqual(await self.bodies(), "a")

    async def test_edges(self) -> None:
        """`edges` are the oldest and the newest entry, None of an empty log."""
        self.assertIsNone(await self.log().edges(JULIET))
        ids = self.fill("abc")
        oldest, newest = await self.log().edges(JULIET)
        self.assertEqual((oldest.id, newest.id), (ids[0], ids[2]))

    async def test_limit(self) -> None:
        """`limit` and `newest` choose an end; `more` says whether anything was left out."""
        self.fill("abcd")
        self.assertEqual(await self.bodies(limit=2), "ab")
        self.assertEqual(await self.bodies(limit=2, newest=True), "cd")
        for limit, newest, more in ((3, False, True), (3, True, True), (4, False, False)):
            page = await self.log().find(JULIET, limit=limit, newest=newest)
            self.assertEqual(page.more, more)
        self.assertEqual(await self.log().find(JULIET, limit=0), ([], True))

    async def test_unknown_ids(self) -> None:
        """An id in `Where` that the log does not hold is NoSuchEntry, wherever else it stands."""
        self.fill("a")
        elsewhere = self.log("other").append(JULIET, b"x")
        others = self.log().append(ROMEO, b"x")
        for id in (self.log().new_id(), elsewhere, others, "", "romeo"):
            for where in (Where(after=id), Where(before=id), Where(ids=(id,))):
                await self.fails(NoSuchEntry, self.log().find(JULIET, where, limit=1))
                await self.fails(NoSuchEntry, self.log().count(JULIET, where))

    async def test_id_with_other_random_bits(self) -> None:
        """The right time with other random bits is no entry's id."""
        (id,) = self.fill("a")
        guess = id[:14] + ("0" if id[14] != "0" else "1") + id[15:]
        await self.fails(NoSuchEntry, self.log().find(JULIET, Where(ids=(guess,)), limit=1))
        self.assertEqual(await self.log().remove(JULIET, [guess]), 0)

    async def test_count(self) -> None:
        """`count` counts up to `stop`; above that it says None."""
        self.fill("abc", peer="romeo")
        self.fill("d")
        self.assertEqual(await self.log().count(JULIET), 4)
        self.assertEqual(await self.log().count(JULIET, Where(peer="romeo"), stop=3), 3)
        self.assertIsNone(await self.log().count(JULIET, stop=3))
        self.assertEqual(await self.log().count(ROMEO), 0)

    async def test_replace(self) -> None:
        """A replaced entry keeps id, time, peer and place; its new body survives a restart."""
        ids = self.fill("abc", peer="romeo", kind=2)
        before = await self.log().find(JULIET, Where(ids=(ids[1],)), limit=1)
        await self.log().replace(JULIET, ids[1], b"tombstone")
        after = await self.log().find(JULIET, Where(ids=(ids[1],)), limit=1)
        self.assertEqual(after.entries, [before.entries[0]._replace(body=b"tombstone")])
        await self.fails(NoSuchEntry, self.log().replace(JULIET, self.log().new_id(), b""))
        await self.reopen()
        self.assertEqual(await self.bodies(), "atombstonec")

    async def test_remove(self) -> None:
        """`remove` takes entries out for good, counts them and does not mind unknown ids."""
        ids = self.fill("abcd")
        gone = [ids[1], ids[3], self.log().new_id(), "romeo"]
        self.assertEqual(await self.log().remove(JULIET, gone), 2)
        self.assertEqual(await self.log().remove(JULIET, gone), 0)
        self.assertEqual(await self.bodies(), "ac")
        await self.reopen()
        self.assertEqual(await self.bodies(), "ac")

    async def test_entries_of_others(self) -> None:
        """Whoever names an entry of another owner or another log changes nothing there."""
        elsewhere = self.log("other").append(JULIET, b"x")
        others = self.log().append(ROMEO, b"x")
        self.fill("a")
        self.assertEqual(await self.log().remove(JULIET, [elsewhere, others]), 0)
        for id in (elsewhere, others):
            await self.fails(NoSuchEntry, self.log().replace(JULIET, id, b"changed"))
        self.assertEqual((await self.log("other").edges(JULIET))[0].body, b"x")
        self.assertEqual((await self.log().edges(ROMEO))[0].body, b"x")

    async def test_removed_while_paging(self) -> None:
        """A page behind an entry that has gone is NoSuchEntry: nobody guesses where it was."""
        ids = self.fill("abc")
        await self.log().remove(JULIET, [ids[1]])
        for where in (Where(after=ids[1]), Where(before=ids[1]), Where(ids=(ids[0], ids[1]))):
            await self.fails(NoSuchEntry, self.log().find(JULIET, where, limit=1))
        self.assertEqual(await self.bodies(Where(after=ids[0])), "c")
        self.assertEqual(await self.bodies(Where(before=ids[2])), "a")

    async def test_trim_by_time_and_number(self) -> None:
        """`before` and `keep` together: what either of them would remove goes."""
        self.fill("ab")
        self.wall.time += 10
        ids = self.fill("cdef")
        edge = (await self.log().find(JULIET, Where(ids=(ids[0],)), limit=1)).entries[0].time
        self.assertEqual(await self.log().trim(JULIET, before=edge, keep=5), 2)
        self.assertEqual(await self.log().trim(JULIET, before=edge, keep=1), 3)
        self.assertEqual(await self.bodies(), "f")
        self.assertEqual(await self.log().trim(JULIET), 0)

    async def test_trim(self) -> None:
        """`trim` takes the oldest first, at most `limit` a call, and makes no hole."""
        self.fill("abc")
        self.wall.time += 10
        (id,) = self.fill("d")
        self.fill("ef")
        edge = (await self.log().find(JULIET, Where(ids=(id,)), limit=1)).entries[0].time
        self.assertEqual(await self.log().trim(JULIET, before=edge, limit=2), 2)
        self.assertEqual(await self.bodies(), "cdef")
        self.assertEqual(await self.log().trim(JULIET, before=edge, limit=2), 1)
        self.assertEqual(await self.log().trim(JULIET, before=edge), 0)
        self.assertEqual(await self.log().trim(JULIET, keep=1, limit=1), 1)
        self.assertEqual(await self.bodies(), "ef")
        self.assertEqual(await self.log().trim(JULIET, keep=5), 0)
        self.fill("g")
        await self.kept()
        await self.reopen()
        self.assertEqual(await self.bodies(), "efg")

    async def test_where(self) -> None:
        """Any combination of conditions gives what a naive list gives: 1,000 random queries."""
        random = Random(4711)
        log, everything = self.log(), []
        for number in range(60):
            self.wall.time += random.choice((0, 0, 0.000_001, 1))
            row = (random.choice("abc"), random.choice("xyz"), random.randrange(3))
            id = log.append(JULIET, b"%d" % number, peer=row[0], resource=row[1], kind=row[2])
            log.append(ROMEO, b"other", peer=row[0], resource=row[1], kind=row[2])
            everything.append(id)
        entries = (await log.find(JULIET, limit=100)).entries
        self.assertEqual([entry.id for entry in entries], everything)
        for _ in range(1000):
            where = self._random_where(random, entries)
            limit, newest = random.randrange(1, 70), random.random() < 0.5
            found = [entry for entry in entries if self._matches(entry, where)]
            page = await log.find(JULIET, where, limit=limit, newest=newest)
            self.assertEqual(page.entries, found[-limit:] if newest else found[:limit], where)
            self.assertEqual(page.more, len(found) > limit)
            self.assertEqual(await log.count(JULIET, where), len(found))

    def _random_where(self, random: Random, entries: list[Entry]) -> Where:
        where = Where()
        one, other = random.choice(entries), random.choice(entries)
        choices: Iterable[tuple[str, Any]] = (
            ("peer", random.choice("abcd")),
            ("resource", random.choice("xyz")),
            ("kinds", tuple(random.sample(range(3), 2))),
            ("start", one.time + random.randrange(-1, 2)),
            ("end", other.time + random.randrange(-1, 2)),
            ("after", random.choice(entries).id),
            ("before", random.choice(entries).id),
            ("ids", tuple(entry.id for entry in random.choices(entries, k=20))),
        )
        for name, value in choices:
            if random.random() < 0.3:
                where = where._replace(**{name: value})
        return where

    def _matches(self, entry: Entry, where: Where) -> bool:
        return (
            where.peer in (None, entry.peer)
            and where.resource in (None, entry.resource)
            and (not where.kinds or entry.kind in where.kinds)
            and (where.start is None or entry.time >= where.start)
            and (where.end is None or entry.time <= where.end)
            and (where.after is None or entry.id > where.after)
            and (where.before is None or entry.id < where.before)
            and (not where.ids or entry.id in where.ids)
        )


class BackendSuite(StorageSuite):
    """Units, tickets, whole owners."""

    def three(self) -> tuple[Any, Any, Any]:
        return (
            self.backend.document("room", JsonCodec()),
            self.backend.table("stays", JsonCodec(), versioned=True),
            self.backend.log("archive"),
        )

    async def test_unit(self) -> None:
        """A unit over three shapes is kept whole."""
        self.need(UNIT)
        document, table, log = self.three()
        with self.backend.unit() as kept:
            version = document.put(ORCHARD, 1)
            table.put(ORCHARD, "a", 1)
            log.append(ORCHARD, b"x")
        await kept
        self.assertEqual(await document.get(ORCHARD), (1, await version))
        self.assertEqual(len(await table.items(ORCHARD)), 1)
        self.assertEqual(await log.count(ORCHARD), 1)

    async def test_changed_undoes_unit(self) -> None:
        """Changed undoes all of its unit, tells every waiter and leaves the neighbours alone."""
        self.need(UNIT)
        document, table, log = self.three()
        document.put(ORCHARD, "before")
        table.put(ORCHARD, "a", 1)
        table.put(ORCHARD, "b", 2)
        log.append(ORCHARD, b"a")
        id = log.append(ORCHARD, b"b")
        with self.backend.unit() as kept:
            document.put(ORCHARD, "undone")
            await_me = table.put(ORCHARD, "a", "undone")
            table.take(ORCHARD, "b")
            log.append(ORCHARD, b"undone")
            self.assertEqual(await log.count(ORCHARD), 3)
            log.remove(ORCHARD, [id])
            log.replace(ORCHARD, (await log.edges(ORCHARD))[0].id, b"undone")
            document.put(ORCHARD, "undone", if_version=1)
            document.put(HOST, "undone")
        log.append(ORCHARD, b"c")
        after = document.put(ROMEO, "after")
        await self.fails(Changed, kept)
        await self.fails(Changed, await_me)
        await after
        for _ in range(2):
            document, table, log = self.three()
            self.assertEqual((await document.get(ORCHARD)).value, "before")
            self.assertEqual((await document.get(ROMEO)).value, "after")
            self.assertIsNone(await document.get(HOST))
            self.assertEqual([row.key for row in await table.items(ORCHARD)], ["a", "b"])
            self.assertEqual([row.value for row in await table.items(ORCHARD)], [1, 2])
            page = await log.find(ORCHARD, limit=9)
            self.assertEqual([entry.body for entry in page.entries], [b"a", b"b", b"c"])
            await self.reopen()

    async def test_exception_undoes_unit(self) -> None:
        """An exception inside a unit undoes it and passes on."""
        self.need(UNIT)
        document, table, _ = self.three()

        def fail() -> None:
            with self.backend.unit():
                told.append(document.put(ORCHARD, 1))
                raise ZeroDivisionError

        told: list[Any] = []
        self.assertRaises(ZeroDivisionError, fail)
        with self.assertRaises(ZeroDivisionError):
            await told[0]
        await table.put(ORCHARD, "a", 1)
        self.assertIsNone(await document.get(ORCHARD))

    async def test_unit_in_unit(self) -> None:
        """A unit inside another one is part of it, whether it or the outer one fails."""
        self.need(UNIT)
        document, table, _ = self.three()
        for which in ("inner", "outer"):
            with self.backend.unit() as kept:
                with self.backend.unit():
                    document.put(ORCHARD, 1, if_version=4711 if which == "inner" else 0)
                table.put(ORCHARD, "a", 1, if_version=4711 if which == "outer" else 0)
            await self.fails(Changed, kept)
            self.assertIsNone(await document.get(ORCHARD))
            self.assertEqual(await table.items(ORCHARD), [])

    async def test_empty_unit(self) -> None:
        """A unit that wrote nothing is kept."""
        self.need(UNIT)
        with self.backend.unit() as kept:
            pass
        await kept

    async def test_order_of_calls(self) -> None:
        """Writes act in the order of calls: the last one stands, in and out of units."""
        self.need(UNIT)
        document, _, _ = self.three()
        document.put(ORCHARD, 1)
        with self.backend.unit():
            document.put(ORCHARD, 2)
            document.remove(ORCHARD)
            document.put(ORCHARD, 3)
        await document.put(ORCHARD, 4)
        self.assertEqual((await document.get(ORCHARD)).value, 4)

    async def test_tickets(self) -> None:
        """`ticket` names the batch of a write; `kept` reaches it when its waiters are told."""
        document, _, log = self.three()
        told: list[int] = []
        self.backend.on_kept(told.append)
        last = 0
        for number in range(3):
            self.assertEqual(self.backend.ticket, 0)
            log.append(ORCHARD, b"x")
            ticket = self.backend.ticket
            write = document.put(ORCHARD, number)
            self.assertEqual(self.backend.ticket, ticket)
            self.assertGreater(ticket, max(last, self.backend.kept))
            await write
            self.assertGreaterEqual(self.backend.kept, ticket)
            last = ticket
        await self.backend.check()
        self.assertEqual(told, sorted(set(told)))
        self.assertEqual(told[-1], last)

    async def test_many(self) -> None:
        """5,000 writes of one turn are all kept."""
        document, _, log = self.three()
        for number in range(5000):
            log.append(ORCHARD, b"%d" % number)
        await document.put(ORCHARD, 1)
        self.assertEqual(await log.count(ORCHARD), 5000)
        await self.reopen()
        self.assertEqual(await self.three()[2].count(ORCHARD), 5000)

    async def test_failing_call(self) -> None:
        """A callback of `on_kept` that raises is logged and harms nobody."""
        told: list[int] = []
        self.backend.on_kept(lambda kept: divmod(kept, 0) and None)
        self.backend.on_kept(told.append)
        await self.three()[0].put(ORCHARD, 1)
        await self.backend.check()
        self.assertTrue(told)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), len(told))

    async def test_erase(self) -> None:
        """`erase` removes everything of one owner and nothing of others."""
        await self._fill(ORCHARD)
        await self._fill(ROMEO)
        await self.backend.erase(ORCHARD)
        for _ in range(2):
            self.assertEqual(await self._what_is_there(ORCHARD), (None, 0, None))
            self.assertNotEqual(await self._what_is_there(ROMEO), (None, 0, None))
            self.assertEqual(await self.backend.owners(ORCHARD.realm), [])
            await self.reopen()

    async def test_erase_undone(self) -> None:
        """`erase` in a unit that is undone removes nothing, though the unit saw it gone."""
        self.need(UNIT)
        await self._fill(ORCHARD)
        before = await self._what_is_there(ORCHARD)
        with self.backend.unit() as kept:
            self.backend.erase(ORCHARD)
            self.assertEqual(await self._what_is_there(ORCHARD), (None, 0, None))
            self.three()[0].put(ROMEO, 1, if_version=4711)
        await self.fails(Changed, kept)
        for _ in range(2):
            self.assertEqual(await self._what_is_there(ORCHARD), before)
            await self.reopen()

    async def test_erased_and_new(self) -> None:
        """What is written right after `erase` is all that is there."""
        await self._fill(ORCHARD)
        self.backend.erase(ORCHARD)
        document, _, log = self.three()
        log.append(ORCHARD, b"new")
        await document.put(ORCHARD, "new")
        for _ in range(2):
            self.assertEqual(await self._what_is_there(ORCHARD), ("new", 0, b"new"))
            self.assertEqual(await self.three()[2].count(ORCHARD), 1)
            await self.reopen()

    async def test_close(self) -> None:
        """`close` commits what waits: nobody has waited for these writes."""
        self.need(PROCESS)
        document, table, log = self.three()
        told = [document.put(ORCHARD, [*ORCHARD]), table.put(ORCHARD, "a", 1)]
        log.append(ORCHARD, b"x")
        await self.reopen()
        self.assertEqual(await self._what_is_there(ORCHARD), ([*ORCHARD], 1, b"x"))
        await gatherResults(told)

    async def test_owners(self) -> None:
        """`owners` lists by name whoever has anything stored, page by page."""
        document, table, log = self.three()
        await table.put(Owner("example.com", "b"), "k", 1)
        log.append(Owner("example.com", "c"), b"x")
        await document.put(Owner("example.com", "a"), 1)
        await document.put(Owner("example.com", "d"), 1)
        await document.remove(Owner("example.com", "d"))
        await gatherResults([document.put(owner, 1) for owner in (ORCHARD, HOST)])
        self.assertEqual([o.name for o in await self.backend.owners("example.com")], list("abc"))
        page = await self.backend.owners("example.com", "a", 1)
        self.assertEqual(page, [Owner("example.com", "b")])

    async def test_sound(self) -> None:
        """`check` finds nothing wrong with a store in use."""
        await self._fill(ORCHARD)
        self.assertEqual((await self.backend.check()).problems, ())

    async def test_backup(self) -> None:
        """`backup` writes one new file, and never over another."""
        self.need(BACKUP)
        await self._fill(ORCHARD)
        path = Path(self.mktemp())
        await self.backend.backup(path)
        self.assertTrue(path.stat().st_size)
        await self.fails(StorageError, self.backend.backup(path))

    async def test_backup_while_writing(self) -> None:
        """What was written before `backup` was called is in it; what comes meanwhile, in units."""
        self.need(BACKUP)
        await self._fill(ORCHARD)
        document, table, _ = self.three()
        document.put(ROMEO, 0)
        path = Path(self.mktemp())
        copied = self.backend.backup(path)
        for number in range(1, 50):
            with self.backend.unit() as kept:
                document.put(ROMEO, number)
                table.put(ROMEO, "a", number)
            await kept
        await copied
        await self.backend.close()
        self.backend = self.restored(path)
        await self.backend.open()
        self.assertEqual(await self._what_is_there(ORCHARD), (list(ORCHARD), 1, b"x"))
        document, table, _ = self.three()
        (row,) = await table.items(ROMEO) or [None]
        self.assertEqual((await document.get(ROMEO)).value, row.value if row else 0)
        self.assertEqual((await self.backend.check()).problems, ())

    async def test_features(self) -> None:
        """What survives a power cut survives kill -9."""
        if POWER in self.backend.features:
            self.assertIn(PROCESS, self.backend.features)

    async def test_strange_names(self) -> None:
        """All shapes of every strange owner survive a restart, apart from each other."""
        owners = [
            Owner(*pair) for pair in product(("a", "A", "..", "a/b", "ä"), ("", ".", "..", "_host"))
        ]
        for owner in owners:
            await self._fill(owner)
        await self.reopen()
        for owner in owners:
            self.assertEqual(await self._what_is_there(owner), (list(owner), 1, b"x"))
            if owner.name:
                self.assertIn(owner, await self.backend.owners(owner.realm, "", 9))

    async def _fill(self, owner: Owner) -> None:
        document, table, log = self.three()
        log.append(owner, b"x")
        await gatherResults([document.put(owner, list(owner)), table.put(owner, "a", 1)])

    async def _what_is_there(self, owner: Owner) -> tuple[Any, int, bytes | None]:
        document, table, log = self.three()
        found, edges = await document.get(owner), await log.edges(owner)
        rows = await table.items(owner)
        return (found and found.value, len(rows), edges and edges[0].body)
