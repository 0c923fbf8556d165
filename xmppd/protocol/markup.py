"""Writing XML: escaping, start tags and small elements, all without building a tree."""

import re
from collections.abc import Mapping

_ATTRIBUTE_SPECIAL = re.compile("[&<'\t\n\r]")
_ATTRIBUTE_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    "'": "&apos;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_TEXT_SPECIAL = re.compile("[&<>\r]")
_TEXT_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape_attribute(text: str) -> str:
    """Escape for an attribute value in single quotes; white space becomes references."""
    if _ATTRIBUTE_SPECIAL.search(text) is None:
        return text
    return _ATTRIBUTE_SPECIAL.sub(lambda found: _ATTRIBUTE_ESCAPES[found[0]], text)


def escape_text(text: str) -> str:
    """Escape for character data; `>` too, so that `]]>` cannot arise."""
    if _TEXT_SPECIAL.search(text) is None:
        return text
    return _TEXT_SPECIAL.sub(lambda found: _TEXT_ESCAPES[found[0]], text)


def only_xml(text: str) -> str:
    """Replace what XML 1.0 cannot express (section 2.2) by U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def open_tag(name: str, attrs: Mapping[str, str], xmlns: str | None = None) -> str:
    """A start tag up to but without its final `>` or `/>`.

    `name` and the keys of `attrs` are qualified names, as they are to be written. `xmlns`, where
    given, becomes the default namespace declaration.
    """
    declared = "" if xmlns is None else f" xmlns='{escape_attribute(xmlns)}'"
    if _ATTRIBUTE_SPECIAL.search("".join(attrs.values())) is None:
        written = "".join([f" {key}='{value}'" for key, value in attrs.items()])
    else:
        written = "".join([f" {key}='{escape_attribute(value)}'" for key, value in attrs.items()])
    return f"<{name}{declared}{written}"


def element(
    name: str,
    xmlns: str | None = None,
    attrs: Mapping[str, str | None] | None = None,
    *content: bytes | str,
) -> bytes:
    """A small element as bytes.

    `content` is text (str, escaped here) or finished XML (bytes). Attributes that are None are
    left out.
    """
    present = {key: value for key, value in (attrs or {}).items() if value is not None}
    tag = open_tag(name, present, xmlns).encode()
    inner = b"".join(
        part if isinstance(part, bytes) else escape_text(part).encode() for part in content
    )
    return tag + b"/>" if not inner else b"%b>%b</%b>" % (tag, inner, name.encode())
