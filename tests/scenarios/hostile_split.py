"""The hostile inputs' server with a process for each role, as far as the roles know.

Router, session manager and client edge are those of `xmpp-router`, `xmpp-sm` and `xmpp-c2s`; their
links are wires with a secret. Only what carries the bytes is in memory.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from tests.link.kit import SECRET, Connection
from tests.scenarios.hostile_house import House
from xmppd.app.assemble import storing
from xmppd.app.config_key import LinkEndpoint
from xmppd.app.config_links import LinkListen
from xmppd.app.config_model import Config
from xmppd.app.linked import LinkedClients, LinkedSessions
from xmppd.app.roles import RouterRole
from xmppd.component.legs import PACE
from xmppd.link.reader import Reader
from xmppd.protocol.framer import Framer
from xmppd.sm.answers import KEEP_SECONDS

PORT = 5347


class SplitServer:
    """Three roles, and the connections between them."""

    def __init__(
        self, config: Config, reactor: MemoryReactorClock, checkers: Sequence[Any]
    ) -> None:
        self.config = config = _linked(config)
        self._reactor = reactor
        self._routing = RouterRole(config, reactor)
        self.stores, maker = storing(config, reactor, checkers)
        self._sessions = LinkedSessions("sm-1", config, reactor, self.stores, maker)
        self._clients = LinkedClients("c2s-1", config, reactor)
        self._connections: list[Connection] = []
        self.router = self._routing.router
        self.manager = self._sessions.manager
        self.edge = self._clients.edge

    def startService(self) -> None:
        """Start all three."""
        for role in (self._routing, self._sessions, self._clients):
            role.startService()

    def stopService(self) -> Deferred[Any]:
        """Stop all three, the edge first and the router last."""
        stopped = self._clients.stopService()
        stopped.addCallback(lambda _: self._sessions.stopService())
        return stopped.addCallback(lambda _: self._routing.stopService())

    def carry(self) -> bool:
        """Connect those who dial, and move bytes; whether there was anything."""
        dialed = self._reactor.tcpClients[:]
        self._reactor.tcpClients.clear()
        for _, port, factory, *_ in dialed:
            [entrance] = [server[1] for server in self._reactor.tcpServers if server[0] == port]
            here, there = factory.buildProtocol(None), entrance.buildProtocol(None)
            self._connections.append(Connection(here, there))
        return any([each.pump() for each in self._connections]) or bool(dialed)


class SplitHouse(House):
    """A house with that server.

    Its session manager knows the last answer of a stream for a while, should the edge ask again.
    """

    forgets = 2 * int(KEEP_SECONDS) + 2
    uncounted = (Framer, Reader)

    def make_clock(self) -> MemoryReactorClock:
        return MemoryReactorClock()

    def make_server(self) -> SplitServer:
        self.clock.tcpServers.clear()
        return SplitServer(self.config, self.clock, self.checkers)

    def catch_up(self) -> None:
        for _ in range(50):
            self.clock.advance(PACE)
            self.settle()
        self.pass_seconds(3)

    def carry(self) -> bool:
        return any([super().carry(), self.server.carry()])


def _linked(config: Config) -> Config:
    """With a place where the other roles meet."""
    secret = config.data / "link.secret"
    config.data.mkdir(parents=True, exist_ok=True)
    _write(secret)
    place = LinkListen(LinkEndpoint(f"tcp:{PORT}:interface=127.0.0.1"), secret, trusted=True)
    return attrs.evolve(
        config,
        router=attrs.evolve(
            config.router,
            address=f"tcp:127.0.0.1:{PORT}",
            secret_file=secret,
            listen=(place,),
        ),
    )


def _write(secret: Path) -> None:
    secret.touch(0o600)
    secret.write_text(SECRET)
