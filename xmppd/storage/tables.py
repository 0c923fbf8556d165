"""Tables over a driver."""

from __future__ import annotations

from typing import TypeVar

from twisted.internet.defer import Deferred

from xmppd.storage.driver import FOREVER, Place, RawRow, Selection
from xmppd.storage.interfaces import Changes, Codec, Owner, Row, TooOld, Version
from xmppd.storage.shapes import Coded, Engine, demand

T = TypeVar("T")

REMEMBERED = 90 * 86_400 * 1_000_000
"""Microseconds for which versioned tables remember removals."""


class StoredTable(Coded[T]):
    """See `interfaces.Table`."""

    def __init__(self, engine: Engine, store: str, codec: Codec[T], versioned: bool) -> None:
        super().__init__(engine, store, codec)
        self._versioned = versioned

    def get(self, owner: Owner, key: str, section: str = "") -> Deferred[Row[T] | None]:
        place = self._place(owner)

        def act() -> Row[T] | None:
            found = self._living(place, section, key)
            return found and self._row(place, found)

        return self._engine.read(act)

    def put(
        self,
        owner: Owner,
        key: str,
        value: T,
        *,
        section: str = "",
        tag: str | None = None,
        expires: int | None = None,
        if_version: Version | None = None,
    ) -> Deferred[Version]:
        place, raw = self._place(owner), self._codec.encode(value)

        def act() -> Version:
            if if_version is not None:
                demand(place, if_version, self._living(place, section, key))
            version = self._engine.ticks.next()
            self._driver.put_row(place, RawRow(section, key, raw, version, tag, expires))
            return version

        return self._engine.write(act, len(raw))

    def remove(
        self, owner: Owner, key: str, section: str = "", *, if_version: Version | None = None
    ) -> Deferred[bool]:
        place = self._place(owner)

        def act() -> bool:
            found = self._living(place, section, key)
            demand(place, if_version, found)
            return found is not None and self._drop(place, [found]) == 1

        return self._engine.write(act)

    def take(self, owner: Owner, key: str, section: str = "") -> Deferred[Row[T] | None]:
        place = self._place(owner)

        def act() -> Row[T] | None:
            found = self._living(place, section, key)
            if found is None:
                return None
            row = self._row(place, found)
            self._drop(place, [found])
            return row

        return self._engine.write(act)

    def items(
        self,
        owner: Owner,
        section: str | None = None,
        *,
        tag: str | None = None,
        after: Version | None = None,
        before: Version | None = None,
        newest: bool = False,
        limit: int = 1000,
    ) -> Deferred[list[Row[T]]]:
        place = self._place(owner)
        after = -1 if after is None else after
        before = FOREVER if before is None else before
        which = Selection(section, tag, after, before, newest, limit)
        return self._engine.read(
            lambda: [self._row(place, found) for found in self._rows(place, which)]
        )

    def version(self, owner: Owner) -> Deferred[Version]:
        return self._engine.read(lambda: self._driver.version(self._place(owner)))

    def changes(self, owner: Owner, since: Version) -> Deferred[Changes[T]]:
        return self._engine.read(lambda: self._changes(self._place(owner), since))

    def clear(self, owner: Owner, section: str | None = None) -> Deferred[int]:
        place = self._place(owner)
        return self._engine.write_whole(
            lambda: self._drop(place, self._rows(place, Selection(section=section)))
        )

    def trim(self, owner: Owner, section: str, keep: int) -> Deferred[int]:
        place = self._place(owner)

        def act() -> int:
            rows = self._rows(place, Selection(section=section))
            return self._drop(place, rows[: max(0, len(rows) - keep)])

        return self._engine.write_whole(act)

    def _changes(self, place: Place, since: Version) -> Changes[T]:
        version = self._driver.version(place)
        if since == version:
            return Changes([], [], version)
        self._demand_known(place, since, version)
        rows = self._rows(place, Selection(after=since, removed=True))
        return Changes(
            [self._row(place, row) for row in rows if row.raw is not None],
            [(row.section, row.key) for row in rows if row.raw is None],
            version,
        )

    def _demand_known(self, place: Place, since: Version, version: Version) -> None:
        oldest = max(
            int(self._engine.ticks.now() * 1_000_000) - REMEMBERED, self._driver.floor(place)
        )
        if not self._versioned or since > version or since < oldest:
            raise TooOld(*place, f"changes since {since} are not known")

    def _living(self, place: Place, section: str, key: str) -> RawRow | None:
        found = self._driver.row(place, section, key)
        return found if found is not None and found.lives(self._engine.ticks.now()) else None

    def _rows(self, place: Place, which: Selection) -> list[RawRow]:
        return self._driver.rows(place, which, self._engine.ticks.now())

    def _row(self, place: Place, row: RawRow) -> Row[T]:
        assert row.raw is not None
        value = self._decode(place, row.raw)
        return Row(row.key, row.section, value, row.version, row.tag, row.expires)

    def _drop(self, place: Place, rows: list[RawRow]) -> int:
        for row in rows:
            if self._versioned:
                marker = RawRow(row.section, row.key, None, self._engine.ticks.next(), row.tag)
                self._driver.put_row(place, marker)
            else:
                self._driver.drop_row(place, row.section, row.key)
        return len(rows)
