"""A whole server in memory, and clients that say to it whatever they like."""

import base64
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from gc import get_referents
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import Logger

from tests.scenarios.hostile_reading import Element, Reader
from tests.tls.in_memory_tls import client as tls_client
from xmppd.accounts.registry import AccountRecord, make_keys
from xmppd.app.assemble import assemble
from xmppd.app.config_clients import Clients, Limits, Listen
from xmppd.app.config_key import Domain
from xmppd.app.config_model import Config, Extension, Storage
from xmppd.storage.codecs import AttrsCodec, JsonCodec
from xmppd.tls.listening import place_factory

PASSWORD = "Rosaline-1595"
MEASURE = 65_536
"""Bytes of one read, as of a socket."""

SHARED = ("Jid", "Over")
"""Kinds of which there are few, for all, however many things have them."""

HEADER = (
    b"<?xml version='1.0'?><stream:stream to='example.com' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
)
STARTTLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


@cache
def keys() -> dict[str, Any]:
    return make_keys(PASSWORD)


def auth(message: bytes | str, mechanism: str = "PLAIN") -> bytes:
    """An `<auth/>`; bytes are a SASL message, text stands as it is."""
    text = message.encode() if isinstance(message, str) else base64.b64encode(message)
    return b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='%b'>%b</auth>" % (
        mechanism.encode(),
        text,
    )


def plain(name: str, password: str = PASSWORD, authzid: str = "") -> bytes:
    return auth(f"{authzid}\0{name}\0{password}".encode())


def bind(resource: str) -> bytes:
    return (
        b"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
        b"<resource>%b</resource></bind></iq>" % resource.encode()
    )


class Wire(StringTransport):
    """A connection that keeps to what its protocol asks: paused, it lets nothing through."""

    protocol: Any = None

    def __init__(self, address: str) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", address, 50122))
        self.unread: deque[bytes] = deque()
        self.cut = False

    def pump(self) -> bool:
        """Deliver what may be delivered; whether anything was."""
        moved = False
        while self.unread and self.producerState == "producing" and self.protocol is not None:
            self.protocol.dataReceived(self.unread.popleft())
            moved = True
        return moved

    # When it is closing too, as TCP does:

    def pauseProducing(self) -> None:
        self.producerState = "paused"

    def resumeProducing(self) -> None:
        self.producerState = "producing"

    def abortConnection(self) -> None:
        self.cut = True
        super().abortConnection()

    @property
    def ending(self) -> bool:
        return self.disconnecting or self.cut


class Client:
    """A client's end; `taken` is what the server has said to it since it was asked last."""

    def __init__(self, house: "House", wire: Wire) -> None:
        self.house = house
        self.wire = wire
        self.reader = Reader()
        self.peer: SSL.Connection | None = None
        self.jid = ""
        self._said: list[tuple[Element, bytes]] = []

    def send(self, *parts: bytes) -> None:
        """Send each of these as reads of their own."""
        for part in parts:
            for start in range(0, len(part), MEASURE):
                self._put(part[start : start + MEASURE])
            self.house.settle()

    def _put(self, data: bytes) -> None:
        if self.peer is not None:
            self.peer.send(data)
        else:
            self.wire.unread.append(data)

    def carry(self) -> bool:
        """Bring bytes to the server, and over TLS both ways."""
        if self.peer is None:
            return self.wire.pump()
        with suppress(SSL.WantReadError):
            while True:
                self.wire.unread.append(self.peer.bio_read(MEASURE))
        moved = self.wire.pump()
        data = self.wire.value()
        self.wire.clear()
        if data:
            self.peer.bio_write(data)
        return moved or bool(data)

    def shake(self, peer: SSL.Connection) -> None:
        """Go on with TLS. Raises SSL.Error as the client sees it."""
        self.wire.clear()
        self.peer = peer
        for _ in range(6):
            with suppress(SSL.WantReadError):
                peer.do_handshake()
            self.house.settle()

    def answers(self) -> list[tuple[Element, bytes]]:
        """What has been said, each with its bytes."""
        if self.peer is None:
            data = self.wire.value()
            self.wire.clear()
        else:
            data = b""
            with suppress(SSL.WantReadError, SSL.ZeroReturnError):
                while True:
                    data += self.peer.recv(MEASURE)
        said, self._said = [*self._said, *self.reader.read(data)], []
        return said

    def taken(self) -> list[Element]:
        return [element for element, _ in self.answers()]

    @property
    def open(self) -> bool:
        """Whether the server takes this connection to go on."""
        self._said = self.answers()
        return not self.reader.closed and not self.wire.ending

    def pings(self) -> bool:
        """Whether a ping is answered; what else has been said stays to be taken."""
        self.send(b"<iq type='get' id='alive' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>")
        said = self.answers()
        answers = [each for each in said if each[0].get("id") == "alive"]
        self._said = [each for each in said if each not in answers]
        return [element.get("type") for element, _ in answers] == ["result"]

    def lose(self) -> None:
        """The socket is gone."""
        self.house.clients.remove(self)
        self.wire.protocol.connectionLost(None)
        self.wire.unread.clear()
        self.house.settle()


class House:
    """A server for example.com and example.org.

    There are juliet, who is online as `balcony`; romeo, who is hostile and also has an honest
    session `orchard`; and nurse, who is not online. `forgets` is in how many seconds the server
    has let go of everything that a lost client made it keep.
    """

    forgets = 2
    uncounted: tuple[type, ...] = ()
    """Kinds of things whose insides are caches, which grow and shrink."""

    def __init__(self, folder: Path, store: str = "memory", **options: Any) -> None:
        limits = options.pop("limits", Limits())
        # an archive keeps what is delivered, as it should
        unarchived = {"archive": Extension(enabled=False)}
        options["extensions"] = unarchived | options.get("extensions", {})
        self.checkers = options.pop("checkers", ())
        self._lag = options.pop("lag", 0.0)
        self.folder = folder
        self.clock = self.make_clock()
        self.clock.advance(1_800_000_000)
        self.config = Config(
            domains=(Domain("example.com"), Domain("example.org")),
            data=folder,
            storage=Storage(use=store),  # type: ignore[arg-type]
            c2s=Clients(listen=(), limits=limits),
            **options,
        )
        self.clients: list[Client] = []
        self._numbers = 0
        self._start()

    def make_clock(self) -> Clock:
        """What stands for the reactor."""
        return Clock()

    def make_server(self) -> Any:
        """A server of `config`, not started yet."""
        return assemble(self.config, self.clock, listen=False, checkers=self.checkers)

    def _start(self) -> None:
        self.server = self.make_server()
        self.server.startService()
        self.settle()
        self.host: Any = self.server.manager.host("example.com")

    def restart(self) -> None:
        """Stop the server, which loses all clients, and start another on what it kept."""
        stopped = self.server.stopService()
        for client in list(self.clients):
            client.lose()
        self.settle()
        assert stopped.called
        self._start()

    def populate(self) -> None:
        """Make the accounts, and have those log in who do no harm."""
        for name in ("juliet", "romeo", "nurse"):
            self.account(name)
        self.host.user("nurse")  # in memory, like the others
        self.juliet = self.bound("juliet", "balcony")
        self.orchard = self.bound("romeo", "orchard")
        for one in (self.juliet, self.orchard):
            one.send(b"<presence/>")
            one.taken()
        self.orchard.taken()

    @property
    def bystanders(self) -> tuple[Client, Client]:
        return self.juliet, self.orchard

    def account(self, name: str) -> None:
        """Make an account as the server does, but for deriving its keys anew each time."""
        stores, owner = self.server.stores.of("example.com"), self.host.accounts.owner(name)
        stores.document("account", AttrsCodec(AccountRecord)).put(owner, AccountRecord())
        stores.document("credentials", JsonCodec()).put(owner, keys())
        self.settle()

    def settle(self) -> None:
        """Let everything happen that is due; and with a store that takes its time, what it does."""
        self._rest()
        if self._lag:
            self.clock.advance(self._lag)
            self._rest()

    def _rest(self) -> None:
        for _ in range(1_000):
            moved = self.carry()
            due = [
                call
                for call in self.clock.getDelayedCalls()
                if call.getTime() <= self.clock.seconds()
            ]
            if due:
                self.clock.advance(0)
            elif not moved:
                return
        raise AssertionError("this does not come to rest")

    def carry(self) -> bool:
        """Move bytes; whether there were any."""
        return any([client.carry() for client in list(self.clients)])

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            self.settle()

    def catch_up(self) -> None:
        """Let those who pace themselves end what they have begun."""

    # Clients

    def connect(self, tls: str = "none", address: str = "") -> Client | None:
        """A connection to a listening place; None where it is refused."""
        self._numbers += 1
        number = self._numbers
        wire = Wire(address or f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        listen = Listen("tcp:0:interface=127.0.0.1", tls)  # type: ignore[arg-type]
        protocol: Any = place_factory(self.server.edge, listen).buildProtocol(wire.getPeer())
        if protocol is None:
            return None
        client = Client(self, wire)
        self.clients.append(client)
        wire.protocol = protocol
        protocol.makeConnection(wire)
        return client

    def client(self, state: str, header: bytes = HEADER) -> Client:
        """A client in a state of the table: `C0`, `C0p`, `CB` or `C1`.

        With a hyphen behind it the header of the stream is still to come.
        """
        kind, _, bare = state.partition("-")
        client = self.connect("starttls" if kind == "C0p" else "none")
        assert client is not None
        if kind in ("CB", "C1"):
            client.send(header, plain("romeo"))
        if bare or "-" not in state:
            client.send(header)
        if kind == "C1":
            client.send(bind("hostile"))
            client.jid = "romeo@example.com/hostile"
        client.taken()
        return client

    def bound(self, name: str, resource: str, header: bytes = HEADER) -> Client:
        client = self.connect()
        assert client is not None
        client.send(header, plain(name), header, bind(resource))
        client.jid = f"{name}@example.com/{resource}"
        client.taken()
        return client

    def over_tls(self, tls: str = "direct", **options: Any) -> Client:
        """A client that has a stream over TLS."""
        client = self.connect(tls)
        assert client is not None
        if tls == "starttls":
            client.send(HEADER, STARTTLS)
        client.shake(tls_client("example.com", **options))
        client.send(HEADER)
        client.taken()
        return client

    # What is kept

    def things(self) -> Iterator[object]:
        """All that the server holds on to."""
        seen: set[int] = set()
        todo: list[object] = [self.server]
        while todo:
            thing = todo.pop()
            if id(thing) in seen or isinstance(
                thing, (ModuleType, type, CodeType, Logger, Wire, *self.uncounted)
            ):
                continue
            seen.add(id(thing))
            yield thing
            if isinstance(thing, FunctionType):
                todo += [thing.__closure__, thing.__defaults__]
            else:
                todo += get_referents(thing)

    def kept(self, needle: bytes) -> tuple[Counter[str], list[object]]:
        """How many things of ours there are by kind, and the texts that hold `needle`."""
        kinds: Counter[str] = Counter()
        found: list[object] = []
        text = needle.decode()
        for thing in self.things():
            kind = type(thing)
            ours = kind.__module__.startswith("xmppd.") and kind.__name__ not in SHARED
            if ours or kind is Deferred:
                kinds[kind.__qualname__] += 1
            elif (isinstance(thing, str) and text in thing) or (
                isinstance(thing, (bytes, bytearray)) and needle in thing
            ):
                found.append(thing)
        return kinds, found

    def entries(self) -> int:
        """How much stands in all the server's collections."""
        kinds = (dict, set, list, deque, OrderedDict)
        return sum(len(thing) for thing in self.things() if isinstance(thing, kinds))

    def held(self) -> int:
        """How many bytes of what is said the server holds."""
        return sum(len(thing) for thing in self.things() if isinstance(thing, (bytes, bytearray)))
