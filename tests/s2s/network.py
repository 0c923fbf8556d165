"""A network in memory, with servers of ours in it that find each other without DNS."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import ITransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from xmppd.app.config_key import Domain
from xmppd.app.config_servers import Federation, Policy, ServerLimits, ServerListen, Static
from xmppd.link.link import Item
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.connector import Connector
from xmppd.s2s.dialback import Keys
from xmppd.s2s.edge import ServerEdge
from xmppd.s2s.resolver import NotFound
from xmppd.s2s.targets import Target
from xmppd.tls.certificates import Certificates
from xmppd.tls.context import peer_context
from xmppd.tls.listening import place_factory
from xmppd.tls.trust import Trust


@implementer(ITransport)
class Pipe:
    """One end of a connection in memory."""

    def __init__(self, network: Network, address: str, port: int = 1) -> None:
        self.protocol: Any = None
        self.other: Pipe
        self.unread: deque[bytes] = deque()
        self.written = b""
        self.closing = self.closed = False
        self._reading = True
        self._network = network
        self._address = address
        self._port = port

    def write(self, data: bytes) -> None:
        if data and not self.closing and not self.closed:
            self.written += data
            self.other.unread.append(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self.closing = True

    def loseWriteConnection(self) -> None:
        self.closing = True

    def abortConnection(self) -> None:
        self.unread.clear()
        self.other.unread.clear()
        self.closing = True

    def pauseProducing(self) -> None:
        self._reading = False

    def resumeProducing(self) -> None:
        self._reading = True

    def stopProducing(self) -> None:
        self.loseConnection()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Nothing ever waits to be written."""

    def unregisterProducer(self) -> None:
        """See `registerProducer`."""

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", self.other._address, self.other._port)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", self._address, self._port)

    def move(self) -> bool:
        """Deliver what waits; whether anything happened."""
        moved = False
        while self.unread and self._reading and not self.closed:
            self.protocol.dataReceived(self.unread.popleft())
            moved = True
        if not self.closed and not self.unread and self._has_ended():
            self.closed = moved = True
            done = ConnectionDone() if self.closing else ConnectionLost()
            self.protocol.connectionLost(Failure(done))
        return moved

    def _has_ended(self) -> bool:
        return self.other.closed or (self.closing and not self.other.unread)


class Network:
    """Where servers listen at addresses, and domains are known.

    `hosts` gives the makers of protocols by address and port; `known` the targets of domains.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.hosts: dict[tuple[str, int], Callable[[], Any]] = {}
        self.known: dict[str, list[Target]] = {}
        self.silent: set[str] = set()
        self.dialed: list[tuple[str, int]] = []
        self.pipes: list[Pipe] = []

    # A resolver

    def targets(self, domain: str) -> Deferred[list[Target]]:
        if domain in self.silent:
            return Deferred()
        found = self.known.get(domain)
        return fail(NotFound("no such domain")) if found is None else succeed(found)

    def addresses(self, host: str) -> Deferred[list[str]]:
        return succeed([host])

    # A way to connect

    def dial(self, host: str, port: int, make: Callable[[], Any]) -> Deferred[Any]:
        self.dialed.append((host, port))
        if host in self.silent:
            return Deferred()
        there = self.hosts.get((host, port))
        if there is None:
            return fail(ConnectionRefusedError())
        protocol = make()
        if self.connect(protocol, there(), host, port) is None:
            return fail(ConnectionRefusedError())
        return succeed(protocol)

    def connect(self, here: Any, there: Any, host: str = "192.0.2.8", port: int = 1) -> Pipe | None:
        """Connect two protocols, the second at that address; gives the first one's end."""
        if there is None:
            return None
        near, far = Pipe(self, "192.0.2.9"), Pipe(self, host, port)
        near.other, far.other = far, near
        near.protocol, far.protocol = here, there
        self.pipes += [near, far]
        there.makeConnection(far)
        here.makeConnection(near)
        return near

    def cut(self) -> None:
        """Break all connections, with what is under way on them."""
        pipes, self.pipes = self.pipes, []
        for pipe in pipes:
            pipe.unread.clear()
            pipe.closed = True
        for pipe in pipes:
            pipe.protocol.connectionLost(Failure(ConnectionLost()))

    def settle(self) -> None:
        """Let everything happen that needs no time."""
        for _ in range(2_000):
            self.clock.advance(0)
            if not any([pipe.move() for pipe in list(self.pipes)]):
                break
        self.pipes = [pipe for pipe in self.pipes if not pipe.closed]

    def advance(self, seconds: float) -> None:
        """Let time pass, a second at a time."""
        for _ in range(int(seconds)):
            self.clock.advance(1)
            self.settle()


class Place:
    """A server: a router, its edge towards others, and a component for each of its domains."""

    def __init__(
        self,
        network: Network,
        *domains: str,
        address: str = "11.0.0.1",
        trust: Path | None = None,
        tls: str = "starttls",
        policy: Mapping[str, Policy] | None = None,
        static: Mapping[str, Static] | None = None,
        secret: str = "",
        limits: ServerLimits | None = None,
        bidi: bool = True,
    ) -> None:
        self.network = network
        self.got: list[Stanza] = []
        self.domains = domains
        self.router = Router()
        self.component = self.router.link(domains)
        self.component.receiver = self._take
        settings = settings_of(policy, static, limits, bidi)
        folder = network.folder / domains[0]
        folder.mkdir(parents=True, exist_ok=True)
        self.edge = ServerEdge(
            self.router.link(names=["s2s-1"], default=True),
            network.clock,
            settings,
            Jid.parse(domains[0]),
            Certificates(folder, domains, make_context=peer_context),
            Trust(trust),
            Keys(secret or domains[0]),
            self._connector(settings),
            self.router.serves_address,
        )
        listen = ServerListen("tcp:5269", "direct" if tls == "direct" else "starttls")  # type: ignore[arg-type]
        factory = place_factory(self.edge, listen)
        where = IPv4Address("TCP", "192.0.2.9", 1)
        network.hosts[address, 5269] = lambda: factory.buildProtocol(where)
        for domain in domains:
            network.known[domain] = [Target(address, 5269, tls == "direct")]

    def _connector(self, settings: Federation) -> Connector:
        network = self.network
        return Connector(network.clock, network, network.dial, settings.static, False)

    def reconfigure(self, trust: Path | None, **more: Any) -> None:
        """Have other settings, and other authorities."""
        settings = settings_of(**more)
        self.edge.reconfigure(settings, Trust(trust), self._connector(settings))
        self.network.settle()

    def send(self, *xml: str) -> None:
        """Have our users send."""
        for text in xml:
            self.component.send(parse_stanza(text.encode()))
        self.network.settle()

    def say(self, sender: str, to: str, body: str = "hi") -> None:
        """Have one of our users send a message."""
        self.component.send(self.message(sender, to, body))
        self.network.settle()

    def message(self, sender: str, to: str, body: str) -> Stanza:
        """What one of our users says."""
        text = f"<message from='{sender}' to='{to}' id='{body}'><body>{body}</body></message>"
        return parse_stanza(text.encode())

    def stop(self) -> None:
        """Close everything."""
        self.edge.stop()
        self.network.advance(10)

    def _take(self, item: Item) -> None:
        if isinstance(item, Stanza):
            self.got.append(item)

    @property
    def heard(self) -> list[str]:
        """What has come: ids, with the condition of errors."""
        return [_shown(stanza) for stanza in self.got]


def settings_of(
    policy: Mapping[str, Policy] | None = None,
    static: Mapping[str, Static] | None = None,
    limits: ServerLimits | None = None,
    bidi: bool = True,
) -> Federation:
    """The settings of a place."""
    return Federation(
        policy={Domain(name): kind for name, kind in (policy or {}).items()},
        static={Domain(name): place for name, place in (static or {}).items()},
        limits=limits or ServerLimits(),
        bidirectional=bidi,
    )


def _shown(stanza: Stanza) -> str:
    if stanza.type != "error":
        return stanza.id or ""
    error = stanza.child("", "error")
    assert error is not None
    return f"{stanza.id}: {next(iter(error.elements())).name}"
