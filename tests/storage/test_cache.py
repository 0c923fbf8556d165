"""The cache: what is read twice is asked for once, and nothing stale is ever seen."""

from __future__ import annotations

from collections import Counter
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.conformance.suite import JULIET, ROMEO
from xmppd.storage.backend import StoreBackend
from xmppd.storage.cache import MAX_ROWS, Cache
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.driver import Cell, Place, RawRow, Selection
from xmppd.storage.interfaces import Changed, Full
from xmppd.storage.memory import MemoryDriver


class CountingDriver(MemoryDriver):
    """Counts what it is asked, and loses commits when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.losing = False

    def document(self, place: Place) -> Cell | None:
        self.asked["document"] += 1
        return super().document(place)

    def row(self, place: Place, section: str, key: str) -> RawRow | None:
        self.asked["row"] += 1
        return super().row(place, section, key)

    def rows(self, place: Place, which: Selection, now: float) -> list[RawRow]:
        self.asked["rows"] += 1
        return super().rows(place, which, now)

    def commit(self) -> Deferred[None]:
        if self.losing:
            self._held.clear()
            return fail(Full())
        return super().commit()


class CacheTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.make(1 << 20)

    def make(self, limit: int) -> None:
        self.clock = Clock()
        self.driver = CountingDriver()
        self.cache = Cache(self.driver, limit)
        self.store = StoreBackend(self.cache, self.clock)
        self.document = self.store.document("vcard", JsonCodec())
        self.table = self.store.table("roster", JsonCodec())

    def get(self, what: Any) -> Any:
        return self.successResultOf(what)

    def test_absent(self) -> None:
        """That there is nothing is remembered too."""
        for _ in range(3):
            self.assertIsNone(self.get(self.document.get(JULIET)))
            self.assertEqual(self.get(self.table.items(JULIET)), [])
        self.assertEqual(self.driver.asked, {"document": 1, "rows": 1})

    def test_written_through(self) -> None:
        """What was written is there without asking."""
        self.document.put(JULIET, 1)
        self.assertEqual(self.get(self.document.get(JULIET)).value, 1)
        self.document.remove(JULIET)
        self.assertIsNone(self.get(self.document.get(JULIET)))
        self.assertEqual(self.driver.asked, {})

    def test_table(self) -> None:
        """A small table is read once; rows, selections and writes go by what is held."""
        self.get(self.table.items(JULIET))
        for key in "abc":
            self.table.put(JULIET, key, key)
        self.table.remove(JULIET, "b")
        self.assertEqual([row.key for row in self.get(self.table.items(JULIET))], ["a", "c"])
        self.assertIsNone(self.get(self.table.get(JULIET, "b")))
        self.assertEqual(self.driver.asked, {"rows": 1})

    def test_large_table(self) -> None:
        """A table with many rows is asked for each time, and right all the same."""
        for number in range(MAX_ROWS + 1):
            self.table.put(JULIET, str(number), number)
        self.assertEqual(self.get(self.table.get(JULIET, "7")).value, 7)
        self.table.remove(JULIET, "7")
        self.assertIsNone(self.get(self.table.get(JULIET, "7")))
        self.assertGreaterEqual(self.driver.asked["row"], 2)

    def test_limit(self) -> None:
        """What was not used for longest goes first; the size stays below the limit."""
        self.make(10_000)
        names = [JULIET._replace(name=str(number)) for number in range(20)]
        for owner in names:
            self.document.put(owner, "x" * 1000)
            self.document.get(names[0])
            self.assertLessEqual(self.cache.size, 10_000)
        self.driver.asked.clear()
        self.document.get(names[0])
        self.document.get(names[19])
        self.assertEqual(self.driver.asked, {})
        self.document.get(names[1])
        self.assertEqual(self.driver.asked, {"document": 1})

    def test_growing_table(self) -> None:
        """A held table that grows too large is let go."""
        self.make(10_000)
        self.get(self.table.items(JULIET))
        for key in "abcdefgh":
            self.table.put(JULIET, key, "x" * 1000)
            self.assertLessEqual(self.cache.size, 10_000)
        self.assertEqual(len(self.get(self.table.items(JULIET))), 8)

    def test_undone(self) -> None:
        """After a unit was undone nothing of it is seen."""
        self.document.put(JULIET, 1)
        self.get(self.table.items(JULIET))
        with self.store.unit() as kept:
            self.document.put(JULIET, 2)
            self.document.put(ROMEO, 2)
            self.table.put(JULIET, "a", 2)
            self.document.put(JULIET, 3, if_version=7)
        self.assertEqual(self.get(self.document.get(JULIET)).value, 1)
        self.assertIsNone(self.get(self.document.get(ROMEO)))
        self.assertEqual(self.get(self.table.items(JULIET)), [])
        self.clock.advance(0)
        self.failureResultOf(kept, Changed)

    def test_lost(self) -> None:
        """After a lost commit nothing of it is seen."""
        self.driver.losing = True
        write = self.document.put(JULIET, 1)
        self.assertEqual(self.get(self.document.get(JULIET)).value, 1)
        self.clock.advance(0)
        self.failureResultOf(write, Full)
        self.assertIsNone(self.get(self.document.get(JULIET)))

    def test_erased(self) -> None:
        """After `erase` nothing is left."""
        self.document.put(JULIET, 1)
        self.store.erase(JULIET)
        self.assertIsNone(self.get(self.document.get(JULIET)))

    def test_erased_in_vain(self) -> None:
        """After `erase` was undone, or its commit lost, all is there again."""
        self.document.put(JULIET, 1)
        self.table.put(JULIET, "a", 1)
        self.clock.advance(0)
        with self.store.unit() as kept:
            self.store.erase(JULIET)
            self.assertIsNone(self.get(self.document.get(JULIET)))
            self.assertEqual(self.get(self.table.items(JULIET)), [])
            self.document.put(ROMEO, 2, if_version=7)
        self.assertEqual(self.get(self.document.get(JULIET)).value, 1)
        self.assertEqual(len(self.get(self.table.items(JULIET))), 1)
        self.clock.advance(0)
        self.failureResultOf(kept, Changed)

    def test_erased_and_lost(self) -> None:
        """After the commit of an `erase` was lost, nothing that was read since is believed."""
        self.document.put(JULIET, 1)
        self.clock.advance(0)
        before = dict(self.driver._held)
        erased = self.store.erase(JULIET)
        self.assertIsNone(self.get(self.document.get(JULIET)))
        self.driver.losing = True
        self.clock.advance(0)
        self.failureResultOf(erased, Full)
        self.driver._held.update(before)
        self.assertEqual(self.get(self.document.get(JULIET)).value, 1)

    def test_nothing_held(self) -> None:
        """A limit of 0 holds nothing."""
        self.make(0)
        self.document.put(JULIET, 1)
        self.assertEqual(self.get(self.document.get(JULIET)).value, 1)
        self.table.put(JULIET, "a", 1)
        self.assertEqual(self.get(self.table.get(JULIET, "a")).value, 1)
        self.assertEqual(self.cache.size, 0)
