"""What every back-end promises of tables."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import gatherResults

from xmppd.conformance.documents import JSON_VALUES
from xmppd.conformance.suite import HOST, JULIET, ROMEO, StorageSuite
from xmppd.storage.codecs import JsonCodec, XmlCodec
from xmppd.storage.interfaces import (
    CHANGES,
    Changed,
    TooOld,
)


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
