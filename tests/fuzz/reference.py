"""What a framer must make of a stream: told by namespace-aware expat and by domish."""

from contextlib import suppress
from dataclasses import dataclass, field
from pyexpat import ExpatError, ParserCreate
from typing import Any

from twisted.words.xish import domish

SPACE = " \t\r\n"
STREAM = "http://etherx.jabber.org/streams stream"

Node = tuple[str, frozenset[tuple[str, str]], tuple[Any, ...]]
"""An element: its name with namespace, its attributes, its content with text in one piece."""


class Refused(Exception):
    """RFC 6120, 11.1 and 4.9.3.1 forbid it, or a cap does, though XML allows it."""


@dataclass
class Outcome:
    """The elements that a stream gave before its end, and how it ended."""

    opened: bool = False
    stanzas: list[Node] = field(default_factory=list)
    closed: bool = False
    error: str = ""


class _Builder:
    def __init__(self) -> None:
        self.open: list[tuple[str, frozenset[tuple[str, str]], list[Any]]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.open.append((name, frozenset(attributes.items()), []))

    def text(self, data: str) -> None:
        content = self.open[-1][2]
        if content and isinstance(content[-1], str):
            content[-1] += data
        else:
            content.append(data)

    def end(self) -> Node:
        name, attributes, content = self.open.pop()
        node = name, attributes, tuple(content)
        if self.open:
            self.open[-1][2].append(node)
        return node


class Reference:
    """Reads one stream at once; what a byte means, expat alone decides."""

    def __init__(self, data: bytes, max_stanza: int, max_depth: int, max_attributes: int) -> None:
        self.data = data
        self.max_stanza, self.max_depth, self.max_attributes = max_stanza, max_depth, max_attributes
        self.outcome = Outcome()
        self.builder = _Builder()
        self.mark = 0
        self.parser = parser = ParserCreate("UTF-8", " ")
        parser.StartElementHandler = self.started
        parser.EndElementHandler = self.ended
        parser.CharacterDataHandler = self.text
        parser.StartCdataSectionHandler = self.cdata
        parser.CommentHandler = parser.ProcessingInstructionHandler = self.refuse
        parser.StartDoctypeDeclHandler = self.refuse
        parser.XmlDeclHandler = self.declared

    def read(self) -> Outcome:
        before, zero, _ = self.data.partition(b"\0")
        outcome = self.outcome
        try:
            self.parser.Parse(before, False)
            if not outcome.closed:
                self.look_at_the_rest(before)
                if zero:
                    raise Refused("NUL")
        except (ExpatError, Refused) as error:
            if not outcome.closed:
                outcome.error = str(error)
        return outcome

    def look_at_the_rest(self, data: bytes) -> None:
        tail = data[self.parser.CurrentByteIndex :]
        if len(self.builder.open) == 1 and tail[:1] not in (b"", b"<", b"\r"):
            raise Refused("text between stanzas, not complete")
        rest = data[self.mark :]
        if len(self.builder.open) == 1:
            rest = rest.lstrip(SPACE.encode())
        if len(rest) > self.max_stanza:
            raise Refused("too many bytes")

    def started(self, name: str, attributes: dict[str, str]) -> None:
        depth = len(self.builder.open)
        if self.outcome.closed:
            return
        if len(attributes) > self.max_attributes or depth > self.max_depth:
            raise Refused("cap")
        at = self.parser.CurrentByteIndex
        if depth == 0:
            self.outcome.opened = True
            self.mark = self.end_of_tag(at)
            if self.mark > self.max_stanza:
                self.outcome.opened = False
                raise Refused("too many bytes")
        elif depth == 1:
            self.mark = at
            if name == STREAM:
                raise Refused("a stream in the stream")
        self.builder.start(name, attributes)

    def ended(self, _: str) -> None:
        node = self.builder.end()
        depth = len(self.builder.open)
        if depth == 1:
            stop = self.parser.CurrentByteIndex
            if self.data[stop : stop + 2] == b"</" and not self.self_closed(stop):
                stop = self.data.index(b">", stop) + 1
            if stop - self.mark > self.max_stanza:
                raise Refused("too many bytes")
            self.mark = stop
            self.outcome.stanzas.append(node)
            self.builder.open[0][2].clear()
        elif depth == 0:
            self.outcome.closed = True

    def self_closed(self, stop: int) -> bool:
        return self.data[stop - 2 : stop] == b"/>" and self.end_of_tag(self.mark) == stop

    def end_of_tag(self, at: int) -> int:
        quote = b""
        while True:
            byte = self.data[at : at + 1]
            at += 1
            if quote:
                quote = b"" if byte == quote else quote
            elif byte in (b"'", b'"'):
                quote = byte
            elif byte == b">":
                return at

    def text(self, data: str) -> None:
        if self.outcome.closed:
            return
        if len(self.builder.open) == 1:
            raw = self.data[self.parser.CurrentByteIndex :][:1]
            if data.strip(SPACE) or raw not in (b" ", b"\t", b"\r", b"\n"):
                raise Refused("text between stanzas")
        else:
            self.builder.text(data)

    def cdata(self) -> None:
        if len(self.builder.open) == 1 and not self.outcome.closed:
            raise Refused("CDATA between stanzas")

    def declared(self, _: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() != "utf-8":
            raise Refused("encoding")

    def refuse(self, *_: object) -> None:
        if not self.outcome.closed:
            raise Refused("restricted")


def tree(data: bytes) -> Node:
    """The one element in a root."""
    roots: list[Node] = []
    builder = _Builder()

    def ended(_: str) -> None:
        roots.append(builder.end())

    parser = ParserCreate("UTF-8", " ")
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = builder.text
    parser.Parse(data, True)
    (only,) = roots[-1][2]
    return only  # type: ignore[no-any-return]


def domish_trees(data: bytes) -> list[Node]:
    """The elements that domish makes of a stream before it meets an error."""
    found: list[Node] = []
    stream = domish.elementStream()
    stream.DocumentStartEvent = stream.DocumentEndEvent = lambda *_: None
    stream.ElementEvent = lambda element: found.append(domish_tree(element))
    with suppress(domish.ParserError):
        stream.parse(data)
    return found


def domish_tree(element: domish.Element) -> Node:
    """A domish element in the form that the others have here."""
    content: list[Any] = []
    for child in element.children:
        if not isinstance(child, str):
            content.append(domish_tree(child))
        elif content and isinstance(content[-1], str):
            content[-1] += child
        else:
            content.append(child)
    attributes = {
        (f"{key[0]} {key[1]}" if isinstance(key, tuple) else key): value
        for key, value in element.attributes.items()
    }
    name = f"{element.uri} {element.name}" if element.uri else element.name
    return name, frozenset(attributes.items()), tuple(content)
