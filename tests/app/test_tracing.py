"""Following a stanza by one word, in a whole server whose log tells of debug events."""

from io import StringIO

from twisted.logger import globalLogPublisher, textFileLogObserver
from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.tracing import TracedLink, mark, trace_router, traced
from xmppd.component.session import verb
from xmppd.link.envelope import Envelope
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.testing.server import TestServer

PASSWORD = "correct horse"
ACCOUNTS = {"juliet": PASSWORD, "romeo": PASSWORD}


class TracedCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.log = StringIO()
        observer = textFileLogObserver(self.log)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def server(self, level: str) -> TestServer:
        server = TestServer(accounts=ACCOUNTS, config={"log": {"level": level}})
        self.addCleanup(server.stop)
        return server

    def way(self, sender: str, to: str, id: str) -> list[list[str]]:
        """Who tells of a stanza, and what they do with it."""
        word = mark(sender, to, id)
        lines = [line.partition(word) for line in self.log.getvalue().splitlines()]
        return [rest.split()[:3] for _, found, rest in lines if found]


class DebugTest(TracedCase):
    def test_a_message(self) -> None:
        """Its sender's edge, session manager, the router, and the way down."""
        server = self.server("debug")
        juliet, romeo = server.client("juliet", "x"), server.client("romeo", "y")
        juliet.send("<message to='Romeo@example.com/y' id='m1'><body>hush</body></message>")
        romeo.expect("message")
        self.assertEqual(
            self.way("juliet@example.com/x", "romeo@example.com/y", "m1"),
            [
                ["c2s-1", "sends", "message"],
                ["sm-1", "gets", "message"],
                ["sm-1", "sends", "message"],
                ["router", "routes", "message"],
                ["sm-1", "gets", "message"],
                ["sm-1", "sends", "message"],
                ["c2s-1", "gets", "message"],
            ],
        )
        for secret in ("hush", PASSWORD, "password", "SCRAM"):
            self.assertNotIn(secret, self.log.getvalue())

    def test_without_recipient(self) -> None:
        """It is for the account itself (RFC 6120, 10.3)."""
        server = self.server("debug")
        server.client("juliet", "x").send("<message id='m2'/>")
        [first, second, *_] = self.way("juliet@example.com/x", "juliet@example.com", "m2")
        self.assertEqual(first, ["c2s-1", "sends", "message"])
        self.assertEqual(second, ["sm-1", "gets", "message"])

    def test_clients_that_go_are_forgotten(self) -> None:
        stream, session, client = map(Jid.parse, ("c2s-1/x.1", "sm-1/y.1", "juliet@example.com/x"))
        router = Router()
        edge = TracedLink(router.link(names=["c2s-1"]), "edge")
        router.route(Envelope(stream, session, (verb("opened", jid=client),), id="1"))
        message = Stanza.make("message", id="m")
        edge.send(Envelope(session, stream, (message, verb("close")), 1, 1))
        self.assertEqual(self.way(client, client.bare, "m"), [["edge", "sends", "message"]])
        edge.send(Envelope(session, stream, (message,), 1, 3))
        self.assertEqual(self.way("", "", "m"), [["edge", "sends", "message"]])

    def test_broadcast(self) -> None:
        router = Router()
        got: list[object] = []
        router.link(["a.test"]).receiver = got.append
        link = traced(router.link(["b.test"]), "b", "debug")
        link.send_each(Stanza.make("presence", id="p"), map(Jid.parse, ("x@a.test", "y@a.test")))
        self.assertEqual(len(got), 2)
        self.assertEqual(self.way("", "y@a.test", "p"), [["b", "sends", "presence"]])


class InfoTest(TracedCase):
    def test_nothing_is_in_the_way(self) -> None:
        server = self.server("info")
        juliet = server.client("juliet", "x")
        juliet.send("<message to='romeo@example.com' id='m1'/>")
        self.assertEqual(self.way("juliet@example.com/x", "romeo@example.com", "m1"), [])
        router = Router()
        link = router.link(["a.test"])
        self.assertIs(traced(link, "a", "info"), link)
        trace_router(router, "info")
        self.assertIsNone(router.watch)
