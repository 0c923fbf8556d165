"""Documents, tables and logs as text files that a hand may edit."""

from __future__ import annotations

import json
import tomllib
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import quote, unquote

from xmppd.storage import toml
from xmppd.storage.driver import Cell, RawRow
from xmppd.storage.holding import Rows
from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import Entry, Raw, Version

VALUE, XML, BASE64, TAG, EXPIRES = "@value", "@xml", "@base64", "@tag", "@expires"
_PRINTABLE = "@/:.-_~+=,;!$&'()*"


def write_document(cell: Cell) -> bytes:
    if isinstance(cell.raw, bytes):
        return cell.raw
    value = toml.box(json.loads(cell.raw))
    return toml.dumps({"version": cell.version, "value": value}).encode()


def read_document(data: bytes) -> Cell:
    """Raises ValueError, with the line where TOML is wrong."""
    top = tomllib.loads(data.decode())
    if "value" not in top:
        raise ValueError("has no `value`")
    return Cell(_json(toml.unbox(top["value"])), _version(top))


def write_table(rows: Rows) -> bytes:
    top: dict[str, Any] = {"version": rows.version()}
    plain, sections = toml.Headed(), toml.Headed()
    for row in rows:
        if row.raw is not None:
            within = sections.setdefault(row.section, toml.Headed()) if row.section else plain
            within[row.key] = _write_row(row, row.raw)
    return toml.dumps({**top, "rows": plain, "sections": sections}).encode()


def read_table(data: bytes) -> Rows:
    """The rows of a file, whose floor is the version that the file names."""
    top = tomllib.loads(data.decode())
    tables = [("", _members(top, "rows")), *_members(top, "sections").items()]
    found = [
        _read_row(section, key, _members(rows, key))
        for section, rows in tables
        for key in _demand_table(section, rows)
    ]
    return Rows(found, floor=_version(top))


def write_entry(entry: Entry) -> bytes:
    peer, resource = quote(entry.peer, _PRINTABLE), quote(entry.resource, _PRINTABLE)
    head = f"{entry.id} {peer} {resource} {entry.kind} {len(entry.body)}\n"
    return head.encode() + entry.body + b"\n"


def read_entries(data: bytes) -> tuple[list[Entry], int]:
    """The entries of a file, and where the last whole one ends.

    Raises ValueError if what follows is not just cut short.
    """
    entries, at = [], 0
    while (end := data.find(b"\n", at)) >= 0:
        entry, length = _read_head(data[at:end], at)
        stop = end + 1 + length
        if len(data) <= stop:
            break
        if data[stop : stop + 1] != b"\n":
            raise ValueError(f"the entry at byte {at} is not {length} bytes long")
        entries.append(entry._replace(body=data[end + 1 : stop]))
        at = stop + 1
    return entries, at


def _read_head(line: bytes, at: int) -> tuple[Entry, int]:
    try:
        id, peer, resource, kind, length = line.decode().split(" ")
        mark = Mark.from_id(id)
        head = Entry(id, mark.time, unquote(peer), unquote(resource), int(kind), b"")
        if int(length) < 0:
            raise ValueError("negative length")
        return head, int(length)
    except ValueError as problem:
        raise ValueError(f"no entry begins at byte {at}: {problem}") from problem


def _write_row(row: RawRow, raw: Raw) -> dict[str, Any]:
    fields = _write_raw(raw)
    if row.tag is not None:
        fields[TAG] = row.tag
    if row.expires is not None:
        fields[EXPIRES] = row.expires
    return fields


def _write_raw(raw: Raw) -> dict[str, Any]:
    if isinstance(raw, bytes):
        try:
            return {XML: raw.decode()}
        except UnicodeDecodeError:
            return {BASE64: b64encode(raw).decode()}
    value = toml.box(json.loads(raw))
    plain = isinstance(value, dict) and "" not in value
    if plain and not any(name.startswith("@") for name in value):
        return dict(value)
    return {VALUE: value}


def _read_row(section: str, key: str, fields: dict[str, Any]) -> RawRow:
    tag, expires = fields.pop(TAG, None), fields.pop(EXPIRES, None)
    if not isinstance(tag, str | None) or not isinstance(expires, int | None):
        raise ValueError(f"row {key!r}: {TAG} is a text, {EXPIRES} a number")
    return RawRow(section, key, _read_raw(fields), 0, tag, expires)


def _read_raw(fields: dict[str, Any]) -> Raw:
    if set(fields) == {XML}:
        return str(fields[XML]).encode()
    if set(fields) == {BASE64}:
        return b64decode(str(fields[BASE64]), validate=True)
    return _json(toml.unbox(fields[VALUE] if set(fields) == {VALUE} else fields))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _version(top: dict[str, Any]) -> Version:
    version = top.get("version", 0)
    if not isinstance(version, int) or isinstance(version, bool):
        raise ValueError("`version` is not a number")
    return version


def _members(table: dict[str, Any], name: str) -> dict[str, Any]:
    return _demand_table(name, table.get(name, {}))


def _demand_table(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"`{name}` is not a table")
    return value
