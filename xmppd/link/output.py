"""Writing to a transport with as few system calls as it takes."""

from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IPushProducer
from twisted.internet.tcp import Client, Server


class Output:
    """A transport to write to.

    While nothing waits in a plain TCP transport, bytes go straight to the socket: that saves
    asking the reactor to watch it, and to stop. Every other transport is just written to.
    """

    __slots__ = ("_direct", "_producing", "_transport")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._direct = type(transport) in (Server, Client)
        self._producing = False

    def write(self, data: bytes) -> None:
        """Write, in order; what the socket does not take waits in the transport."""
        transport = self._transport
        if (
            self._direct
            and transport.connected
            and not transport._tempDataLen
            and not transport.dataBuffer
            and not transport.disconnecting
        ):
            taken = transport.writeSomeData(data)
            if taken == len(data):
                return
            if type(taken) is int:
                data = data[taken:]
        transport.write(data)

    def watch(self, producer: IPushProducer) -> None:
        """Have the transport say when its buffer is full, and when it is empty again."""
        self._transport.registerProducer(producer, True)
        self._producing = True

    def left(self) -> int:
        """Bytes that wait for the socket, as far as the transport tells."""
        transport = self._transport
        if not self._direct:
            transport = getattr(transport, "transport", transport)
        if not isinstance(transport, FileDescriptor):
            return 0
        return len(transport.dataBuffer) - transport.offset + transport._tempDataLen

    def finish(self) -> None:
        """Close once all is written.

        Plain TCP is closed on our side only: to close while the client's bytes are unread would
        make the kernel throw our last ones away.
        """
        self.forget_producer()
        if self._direct:
            self._transport.loseWriteConnection()
        else:
            self._transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        self.forget_producer()
        self._transport.abortConnection()

    def forget_producer(self) -> None:
        """Have the transport tell its producer no more."""
        if self._producing:
            self._producing = False
            self._transport.unregisterProducer()
