"""From bytes to stanzas: restricted XML (RFC 6120, 11.1) framed without building a tree.

expat checks every byte, with namespaces; the framer notes where elements begin and end and hands
their content on as it came. What cannot be forwarded as it stands, because it leans on the stream
header or declares what our streams declare themselves, is rewritten once (`rewrite`).

The rules of raw forwarding are those of the design: NUL bytes are refused before the parser sees
them, start tags are written anew from their attributes, caps hold while reading.
"""

import re
from pyexpat import ExpatError, XMLParserType
from typing import Any, Final

import attrs

from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import (
    Event,
    Frame,
    Header,
    StreamClosed,
    StreamOpened,
    content_namespace,
)
from xmppd.protocol.expat import check_declaration, condition, new_parser, silence
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import CONTENT, STREAMS, XML
from xmppd.protocol.rewrite import rewrite
from xmppd.protocol.spans import SEPARATOR, Child, end_of, namespace_symbol, tag_at, tag_size
from xmppd.protocol.stanza import Stanza

SPACE: Final = b" \t\r\n"
MAX_DEPTH: Final = 64
MAX_ATTRIBUTES: Final = 100
MAX_TAG: Final = 16_384
"""Bytes of an unfinished tag: with deferral off, expat reads such a tag anew at each feed."""
MAX_FRAME: Final = 65_536
"""Bytes of a frame that holds more than one element."""
MAX_NAMES: Final = 1_000
MAX_READ: Final = 65_536
"""Distinct names, or bytes, after which the parser is replaced, for it never forgets a name."""
REWRITTEN: Final = 2
"""How many times `max_stanza` a stanza may have when rewritten, for each use of a prefix becomes
a whole namespace declaration."""

_AMPERSAND, _COLON = b"&:"  # one byte is found sooner than a string of one
_VALUE = re.compile(rb"'[^']*'|\"[^\"]*\"")
_LONG_TAG = re.compile(rb"<[^<]{%d}" % MAX_TAG)
_NO_CONTENT = "no content namespace"  # no namespace that expat lets pass holds a space
_LANG = f"{XML}{SEPARATOR}lang"
_STREAM = f"{STREAMS}{SEPARATOR}stream"


class Framer:
    """One direction of one stream.

    `feed()` returns what the bytes completed. A stream error comes as the last event, so that
    what stood before it in the same bytes is not lost; after it, and after the stream's closing
    tag, nothing more is read.

    `max_stanza` (bytes) may be raised after login. After an element of a namespace in `stop_at`
    the framer reads no further: `rest()` gives the unread bytes, `resume()` reads on. Where
    `frames` is set, a `<route/>` comes as a `Frame`, its children framed in the same pass.
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
        "_frame",
        "_header",
        "_inner",
        "_long",
        "_mark",
        "_names",
        "_parser",
        "_pending",
        "_plain_default",
        "_rest",
        "_risky",
        "_route",
        "_sink",
        "_symbols",
        "_tail",
        "_top",
        "_top_attrs",
        "_top_tag",
        "frames",
        "max_stanza",
        "stop_at",
    )

    def __init__(self, max_stanza: int = 262_144, stop_at: frozenset[str] = frozenset()) -> None:
        self.max_stanza = max_stanza
        self.stop_at = stop_at
        self.frames = False
        self._header: Header | None = None
        self._frame: _OpenFrame | None = None
        self._sink: list[Any] = []  # where whole elements go: to the events, or into a frame
        self._pending: bytearray | None = None
        self._rest: bytes | None = None
        self._done = False
        self._depth = 0
        # Offsets count what expat has read: the buffer's start, the end of the last whole element
        # or the start of the one half read, the end.
        self._base = self._mark = self._fed = 0
        self._tail = 0  # bytes of a token that is not complete
        self._long = False  # whether a tag in the buffer may be longer than MAX_TAG
        self._buffer: bytes | bytearray = b""
        self._events: list[Event] = []
        self._children: list[Child] = []
        self._declared: dict[str, str] = {}
        self._risky: tuple[bytes, ...] = ()
        self._names: dict[str, str] = {}
        self._symbols: dict[str, tuple[str, str]] = {}  # what names with namespace stand for
        self._parser: XMLParserType | None = self._new_parser()
        self._parser.StartNamespaceDeclHandler = self._declare
        self._parser.XmlDeclHandler = check_declaration

    def feed(self, data: bytes) -> list[Event]:
        """Read on. Returns the events that these bytes complete, in order."""
        if self._done:
            return []
        if self._rest is not None:
            self._rest = (self._rest + data).lstrip(SPACE)
            return []
        events = self._events = []
        if self._frame is None:
            self._sink = events
        zero = data.find(b"\0")
        try:
            self._read(data if zero < 0 else data[:zero])
        except StreamError as error:
            self._fail(error)
        except ExpatError as error:
            if self._rest is None and not self._done:
                at = self._error_at()
                self._fail(condition(error, self._buffer, at - self._base, at == 0))
        if zero >= 0:
            self._meet_zero(data[zero:])
        self._buffer = b""
        self._events = []
        return events

    def _meet_zero(self, left: bytes) -> None:
        if self._rest is not None:
            self._rest += left
        elif not self._done:
            self._stop()
            self._events.append(StreamError("unsupported-encoding", "NUL byte"))

    def rest(self) -> bytes:
        """The bytes after the element at which the framer stopped; they count as taken.

        White space in front is left out: clients end their elements with newlines, though between
        those that lead to another stream none is allowed (RFC 6120, 5.3.3 and 6.3.5).
        """
        rest, self._rest = self._rest or b"", b""
        return rest

    def resume(self) -> list[Event]:
        """Read on after a stop, under the same stream header."""
        rest, self._rest = self._rest, None
        return self.feed(rest) if rest else []

    def sleep(self) -> None:
        """Let go of the parser while nothing is half read; the next feed makes another."""
        if self.idle and self._depth == 1:
            self._parser = None
            self._names, self._symbols = {}, {}

    @property
    def idle(self) -> bool:
        """Whether no element is half read."""
        return self._pending is None and self._frame is None

    # Reading

    def _read(self, data: bytes) -> None:
        if not self._fed:  # what a client put behind the last element of its stream before
            data = data.lstrip(SPACE)
            if not data:
                return
        if self._parser is None or self._mark > MAX_READ or len(self._names) > MAX_NAMES:
            data = self._renewed(data)
        parser = self._parser
        assert parser is not None
        if self._pending is None:
            buffer: bytes | bytearray = data
        else:
            self._pending += data
            buffer = self._pending
        self._buffer = buffer
        size = len(data)
        self._fed += size
        new = size + self._tail
        self._long = new > MAX_TAG and _LONG_TAG.search(buffer, len(buffer) - new) is not None
        parser.Parse(data, False)
        if self._rest is None and not self._done:
            self._keep(buffer, parser)

    def _keep(self, buffer: bytes | bytearray, parser: XMLParserType) -> None:
        """Keep what is not complete, within the caps."""
        left = len(buffer) - (self._mark - self._base)
        if left and self._depth == 1:
            left = self._skip_space(buffer, left)
        if not left:
            self._pending = None
            self._base = self._mark
            self._tail = 0
            return
        self._tail = self._fed - parser.CurrentByteIndex
        if left > self.max_stanza or self._tail > MAX_TAG:
            raise _too_big()
        if left < len(buffer) or self._pending is None:
            self._base = self._fed - left
            self._pending = bytearray(buffer[len(buffer) - left :])

    def _skip_space(self, buffer: bytes | bytearray, left: int) -> int:
        rest = buffer[len(buffer) - left :].lstrip(SPACE)
        if rest and rest[:1] != b"<":
            raise _text_between()
        self._mark = self._fed - len(rest)
        return len(rest)

    def _new_parser(self) -> XMLParserType:
        self._names, self._symbols = {}, {}
        parser = new_parser(self._names)
        parser.StartElementHandler = self._started
        parser.EndElementHandler = self._ended
        parser.StartCdataSectionHandler = self._cdata
        return parser

    def _renewed(self, data: bytes) -> bytes:
        """Put a new parser behind the header; returns what it must read, half an element too.

        Not done while the parser at hand has read no whole element yet: that makes the work that
        is done twice small beside what was read.
        """
        assert self._header is not None
        tag = self._header.tag
        if self._frame is not None:
            tag += b"<route>"
        if self._parser is not None and self._mark <= len(tag):
            return data
        if self._frame is not None:
            self._frame = attrs.evolve(self._frame, start=len(tag) - self._mark + self._frame.start)
        parser = self._new_parser()
        parser.StartElementHandler = None
        parser.Parse(tag, False)
        parser.StartElementHandler = self._started
        self._parser = parser
        self._fed = self._base = self._mark = len(tag)
        self._depth = 1
        self._tail = 0
        pending, self._pending = self._pending, None
        return data if pending is None else bytes(pending) + data

    def _stop(self) -> None:
        """Read nothing more, whatever comes."""
        self._done = True
        if self._parser is not None:
            silence(self._parser)
        self._parser = None
        self._pending = None

    # Errors: the same ones however the bytes were split

    def _fail(self, error: StreamError) -> None:
        parser = self._parser
        if parser is not None:
            if self._depth == 1 and self._has_text_between():
                error = _text_between()
            elif parser.ErrorByteIndex - self._mark > self.max_stanza:
                error = _too_big()
        self._stop()
        self._events.append(error)

    def _error_at(self) -> int:
        assert self._parser is not None
        return self._parser.ErrorByteIndex

    def _has_text_between(self) -> bool:
        rest = self._buffer[self._mark - self._base :].lstrip(SPACE)
        return bool(rest) and rest[:1] != b"<"

    # What expat calls

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._declared[prefix or ""] = uri or ""

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        depth = self._depth
        if self._long:
            self._check_tag(b"<")
        if len(attributes) > MAX_ATTRIBUTES:
            raise StreamError("policy-violation", "too many attributes")
        if depth == 2:
            assert self._parser is not None
            self._child = self._parser.CurrentByteIndex
        elif depth == 1:
            if self.frames and name == self._route:
                self._open_frame(attributes)
                return
            self._open_top(name, attributes)
        elif depth == 0:
            self._open_stream(name, attributes)
        elif depth > MAX_DEPTH:
            raise StreamError("policy-violation", "elements nested too deeply")
        self._depth = depth + 1

    def _ended(self, name: str) -> None:
        if self._long:
            self._check_tag(b"</")
        self._depth = depth = self._depth - 1
        if depth > 2:
            return
        assert self._parser is not None
        at = self._parser.CurrentByteIndex
        if depth == 2:
            base, inner = self._base, self._inner
            stop = end_of(self._buffer, self._child - base, at - base) + base
            symbol, local = self._symbols.get(name) or self._symbol(name)
            self._children.append((symbol, local, self._child - inner, stop - inner))
        elif depth == 1:
            self._close_top(at - self._base)
        elif self._frame is not None:
            self._close_frame(self._frame, at)
        else:
            self._check_between(at)
            self._events.append(StreamClosed())
            self._stop()

    def _symbol(self, name: str) -> tuple[str, str]:
        namespace, _, local = name.rpartition(SEPARATOR)
        symbol = CONTENT if namespace == self._content else namespace_symbol(namespace)
        self._symbols[name] = symbol, local
        return symbol, local

    def _cdata(self) -> None:
        if self._depth == 1:
            raise _text_between()

    def _check_tag(self, start_of_it: bytes) -> None:
        """Hold a tag that came at once to the cap on one that comes in pieces.

        expat reports the end of a self-closed tag behind it, where anything may stand.
        """
        assert self._parser is not None
        buffer, start = self._buffer, self._parser.CurrentByteIndex - self._base
        if buffer.startswith(start_of_it, start) and tag_size(buffer, start) > MAX_TAG:
            raise _too_big()

    def _check_between(self, at: int) -> None:
        between = self._buffer[self._mark - self._base : at - self._base]
        if between and between.strip(SPACE):
            raise _text_between()

    def _open_stream(self, name: str, attributes: dict[str, str]) -> None:
        assert self._parser is not None
        start = self._parser.CurrentByteIndex
        tag = tag_at(self._buffer, start)
        if start + len(tag) > self.max_stanza:
            raise _too_big()
        if len(attributes) + len(self._declared) > MAX_ATTRIBUTES:
            raise StreamError("policy-violation", "too many attributes")
        self._parser.StartNamespaceDeclHandler = None
        self._parser.XmlDeclHandler = None
        prefixes, self._declared = self._declared, {}
        default = prefixes.pop("", "")
        content = content_namespace(default, prefixes)
        namespace, _, local = name.rpartition(SEPARATOR)
        found = {("xml:lang" if key == _LANG else key): value for key, value in attributes.items()}
        self._header = Header(namespace, local, found, content, default, prefixes, tag)
        self._content = content or _NO_CONTENT
        self._content_mark = self._content.encode()
        self._route = f"{self._content}{SEPARATOR}route"
        self._plain_default = default == content
        self._risky = tuple(f"{prefix}:".encode() for prefix in prefixes)
        self._mark = start + len(tag)
        self._events.append(StreamOpened(self._header))

    def _open_top(self, name: str, attributes: dict[str, str]) -> None:
        assert self._parser is not None
        start = self._parser.CurrentByteIndex
        if start != self._mark:
            self._check_between(start)
            self._mark = start
        if name == _STREAM:  # it would swallow all that follows
            raise StreamError("unsupported-stanza-type", "a stream in the stream")
        self._top = name
        self._top_attrs = attributes
        self._top_tag = tag = tag_at(self._buffer, start - self._base)
        self._inner = start + len(tag)
        self._children = []

    def _open_frame(self, attributes: dict[str, str]) -> None:
        """Its children count as if they stood in the stream itself: the depth stays."""
        assert self._parser is not None
        start = self._parser.CurrentByteIndex
        self._check_between(start)
        tag = tag_at(self._buffer, start - self._base)
        if self._frame is not None:
            raise StreamError("unsupported-stanza-type", "a route in a route")
        if b"xmlns" in tag and b"xmlns" in _VALUE.sub(b"", tag):
            raise StreamError("bad-format", "a route declares no namespaces")
        self._mark = start + len(tag)
        self._frame = _OpenFrame(attributes, self._mark, tag[-2:] == b"/>")
        self._sink = []

    def _close_frame(self, frame: "_OpenFrame", at: int) -> None:
        if not frame.is_empty:
            self._check_between(at)
            self._mark = self._buffer.index(b">", at - self._base) + 1 + self._base
        self._events.append(Frame(frame.attrs, tuple(self._sink)))
        self._sink = self._events
        self._frame = None
        self._depth = 1

    def _close_top(self, at: int) -> None:
        buffer, tag = self._buffer, self._top_tag
        start = self._mark - self._base
        content = start + len(tag)
        if tag[-2:] == b"/>":
            inner, stop = b"", content
        else:
            inner = bytes(buffer[content:at])
            stop = buffer.index(b">", at) + 1
        if stop - start > self.max_stanza:
            raise _too_big()
        stanza = self._plain(tag, inner) or self._rewritten(bytes(buffer[start:stop]))
        self._mark = stop + self._base
        self._sink.append(stanza)
        frame = self._frame
        if frame is not None and len(self._sink) > 1 and self._mark - frame.start > MAX_FRAME:
            raise _too_big()
        if stanza.ns in self.stop_at:
            assert self._parser is not None
            silence(self._parser)
            self._rest = bytes(buffer[stop:]).lstrip(SPACE)
            self._parser = None
            self._pending = None

    def _plain(self, tag: bytes, inner: bytes) -> Stanza | None:
        """The stanza as it stands, or None if something in it must be rewritten first.

        The tests are cheap and err on the safe side: a name that stands in the text of a body may
        cause a rewrite that changes nothing.
        """
        symbol, name = self._symbols.get(self._top) or self._symbol(self._top)
        if (
            symbol != CONTENT
            or not self._plain_default
            or b"xmlns" in tag
            or self._content_mark in inner
            or (_AMPERSAND in inner and b"&#" in inner and b"xmlns" in inner)
        ):
            return None
        prefixed = _COLON in tag
        for prefix in self._risky:
            if prefix in inner or (prefixed and prefix in tag):
                return None
        attributes = self._top_attrs
        if prefixed and b"xml:" in tag:  # no other prefix is left
            if _LANG in attributes:
                attributes["xml:lang"] = attributes.pop(_LANG)
            if SEPARATOR in "".join(attributes):
                return None
        return _prepared(Stanza(CONTENT, name, attributes, inner, tuple(self._children)))

    def _rewritten(self, data: bytes) -> Stanza:
        assert self._header is not None
        parts = rewrite(data, self._header.tag, self._content, REWRITTEN * self.max_stanza)
        return _prepared(Stanza(*parts))


@attrs.frozen
class _OpenFrame:
    """A frame whose end has not come; `start` counts what expat has read."""

    attrs: dict[str, str]
    start: int
    is_empty: bool


def _too_big() -> StreamError:
    return StreamError("policy-violation", "too many bytes in one element")


def _text_between() -> StreamError:
    return StreamError("bad-format", "text between stanzas")


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
