"""Where the newest rows of the log are, in memory, until the index in the database has them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter
from typing import TypeAlias

from xmppd.storage.driver import Span
from xmppd.storage.numbering import Numbers

At: TypeAlias = tuple[int, str]
"""The time of an entry, and its peer."""

_time = itemgetter(0)


class Tail:
    """Times and peers of entries, by the numbers of owner and store, in the order of time."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, int], list[At]] = {}
        self.size = 0
        self.newest = 0

    def add(self, owner: int, store: int, time: int, peer: str) -> None:
        """Mostly at the end; an id given out earlier may come late."""
        entries = self._places.get((owner, store))
        if entries is None:
            self._places[owner, store] = [(time, peer)]
        elif entries[-1][0] > time:
            insort(entries, (time, peer), key=_time)
        else:
            entries.append((time, peer))
        self.size += 1
        if time > self.newest:
            self.newest = time

    def select(self, numbers: Numbers, span: Span) -> Iterator[int]:
        """Times between those of the span, of its peer; backwards if the newest are wanted."""
        entries = self._places.get(numbers, [])
        start = bisect_left(entries, span.first, key=_time)
        stop = bisect_right(entries, span.last, key=_time)
        order = range(stop - 1, start - 1, -1) if span.newest else range(start, stop)
        wanted = frozenset(span.times)
        for at in order:
            time, peer = entries[at]
            if (span.peer is None or peer == span.peer) and (not wanted or time in wanted):
                yield time

    def count(self, numbers: Numbers) -> int:
        return len(self._places.get(numbers, ()))

    def from_end(self, numbers: Numbers, number: int) -> int:
        """The time of the entry that so many others follow."""
        return self._places[numbers][-1 - number][0]

    def drop(self, numbers: Numbers, times: Iterable[int]) -> None:
        entries = self._places.get(numbers)
        if entries:
            gone = frozenset(times)
            self._replace(numbers, [entry for entry in entries if entry[0] not in gone])

    def times_of(self, owner: int) -> list[int]:
        """The times of all that an owner has."""
        return [time for place in self._of(owner) for time, _ in self._places[place]]

    def drop_owner(self, owner: int) -> None:
        for place in self._of(owner):
            self._replace(place, [])

    def cut(self, upto: int) -> None:
        """Forget everything up to that time."""
        for place, entries in list(self._places.items()):
            stop = bisect_right(entries, upto, key=_time)
            if stop:
                self._replace(place, entries[stop:])

    def owners(self) -> list[int]:
        return sorted({owner for owner, _ in self._places})

    def _of(self, owner: int) -> list[tuple[int, int]]:
        return [place for place in self._places if place[0] == owner]

    def _replace(self, place: tuple[int, int], entries: list[At]) -> None:
        self.size += len(entries) - len(self._places[place])
        if entries:
            self._places[place] = entries
        else:
            del self._places[place]


def first_few(times: Iterator[int], limit: int) -> list[int]:
    return list(islice(times, min(limit, 1 << 62)))
