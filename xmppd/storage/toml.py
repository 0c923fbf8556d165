"""Writing TOML, and any JSON value as TOML: `tomllib` of the standard library only reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def dumps(top: Mapping[str, Any]) -> str:
    """TOML text: tables and tables of tables get headers, what lies deeper stands in a line."""
    lines: list[str] = []
    plain = {name: value for name, value in top.items() if not isinstance(value, dict)}
    lines += _pairs(plain)
    for name, value in top.items():
        if isinstance(value, dict):
            _table(lines, [name], value)
    return "\n".join(lines) + "\n"


class Headed(dict[str, Any]):
    """A table whose members are tables with headers of their own."""


def _table(lines: list[str], path: list[str], table: Mapping[str, Any]) -> None:
    if isinstance(table, Headed):
        for name, value in table.items():
            _table(lines, [*path, name], value)
    else:
        lines += ["", f"[{'.'.join(map(_key, path))}]", *_pairs(table)]


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(name)} = {_inline(value)}" for name, value in table.items()]


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    # JSON's escapes are TOML's, but TOML wants DEL escaped too
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(_pairs(value))} }}" if value else "{}"
    raise TypeError(f"no TOML for {type(value).__name__}")


def box(value: Any) -> Any:
    """A JSON value as TOML can say it: null, which TOML lacks, becomes `{"" = "null"}`."""
    if value is None:
        return {"": "null"}
    if isinstance(value, list):
        return [box(one) for one in value]
    if isinstance(value, dict):
        if set(value) == {""}:
            return {"": json.dumps(value, ensure_ascii=False)}
        return {name: box(one) for name, one in value.items()}
    return value


def unbox(value: Any) -> Any:
    """The JSON value again; dates, which JSON lacks and only a hand can have written, as texts."""
    if isinstance(value, list):
        return [unbox(one) for one in value]
    if isinstance(value, dict):
        if set(value) == {""} and isinstance(value[""], str):
            return json.loads(value[""])
        return {name: unbox(one) for name, one in value.items()}
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value
