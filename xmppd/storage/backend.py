"""The back-end that is written once: everything of `interfaces.Backend` over a driver."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from xmppd.storage.batch import GroupCommit
from xmppd.storage.documents import StoredDocument
from xmppd.storage.driver import Driver
from xmppd.storage.ids import Mint, Ticks
from xmppd.storage.interfaces import Codec, Owner, Report, StorageError
from xmppd.storage.logs import StoredLog
from xmppd.storage.shapes import Engine
from xmppd.storage.tables import REMEMBERED, StoredTable

T = TypeVar("T")

SWEEP_EVERY = 60.0
"""Seconds between two looks for rows that have expired."""
FORGET_EVERY = 24 * 60
"""How many of these looks are between two for removals that need not be remembered."""


class StoreBackend:
    """See `interfaces.Backend`.

    `group` may be shared with other back-ends of the process; `now` gives seconds since 1970.
    """

    def __init__(
        self,
        driver: Driver,
        clock: IReactorTime,
        group: GroupCommit | None = None,
        now: Callable[[], float] | None = None,
        ticks: Ticks | None = None,
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._group = group or GroupCommit(clock)
        self._ticks = ticks or Ticks(now or clock.seconds)
        self._engine = Engine(driver, self._group, self._ticks, Mint(self._ticks))
        self._sweep: IDelayedCall | None = None
        self._sweeps = 0

    @property
    def features(self) -> frozenset[str]:
        return self._driver.features

    @property
    def ticket(self) -> int:
        return self._group.ticket

    @property
    def kept(self) -> int:
        return self._group.kept

    def on_kept(self, call: Callable[[int], None]) -> None:
        self._group.on_kept(call)

    def on_failed(self, call: Callable[[int, StorageError], None]) -> None:
        self._group.on_failed(call)

    def document(self, store: str, codec: Codec[T]) -> StoredDocument[T]:
        return StoredDocument(self._engine, store, codec)

    def table(self, store: str, codec: Codec[T], *, versioned: bool = False) -> StoredTable[T]:
        return StoredTable(self._engine, store, codec, versioned)

    def log(self, store: str) -> StoredLog:
        return StoredLog(self._engine, store)

    def unit(self) -> AbstractContextManager[Deferred[None]]:
        return self._group.unit()

    def open(self) -> Deferred[None]:
        return maybeDeferred(self._open)

    def close(self) -> Deferred[None]:
        if self._sweep is not None and self._sweep.active():
            self._sweep.cancel()
        return self._group.flush().addCallback(lambda _: self._driver.close())

    def check(self) -> Deferred[Report]:
        return self._group.flush().addCallback(lambda _: self._driver.check())

    def backup(self, path: Path) -> Deferred[None]:
        if path.exists():
            return fail(StorageError(detail=f"{path} exists"))
        return self._group.flush().addCallback(lambda _: self._driver.backup(path))

    def owners(self, realm: str, after: str = "", limit: int = 500) -> Deferred[list[Owner]]:
        return self._engine.read(lambda: self._driver.owners(realm, after, limit, None))

    def erase(self, owner: Owner) -> Deferred[None]:
        return self._engine.write(lambda: self._driver.erase(owner))

    def _open(self) -> None:
        self._ticks.not_before(self._driver.open())
        self._sweep = self._clock.callLater(SWEEP_EVERY, self._swept)

    def _swept(self) -> None:
        self._sweeps += 1
        # what cannot be dropped now is dropped later, and stays unseen until then
        self._engine.write(self._drop_old).addErrback(lambda _: None)
        self._sweep = self._clock.callLater(SWEEP_EVERY, self._swept)

    def _drop_old(self) -> None:
        now = self._ticks.now()
        self._driver.sweep(now)
        if self._sweeps % FORGET_EVERY == 1:
            self._driver.forget(int(now * 1_000_000) - REMEMBERED)
