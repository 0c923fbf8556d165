"""File names for any text: what may harm is percent-encoded, what is too long is cut."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import unquote_to_bytes

LONGEST = 180
"""Bytes of a file name, its ending not counted."""
HOST = "_host"
"""The folder of an owner without a name; an encoded name never begins like this."""
_CUT = 140

_HARMLESS = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789.-_")
_ENCODED = re.compile(r"(?![._])(?:[a-z0-9._-]|%[0-9a-f]{2})*", re.ASCII)


def encode(text: str) -> str:
    """A name that no file system takes for another one or for a path; "" is `_host`."""
    octets = text.encode()
    name = "".join(chr(octet) if octet in _HARMLESS else f"%{octet:02x}" for octet in octets)
    if name[:1] in (".", "_"):
        name = f"%{ord(name[0]):02x}{name[1:]}"
    if len(name) > LONGEST:
        return f"{name[:_CUT]}~{sha256(octets).hexdigest()[:32]}"
    return name or HOST


def is_cut(name: str) -> bool:
    """Does the real name have to be looked up inside?"""
    return "~" in name


def decode(name: str) -> str | None:
    """The text that a name stands for; None if `encode` did not make it or has cut it."""
    if name == HOST:
        return ""
    if not name or _ENCODED.fullmatch(name) is None:
        return None
    try:
        return unquote_to_bytes(name).decode()
    except UnicodeDecodeError:
        return None
