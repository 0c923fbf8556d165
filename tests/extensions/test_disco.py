"""XEP-0030, and the forms of XEP-0128."""

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.component.discovery import Discoverable, Identity, Info, Item
from xmppd.component.extension import Extension
from xmppd.component.requests import condition_of
from xmppd.extensions.disco import Disco
from xmppd.extensions.ping import Ping
from xmppd.protocol.forms import Field, Form, FormType
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"


class Library(Discoverable, Extension):
    """Has something at each place of discovery."""

    name = "library"
    features = ("urn:books", INFO)

    def host_forms(self) -> Iterable[Form]:
        return [Form.of(FormType.RESULT, "urn:info", Field("shelves", values=("4",)))]

    def host_items(self) -> Iterable[Item]:
        return [Item(Jid.parse("library.example.com"), name="Books & more")]

    def account_items(self, request: Stanza) -> Deferred[Iterable[Item]]:
        assert request.to is not None
        return succeed([Item(request.to, "borrowed")])

    def node_info(self, request: Stanza, node: str) -> Info | None:
        if node != "borrowed":
            return None
        return Info((Identity("hierarchy", "leaf"),), (INFO,))

    async def node_items(self, request: Stanza, node: str) -> Iterable[Item] | None:
        return () if node == "borrowed" else None


class Museum(Discoverable, Extension):
    """Says more in the same form."""

    name = "museum"

    def host_forms(self) -> Iterable[Form]:
        return [Form.of(FormType.RESULT, "urn:info", Field("statues", values=("2",)))]


class DiscoTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(
            [Disco, Ping, Library, Museum], accounts=["juliet", "romeo", "nurse", "tybalt"]
        )
        self.juliet = self.house.client("juliet")
        self.romeo = self.house.client("romeo", "orchard")
        for client in self.juliet, self.romeo:
            client.send("<presence/>")
        self.juliet.send("<presence to='romeo@example.com' type='subscribe'/>")
        self.romeo.send("<presence to='juliet@example.com' type='subscribed'/>")
        for client in self.juliet, self.romeo:
            client.taken()

    def ask(self, ns: str, to: str, node: str | None = None, by: Client | None = None) -> Stanza:
        addressed = f"to='{to}'" if to else ""
        named = "" if node is None else f"node='{node}'"
        return (by or self.juliet).answer(
            f"<iq type='get' id='d' {addressed}><query xmlns='{ns}' {named}/></iq>"
        )

    def query(self, answer: Stanza) -> Any:
        self.assertEqual(answer.type, "result")
        query = answer.payload()
        assert query is not None
        return query

    def features(self, answer: Stanza) -> list[str]:
        query = self.query(answer)
        return [child["var"] for child in query.elements() if child.name == "feature"]

    def identities(self, answer: Stanza) -> list[tuple[str, str]]:
        query = self.query(answer)
        return [
            (child["category"], child["type"])
            for child in query.elements()
            if child.name == "identity"
        ]

    def items(self, answer: Stanza) -> list[tuple[str, str | None]]:
        self.assertEqual(self.query(answer).uri, ITEMS)
        return [
            (child["jid"], child.getAttribute("node")) for child in self.query(answer).elements()
        ]

    def test_host(self) -> None:
        """3.1: identities and features, each once; what all extensions declare."""
        answer = self.ask(INFO, "example.com")
        self.assertEqual(answer.sender, "example.com")
        self.assertEqual(self.identities(answer), [("server", "im")])
        self.assertEqual(sorted(self.features(answer)), [INFO, ITEMS, "urn:books", "urn:xmpp:ping"])

    def test_forms(self) -> None:
        """XEP-0128, 2; XEP-0115, 5.4: one form for each FORM_TYPE."""
        forms = [
            Form.parse(child)
            for child in self.query(self.ask(INFO, "example.com")).elements()
            if child.name == "x"
        ]
        [form] = forms
        self.assertEqual((form.type, form.form_type), ("result", "urn:info"))
        self.assertEqual([field.var for field in form.fields], ["FORM_TYPE", "shelves", "statues"])

    def test_items_of_host(self) -> None:
        answer = self.ask(ITEMS, "example.com")
        self.assertEqual(self.items(answer), [("library.example.com", None)])

    def test_own_account(self) -> None:
        """3.1: the server answers for the account, whose identity is account/registered."""
        for to in "juliet@example.com", "":
            answer = self.ask(INFO, to)
            self.assertEqual(self.identities(answer), [("account", "registered")])
            self.assertEqual(sorted(self.features(answer)), [INFO, ITEMS, "urn:xmpp:ping"])
            self.assertEqual(answer.sender, "juliet@example.com")

    def test_contact(self) -> None:
        answer = self.ask(INFO, "romeo@example.com")
        self.assertEqual(self.identities(answer), [("account", "registered")])

    def test_items_of_contact(self) -> None:
        """4.1: available resources, and what else belongs to the account."""
        self.house.client("romeo", "hidden")
        answer = self.ask(ITEMS, "romeo@example.com")
        self.assertEqual(
            self.items(answer),
            [("romeo@example.com/orchard", None), ("romeo@example.com", "borrowed")],
        )

    def test_stranger(self) -> None:
        """8: service-unavailable and an empty list, whether there is such an account or not."""
        nurse = self.house.client("nurse")
        nurse.send("<presence/>")
        for name in "romeo", "tybalt", "nobody":
            for node in None, "borrowed", "nonsense":
                answer = self.ask(INFO, f"{name}@example.com", node, nurse)
                self.assertEqual(condition_of(answer), "service-unavailable")
                answer = self.ask(ITEMS, f"{name}@example.com", node, nurse)
                self.assertEqual(self.items(answer), [])
                self.assertEqual(self.query(answer).getAttribute("node"), node)

    def test_full_jid_of_nobody(self) -> None:
        """RFC 6121, 8.5.3.2.3: the same for a resource of no account and for none of one."""
        for name in "romeo", "nobody":
            for ns in INFO, ITEMS:
                answer = self.ask(ns, f"{name}@example.com/gone")
                self.assertEqual(condition_of(answer), "service-unavailable")

    def test_nodes(self) -> None:
        """3.2, 4.2: the answer mirrors the node."""
        for to in "example.com", "romeo@example.com":
            answer = self.ask(INFO, to, "borrowed")
            self.assertEqual(self.identities(answer), [("hierarchy", "leaf")])
            self.assertEqual(self.query(answer)["node"], "borrowed")
            answer = self.ask(ITEMS, to, "borrowed")
            self.assertEqual(self.items(answer), [])
            self.assertEqual(self.query(answer)["node"], "borrowed")

    def test_unknown_nodes(self) -> None:
        """7: item-not-found to whom that may be told."""
        for to in "example.com", "juliet@example.com", "romeo@example.com":
            for ns in INFO, ITEMS:
                answer = self.ask(ns, to, "nonsense")
                self.assertEqual(condition_of(answer), "item-not-found")

    def test_empty_node_is_none(self) -> None:
        answer = self.ask(INFO, "example.com", "")
        self.assertEqual(self.identities(answer), [("server", "im")])
        self.assertEqual(self.query(answer)["node"], "")

    def test_another_server(self) -> None:
        """A host is discovered by anybody."""
        self.house.from_outside(
            f"<iq type='get' id='r' from='bot@remote.test/x' to='example.com'>"
            f"<query xmlns='{INFO}'/></iq>"
        )
        [answer] = self.house.left
        self.assertIn("urn:xmpp:ping", self.features(answer))
