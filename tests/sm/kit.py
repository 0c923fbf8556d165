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
from xmppd.component.report import NO_COUNT, Entry, report
from xmppd.component.session import StreamFacts, verb
from xmppd.link.envelope import Envelope
from xmppd.link.router import Router
from xmppd.protocol import acks
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SASL, STREAM_MANAGEMENT
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.host import Host
from xmppd.sm.manager import SessionManager
from xmppd.sm.roster import Roster
from xmppd.storage.memory import MemoryStore


class House:
    """A router, a session manager and accounts with the password `secret`.

    `extensions` are classes, or pairs of a class and its options. `former` is one whose store is
    used by another boot of the session manager.
    """

    def __init__(
        self,
        extensions: Sequence[Any] = (),
        domains: Sequence[str] = ("example.com",),
        accounts: Sequence[str] = ("juliet", "romeo"),
        lossless: bool = True,
        former: "House | None" = None,
    ) -> None:
        self.clock = Clock() if former is None else former.clock
        if former is None:
            self.clock.advance(1_800_000_000)
        self.router = Router()
        self.backend: Any = MemoryStore(self.clock) if former is None else former.backend
        self.boot = boot = "b" if former is None else former.boot + "b"
        self.domains = domains
        self._extensions = [Roster, *extensions]
        link: Any = self.router.link(domains, names=["sm-1"])
        link.lossless = lossless
        self.manager = SessionManager(
            "sm-1", link, self.clock, self.backend, self._make_host, boot=boot
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
        self.name = name
        self.former: list[Stanza] = []
        """What has come for streams that it had before."""
        self.begin(**facts)
        opening = verb("open", ticket=self.ticket, resource=resource)
        opened = house.ask(f"{name}@{self.domain}", self.stream, opening)
        assert opened.type != "error", opened.items[0].inner
        self.attach(opened.items[0])

    def begin(self, **facts: Any) -> None:
        """Log in, on a new stream."""
        house, name = self.house, self.name
        self.stream = Jid.parse(f"c2s-1/e.{len(house.streams) + 1}")
        house.streams[self.stream] = self
        self.received: list[Stanza] = []
        self.closed: Stanza | None = None
        self._number = 1
        self._got = 0
        self.domain = domain = facts.pop("host", house.domains[0])
        stream = StreamFacts(domain, mechanisms=("PLAIN",), **facts)
        secret = base64.b64encode(f"\0{name}\0secret".encode()).decode()
        auth = element("auth", SASL, {"mechanism": "PLAIN"}, secret)
        request = verb("authenticate", stream.to_xml(), auth, host=domain)
        step = house.ask(f"{name}@{domain}", self.stream, request).items[0]
        assert step.attrs["state"] == "done", step.inner
        self.ticket = step.attrs["ticket"]

    def attach(self, opened: Stanza) -> None:
        """Take the session that a stream has been given."""
        assert opened.name == "opened", opened.to_bytes()
        self.jid = Jid.parse(opened.attrs["jid"])
        self.session = Jid.parse(opened.attrs["session"])
        self.epoch = int(opened.attrs["e"])

    def enable(self, **attributes: str) -> Stanza:
        """Ask for stream management, resumable unless said otherwise; gives the answer."""
        self.pass_on(Stanza(STREAM_MANAGEMENT, "enable", {"resume": "true"} | attributes))
        [answer] = [item for item in self.received if item.ns == STREAM_MANAGEMENT]
        self.received.remove(answer)
        return answer

    def resume(self, previd: str, h: object, stream: bool = True) -> Stanza:
        """Ask to go on with a session, on a new stream unless said otherwise; gives the answer.

        What came over the old stream is no longer there.
        """
        if stream:
            self.begin()
        element = acks.resume(previd, 0).replace(b"h='0'", f"h='{h}'".encode())
        request = verb("resume", element, ticket=self.ticket)
        answer = self.house.ask(f"{self.name}@{self.domain}", self.stream, request).items[0]
        if answer.name == "opened":
            self.attach(answer)
        return answer

    def report(self, h: int | None = None, written: int | None = None) -> None:
        """The edge says what it has written, all unless said otherwise, and the client's count."""
        number = self.stream.resource.partition(".")[2]
        written = self._got if written is None else written
        entry = Entry(number, self.epoch, self._got, written, "", NO_COUNT if h is None else h)
        address = Jid.parse(f"{self.stream.domain}/{self.stream.resource.partition('.')[0]}")
        self.house.edge.send(Envelope(self.house.manager.address, address, (report([entry]),)))
        self.house.settle()

    def cut(self) -> None:
        """The connection is lost; everything it was sent has been written."""
        self.close("lost")

    def send(self, *xml: str) -> None:
        """Send stanzas as one read of the edge, and let everything happen."""
        self.pass_on(*[parse_stanza(text.encode()) for text in xml])

    def pass_on(self, *items: Stanza) -> None:
        """Send items of the session protocol's traffic."""
        envelope = Envelope(self.session, self.stream, items, self.epoch, self._number)
        self.house.edge.send(envelope)
        self._number += len(items)
        self.house.settle()

    def take(self, envelope: Envelope) -> None:
        if envelope.to != self.stream:
            self.former += envelope.items
            return
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
