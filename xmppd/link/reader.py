"""Reading for those who only pass on: many stanzas at once, and no look inside them.

What a read brings is cut at the end tags of its stanzas, and expat checks it in one call instead
of reporting each element. That is done for stanzas that are written in the plainest way only, as
most are; whatever is not, or is not whole, or not well-formed, is left to the framer, which knows
every rule.

Why a cut is right: in well-formed XML without CDATA, comments and processing instructions a `<`
begins a tag, and an end tag ends the last open element of that literal name. So where one
`<message` is followed by one `</message>`, the latter ends the former.
"""

import re
from pyexpat import ExpatError, ParserCreate, XMLParserType
from typing import Any, Final

from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, Header, StreamClosed
from xmppd.protocol.framer import MAX_TAG, Framer
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.spans import SEPARATOR
from xmppd.protocol.stanza import Stanza

RENEW: Final = 262_144
"""Bytes after which the parser is replaced, for it never forgets a name."""
SHORT: Final = 400
"""An element of fewer bytes is neither nested nor has attributes beyond the framer's caps."""
MOST_TAGS: Final = 60
MOST_EQUALS: Final = 100
"""With no more of `<`, and of `=`, it is not either."""
MAX_JIDS: Final = 16_384

_TAG = re.compile(
    rb"<(message|presence|iq)"
    rb"(?: (?:to='([^'<>&\t\r\n]*)'|from='([^'<>&\t\r\n]*)'"
    rb"|(?!xml|to=|from=)[a-z]+='[^'<>&\t\r\n]*'|xml:lang='[^'<>&\t\r\n]*'))*+(/?)>"
)
_ATTRIBUTE = re.compile(" ([a-z:]+)='([^']*)'")
_SPACES = re.compile(rb"[ \t\r\n]*")
_END = re.compile(rb"</(?:message|presence|iq)>")
_ENDS = {name: b"</%b>" % name for name in (b"message", b"presence", b"iq")}
_NAMES = {name: name.decode() for name in _ENDS}


class Passed(Stanza):
    """A stanza of which only the addresses have been looked at; the rest is found when asked for.

    Its bytes are such that writing it anew would give the same.
    """

    __slots__ = ("_inside", "_whole")

    def __init__(self, name: str, whole: bytes, inside: int, to: Jid | None, sender: Jid | None):
        self.ns = CONTENT
        self.name = name
        self.to = to
        self.sender = sender
        self.malformed = None
        self._whole = whole
        self._inside = inside

    def __getattr__(self, key: str) -> Any:
        """What has not been needed before."""
        value: Any
        if key == "attrs":
            value = dict(_ATTRIBUTE.findall(self._whole[: self._inside].decode()))
        elif key == "inner":
            value = self._whole[self._inside : -len(self.name) - 3]
        elif key == "_children":
            value = ()
        elif key == "_scanned":
            value = 0
        elif key == "_tag":
            value = None
        else:
            raise AttributeError(key)
        setattr(self, key, value)
        return value

    def to_bytes(self, xmlns: str | None = None) -> bytes:
        """The whole element."""
        return self._whole if xmlns is None else super().to_bytes(xmlns)


class _NotPlain(Exception):
    """Something for the framer."""


def _refuse(*_: object) -> None:
    raise _NotPlain


class Reader:
    """Reads on where a framer stands, between two elements of a stream."""

    def __init__(self, framer: Framer, header: Header) -> None:
        self._framer = framer
        self._is_plain = header.content is not None and header.default == header.content
        self._tag = header.tag
        prefixes = [f"{prefix}:".encode() for prefix in header.prefixes]
        self._marks = (b"\0", (header.content or "").encode(), *prefixes)
        self._parser: XMLParserType | None = None
        self._parsed = 0
        self._ended = False
        self._jids: dict[bytes, Jid] = {}

    def feed(self, data: bytes) -> list[Event]:
        """Read on. Returns the events that these bytes complete, in order."""
        if self._ended:
            return []
        if not self._is_plain:
            return self._frame(data)
        events: list[Event] = []
        if not self._framer.idle:
            end = _END.search(data)
            if end is None:
                return self._frame(data)
            events = self._frame(data[: end.end()])
            data = data[end.end() :]
            if not self._framer.idle:
                return events + self._frame(data)
        if self._ended:
            return events
        passed, length = self._pass(data)
        if passed:
            events += passed
            data = data[length:]
        return events + self._frame(data) if data else events

    def _frame(self, data: bytes) -> list[Event]:
        events = self._framer.feed(data)
        self._ended = bool(events) and isinstance(events[-1], StreamError | StreamClosed)
        return events

    def _pass(self, data: bytes) -> tuple[list[Stanza], int]:
        """The stanzas that are whole and plain, from the first on, and how long they are."""
        for mark in self._marks:
            if mark in data:
                return [], 0
        if b"&" in data and b"&#" in data:  # which may hide one of those
            return [], 0
        found, length = self._cut(data)
        if not found:
            return [], 0
        plain = data[:length]
        names = [stanza.name for stanza in found]
        for name in set(names):
            if plain.count(b"<%b" % name.encode()) != names.count(name):
                return [], 0
        return (found, length) if self._is_well_formed(plain) else ([], 0)

    def _cut(self, data: bytes) -> tuple[list[Stanza], int]:
        found: list[Stanza] = []
        most = min(MAX_TAG, self._framer.max_stanza)
        short = min(SHORT, most)
        jids = self._jids
        at = 0
        while True:
            tag = _TAG.match(data, at)
            if tag is None:
                start = _SPACES.match(data, at).end()  # type: ignore[union-attr]
                if start == at:
                    break
                at = start
                continue
            name, to, sender, closed = tag.groups()
            inside = tag.end()
            if closed:
                stop = inside
            else:
                stop = data.find(_ENDS[name], inside)
                if stop < 0:
                    break
                stop += len(name) + 3
            whole = data[at:stop]
            size = stop - at
            if size > short and (
                size > most or whole.count(b"<") > MOST_TAGS or whole.count(b"=") > MOST_EQUALS
            ):
                break
            try:
                found.append(
                    Passed(
                        _NAMES[name],
                        whole,
                        inside - at,
                        None if to is None else jids.get(to) or self._jid(to),
                        None if sender is None else jids.get(sender) or self._jid(sender),
                    )
                )
            except ValueError:
                break
            at = stop
        return found, at

    def _jid(self, written: bytes) -> Jid:
        """The address, if it is written as it should be; else raises ValueError."""
        text = written.decode()
        jid = Jid.parse(text)
        if jid != text:
            raise InvalidJid("not prepared")
        if len(written) <= SHORT:
            if len(self._jids) >= MAX_JIDS:
                self._jids.clear()
            self._jids[written] = jid
        return jid

    def _is_well_formed(self, data: bytes) -> bool:
        """Whether expat takes it; it must end where a token ends, not within a comment."""
        parser = self._parser
        if parser is None or self._parsed > RENEW:
            parser = self._parser = self._new_parser()
        self._parsed += len(data)
        try:
            parser.Parse(data, False)
        except (ExpatError, _NotPlain):
            self._parser = None
            return False
        if parser.CurrentByteIndex != self._parsed:
            self._parser = None
        return self._parser is not None

    def _new_parser(self) -> XMLParserType:
        parser = ParserCreate("UTF-8", SEPARATOR)
        if hasattr(parser, "SetReparseDeferralEnabled"):
            parser.SetReparseDeferralEnabled(False)
        parser.Parse(self._tag, False)
        parser.StartCdataSectionHandler = parser.CommentHandler = _refuse
        parser.ProcessingInstructionHandler = parser.StartDoctypeDeclHandler = _refuse
        self._parsed = len(self._tag)
        return parser
