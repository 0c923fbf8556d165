"""Sessions on a link that loses things (session protocol, 3.2, 3.5 to 3.7 and 3.10)."""

import base64
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from tests.sm.test_session import EDGE, MANAGER, Missed, bodies, message
from xmppd.component.report import AGAIN, ASK, GONE, Entry, read_report, report, report_numbers
from xmppd.component.session import WINDOW_DOWN, StreamFacts, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SASL
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

CHAT = "<message to='romeo@example.com/x' type='chat'><body>{}</body></message>"


class LossyCase(SynchronousTestCase):
    """`heard` is what the edge got; `losing` says that it gets nothing."""

    def setUp(self) -> None:
        self.house = House([Missed], lossless=False)
        self.manager = self.house.manager
        self.heard: list[Envelope] = []
        self.losing = False
        self.receive = self.house.edge.receiver
        self.house.edge.receiver = self.take
        self.juliet = self.house.client("juliet")
        self.confirm(self.juliet)
        self.heard.clear()

    def take(self, item: Any) -> None:
        if self.losing:
            return
        self.heard.append(item)
        if item.id or item.epoch:
            self.receive(item)

    def number(self, client: Client) -> str:
        return client.stream.resource.partition(".")[2]

    def tell(self, *entries: Entry, k: int = 0, seen: int = 0, sender: Jid = EDGE) -> None:
        self.house.edge.send(Envelope(MANAGER, sender, (report(entries, k, seen),)))
        self.house.settle(0.05)

    def confirm(self, client: Client, got: int = 0, mark: str = "") -> None:
        self.tell(Entry(self.number(client), 1, got, got, mark))

    def reports(self) -> list[Entry]:
        """What has been reported since this was last asked for."""
        found = [each for each in self.heard if not each.epoch and not each.id]
        self.heard = [each for each in self.heard if each not in found]
        return [entry for each in found for entry in read_report(each.items[0])]

    def come(self, *stanzas: Stanza) -> None:
        for stanza in stanzas:
            self.house.outside.send(stanza)
        self.house.settle()

    @property
    def missed(self) -> list[Stanza]:
        found: list[Stanza] = self.house.host.missed  # type: ignore[union-attr]
        return found

    def pass_seconds(self, seconds: int, alive: bool = True) -> None:
        for _ in range(seconds):
            self.house.settle(1)
            if alive:
                self.tell(k=1)


class DownTest(LossyCase):
    def test_lost(self) -> None:
        self.come(message("a"))
        self.losing = True
        self.come(message("b"), message("c"))
        self.losing = False
        self.confirm(self.juliet, 1, AGAIN)
        self.assertEqual(bodies(self.juliet.received), ["a", "b", "c"])

    def test_at_most_once_in_200_ms(self) -> None:
        self.come(message("a"))
        self.receive = lambda item: None
        for _ in range(4):
            self.tell(Entry("1", 1, 0, 0, AGAIN))
        sent = [each for each in self.heard if each.epoch]
        self.assertEqual(len(sent), 2)

    def test_news_are_asked_for(self) -> None:
        self.come(message("a"))
        self.house.settle(1)
        self.house.settle(1)
        self.assertIn(Entry("1", 1, mark=ASK), self.reports())
        self.confirm(self.juliet, 1)
        self.reports()
        self.pass_seconds(3)
        self.assertEqual(self.reports(), [])

    def test_the_link_comes_back(self) -> None:
        other = self.house.client("juliet", "other")
        self.confirm(other)
        self.come(message("a"), message("b", "juliet@example.com/other"))
        self.heard.clear()
        self.manager.relinked()
        [asked] = [each for each in self.heard if not each.epoch]
        self.assertEqual(
            read_report(asked.items[0]), [Entry("1", 1, mark=ASK), Entry("2", 1, mark=ASK)]
        )

    def test_window(self) -> None:
        self.come(*[message(number) for number in range(WINDOW_DOWN + 50)])
        self.assertEqual(len(self.juliet.received), WINDOW_DOWN)
        self.confirm(self.juliet, WINDOW_DOWN)
        self.assertEqual(len(self.juliet.received), WINDOW_DOWN + 50)

    def test_no_progress(self) -> None:
        """3.6: after 60 s the stream is closed, though its edge answers."""
        self.come(message("a"))
        for _ in range(52):
            self.pass_seconds(1)
            self.tell(Entry("1", 1, 1, 0))
        self.assertIsNone(self.juliet.closed)
        for _ in range(8):
            self.pass_seconds(1)
            self.tell(Entry("1", 1, 1, 0))
        assert self.juliet.closed is not None
        self.assertIn(b"<policy-violation", self.juliet.closed.inner)


class UpTest(LossyCase):
    def pass_on(self, number: int, *texts: str) -> None:
        items = tuple(parse_stanza(CHAT.format(text).encode()) for text in texts)
        envelope = Envelope(self.juliet.session, self.juliet.stream, items, 1, number)
        self.house.edge.send(envelope)
        self.house.settle(0.05)

    def test_a_gap(self) -> None:
        romeo = self.house.client("romeo", "x")
        self.confirm(romeo)
        self.pass_on(1, "a")
        self.pass_on(3, "c")
        self.assertEqual(self.reports()[-1], Entry("1", 1, 1, 1, AGAIN))
        self.pass_on(1, "a", "b", "c")
        self.assertEqual(bodies(romeo.received), ["a", "b", "c"])
        self.assertEqual(self.reports(), [Entry("1", 1, 3, 3)])

    def test_asked(self) -> None:
        self.pass_on(1, "a")
        self.reports()
        self.tell(Entry("1", 1, mark=ASK), Entry("7", 1, mark=ASK), Entry("1", 3, mark=ASK))
        found = self.reports()
        self.assertIn(Entry("1", 1, 1, 1, AGAIN), found)
        self.assertIn(Entry("7", 1, mark=GONE), found)
        self.assertIn(Entry("1", 3, mark=GONE), found)

    def test_others_are_denied_once_a_second(self) -> None:
        """3.10: a session that has ended, a stream that is not the leg's."""
        stranger = Jid.parse("c2s-1/e.5")
        for session in self.juliet.session, Jid.parse("sm-1/b.999"):
            for _ in range(3):
                items = (message("x"),)
                self.house.edge.send(Envelope(session, stranger, items, 1, 1))
            self.house.settle()
            self.assertEqual(self.reports(), [Entry("5", 1, mark=GONE)])
            self.house.settle(1.1)
            self.reports()

    def test_an_older_boot_of_ours(self) -> None:
        """The answer comes from the new one, which says it all."""
        self.house.settle(2)
        for to, epoch in ("sm-1/a", 0), ("sm-1/a.1", 1):
            self.heard.clear()
            items = (report([Entry("1", 1, 0, 0)]) if not epoch else message("x"),)
            number = epoch
            self.house.edge.send(Envelope(Jid.parse(to), EDGE, items, epoch, number))
            self.house.settle()
            [told] = self.heard
            self.assertEqual((told.sender, read_report(told.items[0])), (MANAGER, []))
            self.house.settle(1.5)


class EndTest(LossyCase):
    def replace(self) -> Client:
        """Another stream takes the resource, and the word of it is lost."""

        def losing(item: Any) -> None:
            if item.id:
                self.receive(item)

        self.house.edge.receiver = losing
        client = self.house.client("juliet")
        self.house.edge.receiver = self.take
        self.confirm(client)
        self.heard.clear()
        return client

    def test_a_kick_is_repeated_until_it_is_told(self) -> None:
        self.replace()
        self.assertEqual(len(self.manager.legs), 2)
        self.confirm(self.juliet, 0, AGAIN)
        assert self.juliet.closed is not None
        self.assertIn(b"<conflict", self.juliet.closed.inner)
        self.confirm(self.juliet, 1)
        self.assertEqual(len(self.manager.legs), 1)

    def test_what_it_sent_before_it_knew_is_ignored(self) -> None:
        self.replace()
        self.juliet.send(CHAT.format("late"))
        self.assertEqual(self.reports(), [])
        self.assertEqual(self.house.left, [])

    def test_a_close_answers_a_kick(self) -> None:
        self.replace()
        self.juliet.close("lost")
        self.assertEqual(self.reports(), [Entry("1", 1, mark=GONE)])
        self.assertEqual(len(self.manager.legs), 1)

    def test_a_close_is_told(self) -> None:
        self.juliet.close()
        self.house.settle(0.05)
        self.assertEqual(self.reports(), [Entry("1", 1, 1, 1)])
        self.juliet.close()
        self.assertEqual(self.reports(), [Entry("1", 1, mark=GONE)])

    def test_gone(self) -> None:
        self.come(message("a"))
        self.tell(Entry("1", 1, mark=GONE))
        self.assertEqual((self.manager.sessions, self.manager.legs), ({}, {}))
        self.assertEqual(bodies(self.missed), ["a"])

    def test_silence(self) -> None:
        """After 30 s without any route its legs are lost."""
        self.come(message("a"))
        self.pass_seconds(60)
        self.pass_seconds(28, alive=False)
        self.assertEqual(len(self.manager.sessions), 1)
        self.pass_seconds(3, alive=False)
        self.assertEqual((self.manager.sessions, self.manager.legs), ({}, {}))
        self.assertEqual(bodies(self.missed), ["a"])

    def test_traffic_is_a_sign_of_life(self) -> None:
        for _ in range(60):
            self.house.settle(1)
            self.juliet.send("<presence/>")
        self.assertEqual(len(self.manager.sessions), 1)

    def test_a_new_boot_of_the_edge(self) -> None:
        self.tell(sender=Jid.parse("c2s-1/d"))
        self.tell(sender=Jid.parse("c2s-2/f"))
        self.assertEqual(len(self.manager.sessions), 1)
        self.tell(sender=Jid.parse("c2s-1/f"))
        self.assertEqual((self.manager.sessions, self.manager.legs), ({}, {}))

    def test_nothing_is_left(self) -> None:
        self.juliet.close()
        self.house.settle(120)
        edges = self.manager.edges
        self.assertEqual((edges._peers, edges._waiting, edges._unused), ({}, {}, {}))
        self.assertEqual(self.house.clock.getDelayedCalls(), [])


class LeaseTest(LossyCase):
    def test_a_report_every_10_seconds(self) -> None:
        self.tell(k=1, seen=10**6)
        self.house.settle(1)
        self.tell(k=2, seen=10**6)
        self.heard.clear()
        for _ in range(9):
            self.house.settle(1)
        self.assertEqual(self.heard, [])
        self.house.settle(1)
        self.house.settle(1)
        self.assertEqual(len(self.heard), 1)

    def test_an_answer(self) -> None:
        self.house.settle(2)
        self.heard.clear()
        self.tell(k=41)
        [answer] = self.heard
        self.assertEqual(report_numbers(answer.items[0])[1], 41)


class RequestTest(LossyCase):
    def request(self, id: str, to: str, item: Stanza, stream: str = "c2s-1/e.50") -> None:
        envelope = Envelope(Jid.parse(to), Jid.parse(stream), (item,), id=id)
        self.house.edge.send(envelope)
        self.house.settle()

    def answers(self, id: str) -> list[Envelope]:
        return [each for each in self.heard if each.id == id]

    def ticket(self) -> str:
        secret = base64.b64encode(b"\0juliet\0secret").decode()
        auth = element("auth", SASL, {"mechanism": "PLAIN"}, secret)
        facts = StreamFacts("example.com", mechanisms=("PLAIN",)).to_xml()
        asked = verb("authenticate", facts, auth, host="example.com")
        for _ in range(2):
            self.request("a1", "juliet@example.com", asked)
        first, second = self.answers("a1")
        self.assertIs(first.items[0], second.items[0])
        return first.items[0].attrs["ticket"]

    def open(self) -> Envelope:
        self.opening = verb("open", ticket=self.ticket(), resource="other")
        self.request("a2", "juliet@example.com", self.opening)
        return self.answers("a2")[-1]

    def test_the_last_answer_is_sent_again(self) -> None:
        """For 30 s; nothing is done anew."""
        first = self.open()
        self.tell(Entry("50", 1, 0, 0))
        self.house.settle(20)
        self.request("a2", "juliet@example.com", self.opening)
        self.assertIs(self.answers("a2")[-1].items[0], first.items[0])
        self.assertEqual(len(self.manager.sessions), 2)

    def test_not_for_ever(self) -> None:
        self.open()
        self.tell(Entry("50", 1, 0, 0))
        self.pass_seconds(70)
        self.request("a2", "juliet@example.com", self.opening)
        self.assertEqual(self.answers("a2")[-1].type, "error")

    def test_a_session_that_is_not_used(self) -> None:
        """3.2: one that its edge does not confirm in 10 s is lost; it may be asked for anew."""
        first = self.open()
        self.pass_seconds(8)
        self.assertEqual(len(self.manager.sessions), 2)
        self.pass_seconds(4)
        self.assertEqual(len(self.manager.sessions), 1)
        self.request("a2", "juliet@example.com", self.opening)
        second = self.answers("a2")[-1]
        self.assertNotEqual(second.items[0].attrs["session"], first.items[0].attrs["session"])
        self.assertEqual(len(self.manager.sessions), 2)

    def test_a_refusal_is_an_answer_too(self) -> None:
        for _ in range(2):
            self.request("a3", "juliet@example.com", verb("open", ticket="x", resource="y"))
        first, second = self.answers("a3")
        self.assertIs(first.items[0], second.items[0])

    def test_a_session_that_has_ended(self) -> None:
        opened = self.open().items[0]
        self.tell(Entry("50", 1, 0, 0))
        close = verb("close", how="clean", written="0")
        session, stream = Jid.parse(opened.attrs["session"]), Jid.parse("c2s-1/e.50")
        self.house.edge.send(Envelope(session, stream, (close,), 1, 1))
        self.house.settle()
        self.assertNotIn(stream, self.manager.logins._answers._last)  # type: ignore[union-attr]

    def test_a_stream_that_has_gone(self) -> None:
        self.ticket()
        self.house.edge.send(
            Envelope(Jid.parse("example.com"), Jid.parse("c2s-1/e.50"), (verb("gone"),))
        )
        self.house.settle(40)
        self.assertEqual(self.manager.logins._answers._last, {})  # type: ignore[union-attr]
