"""Legs of an edge on a link that loses things (session protocol, 3.5 to 3.7 and 3.10)."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.c2s.fake_manager import AUTH, BIND, HEADER, HOST, SESSION, Client, FakeManager, Place
from tests.c2s.test_leg import message
from xmppd.app.config_clients import Limits
from xmppd.c2s.edge import ClientEdge
from xmppd.component.report import AGAIN, ASK, GONE, Entry, read_report, report, report_numbers
from xmppd.link.envelope import Envelope
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid

EDGE, MANAGER = Jid.parse("c2s-1/x"), Jid.parse("sm-1/b")
LOST = None


class LossyCase(SynchronousTestCase):
    """`losing` says that nothing gets through either way."""

    def setUp(self) -> None:
        self.clock = Clock()
        router = Router()
        self.manager = FakeManager(router)
        self.losing = False
        link: Any = router.link(names=["c2s-1"])
        link.lossless = False
        send = link.send
        link.send = lambda item: None if self.losing else send(item)
        self.edge = ClientEdge("c2s-1", link, self.clock, Limits(enabled=False), HOST, boot="x")
        self.edge.start()
        self.client = self.connect()
        self.client.send(HEADER, AUTH, HEADER, BIND)
        self.client.said()
        self.stream = self.client.connection.address
        self.pass_seconds(0.1)

    def connect(self) -> Client:
        connection = self.edge.build_protocol(None, Place())
        assert connection is not None
        return Client(connection)

    def pass_seconds(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)

    def reports(self) -> list[Entry]:
        """What has been reported since this was last asked for."""
        found = self.manager.requests("report")
        self.manager.seen = [each for each in self.manager.seen if each not in found]
        return [entry for each in found for entry in read_report(each.items[0])]

    def sent(self) -> list[tuple[int, list[str]]]:
        """The routes of the leg since this was last asked for."""
        found = [each for each in self.manager.seen if each.epoch]
        self.manager.seen = [each for each in self.manager.seen if not each.epoch]
        return [(each.number, [item.name for item in each.items]) for each in found]

    def tell(self, *entries: Entry, number: int = 0, seen: int = 0, sender: Jid = MANAGER) -> None:
        item = report(entries, number, seen)
        self.manager.link.send(Envelope(EDGE, sender, (item,)))

    def keep_alive(self, seconds: int) -> None:
        """Let time pass, with a session manager that answers."""
        for number in range(seconds):
            self.pass_seconds(1)
            self.tell(number=number + 1, seen=10**6)


class TellingTest(LossyCase):
    def test_a_new_leg_is_confirmed(self) -> None:
        """3.2: the edge confirms a session with its first report."""
        self.assertEqual(self.reports(), [Entry("1", 1, 0, 0)])

    def test_at_most_every_20_ms(self) -> None:
        self.reports()
        for number in range(1, 101):
            self.manager.say(self.stream, number, message("x"))
            self.clock.advance(0.002)
        self.clock.advance(0.02)
        found = self.reports()
        self.assertLessEqual(len(found), 12)
        self.assertEqual(found[-1], Entry("1", 1, 100, 100))

    def test_at_once_after_silence(self) -> None:
        self.pass_seconds(0.1)
        self.reports()
        self.manager.say(self.stream, 1, message("x"))
        self.clock.advance(0)
        self.assertEqual(self.reports(), [Entry("1", 1, 1, 1)])

    def test_numbers(self) -> None:
        self.tell(number=17)
        self.manager.say(self.stream, 1, message("x"))
        self.pass_seconds(0.1)
        first, second = [report_numbers(each.items[0]) for each in self.manager.requests("report")]
        self.assertEqual(second[0], first[0] + 1)
        self.assertEqual(second[1], 17)

    def test_a_gap_is_told(self) -> None:
        self.reports()
        self.manager.say(self.stream, 1, message("a"))
        self.manager.say(self.stream, 3, message("c"))
        self.pass_seconds(0.1)
        self.assertEqual(self.reports(), [Entry("1", 1, 1, 1, AGAIN)])
        self.manager.say(self.stream, 1, message("a"), message("b"), message("c"))
        self.assertEqual(self.client.said().count(b"<message>"), 3)

    def test_asked(self) -> None:
        self.reports()
        self.tell(Entry("1", 1, mark=ASK), Entry("9", 1, mark=ASK), Entry("1", 2, mark=ASK))
        self.pass_seconds(0.1)
        found = self.reports()
        self.assertIn(Entry("1", 1, 0, 0, AGAIN), found)
        self.assertIn(Entry("9", 1, mark=GONE), found)

    def test_asked_for_a_stream_that_may_get_a_leg(self) -> None:
        """Its answer may be lost, or on its way."""
        self.manager.answers["open"] = lambda asked: LOST
        client = self.connect()
        client.send(HEADER, AUTH, HEADER, BIND)
        self.reports()
        self.tell(Entry("2", 1, mark=ASK))
        self.pass_seconds(0.1)
        self.assertEqual(self.reports(), [])


class KeepingTest(LossyCase):
    def test_news_are_asked_for(self) -> None:
        self.reports()
        self.client.send(b"<message/>")
        self.pass_seconds(0.5)
        self.assertEqual(self.reports(), [])
        self.pass_seconds(2.0)
        self.assertEqual({*self.reports()}, {Entry("1", 1, mark=ASK)})
        self.tell(Entry("1", 1, 1, 1))
        self.pass_seconds(3.0)
        self.assertEqual(self.reports(), [])

    def test_what_is_not_handled_is_not_sent_again_for_that(self) -> None:
        self.client.send(b"<message/>" * 3)
        self.sent()
        for _ in range(5):
            self.tell(Entry("1", 1, 3, 1, AGAIN))
            self.pass_seconds(1)
        self.assertEqual(self.sent(), [])

    def test_lost(self) -> None:
        self.client.send(b"<message/>")
        self.losing = True
        self.client.send(b"<presence/>", b"<iq/>")
        self.losing = False
        self.sent()
        self.tell(Entry("1", 1, 1, 1, AGAIN))
        self.tell(Entry("1", 1, 1, 1, AGAIN))
        self.assertEqual(self.sent(), [(2, ["presence", "iq"])])
        self.pass_seconds(0.3)
        self.tell(Entry("1", 1, 2, 2, AGAIN))
        self.assertEqual(self.sent(), [(3, ["iq"])])

    def test_the_link_comes_back(self) -> None:
        self.client.send(b"<message/>")
        self.reports()
        self.edge.relinked()
        self.assertEqual(self.reports(), [Entry("1", 1, mark=ASK)])

    def test_an_instance_that_is_not_there(self) -> None:
        """3.7: a bounce only starts asking."""
        self.client.send(b"<message/>")
        bounce = Envelope(self.stream, SESSION, (), type="error")
        self.manager.link.send(bounce)
        self.manager.link.send(Envelope(EDGE, MANAGER, (), type="error"))
        self.assertTrue(self.client.connected)
        self.assertEqual(self.client.said(), b"")

    def test_legs_are_compared(self) -> None:
        """Every 5 minutes, though nothing is kept."""
        self.tell(Entry("1", 1, 0, 0))
        self.keep_alive(299)
        self.assertNotIn(Entry("1", 1, mark=ASK), self.reports())
        self.keep_alive(3)
        self.assertIn(Entry("1", 1, mark=ASK), self.reports())


class EndTest(LossyCase):
    def test_a_close_is_repeated_until_it_is_told(self) -> None:
        """3.7: until the other side reports it got, the leg's record stays."""
        self.losing = True
        self.client.send(b"</stream:stream>")
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.losing = False
        self.reports()
        self.pass_seconds(2)
        self.assertIn(Entry("1", 1, mark=ASK), self.reports())
        self.tell(Entry("1", 1, 0, 0, AGAIN))
        self.assertEqual(self.sent(), [(1, ["close"])])
        self.tell(Entry("1", 1, 1, 1))
        self.assertEqual(self.edge.legs.all(), [])
        self.assertEqual(self.edge.legs._peers, {})

    def test_gone(self) -> None:
        self.tell(Entry("1", 1, mark=GONE))
        self.assertIn(b"<system-shutdown", self.client.said())
        self.assertEqual(self.edge.legs.all(), [])
        self.assertEqual(self.sent(), [])

    def test_gone_while_closing(self) -> None:
        self.client.send(b"</stream:stream>")
        self.tell(Entry("1", 1, mark=GONE))
        self.assertEqual(self.edge.legs.all(), [])

    def test_gone_says_only_who_has_it(self) -> None:
        self.tell(Entry("1", 1, mark=GONE), sender=Jid.parse("sm-2/b"))
        self.tell(Entry("1", 2, mark=GONE))
        self.assertEqual(self.client.said(), b"")

    def test_a_new_boot_of_the_session_manager(self) -> None:
        self.tell(sender=Jid.parse("sm-2/c"))
        self.tell(sender=Jid.parse("sm-1/a"))
        self.assertEqual(self.client.said(), b"")
        self.tell(sender=Jid.parse("sm-1/c"))
        self.assertIn(b"<system-shutdown", self.client.said())
        self.assertEqual(self.edge.legs.all(), [])

    def test_traffic_for_nobody(self) -> None:
        """It is denied, once a second."""
        self.tell(Entry("1", 1, 0, 0))
        self.pass_seconds(0.1)
        self.reports()
        stranger = Jid.parse("c2s-1/x.99")
        for number in range(1, 6):
            self.manager.say(stranger, number, message("x"))
        self.assertEqual(self.reports(), [Entry("99", 1, mark=GONE)])
        self.pass_seconds(1.2)
        self.manager.say(stranger, 6, message("x"))
        self.assertEqual(self.reports(), [Entry("99", 1, mark=GONE)])

    def test_traffic_for_an_older_boot(self) -> None:
        """That there is a new one says it all; a number may be somebody else's by now."""
        self.pass_seconds(2)
        self.reports()
        self.manager.seen.clear()
        self.manager.say(Jid.parse("c2s-1/a.1"), 1, message("x"))
        [told] = self.manager.requests("report")
        self.assertEqual((told.sender, read_report(told.items[0])), (EDGE, []))

    def test_closing_takes_nothing(self) -> None:
        self.client.send(b"</stream:stream>")
        self.reports()
        self.manager.say(self.stream, 1, message("x"))
        self.assertEqual(self.reports(), [])

    def test_stopping_waits_for_the_session_manager(self) -> None:
        stopped = self.edge.stop()
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.assertNoResult(stopped)
        self.tell(Entry("1", 1, 1, 1))
        self.pass_seconds(1)
        self.successResultOf(stopped)

    def test_stopping_does_not_wait_for_ever(self) -> None:
        stopped = self.edge.stop()
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.pass_seconds(6)
        self.successResultOf(stopped)


class LeaseTest(LossyCase):
    def test_a_report_every_10_seconds(self) -> None:
        self.tell(Entry("1", 1, 0, 0), seen=100)
        self.manager.seen.clear()
        self.pass_seconds(9)
        self.assertEqual(self.manager.seen, [])
        self.pass_seconds(2)
        [empty] = self.manager.requests("report")
        self.assertEqual(read_report(empty.items[0]), [])

    def test_an_answer(self) -> None:
        self.tell(Entry("1", 1, 0, 0))
        self.pass_seconds(2)
        self.manager.seen.clear()
        self.tell(number=9)
        self.pass_seconds(0.1)
        [answer] = self.manager.requests("report")
        self.assertEqual(report_numbers(answer.items[0])[1], 9)

    def test_silence(self) -> None:
        """After 25 s the edge reads no more, and closes the streams within 10 s."""
        clients = [self.client]
        for _ in range(9):
            clients.append(self.connect())
            clients[-1].send(HEADER, AUTH, HEADER, BIND)
            clients[-1].said()
        self.keep_alive(40)
        self.assertEqual([client.said() for client in clients], [b""] * 10)
        self.pass_seconds(24)
        self.assertEqual([client.said() for client in clients], [b""] * 10)
        self.pass_seconds(3)
        closed = [client for client in clients if b"<system-shutdown" in client.said()]
        self.assertTrue(0 < len(closed) < 10)
        self.assertTrue(
            all(client.producerState == "paused" for client in clients if client not in closed)
        )
        self.pass_seconds(9)
        closed += [client for client in clients if b"<system-shutdown" in client.said()]
        self.assertEqual(len(closed), 10)
        self.pass_seconds(30)
        self.assertEqual(self.edge.legs.all(), [])

    def test_only_what_it_has_seen_counts(self) -> None:
        """One direction is cut: reports come, but none of ours is among what they have seen."""
        for number in range(1, 27):
            self.pass_seconds(1)
            self.tell(number=number, seen=0)
        self.pass_seconds(1)
        self.assertIn(b"<system-shutdown", self.client.said())


class RequestTest(LossyCase):
    def ask(self) -> Client:
        client = self.connect()
        client.send(HEADER)
        self.manager.seen.clear()
        self.manager.answers["authenticate"] = lambda asked: LOST
        client.send(AUTH)
        return client

    def asked(self) -> int:
        found = self.manager.requests("authenticate")
        self.assertEqual(len({each.id for each in found}), 1)
        return len(found)

    def test_repeated_after_3_6_and_12_seconds(self) -> None:
        client = self.ask()
        for seconds, count in ((2.5, 1), (1, 2), (3, 3), (5, 3), (1, 4), (6, 4)):
            self.pass_seconds(seconds)
            self.assertEqual(self.asked(), count)
        client.said()
        self.pass_seconds(3)
        self.assertIn(b"<temporary-auth-failure", client.said())
        self.assertEqual(self.asked(), 4)

    def test_a_late_answer_is_enough(self) -> None:
        client = self.ask()
        self.manager.answers["authenticate"] = lambda asked: asked.answer(self.manager.done())
        self.pass_seconds(3.5)
        self.assertIn(b"<success", client.said())
        [first, _] = self.manager.requests("authenticate")
        self.manager.link.send(first.answer(self.manager.done()))
        self.assertEqual(client.said(), b"")

    def test_nobody_there_for_a_moment(self) -> None:
        """The first bounce is no answer: whoever is asked may be about to come back."""
        client = self.connect()
        client.send(HEADER)
        self.manager.answers["authenticate"] = lambda asked: asked.answer(type="error")
        self.assertNotIn(b"failure", client.send(AUTH))
        self.pass_seconds(3.5)
        self.assertIn(b"<temporary-auth-failure", client.said())
