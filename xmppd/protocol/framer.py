"""From bytes to stanzas: restricted XML (RFC 6120, 11.1) framed without building a tree.

expat checks every byte, with namespaces; the framer notes where elements begin and end and hands
their content on as it came. What cannot be forwarded as it stands, because it leans on the stream
header or declares what our streams declare themselves, is rewritten once (`rewrite`).

The rules of raw forwarding are those of the design: NUL bytes are refused before the parser sees
them, start tags are written anew from their attributes, caps hold while reading.
"""

import codecs
from pyexpat import ExpatError, ParserCreate, XMLParserType, errors, version_info
from typing import Final

import attrs

from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import CONTENT, CONTENT_NAMESPACES, STREAMS, XML
from xmppd.protocol.rewrite import rewrite
from xmppd.protocol.spans import SEPARATOR, Child, end_of, namespace_symbol, tag_at
from xmppd.protocol.stanza import Stanza

SPACE: Final = b" \t\r\n"
MAX_DEPTH: Final = 64
MAX_ATTRIBUTES: Final = 100
MAX_TAG: Final = 16_384
"""Bytes of an unfinished tag: with deferral off, expat reads such a tag anew at each feed."""
MAX_NAMES: Final = 1_000
"""Distinct names after which the parser, which remembers all of them, is replaced."""

_LANG = f"{XML}{SEPARATOR}lang"
_BAD_ENCODING = {
    errors.codes[errors.XML_ERROR_UNKNOWN_ENCODING],
    errors.codes[errors.XML_ERROR_INCORRECT_ENCODING],
}
_BAD_ENTITY = {
    errors.codes[errors.XML_ERROR_UNDEFINED_ENTITY],
    errors.codes[errors.XML_ERROR_PARAM_ENTITY_REF],
    errors.codes[errors.XML_ERROR_RECURSIVE_ENTITY_REF],
}
_BAD_TOKEN = {
    errors.codes[errors.XML_ERROR_INVALID_TOKEN],
    errors.codes[errors.XML_ERROR_PARTIAL_CHAR],
    errors.codes[errors.XML_ERROR_UNCLOSED_TOKEN],
}

if version_info < (2, 4, 6):
    raise ImportError("xmppd needs expat 2.4.6 or later (CVE-2022-25236)")
if version_info >= (2, 6, 0) and not hasattr(ParserCreate(), "SetReparseDeferralEnabled"):
    raise ImportError("expat 2.6 needs a Python with SetReparseDeferralEnabled (3.11.9, 3.12.3)")


@attrs.frozen
class Header:
    """A stream header as it was read.

    `namespace` and `name` are the root's; `content` is the stream's content namespace, or None
    where the header declares none that we know; `prefixes` are those it declares, which content
    may use; `tag` is the raw tag.
    """

    namespace: str
    name: str
    attrs: dict[str, str]
    content: str | None
    default: str
    prefixes: dict[str, str]
    tag: bytes


@attrs.frozen
class StreamOpened:
    """The peer's stream header (RFC 6120, 4.7)."""

    header: Header


class StreamClosed:
    """The peer's `</stream:stream>` (RFC 6120, 4.4)."""


Event = StreamOpened | Stanza | StreamClosed | StreamError


class Framer:
    """One direction of one stream.

    `feed()` returns what the bytes completed. A stream error comes as the last event, so that
    what stood before it in the same bytes is not lost; after it, and after the stream's closing
    tag, nothing more is read.

    `max_stanza` (bytes) may be raised after login. After an element of a namespace in `stop_at`
    the framer reads no further: `rest()` gives the unread bytes, `resume()` reads on.
    """

    __slots__ = (
        "_base",
        "_buffer",
        "_child",
        "_children",
        "_content",
        "_content_mark",
        "_declared",
        "_depth",
        "_done",
        "_events",
        "_fed",
        "_header",
        "_mark",
        "_names",
        "_parser",
        "_pending",
        "_rest",
        "_risky",
        "_start",
        "_top",
        "_top_attrs",
        "max_stanza",
        "stop_at",
    )

    def __init__(self, max_stanza: int = 262_144, stop_at: frozenset[str] = frozenset()) -> None:
        self.max_stanza = max_stanza
        self.stop_at = stop_at
        self._header: Header | None = None
        self._pending: bytearray | None = None
        self._rest: bytes | None = None
        self._done = False
        self._depth = 0
        self._base = self._mark = self._fed = 0  # offsets in what expat has read
        self._buffer: bytes | bytearray = b""
        self._events: list[Event] = []
        self._children: list[Child] = []
        self._declared: dict[str, str] = {}
        self._risky: tuple[bytes, ...] = ()
        self._parser: XMLParserType | None = self._new_parser()
        self._parser.StartNamespaceDeclHandler = self._declare
        self._parser.XmlDeclHandler = _check_declaration

    def feed(self, data: bytes) -> list[Event]:
        """Read on. Returns the events that these bytes complete, in order."""
        if self._done:
            return []
        if self._rest is not None:
            self._rest += data
            return []
        events = self._events = []
        zero = data.find(b"\0")
        try:
            self._read(data if zero < 0 else data[:zero])
            if zero >= 0 and not self._done and self._rest is None:
                raise StreamError("unsupported-encoding", "NUL byte")
        except StreamError as error:
            self._stop()
            events.append(error)
        except ExpatError as error:
            if self._rest is None and not self._done:
                condition = self._condition(error)
                self._stop()
                events.append(condition)
        self._buffer = b""
        self._events = []
        return events

    def rest(self) -> bytes:
        """The bytes after the element at which the framer stopped; they count as taken."""
        rest, self._rest = self._rest or b"", b""
        return rest

    def resume(self) -> list[Event]:
        """Read on after a stop, under the same stream header."""
        rest, self._rest = self._rest, None
        return self.feed(rest) if rest else []

    def sleep(self) -> None:
        """Let go of the parser while nothing is half read; the next feed makes another."""
        if self._pending is None and self._depth == 1 and self._header is not None:
            self._parser = None

    @property
    def idle(self) -> bool:
        """Whether no element is half read."""
        return self._pending is None

    # Reading

    def _read(self, data: bytes) -> None:
        if self._parser is None or len(self._names) > MAX_NAMES:
            self._awaken()
        parser = self._parser
        assert parser is not None
        if self._pending is None:
            buffer: bytes | bytearray = data
        else:
            self._pending += data
            buffer = self._pending
        self._buffer = buffer
        self._fed += len(data)
        parser.Parse(data, False)
        if self._rest is not None or self._done:
            return
        self._keep(buffer, parser)

    def _keep(self, buffer: bytes | bytearray, parser: XMLParserType) -> None:
        """Keep what is not complete, within the caps."""
        left = len(buffer) - (self._mark - self._base)
        if not left:
            self._pending = None
            self._base = self._mark
            return
        if self._depth == 1:
            left = self._skip_space(buffer, left)
        if left > self.max_stanza or (
            left > MAX_TAG and self._fed - parser.CurrentByteIndex > MAX_TAG
        ):
            raise StreamError("policy-violation", "too many bytes in one element")
        if left and left == len(buffer) and self._pending is not None:
            return
        self._base = self._fed - left
        self._pending = bytearray(buffer[len(buffer) - left :]) if left else None

    def _skip_space(self, buffer: bytes | bytearray, left: int) -> int:
        rest = buffer[len(buffer) - left :].lstrip(SPACE)
        if rest and rest[:1] != b"<":
            raise StreamError("bad-format", "text between stanzas")
        self._mark = self._fed - len(rest)
        return len(rest)

    def _new_parser(self) -> XMLParserType:
        self._names: dict[str, str] = {}
        parser = ParserCreate("UTF-8", SEPARATOR, self._names)
        if hasattr(parser, "SetReparseDeferralEnabled"):
            parser.SetReparseDeferralEnabled(False)
        parser.StartElementHandler = self._started
        parser.EndElementHandler = self._ended
        parser.StartDoctypeDeclHandler = _refuse
        parser.CommentHandler = _refuse
        parser.ProcessingInstructionHandler = _refuse
        return parser

    def _awaken(self) -> None:
        """Make a parser that stands behind the header, in front of what is pending."""
        if self._depth != 1 or self._header is None:
            return
        parser = self._new_parser()
        parser.StartElementHandler = None
        parser.Parse(self._header.tag, False)
        parser.StartElementHandler = self._started
        self._parser = parser
        self._fed = self._base = self._mark = len(self._header.tag)
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self._read(bytes(pending))

    def _stop(self) -> None:
        """Read nothing more, whatever comes."""
        self._done = True
        self._silence()
        self._parser = None
        self._pending = None

    def _silence(self) -> None:
        parser = self._parser
        if parser is not None:
            parser.StartElementHandler = parser.EndElementHandler = None
            parser.StartDoctypeDeclHandler = parser.CommentHandler = None
            parser.ProcessingInstructionHandler = None

    def _condition(self, error: ExpatError) -> StreamError:
        """What RFC 6120 calls it (4.9.3, 11.1): expat tells bad UTF-8 from bad tokens nowhere."""
        code = error.code
        if code in _BAD_ENCODING or (code in _BAD_TOKEN and not _is_utf8(self._buffer)):
            return StreamError("unsupported-encoding")
        if code in _BAD_ENTITY:
            return StreamError("restricted-xml", "undefined entity")
        return StreamError("not-well-formed")

    # What expat calls

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._declared[prefix or ""] = uri or ""

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        depth = self._depth
        if depth == 2:
            assert self._parser is not None
            self._child = self._parser.CurrentByteIndex - self._base
        elif depth == 1:
            self._open_top(name, attributes)
        elif depth == 0:
            self._open_stream(name, attributes)
        elif depth > MAX_DEPTH:
            raise StreamError("policy-violation", "elements nested too deeply")
        if len(attributes) > MAX_ATTRIBUTES:
            raise StreamError("policy-violation", "too many attributes")
        self._depth = depth + 1

    def _ended(self, name: str) -> None:
        self._depth = depth = self._depth - 1
        if depth > 2:
            return
        assert self._parser is not None
        at = self._parser.CurrentByteIndex - self._base
        if depth == 2:
            start = self._child
            namespace, _, local = name.rpartition(SEPARATOR)
            symbol = CONTENT if namespace == self._content else namespace_symbol(namespace)
            self._children.append((symbol, local, start, end_of(self._buffer, start, at)))
        elif depth == 1:
            self._close_top(at)
        else:
            self._events.append(StreamClosed())
            self._stop()

    def _open_stream(self, name: str, attributes: dict[str, str]) -> None:
        assert self._parser is not None
        start = self._parser.CurrentByteIndex
        tag = tag_at(self._buffer, start - self._base)
        if len(tag) > self.max_stanza:
            raise StreamError("policy-violation", "stream header too long")
        self._parser.StartNamespaceDeclHandler = None
        self._parser.XmlDeclHandler = None
        prefixes = self._declared
        default = prefixes.pop("", "")
        content = default
        if default not in CONTENT_NAMESPACES:
            known = [uri for uri in prefixes.values() if uri in CONTENT_NAMESPACES]
            content = known[0] if known and default == STREAMS else ""
        namespace, _, local = name.rpartition(SEPARATOR)
        found = {("xml:lang" if key == _LANG else key): value for key, value in attributes.items()}
        self._header = Header(
            namespace, local, found, content or None, default, prefixes, tag
        )
        self._declared = {}
        self._content = content or CONTENT_UNKNOWN
        self._content_mark = (content or CONTENT_UNKNOWN).encode()
        self._risky = tuple(f"{prefix}:".encode() for prefix in prefixes)
        self._mark = start + len(tag)
        self._events.append(StreamOpened(self._header))

    def _open_top(self, name: str, attributes: dict[str, str]) -> None:
        assert self._parser is not None
        start = self._parser.CurrentByteIndex
        between = self._buffer[self._mark - self._base : start - self._base]
        if between and between.strip(SPACE):
            raise StreamError("bad-format", "text between stanzas")
        self._mark = start
        self._start = start - self._base
        self._top = name
        self._top_attrs = attributes
        self._children = []

    def _close_top(self, at: int) -> None:
        buffer, start = self._buffer, self._start
        tag = tag_at(buffer, start)
        content = start + len(tag)
        if tag[-2:] == b"/>":
            inner, stop = b"", content
        else:
            inner = bytes(buffer[content:at])
            stop = buffer.index(b">", at) + 1
        if stop - start > self.max_stanza:
            raise StreamError("policy-violation", "stanza too big")
        self._mark = stop + self._base
        stanza = self._plain(tag, inner, content)
        if stanza is None:
            assert self._header is not None
            parts = rewrite(bytes(buffer[start:stop]), self._header.tag, self._content)
            stanza = _prepared(Stanza(*parts))
        self._events.append(stanza)
        if stanza.ns in self.stop_at:
            self._silence()
            self._rest = bytes(buffer[stop:])
            self._parser = None
            self._pending = None

    def _plain(self, tag: bytes, inner: bytes, content: int) -> Stanza | None:
        """The stanza as it stands, or None if something in it must be rewritten first.

        The tests are cheap and err on the safe side: a name that stands in the text of a body may
        cause a rewrite that changes nothing.
        """
        namespace, _, name = self._top.rpartition(SEPARATOR)
        attributes = self._top_attrs
        if (
            namespace != self._content
            or self._header is None
            or self._header.default != namespace
            or b"xmlns" in tag
            or tag[1 : len(name) + 1] != name.encode()
            or self._content_mark in inner
            or (b"&#" in inner and b"xmlns" in inner)
        ):
            return None
        for prefix in self._risky:
            if prefix in inner or prefix in tag:
                return None
        for key in attributes:
            if SEPARATOR in key:
                if key != _LANG:
                    return None
                attributes = {
                    ("xml:lang" if key == _LANG else key): value
                    for key, value in attributes.items()
                }
                if any(SEPARATOR in key for key in attributes):
                    return None
                break
        children = tuple(
            [(ns, local, first - content, last - content) for ns, local, first, last in self._children]
        )
        return _prepared(Stanza(CONTENT, name, attributes, inner, children))


CONTENT_UNKNOWN: Final = "?"
"""Stands where the header declared no content namespace; no URI is equal to it."""


def _prepared(stanza: Stanza) -> Stanza:
    """Parse `to` and `from`; what differs from its prepared form is written prepared."""
    attributes = stanza.attrs
    text = attributes.get("to")
    if text is not None:
        try:
            stanza.to = to = Jid.parse(text)
            if to != text:
                attributes["to"] = to
        except InvalidJid:
            stanza.malformed = "to"
    text = attributes.get("from")
    if text is not None:
        try:
            stanza.sender = sender = Jid.parse(text)
            if sender != text:
                attributes["from"] = sender
        except InvalidJid:
            stanza.malformed = "from"
    return stanza


def _is_utf8(buffer: bytes | bytearray) -> bool:
    try:
        codecs.utf_8_decode(buffer, "strict", False)
    except UnicodeDecodeError:
        return False
    return True


def _check_declaration(version: str, encoding: str | None, standalone: int) -> None:
    if encoding is not None and encoding.lower() != "utf-8":
        raise StreamError("unsupported-encoding")


def _refuse(*_: object) -> None:
    raise StreamError("restricted-xml")
