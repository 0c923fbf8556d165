"""What one store of one owner holds, in memory: rows in version order, entries in time order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from xmppd.storage.driver import RawRow, Selection, Span
from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import Entry, Version

T = TypeVar("T")


def window(found: Iterator[T], limit: int, newest: bool) -> list[T]:
    """The first `limit` of what was found; of what was found backwards, in the right order."""
    some = list(islice(found, min(limit, 1 << 62)))
    if newest:
        some.reverse()
    return some


class Rows:
    """The rows of a table; a row that is put goes to the end, so that the order is by version."""

    def __init__(self, rows: Iterable[RawRow] = (), floor: Version = 0) -> None:
        self._rows = {(row.section, row.key): row for row in rows}
        self.floor = floor

    def __iter__(self) -> Iterator[RawRow]:
        return iter(self._rows.values())

    def get(self, section: str, key: str) -> RawRow | None:
        return self._rows.get((section, key))

    def put(self, row: RawRow) -> None:
        self._rows.pop((row.section, row.key), None)
        self._rows[row.section, row.key] = row

    def drop(self, section: str, key: str) -> None:
        self._rows.pop((section, key), None)

    def version(self) -> Version:
        newest = next(reversed(self._rows.values()), None)
        return max(self.floor, 0 if newest is None else newest.version)

    def select(self, which: Selection, now: float) -> list[RawRow]:
        rows = reversed(self._rows.values()) if which.newest else iter(self._rows.values())
        found = (row for row in rows if which.matches(row, now))
        return window(found, which.limit, which.newest)

    def ending_at(self, version: Version) -> Rows:
        """The same rows with versions that keep their order and end at this one."""
        first = version - len(self._rows) + 1
        rows = (row._replace(version=first + at) for at, row in enumerate(self))
        return Rows(rows, floor=version)

    def empty(self) -> bool:
        return all(row.raw is None for row in self)

    def copy(self) -> Rows:
        return Rows(self, self.floor)


def _time(entry: Entry) -> int:
    return entry.time


class Entries:
    """The entries of a log."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = list(entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def add(self, entry: Entry) -> None:
        """Mostly at the end; an id given out earlier may come late."""
        if self._entries and self._entries[-1].time > entry.time:
            self._entries.insert(bisect_left(self._entries, entry.time, key=_time), entry)
        else:
            self._entries.append(entry)

    def find(self, time: int) -> Entry | None:
        at = self._at(time)
        return None if at is None else self._entries[at]

    def has(self, mark: Mark) -> bool:
        found = self.find(mark.time)
        return found is not None and found.id == mark.to_id()

    def select(self, span: Span) -> Iterator[Entry]:
        """All that match, whatever the limit; backwards if the newest are wanted."""
        start = bisect_left(self._entries, span.first, key=_time)
        stop = bisect_right(self._entries, span.last, key=_time)
        order = range(stop - 1, start - 1, -1) if span.newest else range(start, stop)
        times = frozenset(span.times)
        for at in order:
            entry = self._entries[at]
            if (
                (span.peer is None or entry.peer == span.peer)
                and (span.resource is None or entry.resource == span.resource)
                and (not span.kinds or entry.kind in span.kinds)
                and (not times or entry.time in times)
            ):
                yield entry

    def oldest(self, before: int | None, keep: int | None, limit: int) -> list[int]:
        surplus = 0 if keep is None else max(0, len(self._entries) - keep)
        if before is not None:
            surplus = max(surplus, bisect_left(self._entries, before, key=_time))
        return [entry.time for entry in self._entries[: min(surplus, limit)]]

    def replace(self, time: int, body: bytes) -> None:
        at = self._at(time)
        if at is not None:
            self._entries[at] = self._entries[at]._replace(body=body)

    def drop(self, times: Sequence[int]) -> int:
        gone, before = frozenset(times), len(self._entries)
        self._entries = [entry for entry in self._entries if entry.time not in gone]
        return before - len(self._entries)

    def empty(self) -> bool:
        return not self._entries

    def copy(self) -> Entries:
        return Entries(self._entries)

    def _at(self, time: int) -> int | None:
        at = bisect_left(self._entries, time, key=_time)
        there = at < len(self._entries) and self._entries[at].time == time
        return at if there else None
