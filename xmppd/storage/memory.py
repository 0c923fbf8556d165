"""The store in memory: the reference for all others, and a base for those that load files.

Keeps nothing over a restart; a write counts as kept at the end of the reactor turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime

from xmppd.storage.backend import StoreBackend
from xmppd.storage.batch import GroupCommit
from xmppd.storage.driver import Cell, Place, RawRow, Selection, Span
from xmppd.storage.holding import Entries, Rows, window
from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import (
    CHANGES,
    UNIT,
    Entry,
    Owner,
    Report,
    StorageError,
    Version,
)

Holding: TypeAlias = Cell | Rows | Entries
Saved: TypeAlias = dict[Place, Holding | None]
H = TypeVar("H", Cell, Rows, Entries)


class MemoryDriver:
    """Keeps what every place holds in one dict. For units: copies of what it held before."""

    features = frozenset({UNIT, CHANGES})
    window = 0.0
    busy = False

    def __init__(self) -> None:
        self._held: dict[Place, Holding | None] = {}
        self._saved: Saved | None = None

    def open(self) -> Version:
        return 0

    def close(self) -> Deferred[None]:
        return succeed(None)

    def mark(self) -> Saved:
        self._saved = {}
        return self._saved

    def undo(self, state: Saved) -> None:
        for place, held in state.items():
            self._set(place, held)
        state.clear()

    def commit(self) -> Deferred[None]:
        self._saved = None
        return succeed(None)

    def document(self, place: Place) -> Cell | None:
        return self._get(place, Cell)

    def put_document(self, place: Place, cell: Cell | None) -> None:
        self._save(place, self._get(place, Cell))
        self._set(place, cell)

    def row(self, place: Place, section: str, key: str) -> RawRow | None:
        return self._rows(place).get(section, key)

    def rows(self, place: Place, which: Selection, now: float) -> list[RawRow]:
        return self._rows(place).select(which, now)

    def version(self, place: Place) -> Version:
        return self._rows(place).version()

    def floor(self, place: Place) -> Version:
        return self._rows(place).floor

    def put_row(self, place: Place, row: RawRow) -> None:
        self._to_write(place, self._rows(place)).put(row)

    def drop_row(self, place: Place, section: str, key: str) -> None:
        self._to_write(place, self._rows(place)).drop(section, key)

    def append(
        self, place: Place, mark: Mark, peer: str, resource: str, kind: int, body: bytes
    ) -> None:
        entry = Entry(mark.to_id(), mark.time, peer, resource, kind, body)
        self._to_write(place, self._entries(place)).add(entry)

    def taken(self, place: Place, time: int) -> bool:
        return self._entries(place).find(time) is not None

    def has(self, place: Place, mark: Mark) -> bool:
        return self._entries(place).has(mark)

    def entries(self, place: Place, span: Span) -> list[Entry]:
        return window(self._entries(place).select(span), span.limit, span.newest)

    def count(self, place: Place, span: Span) -> int:
        return len(self.entries(place, span))

    def oldest(self, place: Place, before: int | None, keep: int | None, limit: int) -> list[int]:
        return self._entries(place).oldest(before, keep, limit)

    def replace(self, place: Place, time: int, body: bytes) -> None:
        self._to_write(place, self._entries(place)).replace(time, body)

    def drop_entries(self, place: Place, times: Sequence[int]) -> int:
        return self._to_write(place, self._entries(place)).drop(times)

    def owners(self, realm: str, after: str, limit: int, store: str | None) -> list[Owner]:
        found = {
            place.owner
            for place, held in self._held.items()
            if store in (None, place.store) and held is not None and not held.empty()
        }
        return sorted(one for one in found if one.realm == realm and one.name > after)[:limit]

    def erase(self, owner: Owner) -> None:
        for place, held in list(self._held.items()):
            if place.owner == owner:
                self._save(place, held)
                self._set(place, None)

    def sweep(self, now: float) -> None:
        self._drop_rows(lambda _, row: row.expired(now))

    def forget(self, before: Version) -> None:
        self._drop_rows(
            lambda rows, row: row.raw is None and row.version < min(before, rows.version())
        )

    def check(self) -> Deferred[Report]:
        return succeed(Report())

    def backup(self, path: Path) -> Deferred[None]:
        return fail(StorageError(detail="the memory store has nothing to back up"))

    def _drop_rows(self, which: Callable[[Rows, RawRow], bool]) -> None:
        for place, held in list(self._held.items()):
            if isinstance(held, Rows):
                for row in [row for row in held if which(held, row)]:
                    with suppress(StorageError):  # one that cannot be written now: later
                        self.drop_row(place, row.section, row.key)

    def _rows(self, place: Place) -> Rows:
        return self._get(place, Rows) or Rows()

    def _entries(self, place: Place) -> Entries:
        return self._get(place, Entries) or Entries()

    def _get(self, place: Place, shape: type[H]) -> H | None:
        held = self._held.get(place)
        if held is not None and not isinstance(held, shape):
            raise StorageError(*place, f"holds {type(held).__name__}, not {shape.__name__}")
        return held

    def _set(self, place: Place, held: Holding | None) -> None:
        if held is None:
            self._held.pop(place, None)
        else:
            self._held[place] = held

    def _save(self, place: Place, held: Holding | None) -> None:
        if self._saved is not None and place not in self._saved:
            self._saved[place] = None if held is None else held.copy()

    def _to_write(self, place: Place, held: H) -> H:
        self._save(place, held)
        self._set(place, held)
        return held


class MemoryStore(StoreBackend):
    """A back-end that forgets everything when the process ends."""

    def __init__(
        self,
        clock: IReactorTime,
        group: GroupCommit | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(MemoryDriver(), clock, group, now)

    @classmethod
    def of(cls, folder: Path, reactor: Any, group: GroupCommit, on_edit: object) -> MemoryStore:
        """Make it as `StoreMap` does."""
        return cls(reactor, group)
