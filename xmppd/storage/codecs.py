"""Codecs: how the values of a store become JSON text or XML bytes."""

from __future__ import annotations

import json
from typing import Any, Generic, TypeVar

from cattrs.preconf.json import make_converter

from xmppd.storage.interfaces import Raw

T = TypeVar("T")

_converter = make_converter(omit_if_default=True)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class JsonCodec:
    """Plain JSON-able values: dicts, lists, texts, numbers, booleans, None."""

    def encode(self, value: Any) -> Raw:
        return _dump(value)

    def decode(self, raw: Raw) -> Any:
        return json.loads(raw)


class AttrsCodec(Generic[T]):
    """Values of an attrs class. Fields at their default are left out, unknown ones ignored."""

    def __init__(self, cls: type[T]) -> None:
        self._cls = cls

    def encode(self, value: T) -> Raw:
        return _dump(_converter.unstructure(value, self._cls))

    def decode(self, raw: Raw) -> T:
        try:
            return _converter.structure(json.loads(raw), self._cls)
        except Exception as problem:  # cattrs raises groups of whatever a field's hook raised
            raise ValueError(f"not a {self._cls.__name__}: {problem}") from problem


class XmlCodec:
    """The bytes of an XML element, as they are."""

    def encode(self, value: bytes) -> Raw:
        return value

    def decode(self, raw: Raw) -> bytes:
        if not isinstance(raw, bytes):
            raise ValueError("JSON where XML should be")
        return raw
