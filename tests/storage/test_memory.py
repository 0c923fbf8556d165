"""What the memory store does besides what every store promises."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.conformance.suite import JULIET
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import StorageError
from xmppd.storage.memory import MemoryStore


class MemoryTest(SynchronousTestCase):
    def test_kept_at_end_of_turn(self) -> None:
        """Nothing is kept before the reactor turn ends, everything right after."""
        clock = Clock()
        store = MemoryStore(clock)
        write = store.document("vcard", JsonCodec()).put(JULIET, 1)
        self.assertNoResult(write)
        clock.advance(0)
        self.assertEqual(self.successResultOf(write), 1)
        self.assertEqual(store.kept, 1)

    def test_one_shape_per_store(self) -> None:
        """A store that holds documents refuses to be read as a log."""
        store = MemoryStore(Clock())
        store.document("vcard", JsonCodec()).put(JULIET, 1)
        self.failureResultOf(store.log("vcard").edges(JULIET), StorageError)

    def test_no_backup(self) -> None:
        """There is nothing to back up."""
        self.failureResultOf(MemoryStore(Clock()).backup(Path(self.mktemp())), StorageError)

    def test_sweep(self) -> None:
        """Rows that have expired go within a minute; `test_tables` has markers of removals."""
        clock = Clock()
        store = MemoryStore(clock)
        store.open()
        expiring = store.table("tokens", JsonCodec())
        expiring.put(JULIET, "a", 1, expires=30)
        clock.advance(60)
        self.assertEqual(self.successResultOf(expiring.version(JULIET)), 0)
        store.close()
        self.assertEqual(clock.getDelayedCalls(), [])
