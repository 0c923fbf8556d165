"""The example of ejabberd's developers' guide that has a domain of its own."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.component.requests import condition_of
from xmppd.extensions.disco import Disco
from xmppd.extensions.echo import Echo
from xmppd.link.envelope import Envelope
from xmppd.link.routes import RouteTaken
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm.host import Host

HELLO = "<message to='x@echo.example.com' id='m'><body>hello</body></message>"


class EchoTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.juliet = self.house.client()

    def start(self, options: Echo.Options | None = None) -> Host:
        """Start the host anew, knowing the router."""
        host = self.house.host
        assert host is not None
        host.open_link = self.house.router.link
        host.start(
            [
                lambda host: Disco(host, Disco.Options()),
                lambda host: Echo(host, options or Echo.Options()),
            ]
        )
        return host

    def said(self, client: Client, xml: str) -> list[Stanza]:
        client.send(xml)
        return client.taken()

    def test_message_comes_back(self) -> None:
        """With its addresses swapped and nothing else changed."""
        self.start()
        [answer] = self.said(self.juliet, HELLO)
        self.assertEqual((answer.sender, answer.to), ("x@echo.example.com", self.juliet.jid))
        self.assertEqual((answer.id, answer.inner), ("m", b"<body>hello</body>"))
        self.assertIsNone(answer.type)

    def test_errors_do_not_come_back(self) -> None:
        """RFC 6120, 8.3.1: two echoes would throw them to each other for ever."""
        self.start()
        for xml in (
            "<message to='echo.example.com' type='error'><body>no</body></message>",
            "<iq to='echo.example.com' type='result' id='1'/>",
            "<presence to='echo.example.com'/>",
        ):
            self.assertEqual(self.said(self.juliet, xml), [])

    def test_other_requests(self) -> None:
        """RFC 6120, 8.2.3: every request is answered."""
        self.start()
        ask = "<iq to='echo.example.com' type='get' id='1'><{} xmlns='urn:xmpp:ping'/></iq>"
        [answer] = self.said(self.juliet, ask.format("pong"))
        self.assertEqual(condition_of(answer), "service-unavailable")
        [answer] = self.said(self.juliet, ask.format("ping"))
        self.assertEqual(answer.type, "result")

    def test_found_by_discovery(self) -> None:
        """XEP-0030, 3 and 4."""
        self.start()
        query = "<iq type='get' id='d' to='{}'><query xmlns='{}'/></iq>"
        items = query.format("example.com", "http://jabber.org/protocol/disco#items")
        self.assertIn(b"<item jid='echo.example.com'/>", self.juliet.answer(items).inner)
        info = query.format("echo.example.com", "http://jabber.org/protocol/disco#info")
        self.assertIn(b"category='client' type='bot'", self.juliet.answer(info).inner)

    def test_bounces_after_stop(self) -> None:
        host = self.start()
        host.stop()
        [answer] = self.said(self.juliet, HELLO)
        self.assertEqual((answer.type, condition_of(answer)), ("error", "service-unavailable"))

    def test_other_domain(self) -> None:
        """`@HOST@` stands for the host's domain, in the prepared form."""
        self.start(Echo.Options(host="Bounce.@HOST@"))
        [answer] = self.said(self.juliet, HELLO.replace("echo.", "bounce."))
        self.assertEqual(answer.sender, "x@bounce.example.com")

    def test_moves_at_reload(self) -> None:
        host = self.start()
        [echo] = [one for one in host.dispatch.extensions if isinstance(one, Echo)]
        echo.reload(Echo.Options(host="mirror.@HOST@"))
        [old] = self.said(self.juliet, HELLO)
        [new] = self.said(self.juliet, HELLO.replace("echo.", "mirror."))
        self.assertEqual((old.type, new.type), ("error", None))

    def test_domain_that_is_taken(self) -> None:
        """Nothing changes: the old domain goes on."""
        host = self.start()
        [echo] = [one for one in host.dispatch.extensions if isinstance(one, Echo)]
        with self.assertRaises(RouteTaken):
            echo.reload(Echo.Options(host="@HOST@"))
        [answer] = self.said(self.juliet, HELLO)
        self.assertIsNone(answer.type)

    def test_no_domain(self) -> None:
        for wrong in "", "a b", "x@y":
            with self.assertRaisesRegex(ValueError, "^host: not a domain"):
                Echo.Options(host=wrong)

    def test_envelopes_are_not_for_it(self) -> None:
        self.start()
        self.house.edge.send(Envelope(Jid.parse("echo.example.com"), Jid.parse("c2s-1/e"), ()))
        self.house.settle()

    def test_off_unless_configured(self) -> None:
        self.assertFalse(Echo.default)

    def test_without_a_router(self) -> None:
        assert self.house.host is not None
        with self.assertRaisesRegex(LookupError, "no router here to serve echo.example.com"):
            Echo(self.house.host, Echo.Options())
