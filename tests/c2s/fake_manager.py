"""A session manager that does as it is told, and an edge in front of it."""

from collections.abc import Callable, Collection
from typing import Any

import attrs
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from xmppd.app.config_clients import Limits
from xmppd.c2s.connection import Connection
from xmppd.c2s.edge import ClientEdge
from xmppd.component.report import report
from xmppd.component.session import client_element, host_facts, verb
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SASL
from xmppd.protocol.stanza import Stanza

HOST = Jid.parse("example.com")
SESSION = Jid.parse("sm-1/b.7")
ACCOUNT = Jid.parse("juliet@example.com")
PEER = IPv4Address("TCP", "192.0.2.7", 50122)

MECHANISMS = "SCRAM-SHA-1-PLUS SCRAM-SHA-1 EXTERNAL PLAIN"
HEADER = (
    b"<?xml version='1.0'?><stream:stream to='example.com' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0' xml:lang='de'>"
)
AUTH = (  # \0juliet\0secret
    b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGp1bGlldABzZWNyZXQ=</auth>"
)
BIND = (
    b"<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
    b"<resource>balcony</resource></bind></iq>"
)


@attrs.frozen
class Place:
    """A listening place."""

    tls: str = "none"
    endpoint: str = "tcp:0"


class FakeManager:
    """Answers verbs as `answers` says, by name; keeps all that comes.

    An answer is a callable that gets the envelope and returns the answer, or None for silence.
    """

    def __init__(self, router: Router) -> None:
        self.link = router.link(domains=[HOST], names=["sm-1"])
        self.link.receiver = self.receive
        self.seen: list[Envelope] = []
        self.address = Jid.parse("sm-1/b")
        self.answers: dict[str, Callable[[Envelope], Envelope | None]] = {
            "hello": lambda asked: asked.answer(self.host()),
            "authenticate": lambda asked: asked.answer(self.done()),
            "open": lambda asked: asked.answer(self.opened()),
        }

    def receive(self, item: Item) -> None:
        assert isinstance(item, Envelope)
        self.seen.append(item)
        if item.id:
            answer = self.answers[item.items[0].name](item)
            if answer is not None:
                self.link.send(answer)

    def host(self, rev: str = "1", mechanisms: str = MECHANISMS) -> Stanza:
        before = [b"<register xmlns='http://jabber.org/features/iq-register'/>"]
        after = [b"<ver xmlns='urn:xmpp:features:rosterver'/>"]
        return host_facts(rev, mechanisms.split(), before, after, "jabber:iq:register")

    def done(self) -> Stanza:
        success = element("success", SASL)
        return verb("step", success, state="done", account=ACCOUNT, ticket="t1", rev="1")

    def opened(self) -> Stanza:
        return verb("opened", session=SESSION, e="1", jid="juliet@example.com/balcony")

    def requests(self, name: str) -> list[Envelope]:
        return [each for each in self.seen if each.items and each.items[0].name == name]

    def traffic(self) -> list[Stanza]:
        """What has come up, verbs included, checked to be without gap."""
        items: list[Stanza] = []
        for envelope in self.seen:
            if envelope.epoch:
                assert envelope.number == len(items) + 1, (envelope.number, len(items))
                items += envelope.items
        return items

    def carried(self, name: str) -> list[Stanza | None]:
        """The client's elements in the requests of that name."""
        return [client_element(each.items[0]) for each in self.requests(name)]

    def say(self, stream: Jid, number: int, *items: Stanza, epoch: int = 1) -> None:
        self.link.send(Envelope(stream, SESSION, items, epoch, number))

    def handled(self, stream: Jid, count: int) -> None:
        name, _, number = stream.resource.partition(".")
        item = report([(number, 1, count, count)])
        self.link.send(Envelope(Jid.parse(f"c2s-1/{name}"), self.address, (item,)))


class Client(StringTransport):
    """One client's end: `send` what it says, `said` what it has got since it was last asked."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(peerAddress=PEER)
        self.connection = connection
        self.cut = False
        connection.makeConnection(self)

    def send(self, *data: bytes) -> bytes:
        for part in data:
            self.connection.dataReceived(part)
        return self.said()

    def said(self) -> bytes:
        value = self.value()
        self.clear()
        return value

    def abortConnection(self) -> None:
        self.cut = True
        super().abortConnection()


def step(content: bytes, **attributes: str) -> Callable[[Envelope], Envelope]:
    """A session manager's step in an exchange, as an answer of `FakeManager`."""
    return lambda asked: asked.answer(verb("step", content, **attributes))


def refusal(error: bytes = b"") -> Callable[[Envelope], Envelope]:
    """A refusal, as an answer of `FakeManager`; without content as a router bounces."""
    items = (verb("refused", error),) if error else ()
    return lambda asked: asked.answer(*items, type="error")


class House:
    """An edge, a router and a fake session manager."""

    def __init__(
        self,
        limits: Limits | None = None,
        certificates: Any = None,
        hosts: Collection[Jid] = (),
    ) -> None:
        self.clock = Clock()
        self.router = Router()
        self.manager = FakeManager(self.router)
        self.edge = ClientEdge(
            "c2s-1",
            self.router.link(names=["c2s-1"]),
            self.clock,
            limits or Limits(),
            HOST,
            certificates,
            boot="x",
            hosts=hosts,
        )
        self.edge.start()

    def client(self, tls: str = "none", address: IPv4Address = PEER) -> Client:
        connection = self.edge.build_protocol(address, Place(tls))
        assert connection is not None
        return Client(connection)

    def bound(self) -> Client:
        """A client that has logged in and bound a resource."""
        client = self.client()
        client.send(HEADER, AUTH, HEADER, BIND)
        return client

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
