"""Waiting for clients: the edge's listening places as a service."""

from collections.abc import Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IAddress, IListeningPort, IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from xmppd.c2s.connection import Connection
from xmppd.c2s.edge import ClientEdge
from xmppd.c2s.settings import Listen
from xmppd.tls.certificates import ByServerName
from xmppd.tls.transport import DirectTls


class Clients(Factory):
    """Makes the protocols of the clients that come to one place."""

    noisy = False

    def __init__(self, edge: ClientEdge, listen: Listen) -> None:
        self._edge = edge
        self._listen = listen

    def buildProtocol(self, addr: IAddress) -> Connection | None:  # type: ignore[override]
        """Take a connection in, unless its address has too many."""
        return self._edge.build_protocol(addr, self._listen)


def client_factory(edge: ClientEdge, listen: Listen) -> IProtocolFactory:
    """The factory for one listening place, with TLS from the first byte where it says so."""
    clients = Clients(edge, listen)
    if listen.tls != "direct":
        return clients
    if edge.certificates is None:
        raise ValueError(f"{listen.endpoint}: there are no certificates for TLS")
    return DirectTls(ByServerName(edge.certificates), clients)


class ClientService(Service):
    """Listens in all places as long as it runs.

    `started` fires when that is so, or fails with why it is not.
    """

    log = Logger()

    def __init__(self, edge: ClientEdge, listen: Sequence[Listen], reactor: Any) -> None:
        self._edge = edge
        self._listen = listen
        self._reactor = reactor
        self._ports: list[IListeningPort] = []
        self.started: Deferred[None] = Deferred()

    def startService(self) -> None:
        """Listen. What cannot be listened on fails `started`."""
        super().startService()  # type: ignore[no-untyped-call]
        self._edge.start()
        listening = [self._wait_at(listen) for listen in self._listen]
        gathered = gatherResults(listening, consumeErrors=True)
        gathered.addCallbacks(self._listening, self.started.errback)

    def stopService(self) -> Deferred[list[Any]]:
        """Stop listening, end every stream with system-shutdown, wait until all have gone."""
        super().stopService()  # type: ignore[no-untyped-call]
        ports, self._ports = self._ports, []
        stopped: list[Deferred[Any]] = [maybeDeferred(port.stopListening) for port in ports]
        return gatherResults([*stopped, self._edge.stop()], consumeErrors=True)

    def _wait_at(self, listen: Listen) -> Deferred[Any]:
        endpoint = serverFromString(self._reactor, listen.endpoint)
        listening: Deferred[Any] = endpoint.listen(client_factory(self._edge, listen))
        return listening.addCallback(self._ports.append)

    def _listening(self, _: object) -> None:
        self.started.callback(None)
