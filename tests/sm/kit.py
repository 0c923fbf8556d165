"""A session manager in memory and clients that speak the session protocol to it.

Everything happens when `house.settle()` runs the fake clock; no bytes, no sockets. What a client
was sent is in `client.received`, a list of stanzas.
"""

import base64
from collections.abc import Sequence
from typing import Any

from twisted.cred.portal import Portal
from twisted.internet.task import Clock

from xmppd.accounts.realm import StoredKeysChecker, StoredRealm
from xmppd.accounts.registry import Accounts
from xmppd.component.extension import Extension
from xmppd.component.session import StreamFacts, verb
from xmppd.link.envelope import Envelope
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SASL
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.host import Host
from xmppd.sm.manager import SessionManager
from xmppd.sm.roster import Roster
from xmppd.storage.memory import MemoryStore


class House:
    """A router, a session manager and accounts with the password `secret`.

    `extensions` are classes, or pairs of a class and its options.
    """

    def __init__(
        self,
        extensions: Sequence[Any] = (),
        domains: Sequence[str] = ("example.com",),
        accounts: Sequence[str] = ("juliet", "romeo"),
        lossless: bool = True,
    ) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.router = Router()
        self.backend: Any = MemoryStore(self.clock)
        self.domains = domains
        self._extensions = [Roster, *extensions]
        link: Any = self.router.link(domains, names=["sm-1"])
        link.lossless = lossless
        self.manager = SessionManager(
            "sm-1", link, self.clock, self.backend, self._make_host, boot="b"
        )
        self.edge = self.router.link(names=["c2s-1"])
        self.edge.receiver = self._receive
        self.streams: dict[str, Client] = {}
        self.answers: dict[str, Envelope] = {}
        self.outside = self.router.link(["remote.test"])
        self.left: list[Any] = []
        """What was sent to accounts at remote.test."""
        self.outside.receiver = self.left.append
        self.host = self.manager.host(domains[0])
        for name in accounts:
            assert self.host is not None and self.host.accounts is not None
            self.host.accounts.create(name, "secret").addErrback(lambda f: f.raiseException())
        self.settle()

    def _make_host(self, domain: str) -> Host | None:
        if domain not in self.domains:
            return None
        accounts = Accounts(domain, self.backend)
        portal = Portal(StoredRealm(accounts, self.backend), [StoredKeysChecker(accounts)])
        host = Host(domain, self.manager, portal, self.backend, accounts)
        host.start([_maker(entry) for entry in self._extensions])
        return host

    def _receive(self, item: Any) -> None:
        client = self.streams.get(item.to)
        if item.id:
            self.answers[item.id] = item
        elif client is not None:
            client.take(item)

    def settle(self, seconds: float = 0.0) -> None:
        """Let everything happen that is due, and time pass."""
        for _ in range(20):
            self.clock.advance(0)
        if seconds:
            self.clock.advance(seconds)
            self.settle()

    def ask(self, to: str, sender: Jid, item: Stanza) -> Envelope:
        """Send a request of the session protocol and give the answer."""
        id = str(len(self.answers) + 1)
        self.edge.send(Envelope(Jid.parse(to), sender, (item,), id=id))
        self.settle()
        return self.answers[id]

    def client(self, name: str = "juliet", resource: str = "balcony", **facts: Any) -> "Client":
        """Log a client in; it sends no presence by itself."""
        return Client(self, name, resource, **facts)

    def from_outside(self, xml: str) -> None:
        """Route a stanza of somebody at remote.test."""
        self.outside.send(parse_stanza(xml.encode()))
        self.settle()


def _maker(entry: Any) -> Any:
    cls, options = entry if isinstance(entry, tuple) else (entry, entry.Options())

    def make(host: Host) -> Extension:
        extension: Extension = cls(host, options)
        return extension

    return make


class Client:
    """A client's stream at the fake edge, logged in and bound."""

    def __init__(self, house: House, name: str, resource: str, **facts: Any) -> None:
        self.house = house
        self.stream = Jid.parse(f"c2s-1/e.{len(house.streams) + 1}")
        house.streams[self.stream] = self
        self.received: list[Stanza] = []
        self.closed: Stanza | None = None
        self._number = 1
        self._got = 0
        domain = facts.pop("host", house.domains[0])
        stream = StreamFacts(domain, mechanisms=("PLAIN",), **facts)
        secret = base64.b64encode(f"\0{name}\0secret".encode()).decode()
        auth = element("auth", SASL, {"mechanism": "PLAIN"}, secret)
        request = verb("authenticate", stream.to_xml(), auth, host=domain)
        step = house.ask(f"{name}@{domain}", self.stream, request).items[0]
        assert step.attrs["state"] == "done", step.inner
        opening = verb("open", ticket=step.attrs["ticket"], resource=resource)
        opened = house.ask(f"{name}@{domain}", self.stream, opening)
        assert opened.type != "error", opened.items[0].inner
        self.jid = Jid.parse(opened.items[0].attrs["jid"])
        self.session = Jid.parse(opened.items[0].attrs["session"])

    def send(self, *xml: str) -> None:
        """Send stanzas as one read of the edge, and let everything happen."""
        self.pass_on(*[parse_stanza(text.encode()) for text in xml])

    def pass_on(self, *items: Stanza) -> None:
        """Send items of the session protocol's traffic."""
        self.house.edge.send(Envelope(self.session, self.stream, items, 1, self._number))
        self._number += len(items)
        self.house.settle()

    def take(self, envelope: Envelope) -> None:
        assert envelope.number == self._got + 1
        self._got += len(envelope.items)
        for item in envelope.items:
            if item.name == "close":
                self.closed = item
            else:
                self.received.append(item)

    def close(self, how: str = "clean") -> None:
        """The stream ends; everything it was sent has been written."""
        self.pass_on(verb("close", how=how, written=str(self._got)))

    def taken(self) -> list[Stanza]:
        """What came since the last call."""
        received, self.received = self.received, []
        return received

    def answer(self, xml: str) -> Stanza:
        """Send an iq and give its answer."""
        asked = parse_stanza(xml.encode())
        self.send(xml)
        [answer] = [item for item in self.received if item.id == asked.id and item.name == "iq"]
        self.received.remove(answer)
        return answer
