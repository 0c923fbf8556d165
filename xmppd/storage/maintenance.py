"""SQLite's long jobs: each one C call in a thread, on a connection of its own."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from xmppd.storage.flusher import flush_path
from xmppd.storage.interfaces import Report, StorageError
from xmppd.storage.session import PATIENCE, Parameters, connect, storage_error

R = TypeVar("R")

WRITING = ("synchronous=NORMAL", "wal_autocheckpoint=0", f"busy_timeout={PATIENCE}")
AT_ONCE = 3
"""Jobs that may run side by side: a checkpoint must not wait for a backup that takes an hour."""
STEPS = 100_000
"""Steps of SQLite's machine, some milliseconds, between two looks whether it is time to stop."""


class Maintenance:
    """Copies, checks and checkpoints a database while it is in use."""

    def __init__(self, path: Path, reactor: IReactorFromThreads) -> None:
        self._path = path
        self._reactor = reactor
        self._pool: ThreadPool | None = None
        self._stopping = False

    def checkpoint(self) -> Deferred[None]:
        """Move what the write-ahead log holds into the database, getting in nobody's way."""
        return self._do(lambda connection: _run(connection, "PRAGMA wal_checkpoint(PASSIVE)"))

    def check(self) -> Deferred[Report]:
        """Look at every page of the database."""
        return self._do(_check)

    def copy(self, target: Path) -> Deferred[None]:
        """Write a copy to a new file that only we can read."""

        def act(connection: sqlite3.Connection) -> None:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            try:
                connection.execute("VACUUM INTO ?", (str(target),))
                flush_path(target)  # SQLite leaves that to us
                flush_path(target.parent)
            except (sqlite3.Error, OSError):
                target.unlink()
                raise

        return self._do(act)

    def run(self, text: str, parameters: Parameters) -> Deferred[None]:
        """Write with one statement, which waits for its turn; no more durable than the rest."""

        def act(connection: sqlite3.Connection) -> None:
            for pragma in WRITING:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute(text, parameters)

        return self._do(act)

    def close(self) -> None:
        """Break off what is under way: the server is to stop now."""
        self._stopping = True
        if self._pool is not None:
            self._pool.stop()
            self._pool = None

    def _do(self, act: Callable[[sqlite3.Connection], R]) -> Deferred[R]:
        if self._pool is None:
            self._pool = ThreadPool(0, AT_ONCE, "storage maintenance")
            self._pool.start()
        return deferToThreadPool(self._reactor, self._pool, self._act, act)

    def _act(self, act: Callable[[sqlite3.Connection], R]) -> R:
        try:
            connection = connect(self._path)
            connection.set_progress_handler(lambda: self._stopping, STEPS)
            try:
                return act(connection)
            finally:
                connection.close()
        except sqlite3.Error as problem:
            raise storage_error(problem, self._path) from problem
        except OSError as problem:
            raise StorageError(detail=str(problem)) from problem


def _run(connection: sqlite3.Connection, text: str) -> None:
    connection.execute(text)


def _check(connection: sqlite3.Connection) -> Report:
    found = [row[0] for row in connection.execute("PRAGMA quick_check")]
    return Report(() if found == ["ok"] else tuple(found))
