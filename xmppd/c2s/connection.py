"""One client's connection: bytes in, bytes out, and when to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocol, IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from xmppd.c2s.negotiation import NEGOTIATION, Negotiation
from xmppd.c2s.phase import ANSWER, OVER, RATE, UNREAD, WINDOW, Phase
from xmppd.link.output import Output
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CLIENT
from xmppd.protocol.stream import Stream
from xmppd.tls.transport import start_tls

if TYPE_CHECKING:
    from xmppd.c2s.edge import ClientEdge

BURST_SECONDS: Final = 4
"""So many seconds' worth of bytes are taken at once from a client that was quiet before."""


@implementer(IProtocol, IPushProducer)
class Connection:
    """The protocol of one client; what the bytes mean is its phase's business.

    `address` is the stream's in the session protocol. `heard` is the second of the client's last
    bytes, `wrote` that of ours; `slow` says that the transport's buffer has been full and is not
    yet empty.
    """

    __slots__ = (
        "_awake",
        "_filled",
        "_holds",
        "_left",
        "_tokens",
        "_transport",
        "address",
        "edge",
        "heard",
        "key",
        "output",
        "phase",
        "slow",
        "slow_since",
        "stream",
        "tls",
        "wrote",
    )

    output: Output

    def __init__(self, edge: ClientEdge, address: Jid, key: str, tls: str) -> None:
        """
        :param key: what the network address counts as; empty while that is not known.
        :param tls: as of the place it came from: none, starttls or direct.
        """
        self.edge = edge
        self.address = address
        self.key = key
        self.tls = tls
        self.stream = Stream(
            CLIENT, edge.default_host, edge.limits.stanza_bytes_before_login, NEGOTIATION
        )
        self.phase: Phase = Negotiation(self)
        self.heard = self.wrote = self._filled = edge.wheel.now
        self.slow = False
        self.slow_since = self._left = 0
        self._holds = 0
        self._tokens = edge.rate * BURST_SECONDS
        self._awake = False
        self._transport: Any = None

    # What Twisted calls

    def makeConnection(self, transport: Any) -> None:
        """Take the transport."""
        self._settle_on(transport)
        self.connectionMade()

    def connectionMade(self) -> None:
        """Begin; nothing is said before the client's header."""
        nodelay = getattr(self._transport, "setTcpNoDelay", None)
        if nodelay is not None:
            nodelay(True)
        self.edge.connected(self)

    def dataReceived(self, data: bytes) -> None:
        """Take what one read brought."""
        edge = self.edge
        self.heard = edge.wheel.now
        if not self._awake:
            self._awake = True
            edge.awake.append(self)
            if not self.key and not edge.told_address(self):
                self.abort()
                return
        if edge.rate:
            self._tokens -= len(data)
            if self._tokens < 0:
                self._throttle(len(data))
        self.phase.receive(data)

    def connectionLost(self, reason: Failure) -> None:
        """The socket has gone."""
        phase, self.phase = self.phase, OVER
        phase.ended("lost")
        self.edge.disconnected(self)
        self._transport = None

    def pauseProducing(self) -> None:
        """The transport's buffer is full: what is written from now on does not count as such."""
        self.slow = True
        self.slow_since = self.edge.wheel.now
        self._left = self.output.left()
        self.edge.slow.add(self)

    def resumeProducing(self) -> None:
        """The transport's buffer is empty."""
        self.slow = False
        self.edge.slow.discard(self)
        self.phase.caught_up()

    def stopProducing(self) -> None:
        """The transport is going; `connectionLost` says so too."""

    # What phases ask for

    @property
    def transport(self) -> Any:
        """What Twisted knows of the connection; None once it has gone."""
        return self._transport

    def write(self, data: bytes) -> None:
        """Write to the client."""
        self.wrote = self.edge.wheel.now
        self.output.write(data)

    def hold(self, why: int) -> None:
        """Stop reading for a reason: ANSWER, WINDOW, RATE or UNREAD."""
        if not self._holds and self._transport is not None:
            self._transport.pauseProducing()
        self._holds |= why

    def release(self, why: int) -> None:
        """Read again, if nothing else is in the way."""
        held, self._holds = self._holds, self._holds & ~why
        if held and not self._holds and self._transport is not None:
            self._transport.resumeProducing()

    def secure(self, creator: IOpenSSLServerConnectionCreator) -> None:
        """Go on with TLS and a new stream."""
        self.output.forget_producer()
        self._settle_on(start_tls(self._transport, self, creator))

    def fail(self, error: StreamError) -> None:
        """End the stream with an error."""
        self.end(error.to_bytes(), "error", error.condition)

    def end(self, last: bytes, how: str, condition: str = "") -> None:
        """End the stream in order, with a last element before the closing tag."""
        if self.phase is OVER:
            return
        self._over(how, condition)
        self.write(self.stream.close(last))
        self._finish()

    def drop(self) -> None:
        """End the connection without a word."""
        self._over("lost")
        self._finish()

    def abort(self) -> None:
        """Cut the connection if it is still there."""
        if self._transport is not None:
            self.output.abort()

    # What the edge's tick asks for

    def doze(self, now: int) -> bool:
        """Let go of the parser after a second of silence; whether the connection still sleeps."""
        if self.heard >= now - 1:
            return False
        self._awake = False
        self.stream.framer.sleep()
        return True

    def refilled(self) -> bool:
        """Whether the client may send again."""
        self._refill()
        if self._tokens < 0:
            return False
        self.release(RATE)
        return True

    def check_progress(self, now: int, patience: int) -> None:
        """Close a connection whose buffer has not shrunk for so many seconds."""
        left = self.output.left()
        if left != self._left:
            self._left, self.slow_since = left, now
        elif now - self.slow_since >= patience:
            self.edge.slow.discard(self)
            error = StreamError("policy-violation", "too slow in reading")
            self.end(error.to_bytes(), "lost", error.condition)

    def _settle_on(self, transport: Any) -> None:
        """Go on over this transport."""
        self._transport = transport
        self.output = Output(transport)
        self.output.watch(self)

    def _throttle(self, spent: int) -> None:
        self._refill(spent)
        if self._tokens < 0 and self.phase is not OVER:  # then its closing is to be seen
            self.hold(RATE)
            self.edge.throttled.add(self)

    def _refill(self, spent: int = 0) -> None:
        """Add what has come since the last time, as if before what was spent just now."""
        rate, now = self.edge.rate, self.edge.wheel.now
        had = self._tokens + spent + rate * (now - self._filled)
        self._tokens = min(rate * BURST_SECONDS, had) - spent
        self._filled = now

    def _over(self, how: str, condition: str = "") -> None:
        phase, self.phase = self.phase, OVER
        phase.ended(how, condition)

    def _finish(self) -> None:
        self.release(ANSWER | WINDOW | RATE | UNREAD)
        self.edge.finishing(self)
        self.output.finish()
