"""A whole server in this process, and clients on transports in memory."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import attrs
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from bench.material import CLIENT_HEADER, DOMAIN
from bench.scram import auth
from xmppd.app.assemble import assemble
from xmppd.app.config import load

ENVIRONMENT = {"XMPPD__STORAGE__USE": "memory", "XMPPD__C2S__LIMITS__ENABLED": "false"}
_PEER = IPv4Address("TCP", "127.0.0.1", 40000)


class HouseClock(Clock):
    """A clock that is also told by threads what is to be called."""

    def __init__(self) -> None:
        super().__init__()
        self._told: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def callFromThread(self, call: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        self._told.put(lambda: call(*args, **kwargs))

    def hear(self, seconds: float = 0) -> None:
        """Call what threads have told; wait so long for one that has not yet."""
        try:
            while True:
                (self._told.get(timeout=seconds) if seconds else self._told.get_nowait())()
                seconds = 0
        except Empty:
            pass


@attrs.frozen
class Place:
    """Where the clients come in."""

    tls: str = "none"
    endpoint: str = ""


class House:
    """The server with all that it does by default, its storage in memory unless told otherwise.

    With `passwords` the accounts are those of a cred checker, and come into being as they log in:
    that saves making keys for each. `settings` are more variables of its environment.
    """

    def __init__(
        self, passwords: Sequence[str] = (), settings: Mapping[str, str] | None = None
    ) -> None:
        self.clock = HouseClock()
        self.clock.advance(1_800_000_000)
        self._folder = tempfile.TemporaryDirectory()
        known: Any = InMemoryUsernamePasswordDatabaseDontUse()
        for name in passwords:
            known.addUser(name.encode(), b"secret")
        environment = {**ENVIRONMENT, **(settings or {})}
        config = load(environ=environment, domains=[DOMAIN], data=self._folder.name)
        self.server = assemble(
            config, self.clock, listen=False, checkers=[known] if passwords else []
        )
        self.server.startService()
        self.settle()

    def settle(self) -> None:
        """Let happen what was put off to the end of the reactor's turn, to its very end."""
        while any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
            self.clock.advance(0)

    def turn(self) -> None:
        """One turn of the reactor, 20 milliseconds after the last one."""
        self.clock.advance(0)
        self.clock.advance(0.02)
        self.clock.hear()

    def wait(self) -> None:
        """The same, and what a thread is about."""
        self.clock.hear(0.01)
        self.settle()
        self.turn()

    def close(self) -> None:
        """Close the stores: their threads end, without which Python would not."""
        closed: list[object] = []
        self.server.stores.close().addBoth(closed.append)
        while not closed:
            self.wait()

    def make_account(self, name: str) -> None:
        """An account with keys of its own."""
        host = self.server.manager.host(DOMAIN)
        assert host is not None and host.accounts is not None
        host.accounts.create(name, "secret")
        self.settle()

    def connect(self) -> "Client":
        """A client that has connected and said nothing yet."""
        return Client(self)

    def log_in(self, name: str) -> "Client":
        """A client that has logged in and is available."""
        client = self.connect()
        client.name = name
        for step in plain_steps(name):
            client.say(step)
        return client


class Client:
    """A client's end of a connection; `name` is its account's once it has logged in."""

    name = ""

    def __init__(self, house: House) -> None:
        self._house = house
        self.transport = StringTransport()
        protocol = house.server.edge.build_protocol(_PEER, Place())
        assert protocol is not None
        self.protocol = protocol
        self.protocol.makeConnection(self.transport)

    def say(self, data: bytes) -> bytes:
        """Send bytes, let the server do all it has to, and give what it says."""
        self.protocol.dataReceived(data)
        self._house.settle()
        return self.taken()

    def taken(self) -> bytes:
        """What the server has said since the last time."""
        said: bytes = self.transport.value()
        self.transport.clear()
        return said


BIND = (
    b"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
    b"<resource>bench</resource></bind></iq>"
)
ARRIVE = b"<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>"


def plain_steps(name: str) -> list[bytes]:
    """What a client says from connecting to its presence, by SASL PLAIN."""
    return [CLIENT_HEADER, auth("PLAIN", f"\0{name}\0secret"), CLIENT_HEADER, BIND, ARRIVE]
