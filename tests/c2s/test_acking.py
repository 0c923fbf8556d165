"""The edge's part of stream management (XEP-0198; session protocol, 3.4 and 3.5)."""

from twisted.trial.unittest import SynchronousTestCase

from tests.c2s.fake_manager import AUTH, HEADER, SESSION, Client, House
from xmppd.app.config_clients import Limits
from xmppd.c2s.acking import ANSWER_WITHIN, ASK_AFTER, ASK_EVERY
from xmppd.component.report import GONE, NO_COUNT, read_report, report
from xmppd.component.session import kick, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol import acks
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

ENABLE = b"<enable xmlns='urn:xmpp:sm:3' resume='true'/>"
R = b"<r xmlns='urn:xmpp:sm:3'/>"
ACTIVE = b"<active xmlns='urn:xmpp:csi:0'/>"
RESUME = b"<resume xmlns='urn:xmpp:sm:3' h='3' previd='some'/>"


def a(h: object) -> bytes:
    return f"<a xmlns='urn:xmpp:sm:3' h='{h}'/>".encode()


def message(inner: str) -> Stanza:
    return parse_stanza(f"<message type='chat'>{inner}</message>".encode())


TEXT = message("<body>hello</body>")
COMPOSING = message("<composing xmlns='http://jabber.org/protocol/chatstates'/>")
UNKEPT = message("<body>hello</body><no-store xmlns='urn:xmpp:hints'/>")
IQ = Stanza.make("iq")


def presences(count: int) -> list[Stanza]:
    return [Stanza.make("presence") for _ in range(count)]


class AckingCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(Limits(enabled=False))
        self.manager = self.house.manager
        self.client = self.house.bound()
        self.client.said()
        self.number = 0

    def handled(self, done: int, h: int = NO_COUNT, client: Client | None = None) -> None:
        """The session manager has handled so many children, and by its count so many stanzas."""
        name, _, number = (client or self.client).connection.address.resource.partition(".")
        epoch = 1 if client is None else 2
        item = report([(number, epoch, done, done, "", h)])
        self.manager.link.send(Envelope(Jid.parse(f"c2s-1/{name}"), self.manager.address, (item,)))

    def say(self, *items: Stanza) -> bytes:
        """Let the session say something; gives what the client gets."""
        self.manager.say(self.client.connection.address, self.number + 1, *items)
        self.number += len(items)
        return self.client.said()

    def enabled(self) -> None:
        """Have the client manage its stream."""
        self.client.send(ENABLE)
        self.say(parse_stanza(acks.enabled("some", 600)))
        self.handled(1, 0)

    def counts(self) -> list[int]:
        """The client's counts as they went up."""
        self.house.clock.advance(1)
        return [
            entry.h
            for each in self.manager.requests("report")
            for entry in read_report(each.items[0])
            if entry.h != NO_COUNT
        ]


class RequestTest(AckingCase):
    """3.5: an `<a/>` of ours is what the session manager stated last, and nothing else."""

    def setUp(self) -> None:
        super().setUp()
        self.enabled()

    def test_at_once_if_all_is_handled(self) -> None:
        self.assertEqual(self.client.send(R), a(0))

    def test_when_all_before_it_is_handled(self) -> None:
        self.assertEqual(self.client.send(b"<message/><message/>" + R + b"<message/>"), b"")
        self.handled(2, 1)
        self.assertEqual(self.client.said(), b"")
        self.handled(3, 2)
        self.assertEqual(self.client.said(), a(2))
        self.handled(4, 3)
        self.assertEqual(self.client.said(), b"")

    def test_in_a_second_at_the_latest(self) -> None:
        """With what is true then; the rest follows unasked."""
        self.client.send(b"<message/>", R)
        self.house.clock.advance(ANSWER_WITHIN)
        self.assertEqual(self.client.said(), a(0))
        self.house.clock.advance(ANSWER_WITHIN)
        self.assertEqual(self.client.said(), b"")
        self.handled(2, 1)
        self.assertEqual(self.client.said(), a(1))

    def test_many_at_once(self) -> None:
        """One answer says it all."""
        self.client.send(b"<message/>" + R * 1000)
        self.handled(2, 1)
        self.assertEqual(self.client.said(), a(1))

    def test_right_behind_enable(self) -> None:
        client = self.house.bound()
        client.said()
        self.assertEqual(client.send(ENABLE + R), b"")

    def test_the_stream_ends_meanwhile(self) -> None:
        self.client.send(b"<message/>", R)
        self.client.send(b"</stream:stream>")
        self.client.said()
        self.house.clock.advance(ANSWER_WITHIN + 1)
        self.assertEqual(self.client.said(), b"")

    def test_the_session_goes_meanwhile(self) -> None:
        """Nothing is written behind the closing tag."""
        self.client.send(b"<message/>", R)
        gone = report([("1", 1, 0, 0, GONE)])
        self.manager.link.send(Envelope(Jid.parse("c2s-1/x"), self.manager.address, (gone,)))
        self.assertTrue(self.client.said().endswith(b"</stream:stream>"))
        self.house.clock.advance(ANSWER_WITHIN + 1)
        self.assertEqual(self.client.said(), b"")


class AnswerTest(AckingCase):
    """What the client acknowledges goes up with a report."""

    def setUp(self) -> None:
        super().setUp()
        self.enabled()

    def test_with_the_next_report(self) -> None:
        self.client.send(a(4))
        self.assertEqual(self.counts(), [4])
        self.client.send(a(4))
        self.assertEqual(self.counts(), [4])

    def test_many_at_once(self) -> None:
        """As soon as there is much to forget."""
        before = len(self.manager.requests("report"))
        self.client.send(a(40))
        self.assertEqual(len(self.manager.requests("report")), before + 1)

    def test_with_the_end(self) -> None:
        """XEP-0198, 4: right before the stream is closed."""
        self.client.send(a(4) + b"</stream:stream>")
        self.assertEqual(self.manager.traffic()[-1].attrs["a"], "4")

    def test_without_a_count(self) -> None:
        self.assertIn(b"<bad-format", self.client.send(b"<a xmlns='urn:xmpp:sm:3'/>"))


class AskTest(AckingCase):
    """3.5: the client is asked together with a message, and else seldom; never twice at once."""

    def setUp(self) -> None:
        super().setUp()
        self.enabled()

    def answer(self, h: int = 0) -> bytes:
        """The client answers; gives what it gets."""
        return self.client.send(a(h))

    def test_with_a_message(self) -> None:
        """Its sender waits for that."""
        self.assertTrue(self.say(*presences(1), TEXT, *presences(2)).endswith(b"/>" + R))

    def test_not_before_it_has_answered(self) -> None:
        self.say(TEXT)
        self.assertNotIn(R, self.say(*[TEXT] * 50))
        self.assertEqual(self.answer(1), R)
        self.assertEqual(self.answer(51), b"")
        self.assertIn(R, self.say(TEXT))

    def test_a_client_that_answers_nothing(self) -> None:
        self.say(TEXT)
        self.say(TEXT, IQ, *presences(50))
        self.house.pass_seconds(60)
        self.assertNotIn(R, self.client.said())

    def test_not_for_presence_nor_chat_states(self) -> None:
        """Nobody waits for them, and they are small: they are not worth a radio's power."""
        states = [COMPOSING, UNKEPT] * (ASK_EVERY // 2 - 1)
        self.assertNotIn(R, self.say(*states, *presences(1)))
        self.house.pass_seconds(60)
        self.assertEqual(self.client.said(), b"")

    def test_for_many_of_them(self) -> None:
        self.assertNotIn(R, self.say(*presences(ASK_EVERY - 1)))
        self.assertTrue(self.say(COMPOSING).endswith(R))
        self.answer()
        self.assertNotIn(R, self.say(COMPOSING))

    def test_for_iqs_when_no_more_come(self) -> None:
        """What is kept for the client may be large."""
        self.say(IQ)
        self.house.pass_seconds(ASK_AFTER - 1)
        self.assertEqual(self.client.said(), b"")
        self.house.pass_seconds(1)
        self.assertEqual(self.client.said(), R)
        self.answer()
        self.house.pass_seconds(10)
        self.assertEqual(self.client.said(), b"")

    def test_iqs_while_another_answer_is_awaited(self) -> None:
        self.say(TEXT)
        self.say(IQ)
        self.house.pass_seconds(ASK_AFTER)
        self.assertEqual(self.client.said(), b"")
        self.answer(1)
        self.house.pass_seconds(1)
        self.assertEqual(self.client.said(), R)

    def test_only_what_counts(self) -> None:
        """XEP-0198, 4: what came before `<enabled/>` does not."""
        client = self.client = self.house.bound()
        client.said()
        self.number = 0
        client.send(ENABLE)
        self.say(TEXT)
        self.assertNotIn(R, self.say(TEXT, parse_stanza(acks.enabled()), *presences(3)))
        self.assertIn(R, self.say(TEXT))

    def test_nobody_else_is_asked(self) -> None:
        self.client, self.number = self.house.bound(), 0
        self.client.said()
        self.assertNotIn(R, self.say(*[TEXT, IQ] * 50))
        self.house.pass_seconds(10)
        self.assertEqual(self.client.said(), b"")


class SilentTest(AckingCase):
    """A client that manages its stream is asked for a sign of life by `<r/>`: it would count an
    iq, of which its session knows nothing, and acknowledge one stanza too many (4)."""

    def setUp(self) -> None:
        super().setUp()
        self.enabled()
        self.house.pass_seconds(300)

    def test_asked(self) -> None:
        self.assertIn(R, self.client.said())
        self.client.send(a(0))
        self.house.pass_seconds(299)
        self.assertNotIn(R, self.client.said())
        self.house.pass_seconds(2)
        self.assertEqual(self.client.said().strip(), R)

    def test_lost(self) -> None:
        self.assertNotIn(b"<iq", self.client.said())
        self.house.pass_seconds(301)
        self.assertIn(b"<connection-timeout", self.client.said())

    def test_by_ping_where_it_is_not_agreed(self) -> None:
        house = House(Limits(enabled=False))
        client = house.bound()
        client.send(ENABLE)
        house.pass_seconds(302)
        self.assertIn(b"<ping", client.said())


class UnreadTest(AckingCase):
    """A client that does not read the answers to what it sends is not read either."""

    def test_until_it_reads_on(self) -> None:
        self.enabled()
        self.client.connection.pauseProducing()
        self.client.send(a(0))
        self.assertEqual(self.client.producerState, "producing")
        self.assertEqual(self.client.send(R), acks.answer(0))
        self.assertEqual(self.client.producerState, "paused")
        self.client.connection.resumeProducing()
        self.assertEqual(self.client.producerState, "producing")


class ElementsTest(AckingCase):
    def test_order(self) -> None:
        """3.5: elements whose place counts go up among the stanzas."""
        self.client.send(b"<message/>" + ENABLE + b"<presence/>" + ACTIVE + b"<iq/>")
        names = [item.name for item in self.manager.traffic()]
        self.assertEqual(names, ["message", "enable", "presence", "active", "iq"])

    def test_before_enabling(self) -> None:
        """XEP-0198, 3: `<failed/>`, and the stream goes on."""
        failed = acks.failed("unexpected-request")
        for item in (R, a(1), RESUME):
            self.assertEqual(self.client.send(item), failed)
        self.client.send(b"<presence/>")
        self.assertEqual([item.name for item in self.manager.traffic()], ["presence"])

    def test_resuming_after_binding(self) -> None:
        self.enabled()
        self.assertEqual(self.client.send(RESUME), acks.failed("unexpected-request"))

    def test_what_clients_do_not_say(self) -> None:
        said = self.client.send(b"<enabled xmlns='urn:xmpp:sm:3'/>")
        self.assertIn(b"<unsupported-stanza-type", said)

    def test_beyond_the_window(self) -> None:
        """What cannot go up yet waits, and in its order."""
        self.client.send(ENABLE)
        self.client.send(b"<message/>" * 300 + ACTIVE + R + b"<presence/>")
        self.assertEqual(len(self.manager.traffic()), 256)
        self.handled(256, 255)
        names = [item.name for item in self.manager.traffic()]
        self.assertEqual((len(names), names[-2:]), (303, ["active", "presence"]))
        self.assertEqual(self.client.said(), b"")
        self.handled(303, 301)
        self.assertEqual(self.client.said(), a(301))

    def test_elements_keep_to_the_window(self) -> None:
        """3.5: what goes up in its place among the stanzas counts like one."""
        self.client.send(b"<message/>" * 256 + ACTIVE + b"<message/>" * 300 + ACTIVE * 300)
        self.assertEqual(len(self.manager.traffic()), 256)
        for done in (256, 512, 768):
            self.handled(done)
        self.assertEqual(len(self.manager.traffic()), 857)

    def test_lost_beyond_the_window(self) -> None:
        """What the session manager has no use for is left out, or it would end the session."""
        self.enabled()
        self.client.send((b"<message/>" + R) * 300 + a(0) + ACTIVE)
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        names = [item.name for item in self.manager.traffic()]
        self.assertEqual(names, ["enable", *["message"] * 300, "active", "close"])
        self.assertEqual(self.manager.traffic()[-1].attrs["how"], "lost")

    def test_closed_beyond_the_window(self) -> None:
        """The client has ended its stream, though nobody has come to read that."""
        self.client.send(b"<message/>" * 300 + b"</stream:stream>")
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.assertEqual(len(self.manager.traffic()), 301)
        self.assertEqual(self.manager.traffic()[-1].attrs["how"], "clean")

    def test_lost_before_an_error_beyond_the_window(self) -> None:
        self.client.send(b"<message/>" * 300 + b"<foo xmlns='bar'/><message/>")
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.assertEqual(len(self.manager.traffic()), 301)


class ResumeTest(AckingCase):
    def opened(self) -> Stanza:
        return verb(
            "opened",
            acks.resumed("some", 7),
            session=SESSION,
            e="2",
            jid="juliet@example.com/balcony",
            managed="true",
        )

    def resume(self) -> Client:
        self.manager.answers["resume"] = lambda asked: asked.answer(self.opened())
        client = self.house.client()
        client.send(HEADER, AUTH, HEADER)
        return client

    def test_resumed(self) -> None:
        """XEP-0198, 5: the element goes up and down as it is; the stream is bound then."""
        client = self.resume()
        said = client.send(RESUME + b"<message/>")
        self.assertTrue(said.endswith(acks.resumed("some", 7)), said)
        [element] = self.manager.carried("resume")
        assert element is not None
        self.assertEqual((element.attrs["previd"], element.attrs["h"]), ("some", "3"))
        [envelope] = [each for each in self.manager.seen if each.epoch == 2]
        self.assertEqual((envelope.number, envelope.to), (1, SESSION))

    def test_the_count_goes_on(self) -> None:
        client = self.resume()
        client.send(RESUME)
        self.assertEqual(client.send(R), a(7))
        client.send(b"<message/>" + R)
        self.handled(1, 8, client)
        self.assertEqual(client.said(), a(8))

    def test_failed(self) -> None:
        """XEP-0198, 5: the client may bind then."""
        client = self.resume()
        item = parse_stanza(acks.failed("item-not-found", 5))
        self.manager.answers["resume"] = lambda asked: asked.answer(item)
        self.assertEqual(client.send(RESUME), acks.failed("item-not-found", 5))
        self.manager.answers["resume"] = lambda asked: asked.answer(self.opened())
        self.assertEqual(client.send(RESUME), acks.resumed("some", 7))

    def test_ended(self) -> None:
        client = self.resume()
        item = kick(StreamError("conflict"))
        self.manager.answers["resume"] = lambda asked: asked.answer(item)
        said = client.send(RESUME)
        self.assertIn(b"<conflict", said)
        self.assertTrue(said.endswith(b"</stream:stream>"))

    def test_no_answer(self) -> None:
        """A client may try again, or bind."""
        client = self.resume()
        self.manager.answers["resume"] = lambda asked: None
        client.send(RESUME)
        self.house.pass_seconds(25)
        self.assertEqual(client.said(), acks.failed("remote-server-timeout"))

    def test_the_client_has_gone_meanwhile(self) -> None:
        """The session is told that its new stream is lost."""
        client, asked = self.resume(), []
        self.manager.answers["resume"] = lambda envelope: asked.append(envelope)
        client.send(RESUME)
        client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.manager.link.send(asked[0].answer(self.opened()))
        close = self.manager.seen[-1]
        self.assertEqual((close.epoch, close.items[0].attrs["how"]), (2, "lost"))

    def test_too_early(self) -> None:
        """XEP-0198, 3 and 5: not before login; and enabling not before binding."""
        failed = acks.failed("unexpected-request")
        client = self.house.client()
        client.send(HEADER)
        self.assertEqual(client.send(RESUME), failed)
        self.assertEqual(client.send(ENABLE), failed)
        client.send(AUTH, HEADER)
        self.assertEqual(client.send(ENABLE), failed)
        self.assertIn(b"<unsupported-stanza-type", client.send(R))
