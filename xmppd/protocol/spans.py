"""Where elements begin and end in bytes that expat has accepted."""

import re
from pyexpat import ParserCreate
from typing import Final

from xmppd.protocol.markup import open_tag
from xmppd.protocol.namespaces import CONTENT, NO_NAMESPACE

SEPARATOR: Final = " "
"""Between namespace and name in expat's names: no URI may hold it, and expat refuses those."""

Child = tuple[str, str, int, int]
"""Namespace, name, start and stop of a direct child, counted in its parent's inner bytes."""

_CONTENT: Final = "content namespace"
"""Stands for CONTENT while an inside is scanned; no peer can utter it, for it holds a space."""
_LAST_COLON: Final = ":"
"""A separator that lets that pass; local names hold none, so the last one is it."""
_HYPHEN: Final = f"{NO_NAMESPACE} "
"""Stands for a namespace that is named like the symbol for none."""

_SLASH, _GREATER = b"/>"
_TAG = re.compile(rb"""<[^>"']*+(?:"[^"]*+"[^>"']*+|'[^']*+'[^>"']*+)*+>""")


def namespace_symbol(uri: str) -> str:
    """How a stanza names a namespace that is not its stream's content namespace."""
    if uri == NO_NAMESPACE:
        return _HYPHEN
    return uri or NO_NAMESPACE


def uri_of(symbol: str) -> str:
    """The namespace that a symbol stands for, where it is not CONTENT."""
    if symbol == NO_NAMESPACE:
        return ""
    return NO_NAMESPACE if symbol == _HYPHEN else symbol


def tag_at(buffer: bytes | bytearray, start: int) -> bytes:
    """The tag that begins at `start`."""
    found = _TAG.match(buffer, start)
    assert found is not None, "expat has read this tag"
    return bytes(found[0])


def tag_size(buffer: bytes | bytearray, start: int) -> int:
    """How long the tag is that begins at `start`; 0 where it is not complete."""
    found = _TAG.match(buffer, start)
    return 0 if found is None else found.end() - start


def end_of(buffer: bytes | bytearray, start: int, at: int) -> int:
    """Where the element that began at `start` stops, its end having been reported at `at`.

    At `<a/>` expat reports the end after the tag, at `</a>` before it.
    """
    if buffer[at - 1] == _GREATER and buffer[at - 2] == _SLASH:
        first = buffer.find(_GREATER, start) + 1  # where the tag ends, unless an attribute holds it
        if first == at or tag_size(buffer, start) == at - start:
            return at
    return buffer.index(_GREATER, at) + 1


def wrap(inner: bytes, namespace: str, prefixes: dict[str, str]) -> tuple[bytes, int]:
    """Put the inside of an element in a root that stands for it; returns also its offset there."""
    tag = open_tag("x", prefixes, _CONTENT if namespace == CONTENT else uri_of(namespace))
    start = f"{tag}>".encode()
    return b"%b%b</x>" % (start, inner), len(start)


def children_of(wrapped: bytes, offset: int) -> tuple[Child, ...]:
    """The children of the root element that `wrap` made, counted from `offset`."""
    spans: list[Child] = []
    parser = ParserCreate("UTF-8", _LAST_COLON)
    depth = start = 0

    def started(_: str, attributes: object) -> None:
        nonlocal depth, start
        depth += 1
        if depth == 2:
            start = parser.CurrentByteIndex

    def ended(name: str) -> None:
        nonlocal depth
        depth -= 1
        if depth == 1:
            namespace, _, local = name.rpartition(_LAST_COLON)
            symbol = CONTENT if namespace == _CONTENT else namespace_symbol(namespace)
            stop = end_of(wrapped, start, parser.CurrentByteIndex)
            spans.append((symbol, local, start - offset, stop - offset))

    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.Parse(wrapped, True)
    parser.StartElementHandler = parser.EndElementHandler = None  # they know the parser
    return tuple(spans)
