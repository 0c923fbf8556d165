"""What every back-end promises of itself as a whole."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

from twisted.internet.defer import gatherResults

from xmppd.conformance.suite import HOST, ORCHARD, ROMEO, StorageSuite
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import (
    BACKUP,
    POWER,
    PROCESS,
    UNIT,
    Changed,
    Owner,
    StorageError,
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
