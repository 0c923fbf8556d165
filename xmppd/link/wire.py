"""XEP-0114 on the wire: one connection of a link, after its handshake as before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IProtocol, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from xmppd.link.addresses import shown_address
from xmppd.link.codec import to_bytes
from xmppd.link.life import Life
from xmppd.link.link import Item, Receiver
from xmppd.link.outbox import Outbox
from xmppd.link.owner import NOBODY, Owner, nowhere
from xmppd.link.reader import Passed, Reader
from xmppd.link.traffic import is_ping, is_sign_of_life, opened, ping, with_lang
from xmppd.link.turn import Turn
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, Frame, Header, StreamClosed
from xmppd.protocol.framer import Framer
from xmppd.protocol.namespaces import CONTENT, STREAMS
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS

HANDSHAKE_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 5.0
"""How long the peer may take to close its side after we have closed ours."""
BEFORE_HANDSHAKE: Final = 10_240


@implementer(IProtocol)
class Wire:
    """One connection. Subclasses do their side of the handshake.

    `gone` fires when the connection is lost. `forwards` says that what comes is only passed on,
    so that nobody needs to know the children of each stanza.
    """

    log = Logger()
    forwards = False

    def __init__(
        self, owner: Owner, settings: WireSettings, turn: Turn, clock: IReactorTime
    ) -> None:
        self.owner = owner
        self.settings = settings
        self.name = ""
        self.peer = ""
        self.gone: Deferred[None] = Deferred()
        self._clock = clock
        self._outbox = Outbox(turn, self._drained)
        # Until the handshake is done the framer stops behind each element, for what follows it
        # is under other rules.
        self._framer = Framer(BEFORE_HANDSHAKE, stop_at=frozenset({CONTENT}))
        self._feed: Callable[[bytes], list[Event]] = self._framer.feed
        self._handle: Callable[[Event], None] = self._header_event
        self._receive: Receiver = nowhere
        self._header: Header | None = None
        self._lang = ""  # of the peer's stream header: it holds for stanzas that have none
        self._transport: Any = None
        self._left = 0
        self._claimed = ""  # a name that the owner has not agreed to yet
        self._ready = self._closed = self._opened = False
        self._timer: IDelayedCall | None = None
        self._life: Life | None = None
        self._holds: set[object] = set()

    # IProtocol

    def makeConnection(self, transport: Any) -> None:
        """A socket is there."""
        self._transport = transport
        self._outbox.connect(transport)
        if hasattr(transport, "setTcpNoDelay"):
            transport.setTcpNoDelay(True)
        self.peer = shown_address(transport.getPeer())
        self._timer = self._clock.callLater(HANDSHAKE_SECONDS, self._too_late)
        self.connectionMade()

    def connectionMade(self) -> None:
        """What this side says first."""

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the peer; all that they complete is handled at once."""
        if self._closed:
            return
        if self._life is not None:
            self._life.heard()
        try:
            if self._ready:
                self._take(self._feed(data))
            else:
                self._negotiate(data)
        except StreamError as error:
            self.fail(error)

    def connectionLost(self, reason: Failure) -> None:
        """The socket is gone."""
        self._stop_timers()
        self._closed = True
        self._leave(reason.getErrorMessage())
        self.gone.callback(None)

    # Reading less, as others ask; a paused connection still sends

    def pause_for(self, why: object) -> None:
        """Stop reading while `why` cannot take what comes."""
        if not self._holds and not self._closed:
            self._transport.pauseProducing()
        self._holds.add(why)

    def resume_from(self, why: object) -> None:
        """`why` can take again."""
        if why in self._holds:
            self._holds.remove(why)
            if not self._holds and not self._closed:
                self._transport.resumeProducing()

    # Sending

    @property
    def full(self) -> bool:
        """Whether the transport is to be given no more for now."""
        return self._outbox.full

    def send(self, item: Item) -> None:
        """Write an item; all of one turn goes out together."""
        self._write(to_bytes(item))

    def _write(self, data: bytes) -> None:
        if not self._closed:
            self._outbox.write(data)

    def _drained(self) -> None:
        if self._ready and not self._closed:
            self.owner.drained(self)

    # Ending

    def fail(self, error: StreamError) -> None:
        """End the stream with an error (RFC 6120, 4.9)."""
        if not self._closed:
            self.log.warn(
                "link {name} with {peer}: {condition}",
                name=self.name or self._claimed or "?",
                peer=self.peer,
                condition=str(error),
            )
        self._end(error.to_bytes(), str(error))

    def close(self) -> None:
        """End the stream in order; what was sent before goes out first."""
        self._end(b"", "closed")

    def _end(self, last: bytes, reason: str) -> None:
        if self._closed:
            return
        header = b"" if self._opened else self._our_header()
        self._write(b"%b%b</stream:stream>" % (header, last))
        self._closed = True
        self._stop_timers()
        self._outbox.finish()
        if self._holds:  # the peer's end is to be noticed
            self._transport.resumeProducing()
        self._timer = self._clock.callLater(CLOSE_SECONDS, self._abort)
        self._leave(reason)

    def _leave(self, reason: str) -> None:
        """Tell the owner, once."""
        owner, self.owner = self.owner, NOBODY
        if self._ready:
            self._ready = False
            owner.down(self)
        else:
            owner.failed(self, reason)

    def _abort(self) -> None:
        self._timer = None
        self._outbox.abort()

    # Before the handshake is done

    def _our_header(self) -> bytes:
        raise NotImplementedError

    def _header_event(self, event: Event) -> None:
        raise NotImplementedError

    def _negotiate(self, data: bytes) -> None:
        events = self._framer.feed(data)
        while events and not self._closed:
            if self._ready:
                self._take(events)
                return
            self._handle(events[0])
            events = events[1:] or self._framer.resume()

    def _proved(self) -> None:
        """The secret is: other rules hold for what follows."""
        self._framer.stop_at = frozenset()
        self._framer.max_stanza = self.settings.max_stanza
        self._framer.frames = self.settings.trusted

    def _up(self) -> None:
        """The link may carry stanzas."""
        self._stop_timers()
        owner = self.owner
        self._receive = owner.up(self)
        if self._closed:  # in the midst of that, and so nobody has said that it is down
            owner.down(self)
            return
        self._ready = True
        assert self._header is not None
        self._lang = self._header.attrs.get("xml:lang", "")
        if self.forwards and not self._lang:
            self._feed = Reader(self._framer, self._header).feed
        settings = self.settings
        self._life = Life(
            self._clock,
            settings.ping,
            self._say_alive if settings.trusted else self._ask_life,
            self._silent,
            self._is_excused,
            settings.trusted,
        )

    def _too_late(self) -> None:
        self._timer = None
        self.fail(StreamError("connection-timeout", "no handshake"))

    # After it

    def _take(self, events: list[Event]) -> None:
        receive = self._receive
        for event in events:
            if self._closed:
                return
            if type(event) is Passed and event.name != "iq":
                receive(event)
            elif isinstance(event, Stanza):
                if event.ns != CONTENT or event.name not in STANZAS:
                    self._odd(event)
                elif event.name != "iq" or not self._is_of_the_link(event):
                    receive(with_lang(event, self._lang))
            elif isinstance(event, Frame):
                receive(opened(event))
            else:
                self._end_event(event)

    def _is_of_the_link(self, iq: Stanza) -> bool:
        """Whether it is about the connection alone; a ping is answered."""
        if is_ping(iq, self.name):
            self._write(iq.reply().to_bytes())
            return True
        return is_sign_of_life(iq)

    def _odd(self, event: Stanza) -> None:
        """What is no stanza ends the stream, the peer's own error too."""
        if event.ns == STREAMS and event.name == "error":
            self._end_of_peer(event)
        else:
            raise StreamError("unsupported-stanza-type")

    def _end_of_peer(self, error: Stanza) -> None:
        condition = next((name for _, name, _, _ in error.children), "no condition")
        self.log.warn(
            "link {name}: {peer} says {condition}",
            name=self.name,
            peer=self.peer,
            condition=condition,
        )
        self._end(b"", condition)

    def _end_event(self, event: Event) -> None:
        if isinstance(event, StreamError):
            raise event
        if isinstance(event, StreamClosed):
            self.close()

    # Life

    def _ask_life(self) -> None:
        self._write(ping(self.name).to_bytes())

    def _say_alive(self) -> None:
        self._write(b" ")

    def _is_excused(self) -> bool:
        """Who is not read cannot be heard; but then what we write must go on its way."""
        left, self._left = self._left, self._outbox.left()
        return bool(self._holds) and not (self.full and self._left == left)

    def _silent(self) -> None:
        self.log.warn("link {name} with {peer} is silent", name=self.name, peer=self.peer)
        self._closed = True
        self._stop_timers()
        self._abort()
        self._leave("silent")

    def _stop_timers(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._life is not None:
            self._life.stop()
