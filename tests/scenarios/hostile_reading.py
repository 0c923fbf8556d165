"""What a server says on one connection, taken apart by a parser that is not the server's own."""

from pyexpat import ParserCreate
from xml.etree import ElementTree

STREAMS = "http://etherx.jabber.org/streams"
CLIENT = "jabber:client"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"
DECLARATION = b"<?xml version='1.0'?>"

Element = ElementTree.Element


class Reader:
    """Reads streams that begin with our XML declaration, one after the other.

    Each element at the first level is cut out and must parse alone, with namespaces, as exactly
    one element; `read` raises AssertionError or an ExpatError where that is not so. `headers` are
    the attributes of the stream headers, `raw` is all that came.
    """

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []
        self.closed = False
        self.raw = b""
        self._open()

    def read(self, data: bytes) -> list[tuple[Element, bytes]]:
        """The elements that these bytes complete, each with the bytes it was cut out of."""
        self.raw += data
        first, *streams = data.split(DECLARATION)
        found = self._read(first) if first else []
        for stream in streams:
            assert not self.closed, "something came after the closing tag"
            self._open()
            found += self._read(DECLARATION + stream)
        return found

    def _open(self) -> None:
        self._buffer = b""
        self._depth = 0
        self._starts: list[int] = []
        self._end = -1
        self._parser = ParserCreate("UTF-8", " ")
        self._parser.StartElementHandler = self._started
        self._parser.EndElementHandler = self._ended
        self._parser.CharacterDataHandler = self._text

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth == 0:
            assert name == f"{STREAMS} stream", name
            self.headers.append(attributes)
        elif self._depth == 1:
            self._starts.append(self._parser.CurrentByteIndex)
        self._depth += 1

    def _ended(self, _: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._end = self._parser.CurrentByteIndex
            self.closed = True

    def _text(self, data: str) -> None:
        assert self._depth > 1 or not data.strip(), f"text between elements: {data!r}"

    def _read(self, data: bytes) -> list[tuple[Element, bytes]]:
        assert not self.closed, f"something came after the closing tag: {data!r}"
        self._buffer += data
        self._parser.Parse(data, False)
        if self._depth > 1:
            return []
        last = self._end if self.closed else len(self._buffer)
        stops = [*self._starts[1:], last]
        cut = [self._buffer[a:b].strip() for a, b in zip(self._starts, stops, strict=False)]
        self._starts.clear()
        return [(alone(span), span) for span in cut]


def alone(span: bytes) -> Element:
    """The one element that these bytes are, under nothing but what a stream of ours declares."""
    root = ElementTree.fromstring(
        b"<s xmlns='jabber:client' xmlns:stream='%b'>%b</s>" % (STREAMS.encode(), span)
    )
    assert len(root) == 1 and not root.text and not root[0].tail, span
    return root[0]


def content(element: Element) -> list[str]:
    """The text and children of an element, in a form that tells names, not prefixes."""
    children = [ElementTree.tostring(child, "unicode") for child in element]
    return [element.text or "", *children]


def error_of(element: Element) -> tuple[str, str]:
    """Type and condition of a stanza error."""
    [error] = [child for child in element if child.tag == f"{{{CLIENT}}}error"]
    return error.get("type", ""), error[0].tag.rpartition("}")[2]


def stream_condition(element: Element) -> str:
    """The condition of a stream error."""
    assert element.tag == f"{{{STREAMS}}}error", element.tag
    names = [child.tag[1:].split("}") for child in element]
    [condition] = [name for uri, name in names if uri == STREAM_ERRORS and name != "text"]
    return condition
