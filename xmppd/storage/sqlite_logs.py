"""Entries as statements: what the index in the database knows, then what memory knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from xmppd.storage import sql
from xmppd.storage.driver import FOREVER, Place, Span
from xmppd.storage.holding import window
from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import Entry
from xmppd.storage.late_index import LateIndex
from xmppd.storage.numbering import Numbers
from xmppd.storage.session import Session
from xmppd.storage.statements import Statements
from xmppd.storage.tail import first_few


def signed(salt: int) -> int:
    return salt - (1 << 64) if salt >> 63 else salt


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, salt, peer, resource, kind, body = row
    return Entry(Mark(seq, salt & (1 << 64) - 1).to_id(), seq, peer, resource, kind, body)


class SqliteLogs(Statements):
    """The part of a driver that has to do with entries."""

    def __init__(self, session: Session, index: LateIndex) -> None:
        super().__init__(session)
        self.index = index
        session.insert_rows = self._insert_rows
        session.taken_back = index.forget

    def append(
        self, place: Place, mark: Mark, peer: str, resource: str, kind: int, body: bytes
    ) -> None:
        owner, store = self._numbering.make(place)
        self.session.add_row(
            (mark.time, owner, store, signed(mark.salt), peer, resource, kind, body)
        )
        if mark.time > self._newest:
            self._newest = mark.time

    def taken(self, place: Place, time: int) -> bool:
        self.session.settle_rows()
        return bool(self.session.read(sql.LOG_TAKEN, {"seq": time}))

    def has(self, place: Place, mark: Mark) -> bool:
        self.session.settle_rows()
        return bool(self._read(place, sql.LOG_HAS, seq=mark.time, salt=signed(mark.salt)))

    def entries(self, place: Place, span: Span) -> list[Entry]:
        self.session.settle_rows()
        numbers = self._numbering.find(place)
        if numbers is None:
            return []
        if span.newest:
            new = self._from_tail(numbers, span)
            return self._from_index(place, span, span.limit - len(new)) + new
        old = self._from_index(place, span, span.limit)
        return old + self._from_tail(numbers, span._replace(limit=span.limit - len(old)))

    def count(self, place: Place, span: Span) -> int:
        self.session.settle_rows()
        numbers = self._numbering.find(place)
        if numbers is None:
            return 0
        text = sql.count(*_conditions(span))
        ((indexed,),) = self._read(place, text, **self._bounds(span))
        span = span._replace(limit=span.limit - indexed)
        if span.resource is None and not span.kinds:
            return int(indexed) + len(first_few(self.index.tail.select(numbers, span), span.limit))
        return int(indexed) + len(self._from_tail(numbers, span))

    def oldest(self, place: Place, before: int | None, keep: int | None, limit: int) -> list[int]:
        self.session.settle_rows()
        numbers = self._numbering.find(place)
        if numbers is None:
            return []
        if keep is not None:
            before = max(before or 0, self._surplus(place, numbers, keep))
        if not before:
            return []
        last = min(before, self.index.mark + 1)
        found = self._read(place, sql.ENTRIES_BEFORE, before=last, limit=limit)
        times = [time for (time,) in found]
        new = self.index.tail.select(numbers, Span(last=before - 1))
        return times + first_few(new, limit - len(times))

    def replace(self, place: Place, time: int, body: bytes) -> None:
        self.session.settle_rows()
        self.session.write(sql.LOG_REPLACE, {"at": time, "new": body})

    def drop_entries(self, place: Place, times: Sequence[int]) -> int:
        if not times:
            return 0
        self.session.settle_rows()
        listed = json.dumps(times)
        with self.session.whole():
            dropped = self.session.write(sql.LOG_DROP, {"times": listed})
            self._write(place, sql.ENTRY_DROP, times=listed)
        self.index.tail.drop(self._numbering.make(place), times)
        return dropped

    def _surplus(self, place: Place, numbers: Numbers, keep: int) -> int:
        """Entries before this time are more than are to be kept."""
        new = self.index.tail.count(numbers)
        if keep < new:
            return self.index.tail.from_end(numbers, keep) + 1
        found = self._read(place, sql.ENTRY_AT, offset=keep - new, mark=self.index.mark)
        return int(found[0][0]) + 1 if found else 0

    def _from_index(self, place: Place, span: Span, limit: int) -> list[Entry]:
        if limit <= 0 or span.first > self.index.mark:
            return []
        text = sql.entries(*_conditions(span), span.newest)
        found = self._read(place, text, **self._bounds(span._replace(limit=limit)))
        return window(map(_entry, found), FOREVER, span.newest)

    def _from_tail(self, numbers: Numbers, span: Span) -> list[Entry]:
        tail = self.index.tail.select(numbers, span)
        conditions = span.resource is not None, bool(span.kinds)
        times = list(tail) if any(conditions) else first_few(tail, span.limit)
        if not times or span.limit <= 0:
            return []
        bounds = {**self._bounds(span), "times": json.dumps(times)}
        found = self.session.read(sql.entries_at(*conditions, span.newest), bounds)
        return window(map(_entry, found), FOREVER, span.newest)

    def _bounds(self, span: Span) -> dict[str, Any]:
        return {
            **span._asdict(),
            "last": min(span.last, self.index.mark),
            "kinds": json.dumps(span.kinds),
            "times": json.dumps(span.times),
        }

    def _insert_rows(self, rows: list[tuple[Any, ...]]) -> None:
        tail = self.index.tail  # as it is without these rows
        self.session.write_many(sql.LOG_ADD, rows)
        late = self.index.added(rows, tail)
        if late:
            self.session.write_many(sql.ENTRY_ADD, sorted(late))


def _conditions(span: Span) -> tuple[bool, bool, bool, bool]:
    return span.peer is not None, span.resource is not None, bool(span.kinds), bool(span.times)
