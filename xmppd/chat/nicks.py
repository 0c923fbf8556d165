"""Nicks: which there may be, and which count as the same (RFC 8266)."""

import unicodedata

LONGEST = 64
"""Characters of a nick."""

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Characters that show nothing though their category says otherwise."""


def fold(nick: str) -> str:
    """What two nicks that look alike have in common (RFC 8266, 2.4)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", nick).casefold())
    return " ".join(folded.split())


def is_nick(nick: str) -> bool:
    """Whether it is short enough, and something of it can be seen."""
    return len(nick) <= LONGEST and any(map(_shows, fold(nick)))


def _shows(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZM" and character not in _BLANK
