"""Where in a TOML file something stands."""

import tomllib
from typing import Any

from xmppd.app.config_words import KeyPath


def line_of(text: str, path: KeyPath) -> int | None:
    """Return the number of the line that completes a value, None where there is no such value.

    That is the line with which the beginning of the file first says it.
    """
    lines = text.splitlines()
    for count in range(1, len(lines) + 1):
        try:
            if _has(tomllib.loads("\n".join(lines[:count])), path):
                return count
        except tomllib.TOMLDecodeError:
            pass  # the line ends within a value
    return None


def _has(value: Any, path: KeyPath) -> bool:
    try:
        for step in path:
            value = value[step]
    except (LookupError, TypeError):
        return False
    return True
