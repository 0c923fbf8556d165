"""Write-through cache of documents and small tables, in front of a driver."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from xmppd.storage.driver import Cell, Driver, Place, RawRow, Selection, Span
from xmppd.storage.holding import Rows
from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import Entry, Owner, Raw, Report, Version

MAX_ROWS: Final = 1_000
"""Tables with more rows, removals included, are not held."""
OVERHEAD: Final = 200
"""Bytes that a document, a row, or knowing that there is none, takes besides its value."""


class _Large:
    """In place of a table with too many rows."""


_LARGE: Final = _Large()


class _Held(NamedTuple):
    what: Cell | Rows | _Large | None
    size: int


class _State(NamedTuple):
    below: Any
    touched: int


def _size(raw: Raw | None) -> int:
    return OVERHEAD + len(raw or "")


class Cache:
    """A driver that holds what was used last, up to `limit` bytes; absent things too."""

    def __init__(self, driver: Driver, limit: int = 32 << 20) -> None:
        self._driver = driver
        self._limit = limit
        self._held: OrderedDict[Place, _Held] = OrderedDict()
        self._touched: list[Place | Owner] = []
        self.size = 0
        self.window = driver.window
        self.append = driver.append  # entries are not held

    @property
    def features(self) -> frozenset[str]:
        return self._driver.features

    @property
    def busy(self) -> bool:
        return self._driver.busy

    def open(self) -> Version:
        return self._driver.open()

    def close(self) -> Deferred[None]:
        return self._driver.close()

    def mark(self) -> _State:
        return _State(self._driver.mark(), len(self._touched))

    def undo(self, state: _State) -> None:
        self._distrust(self._touched[state.touched :])
        self._driver.undo(state.below)

    def commit(self) -> Deferred[None]:
        touched, self._touched = self._touched, []

        def lost(failure: Failure) -> Failure:
            self._distrust(touched)
            return failure

        return maybeDeferred(self._driver.commit).addErrback(lost)

    def document(self, place: Place) -> Cell | None:
        held = self._find(place)
        if held is None:
            held = self._hold_document(place, self._driver.document(place))
        assert held.what is None or isinstance(held.what, Cell)
        return held.what

    def put_document(self, place: Place, cell: Cell | None) -> None:
        self._touched.append(place)
        self._driver.put_document(place, cell)
        self._hold_document(place, cell)

    def row(self, place: Place, section: str, key: str) -> RawRow | None:
        rows = self._table(place)
        return self._driver.row(place, section, key) if rows is None else rows.get(section, key)

    def rows(self, place: Place, which: Selection, now: float) -> list[RawRow]:
        rows = self._table(place)
        if rows is None:
            return self._driver.rows(place, which, now)
        return rows.select(which, now)

    def version(self, place: Place) -> Version:
        rows = self._table(place)
        return self._driver.version(place) if rows is None else rows.version()

    def floor(self, place: Place) -> Version:
        return self._driver.floor(place)

    def put_row(self, place: Place, row: RawRow) -> None:
        self._touched.append(place)
        self._driver.put_row(place, row)
        held = self._held.get(place)
        if held is not None and isinstance(held.what, Rows):
            before = held.what.get(row.section, row.key)
            held.what.put(row)
            self._resize(place, held, _size(row.raw) - (_size(before.raw) if before else 0))

    def drop_row(self, place: Place, section: str, key: str) -> None:
        self._touched.append(place)
        self._driver.drop_row(place, section, key)
        held = self._held.get(place)
        if held is not None and isinstance(held.what, Rows):
            before = held.what.get(section, key)
            held.what.drop(section, key)
            self._resize(place, held, -_size(before.raw) if before else 0)

    def taken(self, place: Place, time: int) -> bool:
        return self._driver.taken(place, time)

    def has(self, place: Place, mark: Mark) -> bool:
        return self._driver.has(place, mark)

    def entries(self, place: Place, span: Span) -> list[Entry]:
        return self._driver.entries(place, span)

    def count(self, place: Place, span: Span) -> int:
        return self._driver.count(place, span)

    def oldest(self, place: Place, before: int | None, keep: int | None, limit: int) -> list[int]:
        return self._driver.oldest(place, before, keep, limit)

    def replace(self, place: Place, time: int, body: bytes) -> None:
        self._driver.replace(place, time, body)

    def drop_entries(self, place: Place, times: Sequence[int]) -> int:
        return self._driver.drop_entries(place, times)

    def owners(self, realm: str, after: str, limit: int, store: str | None) -> list[Owner]:
        return self._driver.owners(realm, after, limit, store)

    def erase(self, owner: Owner) -> None:
        self._touched.append(owner)
        self._distrust([owner])
        self._driver.erase(owner)

    def sweep(self, now: float) -> None:
        self._driver.sweep(now)  # what is held goes by its own time

    def forget(self, before: Version) -> None:
        self._driver.forget(before)

    def check(self) -> Deferred[Report]:
        return self._driver.check()

    def backup(self, path: Path) -> Deferred[None]:
        return self._driver.backup(path)

    def _find(self, place: Place) -> _Held | None:
        held = self._held.get(place)
        if held is not None:
            self._held.move_to_end(place)
        return held

    def _hold_document(self, place: Place, cell: Cell | None) -> _Held:
        return self._hold(place, _Held(cell, _size(cell and cell.raw)))

    def _table(self, place: Place) -> Rows | None:
        """All rows of a table with their markers; None if they are too many."""
        held = self._find(place)
        if held is None:
            # before the epoch nothing has expired: the rows that have go by their own time
            found = self._driver.rows(place, Selection(removed=True, limit=MAX_ROWS + 1), -1.0)
            size = OVERHEAD + sum(_size(row.raw) for row in found)
            large = len(found) > MAX_ROWS or size > self._limit // 8
            held = self._hold(place, _Held(_LARGE, OVERHEAD) if large else _Held(Rows(found), size))
        return held.what if isinstance(held.what, Rows) else None

    def _resize(self, place: Place, held: _Held, by: int) -> None:
        size = held.size + by
        if size > self._limit // 8:
            self._hold(place, _Held(_LARGE, OVERHEAD))
        else:
            self._hold(place, held._replace(size=size))

    def _hold(self, place: Place, held: _Held) -> _Held:
        self._drop([place])
        self._held[place] = held
        self.size += held.size
        while self.size > self._limit:
            self._drop([next(iter(self._held))])
        return held

    def _distrust(self, touched: Sequence[Place | Owner]) -> None:
        """What was written to those is not what is held, or not for sure."""
        owners = {one for one in touched if isinstance(one, Owner)}
        if owners:
            self._drop([place for place in self._held if place.owner in owners])
        self._drop([one for one in touched if isinstance(one, Place)])

    def _drop(self, places: Sequence[Place]) -> None:
        for place in places:
            held = self._held.pop(place, None)
            if held is not None:
                self.size -= held.size
