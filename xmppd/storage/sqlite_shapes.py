"""Documents and rows as statements, and what concerns whole owners."""

from __future__ import annotations

import json
from typing import Any

from xmppd.storage import sql
from xmppd.storage.driver import FOREVER, Cell, Place, RawRow, Selection
from xmppd.storage.holding import window
from xmppd.storage.interfaces import Owner, Version
from xmppd.storage.sqlite_logs import SqliteLogs


def _row(row: tuple[Any, ...]) -> RawRow:
    return RawRow(*row)


class SqliteShapes(SqliteLogs):
    """The part of a driver that reads and writes."""

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

    def owners(self, realm: str, after: str, limit: int, store: str | None) -> list[Owner]:
        self.session.settle_rows()
        which = {"realm": realm, "after": after, "limit": limit}
        if store is None:
            also = json.dumps(self.index.tail.owners())
            found = self.session.read(sql.OWNERS, {**which, "also": also})
        else:
            number = self._numbering.store(store)
            found = self.session.read(sql.OWNERS_OF_STORE, {**which, "store": number})
        return [Owner(*row) for row in found]

    def erase(self, owner: Owner) -> None:
        self.session.settle_rows()
        number = self._numbering.owner(owner)
        if number is not None:
            times = json.dumps(self.index.tail.times_of(number))
            with self.session.whole():
                self.session.write(sql.LOG_DROP, {"times": times})
                for text in sql.ERASE:
                    self.session.write(text, {"owner": number})
            self.index.tail.drop_owner(number)
            self._numbering.forget()

    def sweep(self, now: float) -> None:
        self.session.write(sql.ROW_SWEEP, {"now": now})

    def forget(self, before: Version) -> None:
        self.session.write(sql.ROW_FORGET, {"before": before})
