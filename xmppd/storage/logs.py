"""Logs over a driver."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.defer import Deferred

from xmppd.storage.driver import FOREVER, Place, Span
from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import (
    ANY,
    Entry,
    EntryId,
    NoSuchEntry,
    Owner,
    Page,
    StorageError,
    Where,
)
from xmppd.storage.shapes import Engine


class StoredLog:
    """See `interfaces.Log`."""

    def __init__(self, engine: Engine, store: str) -> None:
        self._engine = engine
        self._driver = engine.driver
        self._store = store

    def new_id(self) -> EntryId:
        return self._engine.mint.new_id()

    def append(
        self,
        owner: Owner,
        body: bytes,
        *,
        peer: str = "",
        resource: str = "",
        kind: int = 0,
        id: EntryId | None = None,
    ) -> EntryId:
        place = Place(self._store, owner)
        mark = self._engine.mint.new_mark() if id is None else self._fresh(place, id)
        self._engine.group.touch(self._driver, len(body))
        self._driver.append(place, mark, peer, resource, kind, body)
        return id or mark.to_id()

    def find(
        self, owner: Owner, where: Where = ANY, *, limit: int, newest: bool = False
    ) -> Deferred[Page]:
        place = Place(self._store, owner)

        def act() -> Page:
            span = self._span(place, where)._replace(limit=limit + 1, newest=newest)
            entries = self._driver.entries(place, span)
            if len(entries) <= limit:
                return Page(entries, False)
            return Page(entries[1:] if newest else entries[:-1], True)

        return self._engine.read(act)

    def edges(self, owner: Owner) -> Deferred[tuple[Entry, Entry] | None]:
        place = Place(self._store, owner)

        def act() -> tuple[Entry, Entry] | None:
            oldest = self._driver.entries(place, Span(limit=1))
            newest = self._driver.entries(place, Span(limit=1, newest=True))
            return (oldest[0], newest[0]) if oldest else None

        return self._engine.read(act)

    def count(self, owner: Owner, where: Where = ANY, stop: int = 10_000) -> Deferred[int | None]:
        place = Place(self._store, owner)

        def act() -> int | None:
            span = self._span(place, where)._replace(limit=stop + 1)
            number = self._driver.count(place, span)
            return None if number > stop else number

        return self._engine.read(act)

    def replace(self, owner: Owner, id: EntryId, body: bytes) -> Deferred[None]:
        place = Place(self._store, owner)
        return self._engine.write(
            lambda: self._driver.replace(place, self._time(place, id), body), len(body)
        )

    def remove(self, owner: Owner, ids: Iterable[EntryId]) -> Deferred[int]:
        place, ids = Place(self._store, owner), tuple(ids)

        def act() -> int:
            times = [time for id in ids if (time := self._find(place, id)) is not None]
            return self._driver.drop_entries(place, times)

        return self._engine.write(act)

    def trim(
        self, owner: Owner, *, before: int | None = None, keep: int | None = None, limit: int = 500
    ) -> Deferred[int]:
        place = Place(self._store, owner)

        def act() -> int:
            times = self._driver.oldest(place, before, keep, limit)
            return self._driver.drop_entries(place, times)

        return self._engine.write(act)

    def _span(self, place: Place, where: Where) -> Span:
        first = min(max(0, where.start or 0), FOREVER)
        last = FOREVER if where.end is None else min(max(-1, where.end), FOREVER)
        if where.after is not None:
            first = max(first, self._time(place, where.after) + 1)
        if where.before is not None:
            last = min(last, self._time(place, where.before) - 1)
        times = tuple(sorted({self._time(place, id) for id in where.ids}))
        return Span(first, last, where.peer, where.resource, where.kinds, times)

    def _time(self, place: Place, id: EntryId) -> int:
        time = self._find(place, id)
        if time is None:
            raise NoSuchEntry(*place, id)
        return time

    def _find(self, place: Place, id: EntryId) -> int | None:
        try:
            mark = Mark.from_id(id)
        except ValueError:
            return None
        return mark.time if self._driver.has(place, mark) else None

    def _fresh(self, place: Place, id: EntryId) -> Mark:
        """The mark of an id that no entry has."""
        mark = self._engine.mint.use(id)
        if mark is not None:
            return mark
        try:
            mark = Mark.from_id(id)
        except ValueError as problem:
            raise StorageError(*place, str(problem)) from problem
        if self._driver.taken(place, mark.time):
            raise StorageError(*place, f"{id} was stored before")
        return mark
