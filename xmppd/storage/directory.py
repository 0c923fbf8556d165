"""The store in text files, for looking inside, for tests, and for up to about 50 users.

Terrible on purpose: what was touched stays in memory, each change writes its file anew, and each
commit waits for the disk in the reactor thread. Files may be edited by hand while the server
runs: that is seen within a second, or at the next write. A file that cannot be read is never
overwritten: what was read before stays in use until the file is mended.

Each file changes in one step. A unit over several files may be torn by a crash between two of
these steps.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime

from xmppd.storage.backend import StoreBackend
from xmppd.storage.batch import GroupCommit
from xmppd.storage.driver import Cell, Place, RawRow
from xmppd.storage.file_commit import FileCommit, LogChange
from xmppd.storage.files import ACCOUNTS, StoreFiles
from xmppd.storage.hands import Hands, OnEdit
from xmppd.storage.holding import Entries, Rows
from xmppd.storage.ids import Mark, Ticks
from xmppd.storage.interfaces import (
    BACKUP,
    CHANGES,
    POWER,
    PROCESS,
    UNIT,
    Owner,
    Report,
    StorageError,
    TooNew,
    Version,
)
from xmppd.storage.lock import StoreLock
from xmppd.storage.memory import Holding, MemoryDriver, Saved
from xmppd.storage.packing import pack
from xmppd.storage.tree import Tree, translating

H = TypeVar("H", Cell, Rows, Entries)

FORMAT, RELEASE = "format", "1"
LOCK = "directory.lock"


class DirectoryDriver(MemoryDriver):
    """See `driver.Driver`."""

    features = frozenset({UNIT, CHANGES, PROCESS, POWER, BACKUP})
    window = 0.01

    def __init__(self, folder: Path, clock: IReactorTime, ticks: Ticks) -> None:
        super().__init__()
        self._folder = folder
        self._ticks = ticks
        self._lock = StoreLock(folder, LOCK)
        self._tree = Tree(folder)
        self._files = StoreFiles(self._tree)
        self._dirty: set[Place] = set()
        self._logs: dict[Place, LogChange] = {}
        self.hands = Hands(self._files, self._held, self._dirty, clock, ticks)

    def open(self) -> Version:
        self._lock.take()
        try:
            newest = self._demand_format()
            self._tree.clean((ACCOUNTS,))
        except BaseException:
            self._lock.release()
            raise
        self.hands.start()
        return newest

    def close(self) -> Deferred[None]:
        self.hands.stop()
        self._lock.release()
        return succeed(None)

    def undo(self, state: Saved) -> None:
        for place in state:
            if place in self._logs:
                self._logs[place].rewrite_appended()
        super().undo(state)

    def commit(self) -> Deferred[None]:
        self._saved = None
        dirty = sorted(self._dirty)
        self._dirty.clear()
        logs, self._logs = self._logs, {}
        commit = FileCommit(self._tree)
        try:
            for place in dirty:
                commit.add(place, self._held.get(place), logs.get(place))
            commit.run()
            self._note_time()
        except Exception:  # whatever it was: what is in memory must be what is on the disk
            for place in dirty:
                self._held.pop(place, None)
                self.hands.forget(place)
            raise
        for place in dirty:
            self.hands.saw(place, self._files.signature(place))
        return succeed(None)

    def put_document(self, place: Place, cell: Cell | None) -> None:
        self.hands.demand_fresh(place)
        super().put_document(place, cell)

    def put_row(self, place: Place, row: RawRow) -> None:
        self.hands.demand_fresh(place)
        super().put_row(place, row)

    def drop_row(self, place: Place, section: str, key: str) -> None:
        self.hands.demand_fresh(place)
        super().drop_row(place, section, key)

    def append(
        self, place: Place, mark: Mark, peer: str, resource: str, kind: int, body: bytes
    ) -> None:
        super().append(place, mark, peer, resource, kind, body)
        self._change(place).append(mark.time)

    def replace(self, place: Place, time: int, body: bytes) -> None:
        super().replace(place, time, body)
        self._change(place).rewrite([time])

    def drop_entries(self, place: Place, times: Sequence[int]) -> int:
        if not times:
            return 0
        number = super().drop_entries(place, times)
        self._change(place).rewrite(times)
        return number

    def owners(self, realm: str, after: str, limit: int, store: str | None) -> list[Owner]:
        held: dict[Owner, set[str]] = {}
        for place, what in self._held.items():
            if place.owner.realm == realm and what is not None and not what.empty():
                held.setdefault(place.owner, set()).add(place.store)
        everybody = {*held, *self._files.owners(realm)}
        found = []
        for owner in sorted(one for one in everybody if one.name > after):
            loaded = {place.store for place in self._held if place.owner == owner}
            stores = held.get(owner, set()) | (self._files.stores(owner) - loaded)
            if stores if store is None else store in stores:
                found.append(owner)
        return found[:limit]

    def erase(self, owner: Owner) -> None:
        for store in self._files.stores(owner):
            place = Place(store, owner)
            if place not in self._held:
                self._held[place] = self._files.unknown(place)
        for place, held in self._held.items():
            if place.owner == owner and isinstance(held, Entries):
                # the files are not to be gone on with, should more be appended before the commit
                self._change(place).rewrite(entry.time for entry in held)
        super().erase(owner)

    def check(self) -> Deferred[Report]:
        problems = []
        for realm in self._files.realms():
            for owner in self._files.owners(realm):
                for store in sorted(self._files.stores(owner)):
                    try:
                        self._files.unknown(Place(store, owner))
                    except StorageError as problem:
                        problems.append(str(problem))
        return succeed(Report(tuple(problems)))

    def backup(self, path: Path) -> Deferred[None]:
        """A tar file of all folders of accounts."""
        try:
            pack(self._folder, (FORMAT, ACCOUNTS), path)
        except StorageError as problem:
            return fail(problem)
        return succeed(None)

    def _get(self, place: Place, shape: type[H]) -> H | None:
        if place not in self._held:
            self._held[place] = self._load(place, shape)
        return super()._get(place, shape)

    def _set(self, place: Place, held: Holding | None) -> None:
        self._held[place] = held
        self._dirty.add(place)

    def _change(self, place: Place) -> LogChange:
        return self._logs.setdefault(place, LogChange())

    def _load(self, place: Place, shape: type[Holding]) -> Holding | None:
        if shape is Entries:
            return self._files.log(place)
        held: Cell | Rows | None
        held, signature = self._files.document(place) if shape is Cell else self._files.table(place)
        self.hands.saw(place, signature)
        return held

    def _demand_format(self) -> Version:
        path = self._folder / FORMAT
        with translating(path):
            try:
                found = path.read_text("ascii", "replace").strip()
            except FileNotFoundError:
                self._tree.prepare((), FORMAT, f"{RELEASE}\n".encode(), time=0)
                self._tree.replace((), FORMAT)
                return 0
            if found != RELEASE:
                raise TooNew(detail=f"{path} says {found}, this release knows {RELEASE}")
            return path.stat().st_mtime_ns // 1000

    def _note_time(self) -> None:
        """The newest version given out is the time of a file that is there anyway."""
        path, time = self._folder / FORMAT, self._ticks.last * 1000
        with translating(path):
            os.utime(path, ns=(time, time))


class DirectoryStore(StoreBackend):
    """A back-end of text files in a folder that it locks."""

    def __init__(
        self,
        folder: Path,
        clock: IReactorTime,
        group: GroupCommit | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        ticks = Ticks(now or clock.seconds)
        self._directory = DirectoryDriver(folder, clock, ticks)
        super().__init__(self._directory, clock, group, ticks=ticks)

    @classmethod
    def of(cls, folder: Path, reactor: Any, group: GroupCommit, on_edit: OnEdit) -> DirectoryStore:
        """Make it as `StoreMap` does."""
        store = cls(folder, reactor, group)
        store.on_edit(on_edit)
        return store

    def on_edit(self, call: OnEdit) -> None:
        """Call with owner, store and (section, key) of rows when a hand has changed a file."""
        self._directory.hands.calls.append(call)
