"""Clients that read their archives."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from twisted.trial.unittest import SynchronousTestCase
from twisted.words.xish.domish import Element

from tests.sm.kit import Client, House
from xmppd.component.report import report
from xmppd.extensions.archive import Archive
from xmppd.extensions.archive_preferences import ArchivePreferences
from xmppd.extensions.carbons import Carbons
from xmppd.extensions.offline import Offline
from xmppd.extensions.retraction import Retraction
from xmppd.extensions.stanza_ids import StanzaIds
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CLIENT, CONTENT, FORWARD, MAM
from xmppd.protocol.stanza import Stanza

RSM = "http://jabber.org/protocol/rsm"


def message(body: str, to: str = "juliet@example.com", type: str = "chat", more: str = "") -> str:
    return f"<message to='{to}' type='{type}' id='{body}'><body>{body}</body>{more}</message>"


def bare_message(content: str, to: str = "juliet@example.com", type: str = "chat") -> str:
    return f"<message to='{to}' type='{type}' id='m'>{content}</message>"


class Read(NamedTuple):
    """What an archive has answered."""

    ids: list[str]
    messages: list[Element]
    fin: Element
    results: list[Stanza]

    @property
    def bodies(self) -> list[str]:
        return [str(next(one.elements(CLIENT, "body"))) for one in self.messages]


class ArchiveCase(SynchronousTestCase):
    options = Archive.Options()
    extensions: ClassVar[list[Any]] = [StanzaIds, Offline, ArchivePreferences, Carbons, Retraction]

    def setUp(self) -> None:
        self.house = House([*self.extensions, (Archive, self.options)])
        self.romeo = self.house.client("romeo", "orchard")
        self.juliet = self.house.client("juliet", "balcony")
        self.juliet.send("<presence/>")
        self.juliet.taken()

    def ask(self, client: Client, content: str, id: str = "q") -> list[Stanza]:
        """What came for a query, its answer last."""
        self.drain(client)
        client.taken()
        client.send(f"<iq type='set' id='{id}'><query xmlns='{MAM}'>{content}</query></iq>")
        self.drain(client)
        return client.taken()

    def read(self, client: Client, fields: str = "", page: str = "", more: str = "") -> Read:
        content = more
        if fields:
            type = f"<field var='FORM_TYPE'><value>{MAM}</value></field>"
            content += f"<x xmlns='jabber:x:data' type='submit'>{type}{fields}</x>"
        if page:
            content += f"<set xmlns='{RSM}'>{page}</set>"
        *results, answer = self.ask(client, content)
        fin = answer.child(MAM, "fin")
        assert fin is not None, answer.inner
        found = [one.child(MAM, "result") for one in results]
        messages = [
            next(next(one.elements(FORWARD, "forwarded")).elements(CLIENT, "message"))
            for one in found
            if one is not None
        ]
        return Read([one["id"] for one in found if one is not None], messages, fin, results)

    def bodies(self, client: Client, *arguments: str) -> list[str]:
        return self.read(client, *arguments).bodies

    def condition(self, answer: Stanza) -> str:
        error = answer.child(CONTENT, "error")
        assert error is not None
        return str(next(iter(error.elements())).name)

    def drain(self, client: Client) -> None:
        """The client reads until there is nothing left."""
        known = -1
        while known != len(client.received):
            known = len(client.received)
            self.written(client)

    def written(self, client: Client) -> None:
        """The edge reports that the client's socket has taken everything."""
        entry = client.stream.resource.partition(".")[2], 1, 0, client._got
        edge = Jid.parse("c2s-1/e")
        manager = self.house.manager.address
        self.house.edge.send(Envelope(manager, edge, (report([entry]),)))
        self.house.settle()


def field(var: str, *values: str) -> str:
    return f"<field var='{var}'>{''.join(f'<value>{value}</value>' for value in values)}</field>"
