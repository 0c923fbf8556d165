"""How keys and values are written in messages: always on one line."""

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

KeyPath = tuple[str | int, ...]
"""The keys, and the places in lists, that lead to a value."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_VALUE = 60


def written(path: KeyPath) -> str:
    """Return a key path as people write it: `c2s.listen[1].tls`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if _BARE_KEY.fullmatch(step) else shown(step))
    return text


def shown(value: Any) -> str:
    """Return a value as it can stand in a message: one line, not long."""
    text = _printable(json.dumps(value, default=str, ensure_ascii=False))
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return what was probably meant, or all that could have been."""
    choices = sorted(known)
    near = get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return "known: " + ", ".join(choices) if choices else "no keys are known here"


def _printable(text: str) -> str:
    """Escape what would break the line or reorder it: controls and bidirectional marks."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
