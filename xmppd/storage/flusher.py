"""Flushing a file to the disk in a thread that does nothing else."""

from __future__ import annotations

import fcntl
import os
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

from xmppd.storage.interfaces import Unavailable


def flush_file(file: int) -> None:
    """What was written to a file is on the disk when this returns."""
    full = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync alone stops at the drive's cache
    if full is not None:
        fcntl.fcntl(file, full)
    else:
        os.fdatasync(file)


class Flushing(Protocol):
    """Flushes one file."""

    def flush(self) -> Deferred[None]:
        """Fires when all that was written before the call is on the disk."""

    def close(self) -> None: ...


class Flusher:
    """Flushes one file in a thread: one C call at a time, and one flush for all who wait."""

    def __init__(self, file: int, reactor: IReactorFromThreads) -> None:
        self._file = file
        self._reactor = reactor
        self._orders: SimpleQueue[bool] = SimpleQueue()
        self._running: list[Deferred[None]] = []
        self._waiting: list[Deferred[None]] = []
        Thread(target=self._serve, name="storage flush", daemon=True).start()

    def flush(self) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        self._start()
        return done

    def close(self) -> None:
        """The thread closes the file and ends."""
        self._orders.put(False)

    def _start(self) -> None:
        if not self._running and self._waiting:
            self._running, self._waiting = self._waiting, []
            self._orders.put(True)

    def _serve(self) -> None:
        while self._orders.get():
            try:
                flush_file(self._file)
            except OSError as problem:
                self._reactor.callFromThread(self._done, problem)
            else:
                self._reactor.callFromThread(self._done, None)
        os.close(self._file)

    def _done(self, problem: OSError | None) -> None:
        done, self._running = self._running, []
        for one in done:
            if problem is None:
                one.callback(None)
            else:
                one.errback(Failure(Unavailable(detail=f"flush failed: {problem.strerror}")))
        self._start()
