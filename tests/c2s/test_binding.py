"""Resource binding (RFC 6120, 7; session protocol, 3.4)."""

from twisted.trial.unittest import SynchronousTestCase

from tests.c2s.fake_manager import ACCOUNT, AUTH, BIND, HEADER, SESSION, House, refusal
from tests.protocol.elements import parsed
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.namespaces import BIND as NS


def bind(resource: str, type: str = "set") -> bytes:
    return f"<iq type='{type}' id='b'><bind xmlns='{NS}'>{resource}</bind></iq>".encode()


class BindingTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.client = self.house.client()
        self.client.send(HEADER, AUTH, HEADER)

    def opens(self) -> list[dict[str, str]]:
        return [each.items[0].attrs for each in self.house.manager.requests("open")]

    def test_bind(self) -> None:
        """7.7.1."""
        said = parsed(self.client.send(BIND))
        self.assertEqual((said["type"], said["id"]), ("result", "b1"))
        (asked,) = self.house.manager.requests("open")
        self.assertEqual(asked.to, ACCOUNT)
        self.assertEqual(self.opens(), [{"ticket": "t1", "resource": "balcony", "xml:lang": "de"}])
        self.assertEqual(str(said.bind.jid), "juliet@example.com/balcony")

    def test_resource_of_the_server_s_making(self) -> None:
        """7.6."""
        for request in (bind(""), bind("<resource/>")):
            self.client = self.house.client()
            self.client.send(HEADER, AUTH, HEADER)
            self.assertIn(b"type='result'", self.client.send(request))
            self.assertNotIn("resource", self.opens()[-1])

    def test_bad_requests(self) -> None:
        """7.7.2.1; the client may try again."""
        for request in (
            bind("", "get"),
            bind("<resource>" + "x" * 1024 + "</resource>"),
            bind("<resource>a&#xAD;\u206a</resource>"),
            BIND.replace(b" id='b1'", b""),
        ):
            said = parsed(self.client.send(request))
            self.assertEqual(said["type"], "error")
            self.assertEqual(said.error["type"], "modify")
            self.assertEqual(said.error.firstChildElement().name, "bad-request")
        self.assertEqual(self.opens(), [])
        self.assertIn(b"type='result'", self.client.send(BIND))

    def test_longest_resource(self) -> None:
        self.client.send(bind("<resource>" + "x" * 1023 + "</resource>"))
        self.assertEqual(self.opens()[0]["resource"], "x" * 1023)

    def test_refusal_goes_into_the_answer_as_it_is(self) -> None:
        """7.7.2.2."""
        error = StanzaError("conflict").to_bytes()
        self.house.manager.answers["open"] = refusal(error)
        self.assertEqual(self.client.send(BIND), b"<iq type='error' id='b1'>" + error + b"</iq>")
        self.house.manager.answers["open"] = lambda asked: asked.answer(self.house.manager.opened())
        self.assertIn(b"type='result'", self.client.send(BIND))

    def test_no_answer(self) -> None:
        self.house.manager.answers["open"] = lambda asked: None
        self.client.send(BIND)
        self.house.pass_seconds(21)
        said = parsed(self.client.said())
        self.assertEqual(said.error.firstChildElement().name, "remote-server-timeout")
        self.house.manager.answers["open"] = refusal()
        self.assertIn(b"type='error'", self.client.send(BIND))

    def test_session_manager_has_gone(self) -> None:
        """What the router says of that is not for clients (RFC 6120, 8.3.3.18)."""
        self.house.manager.link.close()
        said = parsed(self.client.send(BIND))
        self.assertEqual(said.error.firstChildElement().name, "remote-server-timeout")

    def test_nothing_else_before_binding(self) -> None:
        """7.1."""
        for stanza in (
            b"<message to='romeo@example.net'/>",
            b"<presence/>",
            b"<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
            b"<iq type='result' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        ):
            client = self.house.client()
            client.send(HEADER, AUTH, HEADER)
            self.assertIn(b"<not-authorized", client.send(stanza))
            self.assertTrue(client.disconnecting)

    def test_client_goes_before_the_session_is_there(self) -> None:
        """The session, which nobody wants any more, is closed."""
        asked: list[Envelope] = []
        self.house.manager.answers["open"] = lambda envelope: asked.append(envelope)
        self.client.send(BIND)
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.house.manager.link.send(asked[0].answer(self.house.manager.opened()))
        (close,) = self.house.manager.requests("close")
        self.assertEqual((close.to, close.epoch, close.number), (SESSION, 1, 1))
        self.assertEqual(close.items[0].attrs, {"how": "lost", "written": "0"})
