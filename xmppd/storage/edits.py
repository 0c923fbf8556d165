"""What a hand has changed in a file, as changes of what is held."""

from __future__ import annotations

import json
from typing import NamedTuple

from xmppd.storage.driver import Cell, RawRow
from xmppd.storage.holding import Rows
from xmppd.storage.ids import Ticks
from xmppd.storage.interfaces import Raw


class Edit(NamedTuple):
    """What to hold now, and the (section, key) of changed rows."""

    held: Cell | Rows | None
    keys: frozenset[tuple[str, str]]
    changed: bool


def edited_document(old: Cell | None, new: Cell | None, ticks: Ticks) -> Edit:
    if _same(old and old.raw, new and new.raw):
        return Edit(old, frozenset(), False)
    return Edit(new and Cell(new.raw, ticks.next()), frozenset(), True)


def edited_table(old: Rows, new: Rows, ticks: Ticks) -> Edit:
    """Changed rows get new versions, rows that went leave markers; the rest stays as it was."""
    merged = old.copy()
    keys = []
    for row in new:
        before = old.get(row.section, row.key)
        if before is None or not _same_row(before, row):
            merged.put(row._replace(version=ticks.next()))
            keys.append((row.section, row.key))
    for row in old:
        if row.raw is not None and new.get(row.section, row.key) is None:
            merged.put(row._replace(raw=None, version=ticks.next(), expires=None))
            keys.append((row.section, row.key))
    return Edit(merged, frozenset(keys), bool(keys))


def _same_row(one: RawRow, other: RawRow) -> bool:
    return (one.tag, one.expires) == (other.tag, other.expires) and _same(one.raw, other.raw)


def _same(one: Raw | None, other: Raw | None) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return bool(one == other or json.loads(one) == json.loads(other))
    return one == other
