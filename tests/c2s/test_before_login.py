"""Requests of clients that have not logged in (session protocol, 3.3; XEP-0077, 3.1)."""

from twisted.trial.unittest import SynchronousTestCase

from tests.c2s.fake_manager import HEADER, HOST, House, refusal
from tests.protocol.elements import parsed
from xmppd.component.session import StreamFacts, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.namespaces import CLIENT

GET = b"<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>"
SET = b"<iq type='set' id='2'><query xmlns='jabber:iq:register'><username>x</username></query></iq>"
RESULT = b"<iq type='result' id='2' from='example.com'/>"


class BeforeLoginTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.house.manager.answers["before"] = lambda asked: asked.answer(verb("after", RESULT))
        self.client = self.house.client()
        self.client.send(HEADER)

    def test_the_host_answers(self) -> None:
        self.assertEqual(self.client.send(SET), RESULT)
        (asked,) = self.house.manager.requests("before")
        item = asked.items[0]
        self.assertEqual((asked.to, asked.sender, item.attrs["host"]), (HOST, "c2s-1/x.1", HOST))
        self.assertEqual(StreamFacts.parse(HOST, item.element()).peer, "192.0.2.7")
        iq = item.child_bytes(CLIENT, "iq")
        assert iq is not None
        self.assertEqual(parsed(iq).firstChildElement().uri, "jabber:iq:register")

    def test_one_at_a_time(self) -> None:
        asked: list[Envelope] = []
        self.house.manager.answers["before"] = lambda envelope: asked.append(envelope)
        self.assertEqual(self.client.send(GET + GET), b"")
        self.assertEqual(len(asked), 1)
        self.house.manager.link.send(asked[0].answer(verb("after", RESULT)))
        self.assertEqual(self.client.said(), RESULT)
        self.assertEqual(len(asked), 2)

    def test_one_registration_on_a_stream(self) -> None:
        self.client.send(SET)
        said = parsed(self.client.send(SET))
        self.assertEqual((said["type"], said["id"]), ("error", "2"))
        self.assertEqual(said.firstChildElement()["type"], "modify")
        self.assertEqual(said.firstChildElement().firstChildElement().name, "not-acceptable")
        self.assertEqual(self.client.send(GET), RESULT)

    def test_again_after_an_error(self) -> None:
        error = b"<iq type='error' id='2'><error type='cancel'/></iq>"
        self.house.manager.answers["before"] = lambda asked: asked.answer(verb("after", error))
        self.assertEqual(self.client.send(SET + SET), error + error)

    def test_nobody_answers(self) -> None:
        self.house.manager.answers["before"] = refusal()
        said = parsed(self.client.send(GET))
        self.assertEqual((said["type"], said["id"]), ("error", "1"))
        self.assertEqual(said.firstChildElement().firstChildElement().name, "service-unavailable")

    def test_everything_else_is_not_authorized(self) -> None:
        """RFC 6120, 4.9.3.12."""
        for stanza in (
            b"<iq type='result' id='1'><query xmlns='jabber:iq:register'/></iq>",
            b"<iq type='get' id='1'><query xmlns='jabber:iq:version'/></iq>",
            b"<iq type='get' id='1'/>",
            b"<message><query xmlns='jabber:iq:register'/></message>",
        ):
            client = self.house.client()
            client.send(HEADER)
            self.assertIn(b"<not-authorized", client.send(stanza))
            self.assertTrue(client.disconnecting)
        self.assertEqual(self.house.manager.requests("before"), [])
