"""What every back-end promises of logs."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from xmppd.conformance.suite import HOST, JULIET, ROMEO, StorageSuite
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import (
    ANY,
    Entry,
    NoSuchEntry,
    StorageError,
    Where,
)


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
