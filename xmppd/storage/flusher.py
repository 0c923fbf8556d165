"""Flushing a file to the disk in a thread that does nothing else."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads

from xmppd.storage.interfaces import Unavailable


def flush_file(file: int) -> None:
    """What was written to a file is on the disk when this returns."""
    full = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync alone stops at the drive's cache
    if full is not None:
        fcntl.fcntl(file, full)
    else:
        os.fdatasync(file)


def flush_path(path: Path) -> None:
    """The same for a file by its name, or for what was made, renamed or removed in a folder."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


class Flushing(Protocol):
    """Flushes one file."""

    def flush(self) -> Deferred[None]:
        """Fires when all that was written before the call is on the disk."""

    def close(self) -> None: ...


class Flusher:
    """Flushes one file in a thread: one C call at a time, and one flush for all who wait.

    A flush that failed was the last one: the kernel may have dropped what it could not write, so
    that the next one could well succeed and mean nothing.
    """

    def __init__(self, file: int, reactor: IReactorFromThreads) -> None:
        self._file = file
        self._reactor = reactor
        self._orders: SimpleQueue[bool] = SimpleQueue()
        self._running: list[Deferred[None]] = []
        self._waiting: list[Deferred[None]] = []
        self._problem: OSError | None = None
        Thread(target=self._serve, name="storage flush", daemon=True).start()

    def flush(self) -> Deferred[None]:
        if self._problem is not None:
            return fail(_unavailable(self._problem))
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
        if problem is not None:
            self._problem = problem
            done, self._waiting = done + self._waiting, []
        for one in done:
            if problem is None:
                one.callback(None)
            else:
                one.errback(_unavailable(problem))
        self._start()


def _unavailable(problem: OSError) -> Unavailable:
    return Unavailable(detail=f"flush failed: {problem.strerror}")
