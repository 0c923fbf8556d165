"""Waiting for connections: the listening places of an edge as a service."""

from collections.abc import Sequence
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    ILoggingContext,
    IProtocol,
    IProtocolFactory,
)
from twisted.internet.protocol import Factory
from zope.interface import implementer

from xmppd.tls.certificates import ByServerName, Certificates
from xmppd.tls.transport import DirectTls


class Listen(Protocol):
    """One place to wait; `tls` is `none`, `starttls` or `direct`."""

    @property
    def endpoint(self) -> str: ...
    @property
    def tls(self) -> str: ...


def is_balanced(listen: Listen) -> bool:
    """Whether a balancer connects there, and says whom for only then (PROXY protocol)."""
    return listen.endpoint.startswith("haproxy:")


class Edge(Protocol):
    """What takes the connections; `certificates` may be None where no place needs them."""

    @property
    def certificates(self) -> Certificates | None: ...
    def build_protocol(self, address: IAddress | None, listen: Any) -> Any:
        """Make the protocol of a new connection, or None if it is not wanted."""

    def stop(self) -> Deferred[Any]:
        """End every stream; fires when all connections have gone."""


@implementer(ILoggingContext)
class Arrivals(Factory):
    """Makes the protocols of those who come to one place."""

    noisy = False

    def __init__(self, edge: Edge, listen: Listen) -> None:
        self._edge = edge
        self._listen = listen

    def logPrefix(self) -> str:
        """What the log calls those who listen here: the edge that they listen for."""
        return type(self._edge).__name__

    def buildProtocol(self, addr: IAddress | None) -> IProtocol | None:  # type: ignore[override]
        """Take a connection in, unless its address has too many."""
        protocol: IProtocol | None = self._edge.build_protocol(addr, self._listen)
        return protocol


def place_factory(edge: Edge, listen: Listen) -> IProtocolFactory:
    """The factory for one listening place, with TLS from the first byte where it says so.

    Raises ValueError where there are no certificates for that.
    """
    arrivals = Arrivals(edge, listen)
    if listen.tls != "direct":
        return arrivals
    if edge.certificates is None:
        raise ValueError(f"{listen.endpoint}: there are no certificates for TLS")
    return DirectTls(ByServerName(edge.certificates), arrivals)


class EdgeService(Service):
    """Listens in all places as long as it runs.

    `started` fires when that is so, or fails with why it is not.
    """

    def __init__(self, edge: Edge, places: Sequence[Listen], reactor: Any) -> None:
        self._edge = edge
        self._places = places
        self._reactor = reactor
        self._ports: list[IListeningPort] = []
        self.started: Deferred[None] = Deferred()

    def startService(self) -> None:
        """Listen. What cannot be listened on fails `started`."""
        super().startService()  # type: ignore[no-untyped-call]
        listening = [self._wait_at(place) for place in self._places]
        gathered = gatherResults(listening, consumeErrors=True)
        gathered.addCallbacks(lambda _: self.started.callback(None), self.started.errback)

    def stopService(self) -> Deferred[list[Any]]:
        """Stop listening, end every stream, wait until those who came have gone."""
        super().stopService()  # type: ignore[no-untyped-call]
        ports, self._ports = self._ports, []
        stopped: list[Deferred[Any]] = [maybeDeferred(port.stopListening) for port in ports]
        return gatherResults([*stopped, self._edge.stop()], consumeErrors=True)

    def _wait_at(self, place: Listen) -> Deferred[Any]:
        endpoint = serverFromString(self._reactor, place.endpoint)
        listening: Deferred[Any] = endpoint.listen(place_factory(self._edge, place))
        return listening.addCallback(self._ports.append)
