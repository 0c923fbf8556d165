"""What was said to be kept survives kill -9, at any moment.

KILL_ROUNDS=20 trial tests.storage.test_kill
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from random import Random
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

import xmppd
from tests.chance import chance
from xmppd.conformance.suite import JULIET
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.directory import DirectoryStore
from xmppd.storage.sqlite import SqliteStore

ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))
ROOT = Path(xmppd.__file__).parent.parent


class Victim(ProcessProtocol):
    """Kills the process a moment after it said a number of times what is kept."""

    def __init__(self, lines: int, later: float) -> None:
        self.over: Deferred[int] = Deferred()
        self._lines = lines
        self._later = later
        self._said = b""
        self._dying = False

    def outReceived(self, data: bytes) -> None:
        self._said += data
        if not self._dying and self._said.count(b"\n") >= self._lines:
            self._dying = True
            reactor.callLater(self._later, self.transport.signalProcess, "KILL")

    def errReceived(self, data: bytes) -> None:
        self._said += data

    def processEnded(self, reason: Failure) -> None:
        last = self._said.rpartition(b"\n")[0].rpartition(b"\n")[2]
        if self._dying and last.isdigit():
            self.over.callback(int(last))
        else:
            self.over.errback(AssertionError(self._said.decode()))


class KillTest(TestCase):
    timeout = 60 + 30 * ROUNDS

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()

    def run_and_kill(self, name: str, random: Random) -> Deferred[int]:
        victim = Victim(random.randrange(1, 20), random.random() * 0.03)
        arguments = [sys.executable, "-m", "tests.storage.killed", name, str(self.folder)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        reactor.spawnProcess(victim, sys.executable, arguments, environment, str(ROOT))
        return victim.over

    async def test_sqlite(self) -> None:
        """All up to `kept` is there, units are whole, entries have no hole, ids grow on."""
        await self.kill_sqlite("xmppd.storage.sqlite:SqliteStore")

    async def test_late_index(self) -> None:
        """The same while the index of logs is being brought up to date."""
        await self.kill_sqlite("tests.storage.killed:indexing", max(1, ROUNDS // 2))

    async def kill_sqlite(self, name: str, rounds: int = ROUNDS) -> None:
        with chance() as random:
            await self.kill_sqlite_at(name, rounds, random)

    async def kill_sqlite_at(self, name: str, rounds: int, random: Random) -> None:
        newest = ""
        for _ in range(rounds):
            kept = await self.run_and_kill(name, random)
            store = SqliteStore(self.folder, reactor)
            await store.open()
            last = await self.last(store)
            self.assertGreaterEqual(last, kept)
            self.assertEqual(
                [
                    await self.newest_row(store),
                    await store.log("archive").count(JULIET, stop=1_000_000),
                ],
                [last, last],
            )
            page = await store.log("archive").find(JULIET, limit=1, newest=True)
            self.assertEqual(page.entries[0].body, b"%d" % last)
            self.assertGreater(page.entries[0].id, newest)
            newest = store.log("archive").new_id()
            self.assertGreater(newest, page.entries[0].id)
            self.assertEqual((await store.check()).problems, ())
            await store.close()

    async def test_directory(self) -> None:
        """All up to `kept` is there, though a unit over several files may be torn."""
        with chance() as random:
            for _ in range(ROUNDS):
                await self.kill_directory(random)

    async def kill_directory(self, random: Random) -> None:
        kept = await self.run_and_kill("xmppd.storage.directory:DirectoryStore", random)
        store = DirectoryStore(self.folder, reactor)
        await store.open()
        self.assertGreaterEqual(await self.last(store), kept)
        self.assertGreaterEqual(await self.newest_row(store), kept)
        page = await store.log("archive").find(JULIET, limit=1_000_000)
        bodies = [entry.body for entry in page.entries]
        self.assertLessEqual({b"%d" % number for number in range(1, kept + 1)}, set(bodies))
        self.assertEqual((await store.check()).problems, ())
        await store.close()

    async def last(self, store: Any) -> int:
        found = await store.document("last", JsonCodec()).get(JULIET)
        return found.value

    async def newest_row(self, store: Any) -> int:
        rows = await store.table("rows", JsonCodec()).items(JULIET, newest=True, limit=1)
        return rows[0].value
