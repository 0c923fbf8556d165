"""Wires joined in memory: transports back to back, a clock, and a pump."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from xmppd.link.acceptor import Acceptor
from xmppd.link.codec import attach
from xmppd.link.dialer import Dialer
from xmppd.link.handshake import digest
from xmppd.link.link import Item, LocalLink
from xmppd.link.router import Router
from xmppd.link.rules import LinkRules
from xmppd.link.turn import Turn
from xmppd.link.uplink import Uplink
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, StreamClosed, StreamOpened
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import COMPONENT_ACCEPT, STREAM_ERRORS, STREAMS
from xmppd.protocol.stanza import Stanza

SECRET = "a secret of its own"
HEADER = f"<stream:stream xmlns='{COMPONENT_ACCEPT}' xmlns:stream='{STREAMS}'"
BUFFER = 65_536


def message(to: str, sender: str, id: str = "1", name: str = "message", **attrs: Any) -> Stanza:
    body = b"<body>%b</body>" % id.encode()
    return Stanza.make(name, body, to=Jid(to), sender=Jid(sender), id=id, **attrs)


def settings(trusted: bool = False, ping: float = 30.0, size: int = 1_048_576) -> WireSettings:
    return WireSettings(SECRET, size, trusted, ping)


class Cable(StringTransport):
    """One side's transport: what is written waits until it is pumped to the other side."""

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self.protocol = protocol
        self.lost = False
        self.finished = False

    def write(self, data: bytes) -> None:
        if self.lost:
            return
        super().write(data)
        if self.producer is not None and len(self.value()) > BUFFER:
            self.producer.pauseProducing()

    def take(self) -> bytes:
        """What was written; the producer may go on."""
        data = self.value()
        self.clear()
        if data and self.producer is not None:
            self.producer.resumeProducing()
        return bytes(data)

    def loseConnection(self) -> None:
        self.finished = True

    def abortConnection(self) -> None:
        self.disconnected()

    def disconnected(self) -> None:
        if not self.lost:
            self.lost = True
            self.protocol.connectionLost(Failure(ConnectionDone()))


class Connection:
    """Two protocols and what is between them. A frozen side reads nothing, like a stopped one."""

    def __init__(self, one: Any, other: Any) -> None:
        self.cables = (Cable(one), Cable(other))
        self.frozen: set[Any] = set()
        for cable in self.cables:
            cable.protocol.makeConnection(cable)

    def pump(self) -> bool:
        """Move what can be moved; tells whether there was anything."""
        one, other = self.cables
        moved = self._move(one, other)
        return self._move(other, one) or moved

    def _move(self, source: Cable, target: Cable) -> bool:
        if target.protocol in self.frozen:
            return False
        if target.lost and not source.lost:
            source.disconnected()
            return True
        if target.lost or target.producerState == "paused":
            return False
        data = source.take()
        if data:
            target.protocol.dataReceived(data)
        elif source.finished or source.lost:
            target.disconnected()
            source.disconnected()
        return bool(data)

    def cut(self) -> None:
        for cable in self.cables:
            cable.disconnected()


class Raw:
    """The far side of a connection, speaking bytes."""

    def __init__(self, clock: MemoryReactorClock, protocol: Any) -> None:
        self.clock = clock
        self.framer = Framer()
        self.events: list[Event] = []
        self.closed = False
        self.silent = False
        self.wire = protocol
        self.connection = Connection(protocol, self)

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def dataReceived(self, data: bytes) -> None:
        self.events += self.framer.feed(data)

    def connectionLost(self, reason: Failure) -> None:
        self.closed = True

    def say(self, *data: bytes | str | Stanza) -> None:
        for part in data:
            if isinstance(part, Stanza):
                part = part.to_bytes()
            self.transport.write(part.encode() if isinstance(part, str) else part)
        self.settle()

    def settle(self) -> None:
        self.clock.advance(0)
        while self.connection.pump():
            self.clock.advance(0)

    def handshake(self, name: str, secret: str = SECRET, header: str = HEADER) -> None:
        self.say(f"{header} to='{name}'>")
        if self.events:
            self.say(f"<handshake>{digest(self.stream_id, secret)}</handshake>")

    def attach(self, name: str, *domains: str, boot: str = "1") -> None:
        self.handshake(name)
        self.say(attach(name, boot, "sm", domains))
        self.got()

    @property
    def stream_id(self) -> str:
        opened = self.events[0]
        assert isinstance(opened, StreamOpened)
        return opened.header.attrs["id"]

    @property
    def condition(self) -> str:
        """Of the stream error that ended the stream, which was closed in order; else empty."""
        self.settle()
        errors = [
            child[1]
            for event in self.events
            if isinstance(event, Stanza) and event.ns == STREAMS
            for child in event.children
            if child[0] == STREAM_ERRORS and child[1] != "text"
        ]
        if errors:
            assert isinstance(self.events[0], StreamOpened), "an error before the header"
            assert isinstance(self.events[-1], StreamClosed)
            assert self.closed
        return errors[0] if errors else ""

    @property
    def is_up(self) -> bool:
        return any(isinstance(e, Stanza) and e.name == "handshake" for e in self.events)

    def got(self) -> list[Event]:
        """What came, from the last look on."""
        self.settle()
        events, self.events[1:] = self.events[1:], []
        assert not any(isinstance(event, StreamError) for event in events)
        return events

    def ids(self) -> list[str | None]:
        return [event.id for event in self.got() if isinstance(event, Stanza)]


class House:
    """A router with one component in process, `home.test`, and what connects to it."""

    def __init__(self, clock: MemoryReactorClock | None = None, home: str = "home.test") -> None:
        self.clock = clock or MemoryReactorClock()
        self.turn = Turn(self.clock)
        self.router = Router()
        self.got: list[Item] = []
        self.home = self.component(home)
        self.home.receiver = self.got.append

    def component(self, *domains: str, names: tuple[str, ...] = ()) -> LocalLink:
        return self.router.link(domains, names)

    def acceptor(self, **rules: Any) -> Acceptor:
        rules.setdefault("name", "listen")
        rules.setdefault("settings", settings())
        return Acceptor(
            self.router,
            LinkRules(**rules),
            self.clock,
            self.turn,
            lambda name: self.router.is_expected(name) or not self.router.serves(name),
        )

    def connect(self, acceptor: Acceptor, name: str = "", *domains: str) -> Raw:
        """Somebody who connects, and where there is a name becomes that."""
        raw = Raw(self.clock, acceptor.buildProtocol(None))
        if name and acceptor.rules.settings.trusted:
            raw.attach(name, *domains)
        elif name:
            raw.handshake(name)
            assert raw.is_up, raw.events
            raw.got()
        return raw

    def dialer(self, name: str, **options: Any) -> Dialer:
        options.setdefault("settings", settings())
        dialer = Dialer(name, "unix:/router", reactor=self.clock, **options)
        dialer.startService()
        return dialer

    def uplink(self, name: str, **options: Any) -> Uplink:
        options.setdefault("settings", settings())
        uplink = Uplink(self.router, name, "unix:/router", reactor=self.clock, **options)
        uplink.startService()
        return uplink

    def received(self) -> list[str | None]:
        """Ids of what home has got since the last look."""
        self.clock.advance(0)
        items, self.got[:] = self.got[:], []
        return [item.id for item in items]

    def errors(self) -> list[str]:
        """Conditions of the errors that home has got since the last look."""
        items, self.got[:] = self.got[:], []
        found = []
        for item in items:
            assert isinstance(item, Stanza) and item.type == "error", item
            assert item.inner.startswith(b"<error type='")
            found.append(item.inner.partition(b"'><")[2].partition(b" ")[0].decode())
        return found


def join(clock: MemoryReactorClock, acceptor: Acceptor) -> Connection:
    """Let the last who dialed reach an acceptor."""
    (_, factory, *_), clock.unixClients[:] = clock.unixClients[-1], []
    connection = Connection(factory.buildProtocol(None), acceptor.buildProtocol(None))
    settle(clock, connection)
    return connection


def refuse(clock: MemoryReactorClock) -> None:
    """Let the last who dialed reach nobody."""
    (_, factory, *_), clock.unixClients[:] = clock.unixClients[-1], []
    factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))


def settle(clock: MemoryReactorClock, *connections: Connection) -> None:
    clock.advance(0)
    while any([connection.pump() for connection in connections]):
        clock.advance(0)


def run(clock: MemoryReactorClock, seconds: float, *connections: Connection | Raw) -> None:
    """Let time pass, bytes move."""
    for _ in range(int(seconds * 2)):
        clock.advance(0.5)
        for connection in connections:
            connection.settle() if isinstance(connection, Raw) else settle(clock, connection)
