"""What both directions of a server connection have: bytes in, events out, an end in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from xmppd.link.output import Output
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, StreamClosed
from xmppd.protocol.framer import Framer
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge

LINGER_SECONDS: Final = 5
"""So long the other side may take to close after we have."""
MAX_UNREAD: Final = 262_144
"""Bytes that are written at most to who does not read; no stanzas are among them."""


@implementer(IPushProducer)
class ServerWire(Protocol):
    """A connection with a server; subclasses say what events mean.

    What is written in one reactor turn goes out in one piece. `choked` says that the transport has
    taken more than it can pass on; `is_broken` that the connection ended without a closing tag,
    `has_failed` that we have ended the stream with an error. `listens`: the stream is over, and
    what is under way may come yet.
    """

    output: Output

    def __init__(self, edge: ServerEdge) -> None:
        self.edge = edge
        self.clock = edge.clock
        self.choked = False
        self._unread = 0
        self.over = self.is_broken = self.has_failed = False
        self.listens = False
        self._has_closed = False
        self._pieces: list[bytes] = []
        self._timer: IDelayedCall | None = None
        self._since = 0.0

    # For subclasses

    @property
    def framer(self) -> Framer:
        """What reads now."""
        raise NotImplementedError

    def closing(self, last: bytes) -> bytes:
        """A last element and our closing tag."""
        raise NotImplementedError

    def handle(self, event: Event) -> None:
        """Take what the other side says."""
        raise NotImplementedError

    def ended(self, reason: str) -> None:
        """The stream is over, this once; `reason` is for people."""
        raise NotImplementedError

    def due(self) -> None:
        """The time of `wait` is up."""
        raise NotImplementedError

    def drained(self) -> None:
        """The transport takes again."""

    def late(self, item: Stanza) -> None:
        """Take what was under way when we closed the stream. Raises StreamError."""

    def heard_out(self) -> None:
        """What was under way then has come."""

    def still_holds(self) -> bool:
        """Whether what has been proved is enough for the policy and the trust as they are now."""
        raise NotImplementedError

    # What Twisted calls

    def connectionMade(self) -> None:
        """Take the transport."""
        self.edge.came(self)
        self.settle_on(self.transport)
        nodelay = getattr(self.transport, "setTcpNoDelay", None)
        if nodelay is not None:
            nodelay(True)

    def settle_on(self, transport: Any) -> None:
        """Go on over this transport."""
        self.transport = transport
        self.output = Output(transport)
        self.output.watch(self)

    def dataReceived(self, data: bytes) -> None:
        """Take what one read brought."""
        if not self.over:
            self.take(self.framer.feed(data))
        elif self.listens:
            self._take_late(self.framer.feed(data))

    def connectionLost(self, reason: Failure | None = None) -> None:
        """The socket has gone."""
        if not self.over:
            self.is_broken = True
        self._finish("connection lost")
        self._stop_listening()
        self._stop_timer()
        self.edge.left(self)

    def pauseProducing(self) -> None:
        """The transport's buffer is full."""
        self.choked = True
        self._unread = 0

    def resumeProducing(self) -> None:
        """The transport's buffer is empty."""
        self.choked = False
        if not self.over:
            self.drained()

    def stopProducing(self) -> None:
        """The transport is going; `connectionLost` says so too."""

    @property
    def where(self) -> str:
        """The network address of the other side."""
        peer: Any = None if self.transport is None else self.transport.getPeer()
        return f"{getattr(peer, 'host', '')}:{getattr(peer, 'port', '')}"

    @property
    def quiet_seconds(self) -> float:
        """How long it has been of no use."""
        return self.clock.seconds() - self._since

    # What subclasses ask for

    def take(self, events: list[Event]) -> None:
        """Handle what was read, until the stream ends."""
        for event in events:
            if self.over:
                return
            self._has_closed = isinstance(event, StreamClosed)
            try:
                self.handle(event)
            except StreamError as error:
                self.fail(error)

    def _take_late(self, events: list[Event]) -> None:
        try:
            for event in events:
                if isinstance(event, Stanza):
                    self.late(event)
                else:
                    self._stop_listening()
        except StreamError:
            self._stop_listening()

    def _stop_listening(self) -> None:
        if self.listens:
            self.listens = False
            self.heard_out()

    def read_on(self) -> None:
        """Read what follows an element at which the framer has stopped."""
        self.take(self.framer.resume())

    def write(self, data: bytes) -> None:
        """Write at the end of this turn."""
        if not self._pieces:
            self.edge.turn.later(self.flush)
        self._pieces.append(data)

    def flush(self) -> None:
        """Write now."""
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            data = b"".join(pieces)
            self._unread += len(data)
            self.output.write(data)
        if self.choked and self._unread > MAX_UNREAD:
            self.drop("it does not read")

    def wait(self, seconds: float) -> None:
        """Call `due` after so many seconds, unless something else is waited for by then."""
        self._stop_timer()
        self._since = self.clock.seconds()
        if seconds:
            self._timer = self.clock.callLater(seconds, self._due)

    def fail(self, error: StreamError) -> None:
        """End the stream with an error."""
        self.end(error.to_bytes(), str(error))

    def end(self, last: bytes = b"", reason: str = "closed") -> None:
        """End the stream in order; without a last word the other side may finish what it says."""
        if self.over:
            return
        self.has_failed = bool(last)
        self.listens = not self._has_closed
        self._pieces.append(self.closing(last))
        self.flush()
        self._finish(reason)
        self._timer = self.clock.callLater(LINGER_SECONDS, self._cut)
        self.output.finish()

    def drop(self, reason: str) -> None:
        """End the connection without a word."""
        if not self.over:
            self.is_broken = True
            self._finish(reason)
            self.output.abort()

    def _finish(self, reason: str) -> None:
        if not self.over:
            self.over = True
            self._stop_timer()
            self._pieces.clear()
            self.ended(reason)

    def _due(self) -> None:
        self._timer = None
        self.due()

    def _cut(self) -> None:
        self._timer = None
        self.output.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
