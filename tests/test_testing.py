"""The test kit, as its users see it."""

from twisted.internet import reactor
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from xmppd.app.config_key import ConfigError
from xmppd.component.extension import HOST, Extension, iq
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.testing.client import LoginRefused
from xmppd.testing.inbox import Inbox, like
from xmppd.testing.links import FakeLink
from xmppd.testing.listening import ListeningServer
from xmppd.testing.server import START, TestServer

ACCOUNTS = {"juliet": "secret", "romeo": "also secret"}
CHAT = "<message to='{}' type='chat' id='m1'><body>hi</body></message>"
HEADER = (
    b"<stream:stream to='example.com' version='1.0' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)


class Greet(Extension):
    """Answers greetings."""

    name = "greet"

    @iq("get", "urn:example:greet", "greet", to=HOST)
    def answer(self, request: Stanza) -> Stanza:
        return request.reply(b"<greet xmlns='urn:example:greet'>hello</greet>")


class Waiting(Protocol):
    """Fires when the server has begun to offer features."""

    def __init__(self) -> None:
        self.said = b""
        self.offered: Deferred[None] = Deferred()
        self.lost: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.said += data
        if b"</stream:features>" in self.said and not self.offered.called:
            self.offered.callback(None)

    def connectionLost(self, reason: object = None) -> None:
        self.lost.callback(None)


class ServerTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = TestServer(accounts=ACCOUNTS)
        self.addCleanup(self.server.stop)

    def test_a_chat(self) -> None:
        """Both log in, one writes; the sender's full JID is stamped (RFC 6120, 8.1.2.1)."""
        juliet = self.server.client("juliet", "balcony")
        romeo = self.server.client("romeo")
        romeo.send(CHAT.format("juliet@example.com"))
        message = juliet.expect("message", type="chat", sender="romeo@example.com")
        self.assertEqual((juliet.jid, message.sender), ("juliet@example.com/balcony", romeo.jid))
        self.assertEqual(message.text("", "body"), "hi")

    def test_an_answer(self) -> None:
        juliet = self.server.client("juliet", available=False)
        answer = juliet.ask("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")
        self.assertEqual((answer.type, answer.id), ("result", "p"))
        self.assertEqual(juliet.received(), [])

    def test_wrong_password(self) -> None:
        with self.assertRaises(LoginRefused) as caught:
            self.server.client("juliet", password="wrong")
        self.assertEqual(str(caught.exception), "not-authorized")

    def test_raw_stream(self) -> None:
        """What a client says before it logs in is the test's too; no TLS is offered in memory."""
        stranger = self.server.connect()
        stranger.open()
        [features] = stranger.received()
        self.assertTrue(features.has("urn:ietf:params:xml:ns:xmpp-sasl", "mechanisms"))
        self.assertFalse(features.has("urn:ietf:params:xml:ns:xmpp-tls", "starttls"))
        stranger.send("<message><body>&undefined;</body></message>")
        self.assertEqual((stranger.stream_error, stranger.closed), ("restricted-xml", True))

    def test_ends_of_a_stream(self) -> None:
        """A lost connection and an ordered end both make the client unavailable."""
        juliet = self.server.client("juliet", "balcony")
        for number, end in enumerate(("close", "cut")):
            other = self.server.client("juliet", f"r{number}")
            getattr(other, end)()
            self.assertTrue(other.closed)
            juliet.expect("presence", sender=other.jid, type="unavailable")

    def test_time(self) -> None:
        """XEP-0199 by the clock: a silent client is asked for a sign of life, then closed."""
        juliet = self.server.client("juliet")
        self.assertEqual(self.server.clock.seconds(), START)
        self.server.advance(302)
        self.assertTrue(juliet.expect("iq", type="get").has("urn:xmpp:ping", "ping"))
        self.server.advance(302)
        self.assertTrue(juliet.closed)

    def test_elsewhere(self) -> None:
        remote = self.server.elsewhere("remote.test")
        juliet = self.server.client("juliet")
        juliet.send(CHAT.format("nurse@remote.test"))
        self.assertEqual(remote.expect("message").sender, juliet.jid)
        remote.send(f"<message from='nurse@remote.test' to='{juliet.jid}'/>")
        juliet.expect("message", sender="nurse@remote.test")
        remote.close()
        juliet.send(CHAT.format("nurse@remote.test"))
        juliet.expect("message", type="error")

    def test_stopping(self) -> None:
        juliet = self.server.client("juliet")
        self.server.stop()
        self.server.stop()
        self.assertEqual((juliet.stream_error, juliet.closed), ("system-shutdown", True))

    def test_unknown_host(self) -> None:
        self.assertRaises(LookupError, self.server.host, "remote.test")

    def test_what_never_comes(self) -> None:
        self.assertRaises(AssertionError, self.server.result, Deferred())


class SettingsTest(SynchronousTestCase):
    def test_domains(self) -> None:
        accounts = {"juliet": "secret", "romeo@example.org": "secret"}
        with TestServer(["example.com", "example.org"], accounts) as server:
            self.assertEqual(server.client("juliet").domain, "example.com")
            self.assertEqual(server.client("romeo@example.org").domain, "example.org")

    def test_config(self) -> None:
        config = {"extensions": {"echo": {"enabled": True}}}
        with TestServer(accounts=ACCOUNTS, config=config) as server:
            juliet = server.client("juliet")
            juliet.send(CHAT.format("echo.example.com"))
            juliet.expect("message", sender="echo.example.com")

    def test_limits(self) -> None:
        """There are none on rates, unless the test asks for them."""
        config = {"c2s": {"limits": {"enabled": True, "connections_per_address": 1}}}
        with TestServer(config=config) as server:
            server.connect()
            self.assertRaises(LoginRefused, server.connect)

    def test_wrong_config(self) -> None:
        with self.assertRaises(ConfigError) as caught:
            TestServer(config={"c2s": {"limit": {}}})
        self.assertEqual(
            str(caught.exception), "config: c2s.limit: unknown key (did you mean limits?)"
        )

    def test_extensions(self) -> None:
        with TestServer(accounts=ACCOUNTS, extensions=[Greet]) as server:
            asked = "<iq type='get' id='g' to='example.com'><greet xmlns='urn:example:greet'/></iq>"
            answer = server.client("juliet").ask(asked)
            self.assertEqual(answer.text("urn:example:greet", "greet"), "hello")


class InboxTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.router = Router()
        self.inbox = Inbox(self.clock)

    def test_like(self) -> None:
        stanza = parse_stanza(b"<message from='a@b/c' type='chat'/>")
        for sender in (None, "a@b/c", "a@b"):
            self.assertTrue(like("message", sender, type="chat", id=None)(stanza))
        for other in (
            like("presence"),
            like("message", "a@b/d"),
            like("message", type="normal"),
            like("message", type=None),
        ):
            self.assertFalse(other(stanza))

    def test_other_namespaces(self) -> None:
        """A message of another namespace is no message."""
        self.assertFalse(like("message")(parse_stanza(b"<message xmlns='urn:example:x'/>")))

    def test_expect_takes_one(self) -> None:
        for id in ("1", "2"):
            self.inbox._put(parse_stanza(f"<message id='{id}'/>".encode()))
        self.assertEqual(self.inbox.expect("message").id, "1")
        self.assertEqual([stanza.id for stanza in self.inbox.received()], ["2"])

    def test_what_there_is_instead(self) -> None:
        self.inbox._put(parse_stanza(b"<message id='1'/>"))
        with self.assertRaises(AssertionError) as caught:
            self.inbox.expect("presence")
        self.assertIn("<message id='1'/>", str(caught.exception))

    def test_wait(self) -> None:
        first, second = self.inbox.wait("message"), self.inbox.wait("message")
        for id in ("1", "2", "3"):
            self.inbox._put(parse_stanza(f"<message id='{id}'/>".encode()))
        found = [self.successResultOf(each).id for each in (first, second)]
        self.assertEqual(found, ["1", "2"])
        self.assertEqual(self.successResultOf(self.inbox.wait("message")).id, "3")

    def test_wait_in_vain(self) -> None:
        waiting = self.inbox.wait("message", seconds=3)
        self.clock.advance(3)
        self.failureResultOf(waiting, TimeoutError)
        self.inbox._put(parse_stanza(b"<message/>"))
        self.inbox.expect("message")


class FakeLinkTest(SynchronousTestCase):
    """See also tests/conformance/test_links.py for what links promise."""

    def test_both_directions(self) -> None:
        link = FakeLink()
        came: list[object] = []
        link.receiver = came.append
        link.deliver("<message id='1'/>")
        link.send_each(parse_stanza(b"<message/>"), [Jid("a@b"), Jid("c@d")])
        link.close()
        link.send(parse_stanza(b"<presence/>"))
        self.assertEqual([item.id for item in came if isinstance(item, Stanza)], ["1"])
        self.assertEqual([item.to for item in link.sent], ["a@b", "c@d"])
        self.assertTrue(link.closed)


class ListeningTest(TestCase):
    async def test_by_tcp(self) -> None:
        async with ListeningServer() as server:
            endpoint = TCP4ClientEndpoint(reactor, server.address, server.port)
            program = await connectProtocol(endpoint, Waiting())
            program.transport.write(HEADER)
            await program.offered
        await program.lost
        self.assertIn(b"<system-shutdown", program.said)

    async def test_scripted_clients(self) -> None:
        """They need no socket."""
        async with ListeningServer(accounts=ACCOUNTS) as server:
            juliet = await server.client("juliet")
            romeo = await server.client("romeo")
            romeo.send(CHAT.format("juliet@example.com"))
            await juliet.wait("message", sender=romeo.jid)

    async def test_that_does_not_start(self) -> None:
        """Nothing of it stays behind."""
        server = ListeningServer(accounts={"juliet@elsewhere.test": "secret"})
        with self.assertRaises(LookupError):
            await server.start()
        self.assertFalse(server.service.running)

    async def test_stopping_twice(self) -> None:
        server = await ListeningServer().start()
        self.addCleanup(server.stop)
        await server.stop()
        self.assertRaises(RuntimeError, lambda: server.port)
