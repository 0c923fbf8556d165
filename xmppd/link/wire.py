"""XEP-0114 on the wire: one connection of a link, on the side that listens or that dials."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from hashlib import sha1
from typing import Any, Final

import attrs
from twisted.internet.interfaces import IDelayedCall, IProtocol, IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from xmppd.link.codec import LINK, envelope, to_bytes
from xmppd.link.link import Item
from xmppd.link.output import Output
from xmppd.link.turn import Turn
from xmppd.protocol.errors import StreamError
from xmppd.protocol.framer import Frame, Framer, Header, StreamClosed, StreamOpened
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element, open_tag
from xmppd.protocol.namespaces import COMPONENT_ACCEPT, CONTENT, STREAMS
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS

HANDSHAKE_SECONDS: Final = 30.0
PING_SECONDS: Final = 30.0
"""A link that says nothing for so long is asked for a sign of life; after as long again without
one it counts as down."""
BEFORE_HANDSHAKE: Final = 10_240
HIGH_WATER: Final = 1024 * 1024
"""Bytes written in one turn above which a connection counts as full until they are taken."""
ALIVE: Final = "xmppd-alive"
"""The id of our pings; what comes back under it is not passed on."""
_PING: Final = "urn:xmpp:ping"


def digest(stream_id: str, secret: str) -> str:
    """What proves the secret (XEP-0114, 3): SHA-1 in lower-case hexadecimal digits."""
    return sha1(f"{stream_id}{secret}".encode()).hexdigest()


@attrs.frozen
class WireSettings:
    """How a connection of a link behaves. Sizes are in bytes, times in seconds."""

    secret: str = attrs.field(repr=False)
    max_stanza: int = 1024 * 1024
    trusted: bool = False
    ping: float = PING_SECONDS


@implementer(IProtocol, IPushProducer)
class Wire:
    """One connection. Subclasses do their side of the handshake.

    `owner` is told what happens. `full` says that the transport is to be given no more for now.
    """

    log = Logger()

    def __init__(self, owner: Any, settings: WireSettings, turn: Turn, clock: Any) -> None:
        self.owner = owner
        self.settings = settings
        self.name = ""
        self.full = False
        self.peer = ""
        self._clock = clock
        self._turn = turn
        self._framer = Framer(BEFORE_HANDSHAKE)
        self._transport: Any = None
        self._output: Output | None = None
        self._out: list[bytes] = []
        self._ready = self._closed = self._opened = False
        self._handle: Callable[[Any], None] = self._header_event
        self._timer: IDelayedCall | None = None
        self._heard = self._asked = False
        self._holds: set[object] = set()

    # IProtocol

    def makeConnection(self, transport: Any) -> None:
        """A socket is there."""
        self._transport = transport
        self._output = Output(transport)
        self._output.watch(self)
        if hasattr(transport, "setTcpNoDelay"):
            transport.setTcpNoDelay(True)
        self.peer = str(transport.getPeer())
        self._timer = self._clock.callLater(HANDSHAKE_SECONDS, self._too_late)
        self.connectionMade()

    def connectionMade(self) -> None:
        """What this side says first."""

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the peer; all that they complete is handled at once."""
        self._heard = True
        handle = self._handle
        for event in self._framer.feed(data):
            if self._closed:
                return
            if handle is not self._handle:
                handle = self._handle
            try:
                handle(event)
            except StreamError as error:
                self.fail(error)
                return

    def connectionLost(self, reason: Failure) -> None:
        """The socket is gone."""
        self._stop_timer()
        self._closed = True
        if self._ready:
            self._ready = False
            self.owner.down(self)
        else:
            self.owner.failed(self)

    # IPushProducer, towards our own transport

    def pauseProducing(self) -> None:
        """The transport's buffer is full."""
        self.full = True

    def resumeProducing(self) -> None:
        """The transport's buffer is empty again."""
        self.full = False
        if self._ready:
            self.owner.drained(self)

    def stopProducing(self) -> None:
        """The transport takes no more."""
        self.full = True

    # Reading less, as others ask

    def pause_for(self, why: object) -> None:
        """Stop reading while `why` cannot take what comes."""
        if not self._holds:
            self._transport.pauseProducing()
        self._holds.add(why)

    def resume_from(self, why: object) -> None:
        """`why` can take again."""
        self._holds.discard(why)
        if not self._holds and not self._closed:
            self._transport.resumeProducing()

    # Sending

    def send(self, item: Item) -> None:
        """Write an item; all of one turn goes out together."""
        self._write(to_bytes(item))

    def _write(self, data: bytes) -> None:
        out = self._out
        if not out:
            self._turn.later(self._flush)
        out.append(data)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and self._output is not None and not self._transport_gone():
            self._output.write(b"".join(out))

    def _transport_gone(self) -> bool:
        return self._closed and self._transport is None

    def fail(self, error: StreamError) -> None:
        """End the stream with an error (RFC 6120, 4.9)."""
        self.log.warn(
            "link {name} with {peer}: {condition}",
            name=self.name or "?",
            peer=self.peer,
            condition=str(error),
        )
        self._end(error.to_bytes())

    def close(self) -> None:
        """End the stream in order; what was sent before goes out first."""
        self._end(b"")

    def _end(self, last: bytes) -> None:
        if self._closed:
            return
        if not self._opened:
            self._out.append(self._our_header())
        self._out.append(last + b"</stream:stream>")
        self._flush()
        self._closed = True
        self._stop_timer()
        assert self._output is not None
        self._output.finish()
        self._timer = self._clock.callLater(5.0, self._abort)

    def _abort(self) -> None:
        self._timer = None
        if self._output is not None:
            self._output.abort()

    def _our_header(self) -> bytes:
        raise NotImplementedError

    def _header_event(self, event: Any) -> None:
        raise NotImplementedError

    # After the handshake

    def _up(self, name: str) -> None:
        """The handshake is done."""
        self.name = name
        self._ready = True
        self._framer.max_stanza = self.settings.max_stanza
        self._framer.frames = self.settings.trusted
        self._handle = self._item_event
        self._stop_timer()
        self._timer = self._clock.callLater(self.settings.ping, self._check_life)
        self.owner.up(self)

    def _item_event(self, event: Any) -> None:
        if type(event) is Stanza:
            if event.ns != CONTENT or event.name not in STANZAS:
                raise StreamError("unsupported-stanza-type")
            if event.attrs.get("id") != ALIVE:
                self.owner.received(self, event)
        elif type(event) is Frame:
            self.owner.received(self, envelope(event))
        else:
            self._end_event(event)

    def _end_event(self, event: Any) -> None:
        if isinstance(event, StreamClosed):
            self.close()
        elif isinstance(event, StreamError):
            raise event

    # Life

    def _check_life(self) -> None:
        """Any bytes count as life, an error answer to a ping too.

        Trusted links say a space now and then, both sides unasked; others are asked.
        """
        self._timer = self._clock.callLater(self.settings.ping, self._check_life)
        if self.settings.trusted:
            self._write(b" ")
        if self._heard:
            self._heard = self._asked = False
        elif self._asked:
            self.log.warn("link {name} with {peer} is silent", name=self.name, peer=self.peer)
            self._abort()
        else:
            self._asked = True
            if not self.settings.trusted:
                self._write(self._ping())

    def _ping(self) -> bytes:
        """An iq that comes back from whoever serves the link's name, whatever the answer."""
        name = Jid.parse(self.name)
        ping = element("ping", _PING)
        return Stanza.make("iq", ping, to=name, sender=name, type="get", id=ALIVE).to_bytes()

    def _too_late(self) -> None:
        self._timer = None
        self.fail(StreamError("connection-timeout", "no handshake"))

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


class Accepted(Wire):
    """The side that listens: it is told a name, and wants the secret proved.

    `owner.admit(name)` gives the settings for that name or raises StreamError.
    """

    _id = ""

    def _our_header(self) -> bytes:
        self._opened = True
        self._id = secrets.token_hex(16)
        attributes = {"id": self._id, "from": self.name or "router", "xmlns:stream": STREAMS}
        return f"{open_tag('stream:stream', attributes, COMPONENT_ACCEPT)}>".encode()

    def _header_event(self, event: Any) -> None:
        if not isinstance(event, StreamOpened):
            self._end_event(event)
            return
        name = _name_of(event.header)
        self.settings = self.owner.admit(self, name)
        self.name = name
        self._write(self._our_header())
        self._handle = self._handshake_event

    def _handshake_event(self, event: Any) -> None:
        if not isinstance(event, Stanza):
            self._end_event(event)
            return
        if event.ns != CONTENT or event.name != "handshake":
            raise StreamError("not-authorized", "a handshake is due")
        shown = str(event.element()).strip().encode()
        if not hmac.compare_digest(shown, digest(self._id, self.settings.secret).encode()):
            raise StreamError("not-authorized", "wrong secret")
        self._write(b"<handshake/>")
        if self.settings.trusted:
            self._framer.frames = True
            self._handle = self._attach_event
        else:
            self._up(self.name)

    def _attach_event(self, event: Any) -> None:
        """A trusted link says what it is: the first thing after the handshake."""
        if not isinstance(event, Frame):
            self._end_event(event)
            raise StreamError("not-authorized", "an attach is due")
        [*_, item] = event.items or (None,)
        if item is None or item.ns != LINK or item.name != "attach":
            raise StreamError("not-authorized", "an attach is due")
        self.owner.attached(self, item)
        self._up(item.attrs["name"])


class Dialed(Wire):
    """The side that dials: it says its name and proves the secret.

    `attach` is what a trusted link says of itself.
    """

    def __init__(
        self,
        owner: Any,
        name: str,
        settings: WireSettings,
        turn: Turn,
        clock: Any,
        attach: bytes = b"",
    ) -> None:
        super().__init__(owner, settings, turn, clock)
        self.name = name
        self._attach = attach

    def connectionMade(self) -> None:
        """The header comes from who dials."""
        self._write(self._our_header())

    def _our_header(self) -> bytes:
        self._opened = True
        attributes = {"to": self.name, "xmlns:stream": STREAMS}
        return f"{open_tag('stream:stream', attributes, COMPONENT_ACCEPT)}>".encode()

    def _header_event(self, event: Any) -> None:
        if not isinstance(event, StreamOpened):
            self._end_event(event)
            return
        proof = digest(event.header.attrs.get("id", ""), self.settings.secret)
        self._write(element("handshake", None, None, proof))
        self._handle = self._handshake_event

    def _handshake_event(self, event: Any) -> None:
        if not isinstance(event, Stanza):
            self._end_event(event)
            return
        if event.ns == STREAMS and event.name == "error":
            raise StreamError("not-authorized", _condition(event))
        if event.ns != CONTENT or event.name != "handshake":
            raise StreamError("not-authorized", "a handshake is due")
        if self._attach:
            self._write(self._attach)
        self._up(self.name)


def _name_of(header: Header) -> str:
    """Whom the dialing side wants to be; raises StreamError (RFC 6120, 4.9.3)."""
    if header.namespace != STREAMS:
        raise StreamError("invalid-namespace")
    if header.name != "stream":
        raise StreamError("bad-format", "the root element is not a stream")
    if header.content != COMPONENT_ACCEPT:
        raise StreamError("invalid-namespace", f"the content namespace is {COMPONENT_ACCEPT}")
    try:
        name = Jid.parse(header.attrs.get("to", ""))
    except InvalidJid:
        raise StreamError("host-unknown") from None
    if name.local or name.resource:
        raise StreamError("host-unknown")
    return name


def _condition(error: Stanza) -> str:
    """What a peer's stream error names."""
    return next((name for _, name, _, _ in error.children), "")
