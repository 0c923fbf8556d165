"""Documents, rows and entries as statements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from xmppd.storage import sql
from xmppd.storage.driver import FOREVER, Cell, Place, RawRow, Selection, Span
from xmppd.storage.holding import window
from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import Entry, Owner, Version
from xmppd.storage.numbering import Numbering
from xmppd.storage.session import Session


def signed(salt: int) -> int:
    return salt - (1 << 64) if salt >> 63 else salt


def insert_rows(session: Session, rows: list[tuple[Any, ...]]) -> None:
    """Rows of the log, and their places in its index."""
    session.write_many(sql.LOG_ADD, rows)
    places = [(owner, store, seq, peer) for seq, owner, store, _, peer, *_ in rows]
    session.write_many(sql.ENTRY_ADD, sorted(places))


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, salt, peer, resource, kind, body = row
    return Entry(Mark(seq, salt & (1 << 64) - 1).to_id(), seq, peer, resource, kind, body)


def _row(row: tuple[Any, ...]) -> RawRow:
    return RawRow(*row)


class SqliteShapes:
    """The part of a driver that reads and writes; a place nothing was stored in has no numbers."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._numbering = Numbering(session)
        self._newest: Version = 0

    def document(self, place: Place) -> Cell | None:
        found = self._read(place, sql.DOCUMENT_GET)
        return Cell(*found[0]) if found else None

    def put_document(self, place: Place, cell: Cell | None) -> None:
        if cell is None:
            self._write(place, sql.DOCUMENT_DROP)
        else:
            self._write(place, sql.DOCUMENT_PUT, version=cell.version, value=cell.raw)
            self._newest = max(self._newest, cell.version)

    def row(self, place: Place, section: str, key: str) -> RawRow | None:
        found = self._read(place, sql.ROW_GET, section=section, key=key)
        return _row(found[0]) if found else None

    def rows(self, place: Place, which: Selection, now: float) -> list[RawRow]:
        text = sql.rows(
            which.section is not None, which.tag is not None, which.removed, which.newest
        )
        found = self._read(place, text, now=now, **which._asdict())
        return window(map(_row, found), FOREVER, which.newest)

    def version(self, place: Place) -> Version:
        found = self._read(place, sql.ROW_VERSION)
        return int(found[0][0]) if found else 0

    def floor(self, place: Place) -> Version:
        return 0

    def put_row(self, place: Place, row: RawRow) -> None:
        values = row._asdict()
        self._write(place, sql.ROW_PUT, value=values.pop("raw"), **values)
        self._newest = max(self._newest, row.version)

    def drop_row(self, place: Place, section: str, key: str) -> None:
        self._write(place, sql.ROW_DROP, section=section, key=key)

    def append(
        self, place: Place, mark: Mark, peer: str, resource: str, kind: int, body: bytes
    ) -> None:
        owner, store = self._numbering.make(place)
        self.session.add_row(
            (mark.time, owner, store, signed(mark.salt), peer, resource, kind, body)
        )
        self._newest = max(self._newest, mark.time)

    def taken(self, place: Place, time: int) -> bool:
        self.session.settle_rows()
        return bool(self.session.read(sql.LOG_TAKEN, {"seq": time}))

    def has(self, place: Place, mark: Mark) -> bool:
        self.session.settle_rows()
        return bool(self._read(place, sql.LOG_HAS, seq=mark.time, salt=signed(mark.salt)))

    def entries(self, place: Place, span: Span) -> list[Entry]:
        self.session.settle_rows()
        text = sql.entries(*_conditions(span), span.newest)
        return window(map(_entry, self._read(place, text, **_bounds(span))), FOREVER, span.newest)

    def count(self, place: Place, span: Span) -> int:
        self.session.settle_rows()
        found = self._read(place, sql.count(*_conditions(span)), **_bounds(span))
        return int(found[0][0]) if found else 0

    def oldest(self, place: Place, before: int | None, keep: int | None, limit: int) -> list[int]:
        self.session.settle_rows()
        if keep is not None:
            for (surplus,) in self._read(place, sql.ENTRY_AT, offset=keep):
                before = max(before or 0, surplus + 1)
        if before is None:
            return []
        found = self._read(place, sql.ENTRIES_BEFORE, before=before, limit=limit)
        return [time for (time,) in found]

    def replace(self, place: Place, time: int, body: bytes) -> None:
        self.session.settle_rows()
        self.session.write(sql.LOG_REPLACE, {"at": time, "new": body})

    def drop_entries(self, place: Place, times: Sequence[int]) -> int:
        if not times:
            return 0
        self.session.settle_rows()
        listed = json.dumps(times)
        with self.session.whole():
            self.session.write(sql.LOG_DROP, {"times": listed})
            return self._write(place, sql.ENTRY_DROP, times=listed)

    def owners(self, realm: str, after: str, limit: int, store: str | None) -> list[Owner]:
        self.session.settle_rows()
        which = {"realm": realm, "after": after, "limit": limit}
        if store is None:
            found = self.session.read(sql.OWNERS, which)
        else:
            number = self._numbering.store(store)
            found = self.session.read(sql.OWNERS_OF_STORE, {**which, "store": number})
        return [Owner(*row) for row in found]

    def erase(self, owner: Owner) -> None:
        self.session.settle_rows()
        number = self._numbering.owner(owner)
        if number is not None:
            with self.session.whole():
                for text in sql.ERASE:
                    self.session.write(text, {"owner": number})
            self._numbering.forget()

    def sweep(self, now: float) -> None:
        self.session.write(sql.ROW_SWEEP, {"now": now})

    def forget(self, before: Version) -> None:
        self.session.write(sql.ROW_FORGET, {"before": before})

    def _read(self, place: Place, text: str, **parameters: Any) -> list[Any]:
        numbers = self._numbering.find(place)
        if numbers is None:
            return []
        return self.session.read(
            text, {"owner": numbers.owner, "store": numbers.store, **parameters}
        )

    def _write(self, place: Place, text: str, **parameters: Any) -> int:
        numbers = self._numbering.make(place)
        return self.session.write(
            text, {"owner": numbers.owner, "store": numbers.store, **parameters}
        )


def _conditions(span: Span) -> tuple[bool, bool, bool, bool]:
    return span.peer is not None, span.resource is not None, bool(span.kinds), bool(span.times)


def _bounds(span: Span) -> dict[str, Any]:
    return {**span._asdict(), "kinds": json.dumps(span.kinds), "times": json.dumps(span.times)}
