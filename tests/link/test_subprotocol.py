"""Handlers of twisted.words and services of wokkel, unchanged, on our links."""

import subprocess
import sys
from typing import Any

import xmppd.link.wokkel_shim  # noqa: F401

# isort: split
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.words.protocols.jabber import xmlstream
from twisted.words.protocols.jabber.error import StanzaError, StreamError
from twisted.words.protocols.jabber.jid import JID
from twisted.words.protocols.jabber.xmlstream import IQ, XMPPHandler
from twisted.words.xish.domish import Element
from wokkel import disco, generic, ping, pubsub, subprotocols
from wokkel.xmppim import MessageProtocol

from docs.examples.wokkel_pubsub import serve
from xmppd.component.requests import condition_of
from xmppd.link.dialer import Dialer
from xmppd.link.envelope import Envelope
from xmppd.link.receipts import counted
from xmppd.link.router import Router
from xmppd.link.subprotocol import LinkStreams
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import COMPONENT_ACCEPT
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.testing.links import Elsewhere, FakeLink

NAME, ROMEO = "service.test", "romeo@a.test/x"
WOKKEL = "client component data_form delay disco generic muc ping pubsub server xmppim"


class Witness(XMPPHandler):
    """Remembers what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.seen: list[Element] = []
        self.lost: Any = None

    def connectionMade(self) -> None:
        self.told.append("made")

    def connectionInitialized(self) -> None:
        self.told.append("initialized")
        self.xmlstream.addObserver("/message", self.seen.append)

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        self.told.append("lost")
        self.lost = reason


class StreamTestCase(SynchronousTestCase):
    """A manager of handlers on a link whose other end the test holds."""

    def setUp(self) -> None:
        self.streams = LinkStreams(NAME)
        self.manager = xmlstream.StreamManager(self.streams)
        self.witness = Witness()
        self.witness.setHandlerParent(self.manager)
        self.link = FakeLink()

    def attached(self) -> Any:
        """The stream, once there is one."""
        self.streams.attach(self.link)
        return self.manager.xmlstream

    def sent(self) -> list[bytes]:
        return [item.to_bytes() for item in self.link.sent if isinstance(item, Stanza)]


class HandlersTest(StreamTestCase):
    def test_life(self) -> None:
        """Made and initialized at once: the handshake is the link's affair."""
        self.assertEqual(self.witness.told, [])
        stream = self.attached()
        self.assertEqual(self.witness.told, ["made", "initialized"])
        self.assertIsInstance(stream, xmlstream.XmlStream)
        self.assertEqual(stream.thisEntity, JID(NAME))
        self.assertIs(stream.factory, self.streams)
        self.streams.close()
        self.assertEqual(self.witness.told, ["made", "initialized", "lost"])
        self.witness.lost.trap(ConnectionDone)
        self.assertTrue(self.link.closed)
        self.streams.close()

    def test_nothing_is_sent_first(self) -> None:
        """The stream's header is for real connections."""
        self.attached()
        self.assertEqual(self.link.sent, [])

    def test_queued_before_the_link(self) -> None:
        self.witness.send("<presence to='a.test'/>")
        self.attached()
        self.assertEqual(self.sent(), [b"<presence to='a.test' from='service.test'/>"])

    def test_incoming(self) -> None:
        """As on the stream of an XEP-0114 component, each with a tree of its own."""
        self.attached()
        self.link.deliver(
            f"<message from='{ROMEO}' to='{NAME}'><body>\u2764 &amp;</body></message>"
        )
        [message] = self.witness.seen
        self.assertEqual((message.uri, message["from"]), (COMPONENT_ACCEPT, ROMEO))
        self.assertEqual((message.body.uri, str(message.body)), (COMPONENT_ACCEPT, "\u2764 &"))

    def test_forwarded(self) -> None:
        """XEP-0297: a message of clients inside keeps its namespace."""
        self.attached()
        self.link.deliver(
            f"<message to='{NAME}'><forwarded xmlns='urn:xmpp:forward:0'>"
            "<message xmlns='jabber:client'><body>hi</body></message></forwarded></message>"
        )
        self.assertEqual(self.witness.seen[0].forwarded.message.body.uri, "jabber:client")

    def test_envelopes_are_not_for_handlers(self) -> None:
        self.attached()
        self.link.deliver(Envelope(Jid(NAME), Jid("c2s-1/x"), ()))
        self.assertEqual(self.witness.seen, [])

    def test_counted_messages(self) -> None:
        """They are for handlers as any other; that nobody here counts them is said."""
        self.attached()
        said = parse_stanza(
            f"<message from='{ROMEO}' to='{NAME}'><body>hi</body></message>".encode()
        )
        self.link.deliver(counted(Jid("sm-1/x"), said, 5, 0))
        self.assertEqual([str(message.body) for message in self.witness.seen], ["hi"])
        (receipt,) = [item for item in self.link.sent if isinstance(item, Envelope)]
        self.assertEqual((receipt.to, receipt.items[0].attrs["done"]), ("sm-1/x", "5"))

    def test_more_elements_than_domish_takes(self) -> None:
        """The sender is told; the stream lives."""
        self.attached()
        body = "<a/>" * 100_001
        for type in ("chat", "error"):
            self.link.deliver(f"<message type='{type}' from='{ROMEO}' to='{NAME}'>{body}</message>")
        [answer] = self.link.sent
        assert isinstance(answer, Stanza)
        self.assertEqual(condition_of(answer), "policy-violation")
        self.link.deliver(f"<message to='{NAME}'/>")
        self.assertEqual(len(self.witness.seen), 1)

    def test_failing_observer(self) -> None:
        """It is logged, the others are called."""
        stream = self.attached()
        stream.addObserver("/message", lambda _: 1 // 0, 1)
        self.link.deliver(f"<message to='{NAME}'/>")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(len(self.witness.seen), 1)

    def test_name(self) -> None:
        for wrong in ("", "a b", "x@y"):
            with self.assertRaises(InvalidJid):
                LinkStreams(wrong)


class OutgoingTest(StreamTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.stream = self.attached()

    def test_element(self) -> None:
        """Without a `from` it is from the domain; otherwise from whom it says."""
        for sender in ("", f"x@{NAME}"):
            message = Element((None, "message"))
            message["to"] = ROMEO
            if sender:
                message["from"] = sender
            message.addElement("body", content="<\u2764>")
            message.addElement(("urn:x", "x"))
            self.stream.send(message)
        for item, sender in zip(self.link.sent, (NAME, f"x@{NAME}"), strict=True):
            assert isinstance(item, Stanza)
            self.assertEqual((item.to, item.sender), (ROMEO, sender))
            self.assertEqual(item.text("", "body"), "<\u2764>")
            self.assertTrue(item.has("urn:x", "x"))

    def test_namespace_of_components(self) -> None:
        """Written or not, it is that of the stream."""
        element = Element((COMPONENT_ACCEPT, "message"), COMPONENT_ACCEPT)
        element.addElement("body", content="1")
        self.stream.send(element)
        self.stream.send(f"<message xmlns='{COMPONENT_ACCEPT}'><body>1</body></message>")
        for sent in self.sent():
            self.assertEqual(sent, b"<message from='service.test'><body>1</body></message>")

    def test_text_and_bytes(self) -> None:
        """In whatever pieces."""
        self.stream.send("<message><body>\u2764</body>")
        self.assertEqual(self.sent(), [])
        self.stream.send(b"</message> <presence/>")
        self.stream.transport.writeSequence([b"<iq", b"/>"])
        self.assertEqual(
            self.sent(),
            [
                "<message from='service.test'><body>\u2764</body></message>".encode(),
                b"<presence from='service.test'/>",
                b"<iq from='service.test'/>",
            ],
        )

    def test_no_xml(self) -> None:
        """Who sends it is told; the stream goes on."""
        for wrong in ("text", "<message></presence>", "<a:b/>", "<!-- x -->", "<stream:stream>"):
            with self.assertRaisesRegex(ValueError, "^not to be sent: "):
                self.stream.send(wrong)
        self.stream.send("<presence/>")
        self.assertEqual(self.sent(), [b"<presence from='service.test'/>"])

    def test_no_stanza(self) -> None:
        """What belongs to negotiation is not for a link."""
        self.stream.send("<handshake/>")
        self.stream.send("<message xmlns='urn:x'/>")
        self.assertEqual(self.sent(), [])

    def test_end(self) -> None:
        """A stream that ends, in whatever way, ends the link."""
        self.stream.sendStreamError(StreamError("internal-server-error"))
        self.assertEqual(self.sent(), [])
        self.assertTrue(self.link.closed)
        self.assertEqual(self.witness.told, ["made", "initialized", "lost"])

    def test_requests(self) -> None:
        """IQs of twisted.words wait for their answers."""
        iq = IQ(self.stream, "get")
        iq.addElement(("urn:xmpp:ping", "ping"))
        waiting = iq.send(ROMEO)
        [request] = self.link.sent
        assert isinstance(request, Stanza)
        self.link.deliver(request.error("forbidden"))
        self.assertEqual(self.failureResultOf(waiting, StanzaError).value.condition, "forbidden")


class DialedTest(StreamTestCase):
    """Over a link that comes and goes there is a stream each time."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        settings = WireSettings("secret")
        self.dialer = Dialer(NAME, "tcp:127.0.0.1:1", settings, self.clock)

    def test_comes_and_goes(self) -> None:
        self.streams.attach(self.dialer)
        self.assertEqual(self.witness.told, [])
        self.dialer.changed(True)
        self.assertEqual(self.witness.told, ["made", "initialized"])
        first = self.manager.xmlstream
        self.dialer.changed(False)
        self.assertEqual(self.witness.told[2:], ["lost"])
        self.witness.send("<presence to='a.test'/>")
        self.dialer.changed(True)
        self.assertEqual(self.witness.told[3:], ["made", "initialized"])
        self.assertIsNot(self.manager.xmlstream, first)

    def test_between(self) -> None:
        """What comes while there is no stream has nobody to go to."""
        self.streams.attach(self.dialer)
        self.dialer.receiver(Stanza.make("message"))
        self.assertEqual(self.witness.seen, [])


class Board(pubsub.PubSubService):  # type: ignore[misc]
    """A node of pubsub that keeps what is published and tells one subscriber."""

    def __init__(self) -> None:
        super().__init__()
        self.items_of: list[Any] = []

    def publish(self, requestor: Any, service: Any, node: str, items: list[Any]) -> Deferred[None]:
        self.items_of += items
        subscriber = JID("juliet@a.test")
        self.notifyPublish(
            service,
            node,
            [(subscriber, [pubsub.Subscription(node, subscriber, "subscribed")], items)],
        )
        return succeed(None)

    def items(self, *_: object) -> Deferred[list[Any]]:
        return succeed(self.items_of)


class WokkelTest(SynchronousTestCase):
    """Several of wokkel's handlers behind one domain of a router."""

    def setUp(self) -> None:
        self.clock = Clock()
        router = Router()
        self.streams = LinkStreams(NAME)
        self.manager = subprotocols.StreamManager(self.streams, self.clock)
        self.there = Elsewhere(self.clock, router.link(["a.test"]), lambda: None)
        handlers = disco.DiscoHandler(), ping.PingHandler(), Board(), generic.FallbackHandler()
        for handler in handlers:
            handler.setHandlerParent(self.manager)
        self.streams.attach(router.link([NAME]))

    def asked(self, payload: str, type: str = "get") -> Stanza:
        self.there.send(f"<iq type='{type}' id='1' from='{ROMEO}' to='{NAME}'>{payload}</iq>")
        answer = self.there.expect("iq", id="1")
        self.assertEqual((answer.sender, answer.to), (NAME, ROMEO))
        return answer

    def test_ping(self) -> None:
        answer = self.asked("<ping xmlns='urn:xmpp:ping'/>")
        self.assertEqual((answer.type, answer.inner), ("result", b""))

    def test_disco(self) -> None:
        answer = self.asked(f"<query xmlns='{disco.NS_DISCO_INFO}'/>")
        info = disco.DiscoInfo.fromElement(answer.payload())
        self.assertIn(("pubsub", "service"), info.identities)
        self.assertLessEqual({ping.NS_PING, disco.NS_DISCO_ITEMS}, info.features)
        items = self.asked(f"<query xmlns='{disco.NS_DISCO_ITEMS}'/>")
        self.assertEqual(items.type, "result")

    def test_pubsub(self) -> None:
        """XEP-0060, 7.1 and 6.5."""
        publish = "<publish node='n'><item id='i'><x xmlns='urn:x'>1</x></item></publish>"
        answer = self.asked(f"<pubsub xmlns='{pubsub.NS_PUBSUB}'>{publish}</pubsub>", "set")
        self.assertEqual(answer.type, "result")
        event = self.there.expect("message", to="juliet@a.test", sender=NAME)
        self.assertIn(b"<x xmlns='urn:x'>1</x>", event.inner)
        items = f"<pubsub xmlns='{pubsub.NS_PUBSUB}'><items node='n'/></pubsub>"
        answer = self.asked(items)
        pubsub_element = answer.child(pubsub.NS_PUBSUB, "pubsub")
        assert pubsub_element is not None
        self.assertEqual(pubsub_element.items.item["id"], "i")

    def test_unsupported(self) -> None:
        """XEP-0060, 8.1."""
        create = f"<pubsub xmlns='{pubsub.NS_PUBSUB}'><create node='n'/></pubsub>"
        answer = self.asked(create, "set")
        self.assertEqual(condition_of(answer), "feature-not-implemented")

    def test_fallback(self) -> None:
        answer = self.asked("<query xmlns='urn:x'/>")
        self.assertEqual(condition_of(answer), "service-unavailable")

    def test_requests(self) -> None:
        """wokkel's manager matches answers, by its own clock."""
        client = disco.DiscoClientProtocol()
        client.setHandlerParent(self.manager)
        waiting = client.requestInfo(JID("a.test"))
        request = self.there.expect("iq", type="get", sender=NAME)
        query = f"<query xmlns='{disco.NS_DISCO_INFO}'><feature var='f'/></query>"
        self.there.send(request.reply(query.encode()).to_bytes().decode())
        self.assertEqual(self.successResultOf(waiting).features, {"f"})

    def test_messages(self) -> None:
        heard: list[str] = []

        class Listener(MessageProtocol):  # type: ignore[misc]
            def onMessage(self, message: Element) -> None:
                heard.append(str(message.body))

        Listener().setHandlerParent(self.manager)
        self.there.send(f"<message from='{ROMEO}' to='{NAME}'><body>hi</body></message>")
        self.assertEqual(heard, ["hi"])


class ExampleTest(SynchronousTestCase):
    """The example of the documentation, in the process of a router."""

    def test_board(self) -> None:
        clock, router = Clock(), Router()
        there = Elsewhere(clock, router.link(["a.test"]), lambda: None)
        serve(NAME, router.link([NAME]))
        for request in (
            f"<subscribe node='n' jid='{ROMEO}'/>",
            "<publish node='n'><item><x xmlns='urn:x'/></item></publish>",
        ):
            there.send(
                f"<iq type='set' id='1' from='{ROMEO}' to='{NAME}'>"
                f"<pubsub xmlns='{pubsub.NS_PUBSUB}'>{request}</pubsub></iq>"
            )
            there.expect("iq", type="result")
        self.assertIn(b"<x xmlns='urn:x'/>", there.expect("message", to=ROMEO).inner)


class ShimTest(SynchronousTestCase):
    def test_every_module(self) -> None:
        """In a process that has imported nothing of wokkel before."""
        imports = "\n".join(f"import wokkel.{name}" for name in WOKKEL.split())
        words = [sys.executable, "-W", "ignore", "-c", f"import xmppd.link.wokkel_shim\n{imports}"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
