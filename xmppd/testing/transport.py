"""A connection in memory, as the server sees it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IPushProducer, IReactorTime, ITransport
from twisted.python.failure import Failure
from zope.interface import implementer

if TYPE_CHECKING:
    from xmppd.c2s.connection import Connection

PEER = IPv4Address("TCP", "127.0.0.1", 49152)
HERE = IPv4Address("TCP", "127.0.0.1", 5222)


@implementer(ITransport)
class Transport:
    """The server's end of a connection whose other end is a test.

    What it writes goes to `take` at once. While it does not read, what `bring` brings waits.
    `closed` says that the connection has gone.
    """

    def __init__(self, clock: IReactorTime, take: Callable[[bytes], None]) -> None:
        self._clock = clock
        self._take = take
        self._unread: deque[bytes] = deque()
        self._reading = True
        self._protocol: Connection | None = None

    # What the test does

    def connect(self, protocol: Connection) -> None:
        """Give the server the connection."""
        self._protocol = protocol
        protocol.makeConnection(self)

    @property
    def closed(self) -> bool:
        """Whether the connection has gone."""
        return self._protocol is None

    def bring(self, data: bytes) -> None:
        """Let the server read bytes, after those that wait."""
        self._unread.append(data)
        self._read()

    def cut(self, reason: Exception | None = None) -> None:
        """Have the connection go; it is lost unless a reason is given."""
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connectionLost(Failure(reason or ConnectionLost()))

    def _read(self) -> None:
        while self._unread and self._reading and self._protocol is not None:
            self._protocol.dataReceived(self._unread.popleft())

    # What the server does

    def write(self, data: bytes) -> None:
        if self._protocol is not None:
            self._take(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self._clock.callLater(0, self.cut, ConnectionDone())

    def abortConnection(self) -> None:
        self._clock.callLater(0, self.cut)

    def pauseProducing(self) -> None:
        self._reading = False

    def resumeProducing(self) -> None:
        self._reading = True
        self._clock.callLater(0, self._read)

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """Nothing ever waits to be written, so no producer is ever paused."""

    def unregisterProducer(self) -> None:
        """See `registerProducer`."""

    def getPeer(self) -> IPv4Address:
        return PEER

    def getHost(self) -> IPv4Address:
        return HERE
