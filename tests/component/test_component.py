"""Components of people's own, over a link in process; over the wire see the scenarios."""

from collections.abc import Awaitable, Iterable
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from docs.examples.component_in_process import make_server
from xmppd.app.config_clients import Clients, Listen
from xmppd.app.config_key import Domain, Endpoint, StoreName
from xmppd.app.config_model import Config, Storage
from xmppd.component.component import ANSWERED, Component
from xmppd.component.discovery import DISCO_INFO, DISCO_ITEMS, Identity, Info, Item
from xmppd.component.extension import ACCOUNT, HOST, SERIAL, iq
from xmppd.component.requests import condition_of
from xmppd.link.envelope import Envelope
from xmppd.link.router import Router
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza
from xmppd.testing.links import Elsewhere, FakeLink

NAME, ROMEO = "oracle.test", Jid("romeo@a.test/x")
ASK = "urn:example:oracle"


class Oracle(Component):
    """One of everything that a component can declare."""

    identities = (Identity("headline", "oracle", "Oracle"),)
    features = (ASK,)

    def __init__(self, clock: Clock) -> None:
        super().__init__(NAME, clock)
        self.thinking: list[Deferred[Stanza]] = []
        self.seen: list[Stanza] = []
        self.errors: list[Stanza] = []

    @iq("get", ASK, "question", to=HOST | ACCOUNT)
    def answer(self, request: Stanza) -> Stanza:
        return request.reply(b"<answer xmlns='urn:example:oracle'/>")

    @iq("set", ASK, "question", to=HOST)
    async def forbid(self, request: Stanza) -> Stanza:
        raise StanzaError("not-allowed", "it is what it is")

    @iq("get", ASK, "broken", to=HOST)
    def break_down(self, request: Stanza) -> Stanza:
        raise ZeroDivisionError

    @iq("get", ASK, "nothing", to=HOST)
    def forget(self, request: Stanza) -> None:
        """Mistaken: a request must be answered."""

    @iq("get", ASK, "thought", to=HOST, discipline=SERIAL)
    def think(self, request: Stanza) -> Deferred[Stanza]:
        self.thinking.append(Deferred())
        return self.thinking[-1].addCallback(lambda _: request.reply())

    def message(self, message: Stanza) -> Awaitable[object] | None:
        match message.text(CONTENT, "body"):
            case "late":
                return self.later(message)
            case "broken":
                raise ZeroDivisionError
        self.send(message.readdressed(message.sender, message.to))
        return None

    async def later(self, message: Stanza) -> None:
        await succeed(None)
        raise StanzaError("policy-violation", "too late")

    def presence(self, presence: Stanza) -> None:
        self.seen.append(presence)

    def bounced(self, error: Stanza) -> None:
        self.errors.append(error)

    def info(self, jid: Jid, node: str | None) -> Awaitable[Info | None] | Info | None:
        if jid.local == "pythia":
            return succeed(Info((Identity("client", "bot"),), (DISCO_INFO,)))
        return super().info(jid, node)

    def items(self, jid: Jid, node: str | None) -> Iterable[Item] | None:
        return (Item(Jid("pythia@oracle.test")),) if jid == self.jid and not node else None


class HouseTestCase(SynchronousTestCase):
    """A router with an oracle and another domain."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.router = Router()
        self.oracle = Oracle(self.clock)
        self.oracle.attach(self.router.link([self.oracle.name]))
        self.there = Elsewhere(self.clock, self.router.link(["a.test"]), lambda: None)

    def said(self, xml: str) -> list[Stanza]:
        """What comes back to romeo for a stanza without its addresses' attributes."""
        self.there.send(xml.replace(" ", f" from='{ROMEO}' ", 1))
        return self.there.received()

    def asked(self, payload: str, type: str = "get", to: str = NAME) -> Stanza:
        [answer] = self.said(f"<iq to='{to}' type='{type}' id='1'>{payload}</iq>")
        self.assertEqual((answer.to, answer.sender, answer.id), (ROMEO, to, "1"))
        return answer

    def refusal(self, payload: str, type: str = "get", to: str = NAME) -> str:
        answer = self.asked(payload, type, to)
        self.assertEqual(answer.type, "error")
        return condition_of(answer)


class RequestsToItTest(HouseTestCase):
    def test_handler(self) -> None:
        for to in (NAME, f"pythia@{NAME}", f"pythia@{NAME}/tripod"):
            answer = self.asked(f"<question xmlns='{ASK}'/>", to=to)
            self.assertEqual(answer.type, "result")
            self.assertTrue(answer.has(ASK, "answer"))

    def test_coroutine_refuses(self) -> None:
        self.assertEqual(self.refusal(f"<question xmlns='{ASK}'/>", "set"), "not-allowed")

    def test_not_for_addresses(self) -> None:
        """What is declared for the domain alone nobody else answers."""
        to = f"pythia@{NAME}"
        unhandled = self.refusal(f"<question xmlns='{ASK}'/>", "set", to)
        self.assertEqual(unhandled, "service-unavailable")

    def test_unknown(self) -> None:
        """RFC 6120, 8.2.3: every request is answered."""
        for payload in ("<query xmlns='urn:example:unknown'/>", f"<other xmlns='{ASK}'/>"):
            self.assertEqual(self.refusal(payload), "service-unavailable")

    def test_not_one_payload(self) -> None:
        """RFC 6120, 8.2.3: a request has exactly one child."""
        for payload in ("", f"<question xmlns='{ASK}'/>" * 2):
            self.assertEqual(self.refusal(payload), "bad-request")

    def test_answered_by_itself(self) -> None:
        """A handler may send the answer, or close the component; nothing else goes out then."""
        link = FakeLink()

        class Swift(Component):
            @iq("get", ASK, "question", to=HOST)
            def answer(self, request: Stanza) -> Stanza:
                self.send(request.reply())
                return ANSWERED

            @iq("set", ASK, "question", to=HOST)
            def end(self, request: Stanza) -> Stanza:
                self.close()
                return request.reply()

        Swift(NAME, self.clock).attach(link)
        for type in ("get", "set"):
            link.deliver(
                f"<iq type='{type}' id='{type}' from='{ROMEO}' to='{NAME}'>"
                f"<question xmlns='{ASK}'/></iq>"
            )
        [answer] = link.sent
        assert isinstance(answer, Stanza)
        self.assertEqual((answer.id, answer.to), ("get", ROMEO))

    def test_no_type(self) -> None:
        """RFC 6120, 8.2.3: the type is required and one of four."""
        self.assertEqual(self.refusal("", "ask"), "bad-request")

    def test_failure(self) -> None:
        self.assertEqual(self.refusal(f"<broken xmlns='{ASK}'/>"), "internal-server-error")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.refusal(f"<nothing xmlns='{ASK}'/>"), "internal-server-error")
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)

    def test_one_after_the_other(self) -> None:
        """As the handler's discipline says."""
        for id in "12":
            self.said(f"<iq to='{NAME}' type='get' id='{id}'><thought xmlns='{ASK}'/></iq>")
        self.assertEqual(len(self.oracle.thinking), 1)
        self.oracle.thinking[0].callback(None)
        self.assertEqual([answer.id for answer in self.there.received()], ["1"])
        self.oracle.thinking[1].callback(None)
        self.assertEqual([answer.id for answer in self.there.received()], ["2"])

    def test_answer_after_the_end(self) -> None:
        self.said(f"<iq to='{NAME}' type='get' id='1'><thought xmlns='{ASK}'/></iq>")
        self.oracle.close()
        self.oracle.thinking[0].callback(None)
        self.assertEqual(self.there.received(), [])

    def test_ping(self) -> None:
        """XEP-0199, 4.2."""
        answer = self.asked("<ping xmlns='urn:xmpp:ping'/>")
        self.assertEqual((answer.type, answer.inner), ("result", b""))

    def test_two_handlers(self) -> None:
        class Torn(Component):
            @iq("get", ASK, "question", to=HOST)
            def one(self, request: Stanza) -> Stanza:
                return request.reply()

            other = one

        with self.assertRaisesRegex(ValueError, "two methods handle get {urn:example:oracle}q"):
            Torn(NAME, self.clock)

    def test_own_answer_to_pings(self) -> None:
        """What every component answers a subclass may answer otherwise, by the same name."""

        class Deaf(Component):
            @iq("get", "urn:xmpp:ping", "ping", to=HOST)
            def pong(self, request: Stanza) -> Stanza:
                raise StanzaError("forbidden")

        link = FakeLink()
        Deaf(NAME, self.clock).attach(link)
        link.deliver(
            f"<iq type='get' from='{ROMEO}' to='{NAME}'><ping xmlns='urn:xmpp:ping'/></iq>"
        )
        [answer] = link.sent
        assert isinstance(answer, Stanza)
        self.assertEqual(condition_of(answer), "forbidden")


class DiscoveryTest(HouseTestCase):
    """XEP-0030, 3 and 4."""

    def query(self, ns: str, node: str = "") -> str:
        at = f" node='{node}'" if node else ""
        return f"<query xmlns='{ns}'{at}/>"

    def test_info(self) -> None:
        answer = self.asked(self.query(DISCO_INFO)).inner
        self.assertIn(b"<identity category='headline' type='oracle' name='Oracle'/>", answer)
        for feature in (ASK, DISCO_INFO, DISCO_ITEMS, "urn:xmpp:ping"):
            self.assertEqual(answer.count(f"<feature var='{feature}'/>".encode()), 1)

    def test_items(self) -> None:
        answer = self.asked(self.query(DISCO_ITEMS)).inner
        self.assertIn(b"<item jid='pythia@oracle.test'/>", answer)

    def test_address(self) -> None:
        answer = self.asked(self.query(DISCO_INFO), to=f"pythia@{NAME}").inner
        self.assertIn(b"<identity category='client' type='bot'/>", answer)

    def test_unknown(self) -> None:
        """8: a node, or an address, that is not there."""
        for ns in (DISCO_INFO, DISCO_ITEMS):
            self.assertEqual(self.refusal(self.query(ns, "x")), "item-not-found")
            to = f"nobody@{NAME}"
            self.assertEqual(self.refusal(self.query(ns), to=to), "service-unavailable")

    def test_nothing_declared(self) -> None:
        """3.1: an entity has one identity at least."""
        link = FakeLink()
        Component(NAME, self.clock).attach(link)
        for ns in (DISCO_INFO, DISCO_ITEMS):
            link.deliver(f"<iq type='get' from='{ROMEO}' to='{NAME}'>{self.query(ns)}</iq>")
        info, items = [item for item in link.sent if isinstance(item, Stanza)]
        self.assertIn(b"<identity category='component' type='generic'/>", info.inner)
        self.assertEqual(items.inner, f"<query xmlns='{DISCO_ITEMS}'/>".encode())


class TalkTest(HouseTestCase):
    def body(self, text: str, type: str = "chat") -> list[Stanza]:
        return self.said(f"<message to='{NAME}' type='{type}'><body>{text}</body></message>")

    def test_message(self) -> None:
        [answer] = self.body("hello")
        self.assertEqual((answer.sender, answer.to), (NAME, ROMEO))
        self.assertEqual(answer.inner, b"<body>hello</body>")

    def test_message_refused(self) -> None:
        [answer] = self.body("late")
        self.assertEqual((answer.type, condition_of(answer)), ("error", "policy-violation"))

    def test_failure(self) -> None:
        [answer] = self.body("broken")
        self.assertEqual(condition_of(answer), "internal-server-error")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_errors_are_not_answered(self) -> None:
        """RFC 6120, 8.3.1."""
        self.assertEqual(self.body("broken", "error"), [])
        self.assertEqual(self.said(f"<presence to='{NAME}' type='error'/>"), [])
        self.assertEqual(self.said(f"<iq to='{NAME}' id='1' type='error'/>"), [])
        self.assertEqual(self.said(f"<iq to='{NAME}' id='1' type='result'/>"), [])
        names = [error.name for error in self.oracle.errors]
        self.assertEqual(names, ["message", "presence", "iq"])

    def test_presence(self) -> None:
        self.assertEqual(self.said(f"<presence to='{NAME}' type='subscribe'/>"), [])
        self.assertEqual([stanza.type for stanza in self.oracle.seen], ["subscribe"])

    def test_nothing_declared(self) -> None:
        """Who writes to somebody that does not read is told so; presence is only news."""
        link = FakeLink()
        Component(NAME, self.clock).attach(link)
        for name in ("message", "presence"):
            for type in ("error", "headline"):
                link.deliver(f"<{name} type='{type}' from='{ROMEO}' to='{NAME}'/>")
        [answer] = link.sent
        assert isinstance(answer, Stanza)
        self.assertEqual((answer.name, condition_of(answer)), ("message", "service-unavailable"))

    def test_what_cannot_be_answered(self) -> None:
        link = FakeLink()
        self.oracle.attach(link)
        link.deliver(f"<message to='{NAME}'/>")
        link.deliver(Envelope(Jid(NAME), ROMEO, ()))
        link.deliver(Stanza.make("message", ns="urn:x", to=Jid(NAME), sender=ROMEO))
        self.assertEqual(link.sent, [])


class AskTest(HouseTestCase):
    """RFC 6120, 8.2.3."""

    def ask(self, timeout: float = 30.0) -> Deferred[Stanza]:
        request = Stanza.make("iq", b"<query xmlns='u'/>", type="get", to=ROMEO)
        return self.oracle.ask(request, timeout)

    def test_result(self) -> None:
        waiting = self.ask()
        [request] = self.there.received()
        self.assertEqual(request.sender, NAME)
        self.there.send(request.reply(b"<x xmlns='u'/>").to_bytes().decode())
        self.assertTrue(self.successResultOf(waiting).has("u", "x"))

    def test_error(self) -> None:
        waiting = self.ask()
        [request] = self.there.received()
        self.there.send(request.error("forbidden").to_bytes().decode())
        error = self.failureResultOf(waiting, StanzaError).value
        self.assertEqual(error.condition, "forbidden")
        self.assertEqual(self.oracle.errors, [])

    def test_no_answer(self) -> None:
        waiting = self.ask(5)
        self.clock.advance(5)
        error = self.failureResultOf(waiting, StanzaError).value
        self.assertEqual(error.condition, "remote-server-timeout")

    def test_somebody_else_answers(self) -> None:
        waiting = self.ask()
        [request] = self.there.received()
        forged = request.reply().readdressed(None, Jid("eve@a.test"))
        self.there.send(forged.to_bytes().decode())
        self.assertNoResult(waiting)
        self.clock.advance(30)
        self.failureResultOf(waiting, StanzaError)


class ExampleTest(TestCase):
    """The example of the documentation, in the process of a whole server."""

    async def test_echo(self) -> None:
        listen = (Listen(Endpoint("tcp:0:interface=127.0.0.1"), "none"),)
        config = Config(
            domains=(Domain("b.test"),),
            data=Path(self.mktemp()),
            c2s=Clients(listen),
            storage=Storage(StoreName("memory")),
        )
        server = make_server(config, reactor)
        server.startService()
        await server.opened
        self.addCleanup(server.stopService)
        there = Elsewhere(reactor, server.router.link(["a.test"]), lambda: None)
        there.send(f"<message from='{ROMEO}' to='x@echo.b.test'><body>hello</body></message>")
        answer = there.expect("message", sender="x@echo.b.test", to=ROMEO)
        self.assertEqual(answer.inner, b"<body>hello</body>")


class LifeTest(HouseTestCase):
    def test_name(self) -> None:
        """In its prepared form; a domain and nothing else."""
        self.assertEqual(Component("Oracle.Test", self.clock).name, NAME)
        for wrong in ("", "a b", "x@y"):
            with self.assertRaises(InvalidJid):
                Component(wrong, self.clock)

    def test_send(self) -> None:
        """From the domain, unless the stanza says from whom."""
        self.oracle.send(Stanza.make("message", to=ROMEO))
        self.oracle.send(Stanza.make("message", to=ROMEO, sender=Jid(f"pythia@{NAME}")))
        senders = [stanza.sender for stanza in self.there.received()]
        self.assertEqual(senders, [NAME, f"pythia@{NAME}"])

    def test_close(self) -> None:
        """The domain is gone: what comes for it bounces."""
        self.oracle.close()
        self.oracle.close()
        [answer] = self.said(f"<message to='{NAME}'/>")
        self.assertEqual(condition_of(answer), "service-unavailable")

    def test_close_while_asking(self) -> None:
        """No answer can come any more, and no timer is left; who asks too late is told so."""
        request = Stanza.make("iq", b"<x xmlns='u'/>", type="get", to=ROMEO)
        waiting = self.oracle.ask(request)
        self.oracle.close()
        error = self.failureResultOf(waiting, StanzaError).value
        self.assertEqual(error.condition, "remote-server-timeout")
        with self.assertRaises(RuntimeError):
            self.oracle.ask(request)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_no_link(self) -> None:
        self.oracle.close()
        with self.assertRaisesRegex(RuntimeError, "oracle.test has no link"):
            self.oracle.send(Stanza.make("message", to=ROMEO))
