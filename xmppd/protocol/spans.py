"""Where elements begin and end in bytes that expat has accepted."""

import re
from pyexpat import ParserCreate
from typing import Final

from xmppd.protocol.namespaces import CONTENT, CONTENT_NAMESPACES, NO_NAMESPACE

SEPARATOR: Final = " "
"""Between namespace and name in expat's names: no URI may hold it, and expat refuses those."""

Child = tuple[str, str, int, int]
"""Namespace, name, start and stop of a direct child, counted in its parent's inner bytes."""

_TAG = re.compile(rb"""<[^>"']*+(?:"[^"]*+"[^>"']*+|'[^']*+'[^>"']*+)*+>""")


def namespace_symbol(uri: str) -> str:
    """How a stanza names a namespace that is not its stream's content namespace."""
    return uri or NO_NAMESPACE


def tag_at(buffer: bytes | bytearray, start: int) -> bytes:
    """The start tag that begins at `start`."""
    found = _TAG.match(buffer, start)
    assert found is not None, "expat has read this tag"
    return bytes(found[0])


def end_of(buffer: bytes | bytearray, start: int, at: int) -> int:
    """Where the element that began at `start` stops, its end having been reported at `at`.

    At `<a/>` expat reports the end after the tag, at `</a>` before it.
    """
    if buffer[at - 2 : at] == b"/>":
        found = _TAG.match(buffer, start)
        if found is not None and found.end() == at:
            return at
    return buffer.index(b">", at) + 1


def children_of(wrapped: bytes, offset: int) -> tuple[Child, ...]:
    """The children of the root element of `wrapped`, counted from `offset`.

    Children in a stream's content namespace are CONTENT.
    """
    spans: list[Child] = []
    parser = ParserCreate("UTF-8", SEPARATOR)
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
            namespace, _, local = name.rpartition(SEPARATOR)
            symbol = CONTENT if namespace in CONTENT_NAMESPACES else namespace_symbol(namespace)
            stop = end_of(wrapped, start, parser.CurrentByteIndex)
            spans.append((symbol, local, start - offset, stop - offset))

    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.Parse(wrapped, True)
    return tuple(spans)
