"""Localparts for names that may not be localparts (XEP-0106)."""

import re

_ESCAPED = {
    " ": "\\20",
    '"': "\\22",
    "&": "\\26",
    "'": "\\27",
    "/": "\\2f",
    ":": "\\3a",
    "<": "\\3c",
    ">": "\\3e",
    "@": "\\40",
    "\\": "\\5c",
}
_PLAIN = {escaped: plain for plain, escaped in _ESCAPED.items()}
_SEQUENCE = re.compile(r"\\(?:2[0267f]|3[ace]|40|5c)")
_CHARACTER = re.compile(r"[ \"&'/:<>@]|\\(?=2[0267f]|3[ace]|40|5c)")


def escape(name: str) -> str:
    """The localpart that stands for a name.

    Raises ValueError for one that begins or ends with a space (4.1, 6).
    """
    if name != name.strip(" "):
        raise ValueError("a name cannot begin or end with a space")
    return _CHARACTER.sub(lambda found: _ESCAPED[found[0]], name)


def unescape(local: str) -> str:
    """The name that a localpart stands for; sequences that escape nothing stay (4.3)."""
    return _SEQUENCE.sub(lambda found: _PLAIN[found[0]], local)


def is_escaped_well(local: str) -> bool:
    """Whether a localpart neither begins nor ends with an escaped space (4.1, 6)."""
    return not (local.startswith("\\20") or local.endswith("\\20"))
