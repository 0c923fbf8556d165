"""The store in a SQLite file, for one process.

Statements run on the reactor thread: in WAL mode with `synchronous=NORMAL` a commit is copying
memory. What is to survive a power cut is flushed by a thread that does nothing else, and counts
as kept when that is done.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.storage import sql
from xmppd.storage.backend import StoreBackend
from xmppd.storage.batch import GroupCommit
from xmppd.storage.cache import Cache
from xmppd.storage.flusher import Flusher, Flushing, flush_path
from xmppd.storage.interfaces import (
    BACKUP,
    CHANGES,
    POWER,
    PROCESS,
    UNIT,
    Durability,
    Full,
    ReadOnly,
    Report,
    StorageError,
    Version,
)
from xmppd.storage.late_index import LateIndex, Writing
from xmppd.storage.lock import StoreLock
from xmppd.storage.maintenance import Maintenance
from xmppd.storage.patience import Patience
from xmppd.storage.schema import prepare
from xmppd.storage.session import Session, State
from xmppd.storage.sqlite_shapes import SqliteShapes

FILE, LOCK = "store.sqlite", "store.lock"
CHECKPOINT_AT = 16 << 20
"""Bytes of write-ahead log after which a thread moves it into the database."""
RESTART_AT = 64 << 20
"""Bytes after which the rest is moved on the spot, so that the log can start anew."""
RETRY_SECONDS = 10.0
"""Until another attempt after one that failed, as on a full disk."""

MakeFlusher: TypeAlias = Callable[[int, Any], Flushing]
MakeIndexer: TypeAlias = Callable[[Path, Any], Writing]


class SqliteDriver(SqliteShapes):
    """See `driver.Driver`."""

    window = 0.01
    checkpoint_at, restart_at = CHECKPOINT_AT, RESTART_AT
    _log = Logger()

    def __init__(
        self,
        folder: Path,
        reactor: Any,
        durability: Durability,
        flusher: MakeFlusher,
        indexer: MakeIndexer = Maintenance,
    ) -> None:
        self._path = folder / FILE
        session = Session(self._path)
        super().__init__(session, LateIndex(session, indexer(self._path, reactor), reactor))
        self._reactor = reactor
        self._durability = durability
        self._make_flusher = flusher
        self._lock = StoreLock(folder, LOCK)
        self._maintenance = Maintenance(self._path, reactor)
        self._patience = Patience(reactor, self._repeat)
        self._flusher: Flushing | None = None
        self._checkpoint: Deferred[None] | None = None
        self._tidy_not_before = 0.0
        self._noted: Version = 0

    @property
    def features(self) -> frozenset[str]:
        levels = {"power": {PROCESS, POWER}, "process": {PROCESS}}
        return frozenset({UNIT, CHANGES, BACKUP} | levels.get(self._durability, set()))

    def open(self) -> Version:
        self._lock.take()
        try:
            prepare(self._path)
            self.session.open()
            found = self.session.read(sql.META_GET, {"name": "clock"})
            self._newest = self._noted = int(found[0][0]) if found else 0
            self.index.open()
            if self._durability == "power":
                self._flusher = self._make_flusher(self._open_wal(), self._reactor)
        except BaseException:
            self._release()
            raise
        return self._newest

    def close(self) -> Deferred[None]:
        over = self.index.stop().addCallback(lambda _: self._checkpoint)
        return over.addBoth(lambda _: self._release())

    @property
    def busy(self) -> bool:
        return self.index.busy

    def mark(self) -> State:
        return self.session.mark()

    def undo(self, state: State) -> None:
        self._numbering.forget()
        self.session.undo(state)

    def commit(self) -> Deferred[None]:
        if self._patience.holding or not self.session.dirty:
            return succeed(None)  # whatever came was refused
        try:
            self._commit()
        except (Full, ReadOnly) as problem:
            return self._hold(problem)
        except StorageError:
            self._forget()
            raise
        return self._flush()

    def check(self) -> Deferred[Report]:
        return self._maintenance.check()

    def backup(self, path: Path) -> Deferred[None]:
        return self._maintenance.copy(path)

    def _commit(self) -> None:
        if self._newest > self._noted:
            self.session.write(sql.META_PUT, {"name": "clock", "value": str(self._newest)})
        self.index.before_commit()
        self.session.commit()
        self._noted = self._newest
        self._tidy()
        if self._checkpoint is None:
            self.index.committed()

    def _repeat(self) -> None:
        self.session.problem = None
        try:
            self.session.commit()
        except (Full, ReadOnly) as problem:
            self.session.problem = problem
            raise

    def _hold(self, problem: StorageError) -> Deferred[None]:
        try:
            self.session.repeat()  # so that reads see what was written
        except StorageError:
            self._forget()
            raise problem from None
        self.session.problem = problem
        held = self._patience.hold(problem).addErrback(self._give_up)
        return held.addCallback(lambda _: self._flush())

    def _give_up(self, failure: Failure) -> Failure:
        if self.session.problem is not None and failure.check(Full, ReadOnly):
            self.session.problem = None
        self._forget()
        return failure

    def _forget(self) -> None:
        self._numbering.forget()
        self.session.forget()

    def _flush(self) -> Deferred[None]:
        if self._flusher is None:
            return succeed(None)
        return self._flusher.flush().addErrback(self._unsafe)

    def _unsafe(self, failure: Failure) -> Failure:
        # after a failed flush nobody knows what is on the disk: nothing more is promised
        if isinstance(failure.value, StorageError):
            self.session.problem = failure.value
        return failure

    def _open_wal(self) -> int:
        flush_path(self._path.parent)
        return os.open(f"{self._path}-wal", os.O_RDWR | os.O_CLOEXEC)

    def _tidy(self) -> None:
        """Keep the write-ahead log short."""
        size = os.stat(f"{self._path}-wal").st_size
        if self._checkpoint is not None or self._reactor.seconds() < self._tidy_not_before:
            return
        if size >= self.restart_at:
            try:
                self.session.read("PRAGMA wal_checkpoint(PASSIVE)", {})
            except StorageError as problem:  # the commit is done nevertheless
                self._untidy(problem)
        elif size >= self.checkpoint_at and not self.index.running:
            self._checkpoint = self._maintenance.checkpoint().addBoth(self._tidied)

    def _tidied(self, result: object) -> None:
        self._checkpoint = None
        if isinstance(result, Failure):
            self._untidy(result.value)

    def _untidy(self, why: object) -> None:
        self._tidy_not_before = self._reactor.seconds() + RETRY_SECONDS
        self._log.error("checkpoint failed: {why}", why=why)

    def _release(self) -> None:
        if self._flusher is not None:
            self._flusher.close()
            self._flusher = None
        self._maintenance.close()
        self.index.close()
        self.session.close()
        self._lock.release()


class SqliteStore(StoreBackend):
    """A back-end in a SQLite file of a folder that it locks.

    `durability`: what has to be survived before a write counts as kept. `cache` is in bytes.
    """

    def __init__(
        self,
        folder: Path,
        reactor: Any,
        group: GroupCommit | None = None,
        now: Callable[[], float] | None = None,
        *,
        durability: Durability = "power",
        cache: int = 32 << 20,
        flusher: MakeFlusher = Flusher,
    ) -> None:
        driver = SqliteDriver(folder, reactor, durability, flusher)
        super().__init__(Cache(driver, cache), reactor, group, now)

    @classmethod
    def of(cls, folder: Path, reactor: Any, group: GroupCommit, on_edit: object) -> SqliteStore:
        """Make it as `StoreMap` does."""
        return cls(folder, reactor, group)
