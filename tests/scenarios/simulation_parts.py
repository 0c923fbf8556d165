"""What runs in a simulation: edges, a session manager, people; and what must be true of them."""

import re
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from tests.c2s.fake_manager import HEADER, Place
from tests.scenarios.simulation_net import Network, Process
from xmppd.accounts.realm import StoredRealm
from xmppd.accounts.registry import Accounts
from xmppd.app.config_clients import Limits
from xmppd.c2s.edge import ClientEdge
from xmppd.c2s.leg import Leg
from xmppd.component.extension import Extension, on
from xmppd.component.leg import ROUTE_BYTES, State
from xmppd.component.session import WINDOW_BYTES, WINDOW_DOWN, WINDOW_UP
from xmppd.component.stages import Received, Sent
from xmppd.extensions.stream_management import StreamManagement
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm.host import Host
from xmppd.sm.manager import SessionManager
from xmppd.sm.waiting import MAX_QUEUE, MAX_QUEUE_BYTES
from xmppd.storage.memory import MemoryStore

DOMAIN = "example.com"
MESSAGE = re.compile(rb"<message [^>]*?>.*?<body>(\S+) x*</body></message>")
BODY = re.compile(rb"<body>(\S+) ")
NOT_LIMITED = Limits(enabled=False, keep_alive_seconds=0, idle_ping_seconds=0)


class Record:
    """What was seen where, by stream: the ids of messages in their order.

    `lossy`: a session manager has been killed, and what it had taken is lost with it.
    """

    def __init__(self) -> None:
        self.sent_up: dict[str, list[str]] = defaultdict(list)
        self.taken: dict[str, list[str]] = defaultdict(list)
        self.sent_down: dict[str, list[str]] = defaultdict(list)
        self.missed: list[str] = []
        self.kicked: set[str] = set()
        self.lossy = False
        self._numbers: dict[tuple[str, str], int] = defaultdict(int)

    def up(self, envelope: Envelope) -> None:
        self._note(envelope, self.sent_up[envelope.sender])

    def down(self, envelope: Envelope) -> None:
        self._note(envelope, self.sent_down[envelope.to])
        if envelope.epoch and envelope.items[-1].name == "close":
            self.kicked.add(envelope.to)

    def _note(self, envelope: Envelope, ids: list[str]) -> None:
        """Note what is sent for the first time."""
        if not envelope.epoch:
            return
        key = envelope.sender, envelope.to
        known = self._numbers[key] + 1 - envelope.number
        assert known >= 0, "a gap was sent"
        assert (
            len(envelope.items) == 1
            or sum(len(item.inner) for item in envelope.items) <= ROUTE_BYTES + 4096
            or envelope.to.domain == "sm-1"
        )
        new = envelope.items[known:]
        self._numbers[key] += len(new)
        ids.extend(name for item in new if item.name == "message" and (name := name_of(item)))


def name_of(message: Stanza) -> str:
    """The id in a message's body; empty in an error."""
    found = BODY.match(message.inner)
    return "" if found is None else found[1].decode()


class Watch(Extension):
    """Writes down what a session manager takes, and what nobody gets."""

    def setup(self) -> None:
        self.record: Record = self.host.config["record"]

    @on(Sent.NOTE, "message")
    def sent(self, stanza: Stanza, session: Any) -> None:
        self.record.taken[session.leg.other].append(name_of(stanza))

    @on(Received.MISSED, "message")
    def missed(self, stanza: Stanza, user: Any) -> bool:
        self.record.missed.append(name_of(stanza))
        user.account.log("missed").append(b"")
        return True


class Manager:
    """A session manager in its process. Whoever has the password may log in.

    The store outlives it; `stall` lets it keep nothing for a while.
    """

    def __init__(
        self,
        process: Process,
        network: Network,
        record: Record,
        accounts: Iterable[str],
        store: Any = None,
    ) -> None:
        self.process = process
        self._record = record
        self._store = self.store = store or MemoryStore(process.clock)  # type: ignore[arg-type]
        self._checker: Any = InMemoryUsernamePasswordDatabaseDontUse()
        for name in accounts:
            self._checker.addUser(name.encode(), b"secret")
        link = network.link("sm-1", process)
        link.seen = record.down
        self.sm = SessionManager(
            "sm-1",
            link,
            process,
            self._store,
            self._make_host,
            process.boot,  # type: ignore
        )
        link.relinked = self.sm.relinked
        for name in accounts:
            Accounts(DOMAIN, self._store).provide(name)

    def _make_host(self, domain: str) -> Host | None:
        if domain != DOMAIN:
            return None
        accounts = Accounts(domain, self._store)
        portal = Portal(StoredRealm(accounts, self._store), [self._checker])
        host = Host(domain, self.sm, portal, self._store, accounts)
        host.config = {"record": self._record}
        classes = (Watch, StreamManagement)
        host.start([partial(cls, options=cls.Options()) for cls in classes])
        return host

    def stall(self, seconds: float) -> None:
        """Let the store keep nothing for so long."""
        driver, held = self.store._driver, Deferred[None]()

        def commit() -> Deferred[None]:
            waiting: Deferred[None] = Deferred()
            held.addCallback(lambda _: waiting.callback(None))
            return waiting

        driver.commit = commit
        self.process.clock.callLater(seconds, self._go_on, held)

    def _go_on(self, held: Deferred[None]) -> None:
        driver = self.store._driver
        driver.commit = type(driver).commit.__get__(driver)
        held.callback(None)


class Edge:
    """An edge in its process."""

    def __init__(self, name: str, process: Process, network: Network, record: Record) -> None:
        self.process = process
        self.stopping = False
        link = network.link(name, process)
        link.seen = record.up
        host = Jid.parse(DOMAIN)
        self.c2s = ClientEdge(
            name,
            link,
            process,
            NOT_LIMITED,
            host,
            boot=process.boot,  # type: ignore
        )
        link.relinked = self.c2s.relinked
        self.c2s.start()


class Transport(StringTransport):
    """A client's connection: what it is told it reads at once, unless it is `stalled`."""

    def __init__(self, client: "Client") -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.7", 50122))
        self.client = client
        self.stalled = False
        self._unread: list[bytes] = []

    def write(self, data: bytes) -> None:
        if self.stalled:
            self._unread.append(data)
        else:
            self.client.read(data)

    def stall(self) -> None:
        """Read nothing more; the edge finds its buffer full at once, unless it is frozen."""
        self.client.do(self._stall)

    def _stall(self) -> None:
        if not self.stalled and self.producer is not None:
            self.stalled = True
            self.producer.pauseProducing()

    def go_on(self) -> None:
        if self.stalled:
            self.stalled = False
            unread, self._unread = self._unread, []
            for data in unread:
                self.client.read(data)
            if self.producer is not None:
                self.client.do(self.producer.resumeProducing)

    def resumeProducing(self) -> None:
        super().resumeProducing()
        self.client.later(self.client.pump)

    def loseConnection(self) -> None:
        self.disconnecting = True
        self.client.later(self.client.over)

    def abortConnection(self) -> None:
        self.client.later(self.client.over)


class Client:
    """One connection of a person."""

    def __init__(self, person: "Person", edge: Edge, name: str) -> None:
        self.person = person
        self.edge = edge
        self.name = name
        self.open = self.bound = False
        self.replaced = self.shut_down = self.leaving = False
        self.messages: list[str] = []
        self.unread: set[str] = set()
        self.stream = ""
        self._count = 0
        self._buffer = b""
        self._step = 0
        self._out = b""
        self.transport = Transport(self)
        self.do(self._connect)

    def do(self, call: Callable[..., object], *args: Any) -> None:
        self.edge.process.do(call, *args)

    def later(self, call: Callable[..., object]) -> None:
        self.edge.process.callLater(0, call)

    def _connect(self) -> None:
        self.connection: Any = self.edge.c2s.build_protocol(None, Place())
        self.stream = self.connection.address
        self.open = True
        self.connection.makeConnection(self.transport)
        self._say(HEADER)

    # Out

    def _say(self, data: bytes) -> None:
        self._out += data
        self.pump()

    def pump(self) -> None:
        """Hand over what the edge reads."""
        while self.open and self._out and self.transport.producerState == "producing":
            data, self._out = self._out[:65_536], self._out[65_536:]
            self.do(self.connection.dataReceived, data)

    def send(self, to: str, count: int, size: int) -> None:
        data = b""
        for _ in range(count):
            self._count += 1
            data += (
                f"<message type='chat' to='{to}@{DOMAIN}'><body>{self.name}:{self._count} "
                f"{'x' * size}</body></message>"
            ).encode()
        self._say(data)

    def leave(self, clean: bool) -> None:
        if clean and self.bound:
            self.leaving = True  # what comes now may be written, but nobody reads it
            self._say(b"</stream:stream>")
        else:
            self.over()

    def over(self) -> None:
        """The connection is lost, with what was not read."""
        if self.open:
            self.open = self.bound = False
            self.do(self.connection.connectionLost, Failure(ConnectionError()))

    def killed(self) -> None:
        """The edge has gone."""
        self.open = self.bound = False

    # In

    def read(self, data: bytes) -> None:
        if not self.open or self.leaving:
            self.unread |= {found.decode() for found in MESSAGE.findall(data)}
            return
        self._buffer += data
        self.shut_down |= b"<system-shutdown" in data
        end = 0
        for found in MESSAGE.finditer(self._buffer):
            self.messages.append(found[1].decode())
            end = found.end()
        self._buffer = self._buffer[end:]
        if not self.bound:
            self._log_in()

    def _log_in(self) -> None:
        steps = (
            (b"</stream:features>", self._auth()),
            (b"<success", HEADER),
            (b"</stream:features>", BIND),
            (b"type='result'", b"<presence/>"),
        )
        awaited, answer = steps[self._step]
        if awaited in self._buffer or awaited.replace(b"'", b'"') in self._buffer:
            self._buffer = b""
            self._step += 1
            self.bound = self._step == len(steps)
            self.later(lambda: self._say(answer))
        elif b"<failure" in self._buffer or b"type='error'" in self._buffer:
            self.later(self.over)

    def _auth(self) -> bytes:
        secret = b64encode(f"\0{self.person.name}\0secret".encode())
        return b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%b</auth>" % (
            secret
        )


BIND = (
    b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
    b"<resource>r</resource></bind></iq>"
)


class Person:
    """An account and the connections it had, one after the other."""

    client_class: type[Client] = Client

    def __init__(self, simulation: Any, name: str) -> None:
        self.simulation = simulation
        self.name = name
        self.clients: list[Client] = []
        self.connect()

    @property
    def client(self) -> Client:
        return self.clients[-1]

    def connect(self) -> None:
        simulation, random = self.simulation, self.simulation.random
        for client in self.clients:
            client.replaced |= client.stream in simulation.manager.sm.legs
        edges = [edge for edge in simulation.edges.values() if not edge.stopping]
        if not edges:
            return
        edge = random.choice(edges)
        self.clients.append(self.client_class(self, edge, f"{self.name}-{len(self.clients)}"))

    def chances(self) -> Iterator[tuple[float, Callable[[], None]]]:
        """What this person may do, and how often in a second."""
        if not self.client.open:
            yield 1.0, self.connect
            return
        yield 0.05, lambda: self.client.leave(self.simulation.random.random() < 0.5)
        if self.client.bound:
            yield 2.0, self._talk
            if self.client.transport.stalled:
                yield 0.3, self.client.transport.go_on
            else:
                yield 0.1, self.client.transport.stall

    def _talk(self) -> None:
        random = self.simulation.random
        to = random.choice(self.simulation.people).name
        count = random.choice([1, 1, 1, 2, 5, 40]) if random.random() < 0.98 else 400
        self.client.send(to, count, random.choice([1, 1, 100, 4000]) if count < 100 else 1)

    def lost(self, edge: Edge) -> None:
        for client in self.clients:
            if client.edge is edge:
                client.killed()

    def at_rest(self) -> None:
        """Be there, and read."""
        self.client.transport.go_on()
        if not self.client.open:
            self.connect()


# What must be true


def check_bounds(manager: Manager, edges: Iterable[Edge]) -> None:
    """I7: no bound is ever exceeded. I8 is checked by what receives."""
    for leg in manager.sm.legs.values():
        kept = leg.kept
        if kept is not None:
            assert len(kept.items) <= WINDOW_DOWN + 1, "window down"
            assert kept.size <= WINDOW_BYTES + 5_000, "window down in bytes"
    for session in manager.sm.sessions.values():
        count, size = session.load
        assert count <= MAX_QUEUE + 1, "queue"
        assert size <= MAX_QUEUE_BYTES + 5_000, "queue in bytes"
    for edge in edges:
        for leg in edge.c2s.legs.all():
            if leg.state is State.LIVE:
                assert leg.sent - leg.done <= WINDOW_UP, "window up"


def check_legs(manager: Manager, edges: Iterable[Edge]) -> None:
    """I6: at rest, no leg without a session and none the other way, and nothing is kept."""
    legs = [leg for edge in edges for leg in edge.c2s.legs.all()]
    ends = {(leg.address, leg.other) for leg in legs}
    sessions = {(session.leg.other, session.address) for session in manager.sm.sessions.values()}
    assert ends == sessions, f"legs {ends - sessions}, sessions {sessions - ends}"
    assert {*manager.sm.legs} == {stream for stream, _ in sessions}, "legs of ended sessions"
    for edge in edges:
        assert not edge.c2s.legs.closing, "closing legs"
        assert not edge.c2s.requests._open, "requests"
    for leg in [*legs, *[session.leg for session in manager.sm.sessions.values()]]:
        assert leg.kept is None, f"kept on {leg.address}"
        assert not isinstance(leg, Leg) or leg._waiting is None, "unsent"
    for table in (manager.sm.edges, *[edge.c2s.legs for edge in edges]):
        assert not table._waiting, "news awaited"
        assert sum(peer.legs for peer in table._peers.values()) == len(table.all()), "peers"


def check_traffic(
    record: Record, people: Iterable[Person], managed: Iterable[Any], rough: bool
) -> None:
    """I2, and nothing lost or doubled on a leg, for those who do not manage their streams."""
    clients = [client for person in people for client in person.clients]
    for person in people:
        assert person.client.bound, f"{person.client.name} could not log in"
    for client in clients:
        _check_leg(record, client)
    read = Counter(one for client in clients for one in client.messages)
    read.update(one for person in managed for each in person.accounts for one in each.messages)
    missed = set(record.missed).union(*[client.unread for client in clients])
    if not record.lossy:
        for taken in record.taken.values():
            lost = [one for one in taken if one not in read and one not in missed]
            assert not lost, f"lost {lost[:5]}"
    if not rough:
        for client in clients:
            assert not client.shut_down, f"{client.stream} was given up"
            if not client.replaced and client.stream not in record.kicked:
                up, taken = record.sent_up[client.stream], record.taken[client.stream]
                assert up == taken, f"not taken: {up[len(taken) :][:5]}"
                doubled = [one for one in client.messages if read[one] > 1 or one in missed]
                assert not doubled, f"doubled {doubled[:5]}"


def _check_leg(record: Record, client: Client) -> None:
    up, taken = record.sent_up[client.stream], record.taken[client.stream]
    down, read = record.sent_down[client.stream], client.messages
    assert taken == up[: len(taken)], f"up {client.stream}: {_difference(taken, up)}"
    assert read == down[: len(read)], f"down {client.stream}: {_difference(read, down)}"
    if client.bound:
        assert taken == up, f"not taken of {client.stream}: {len(taken)} of {len(up)}"
        assert read == down, f"not read of {client.stream}: {len(read)} of {len(down)}"
        assert len(up) == client._count, "not sent up"
    order: dict[str, int] = {}
    for one in read:
        sender, _, number = one.partition(":")
        assert order.get(sender, 0) < int(number), f"order: {one}"
        order[sender] = int(number)


def _difference(got: list[str], wanted: list[str]) -> str:
    place = next(
        (i for i, (a, b) in enumerate(zip(got, wanted, strict=False)) if a != b), len(wanted)
    )
    return f"at {place}: {got[place : place + 3]}, not {wanted[place : place + 3]}"
