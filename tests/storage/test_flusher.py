"""Flushing in a thread, and what a disk says that failed once."""

from __future__ import annotations

import os

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from xmppd.storage.flusher import Flusher
from xmppd.storage.interfaces import Unavailable


class FlusherTest(TestCase):
    def setUp(self) -> None:
        self.path = self.mktemp()
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT)
        self.flusher = Flusher(self.file, reactor)
        self.addCleanup(self.flusher.close)

    async def test_flush(self) -> None:
        """Whoever asks while one is under way hears of the next one."""
        waiting = [self.flusher.flush() for _ in range(3)]
        for one in waiting:
            self.assertIsNone(await one)

    async def test_nothing_is_promised_after_a_failure(self) -> None:
        """The kernel tells of an error once and forgets what it could not write.

        A later flush that succeeds says nothing of it.
        """
        away, pipe = os.pipe()  # which cannot be flushed
        self.addCleanup(os.close, away)
        good = os.dup(self.file)
        self.addCleanup(os.close, good)
        os.dup2(pipe, self.file)
        os.close(pipe)

        def mend(failure: Failure) -> None:
            failure.trap(Unavailable)
            os.dup2(good, self.file)

        first = self.flusher.flush().addErrback(mend)
        waited: Deferred[None] = self.flusher.flush()
        await first
        with self.assertRaises(Unavailable):
            await waited
        with self.assertRaises(Unavailable):
            await self.flusher.flush()
