"""Sessions and their legs: numbers, windows, reports, queues, ends (session protocol, 3.5-3.7)."""

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.component.extension import Extension, on
from xmppd.component.report import read_report, report
from xmppd.component.session import REPORT_EVERY, WINDOW_BYTES, WINDOW_DOWN, verb
from xmppd.component.stages import Received, Sent
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.ending import kick
from xmppd.sm.waiting import MAX_QUEUE, MAX_QUEUE_BYTES

EDGE, MANAGER = Jid.parse("c2s-1/e"), Jid.parse("sm-1/b")
TO = "juliet@example.com/balcony"


class Missed(Extension):
    """Collects what nobody got."""

    def setup(self) -> None:
        self.stanzas: list[Stanza] = []
        self.host.missed = self.stanzas

    @on(Received.MISSED, "message")
    def missed(self, stanza: Stanza, user: Any) -> bool:
        self.stanzas.append(stanza)
        return True


def message(body: object, to: str = TO, type: str = "chat") -> Stanza:
    xml = f"<message to='{to}' from='a@remote.test' type='{type}'><body>{body}</body></message>"
    return parse_stanza(xml.encode())


def bodies(stanzas: Sequence[Stanza]) -> list[str | None]:
    return [stanza.text("", "body") for stanza in stanzas]


class SessionTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([Missed])
        self.juliet = self.house.client("juliet")
        self.reports: list[tuple[str, int, int, int]] = []
        edge = self.house.edge
        receive = edge.receiver

        def received(item: Any) -> None:
            if isinstance(item, Envelope) and item.to == EDGE:
                self.reports += [entry[:4] for one in item.items for entry in read_report(one)]
            else:
                receive(item)

        edge.receiver = received

    @property
    def missed(self) -> list[Stanza]:
        found: list[Stanza] = self.house.host.missed  # type: ignore[union-attr]
        return found

    def come(self, *stanzas: Stanza) -> None:
        for stanza in stanzas:
            self.house.outside.send(stanza)
        self.house.settle()

    def written(self, count: int, client: Client | None = None, epoch: int = 1) -> None:
        """The edge says how much of what it got is in the socket."""
        stream = (client or self.juliet).stream.resource.partition(".")[2]
        entry = stream, epoch, count, count
        self.house.edge.send(Envelope(MANAGER, EDGE, (report([entry]),)))
        self.house.settle()


class UpTest(SessionTestCase):
    def pass_on(self, number: int, *texts: str, **changed: Any) -> None:
        items = tuple(message(text, "romeo@example.com/x").without("", "x") for text in texts)
        for item in items:
            del item.attrs["from"]
            item.sender = None
        fields = {"to": self.juliet.session, "sender": self.juliet.stream, "epoch": 1} | changed
        self.house.edge.send(Envelope(items=items, number=number, **fields))
        self.house.settle()

    def setUp(self) -> None:
        super().setUp()
        self.romeo = self.house.client("romeo", "x")

    def heard(self) -> list[str | None]:
        return bodies(self.romeo.taken())

    def test_repeats_are_dropped(self) -> None:
        """3.5: whole ones, and the known part of a route."""
        self.pass_on(1, "a", "b")
        self.pass_on(1, "a", "b")
        self.pass_on(2, "b", "c")
        self.pass_on(1, "a")
        self.assertEqual(self.heard(), ["a", "b", "c"])

    def test_gaps_are_not_taken(self) -> None:
        self.pass_on(1, "a")
        self.pass_on(3, "c")
        self.pass_on(2, "b")
        self.pass_on(3, "c")
        self.assertEqual(self.heard(), ["a", "b", "c"])

    def test_other_epochs_streams_and_sessions(self) -> None:
        """3.10: dropped without an answer."""
        answers = len(self.house.answers)
        self.pass_on(1, "a", epoch=2)
        self.pass_on(1, "a", epoch=0)
        self.pass_on(1, "a", sender=Jid.parse("c2s-1/e.99"))
        self.pass_on(1, "a", sender=Jid.parse("c2s-2/e.1"))
        self.pass_on(1, "a", to=Jid.parse("sm-1/b.999"))
        self.assertEqual(self.heard(), [])
        self.assertEqual(len(self.house.answers), answers)
        self.pass_on(1, "a")
        self.assertEqual(self.heard(), ["a"])

    def test_reports(self) -> None:
        """At once where much is untold, else soon: an edge may wait for it."""
        self.pass_on(1, *["x"] * (REPORT_EVERY - 1))
        self.assertEqual(self.reports, [])
        self.pass_on(REPORT_EVERY, "x")
        self.assertEqual(self.reports, [("1", 1, REPORT_EVERY, REPORT_EVERY)])
        self.pass_on(REPORT_EVERY + 1, "x", "x")
        self.house.settle(0.1)
        self.assertEqual(self.reports[1:], [("1", 1, REPORT_EVERY + 2, REPORT_EVERY + 2)])
        self.house.settle(10)
        self.assertEqual(len(self.reports), 2)

    def test_one_report_for_many(self) -> None:
        sent: list[Any] = []
        receive = self.house.edge.receiver
        self.house.edge.receiver = lambda item: (sent.append(item), receive(item))
        self.juliet.send("<presence/>")
        self.romeo.send("<presence/>")
        self.house.settle(0.1)
        self.assertEqual([len(item.items) for item in sent if item.to == EDGE], [1])
        self.assertEqual(sorted(self.reports), [("1", 1, 1, 1), ("2", 1, 1, 1)])


class Waits(Extension):
    def setup(self) -> None:
        self.host.waiting = []

    @on(Sent.CHECK, "message")
    def wait(self, stanza: Stanza, session: Any) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()
        self.host.waiting.append(waiting)
        return waiting


class HandledTest(SynchronousTestCase):
    def test_what_waits_is_not_handled(self) -> None:
        """3.6: so the edge stops reading a client whose stanzas wait."""
        house = House([Waits])
        juliet = house.client("juliet")
        session = house.manager.sessions[juliet.session]
        juliet.send(*["<message/>"] * 3)
        self.assertEqual((session.leg.got, session.handled), (3, 0))
        waiting = house.host.waiting  # type: ignore[union-attr]
        for done in range(1, 4):
            waiting[-1].callback(None)
            self.assertEqual(session.handled, done)


class DownTest(SessionTestCase):
    def test_window(self) -> None:
        """3.6: at most WINDOW_DOWN stanzas beyond what is written."""
        self.come(*[message(number) for number in range(WINDOW_DOWN + 50)])
        self.assertEqual(len(self.juliet.received), WINDOW_DOWN)
        self.written(10)
        self.assertEqual(len(self.juliet.received), WINDOW_DOWN + 10)
        self.written(10)
        self.written(5)
        self.assertEqual(len(self.juliet.received), WINDOW_DOWN + 10)
        self.written(WINDOW_DOWN + 10)
        self.assertEqual(
            bodies(self.juliet.received), [str(number) for number in range(WINDOW_DOWN + 50)]
        )

    def test_window_in_bytes(self) -> None:
        big = "x" * 50_000
        self.come(*[message(big) for _ in range(20)])
        first = len(self.juliet.received)
        self.assertLessEqual((first - 1) * 50_000, WINDOW_BYTES)
        self.written(first)
        self.assertEqual(len(self.juliet.received), 2 * first)
        self.written(2 * first)
        self.written(3 * first)
        self.assertEqual(len(self.juliet.received), min(20, 4 * first))

    def test_one_turn_is_one_envelope(self) -> None:
        seen: list[int] = []
        take = self.juliet.take
        self.juliet.take = lambda item: (  # type: ignore[method-assign]
            seen.append(len(item.items)),
            take(item),
        )
        self.come(message("a"), message("b"), message("c"))
        self.assertEqual(seen, [3])

    def test_other_epochs_count_nothing(self) -> None:
        self.come(*[message(number) for number in range(WINDOW_DOWN + 1)])
        self.written(100, epoch=2)
        self.assertEqual(len(self.juliet.received), WINDOW_DOWN)

    def test_too_many_stanzas(self) -> None:
        """3.6: past the bound the stream ends, and nothing is lost."""
        count = WINDOW_DOWN + MAX_QUEUE + 10
        for number in range(count):
            self.come(message(number))
        assert self.juliet.closed is not None
        self.assertIn(b"<policy-violation ", self.juliet.closed.inner)
        self.assertEqual(len(self.juliet.received), WINDOW_DOWN)
        self.juliet.pass_on(verb("close", how="error", written="100"))
        found = {int(body or "") for body in bodies(self.missed)}
        self.assertEqual(found, set(range(100, count)))

    def test_too_many_bytes(self) -> None:
        big = "x" * 1_000_000
        for _ in range(WINDOW_BYTES // len(big) + MAX_QUEUE_BYTES // len(big) + 2):
            self.come(message(big))
        assert self.juliet.closed is not None
        self.assertIn(b"<policy-violation ", self.juliet.closed.inner)

    def test_nothing_follows_a_close(self) -> None:
        """3.7: a close is the last of its direction."""
        self.come(*[message(number) for number in range(WINDOW_DOWN + 5)])
        session = self.house.manager.sessions[self.juliet.session]
        session.deliver(message("same turn"))
        session.close(StreamError("conflict"))
        session.close(StreamError("reset"))
        self.house.settle()
        self.written(WINDOW_DOWN)
        self.come(message("late"))
        self.assertEqual(len(self.juliet.received), WINDOW_DOWN)
        self.assertIsNotNone(self.juliet.closed)


class Odd:
    """A gate that has messages with an odd number wait."""

    def __init__(self) -> None:
        self.waiting: list[Stanza] = []

    def takes(self, stanza: Stanza) -> bool:
        if int(bodies([stanza])[0] or 0) % 2:
            self.waiting.append(stanza)
        return stanza in self.waiting

    def flush(self) -> None:
        raise NotImplementedError

    def left(self) -> list[Stanza]:
        left, self.waiting = self.waiting, []
        return left


class GateTest(SessionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.session = self.house.manager.sessions[self.juliet.session]
        self.session.gate = Odd()
        self.come(*[message(number) for number in range(4)])

    def test_what_waits_is_not_sent_nor_counted(self) -> None:
        self.assertEqual(bodies(self.juliet.received), ["0", "2"])
        self.assertEqual(self.session.leg.sent, 2)
        self.assertEqual(self.session.pending, [])

    def test_what_waits_is_not_lost(self) -> None:
        """It comes behind what was sent in vain."""
        self.juliet.pass_on(verb("close", how="lost", written="1"))
        self.assertEqual(bodies(self.missed), ["2", "1", "3"])


FROM = "<message from='a@remote.test' to='{}' type='chat'><body>{}</body></message>"


class EndTest(SessionTestCase):
    def test_written_is_not_delivered_again(self) -> None:
        self.come(message("a"), message("b"), message("c"))
        self.juliet.pass_on(verb("close", how="lost", written="2"))
        self.assertEqual(bodies(self.missed), ["c"])

    def test_another_session_gets_it(self) -> None:
        """RFC 6121, 8.5.3.2.1: as if it came now; what is no message ends with the session."""
        other = self.house.client("juliet", "other")
        other.send("<presence/>")
        other.taken()
        self.house.left.clear()
        self.come(
            message("chat"),
            message("normal", type="normal"),
            message("headline", type="headline"),
            parse_stanza(
                b"<iq from='a@remote.test' type='get' id='1' to='%b'>"
                b"<q xmlns='u:x'/></iq>" % TO.encode()
            ),
            parse_stanza(b"<iq from='a@remote.test' type='result' id='2' to='%b'/>" % TO.encode()),
        )
        self.juliet.pass_on(verb("close", how="lost", written="0"))
        self.assertEqual(bodies(other.taken()), ["chat", "normal"])
        self.assertEqual([(item.id, item.type) for item in self.house.left], [("1", "error")])
        self.assertEqual(self.missed, [])

    def test_in_order(self) -> None:
        """What went to several sessions is missed in its place among what went to one."""
        self.juliet.send("<presence/>")
        other = self.house.client("juliet", "other")
        other.send("<presence/>")
        self.juliet.report()
        self.house.from_outside(FROM.format("juliet@example.com/balcony", 1))
        self.house.from_outside(FROM.format("juliet@example.com", 2))
        self.house.from_outside(FROM.format("juliet@example.com/balcony", 3))
        other.pass_on(verb("close", how="lost", written="2"))
        self.juliet.pass_on(verb("close", how="lost", written="0"))
        self.assertEqual(bodies(self.missed), ["1", "2", "3"])

    def test_one_of_several(self) -> None:
        """What one client has is not missed when the other's session ends; what none has, is."""
        other = self.house.client("juliet", "other")
        for client in self.juliet, other:
            client.send("<presence/>")
        self.juliet.taken(), other.taken()
        self.come(*[message(body, "juliet@example.com") for body in ("both", "one", "none")])
        self.written(self.juliet._got - 1)
        other.pass_on(verb("close", how="lost", written=str(other._got - 2)))
        self.assertEqual(
            bodies([item for item in self.juliet.taken() if item.inner]), ["both", "one", "none"]
        )
        self.juliet.pass_on(verb("close", how="lost", written="0"))
        self.assertEqual(bodies(self.missed), ["none"])
        self.assertEqual(self.house.host.users["juliet"].shared, {})  # type: ignore[union-attr]

    def test_a_close_too_many(self) -> None:
        self.juliet.close()
        answers = dict(self.house.answers)
        self.juliet.close()
        self.assertEqual(self.house.answers, answers)
        self.assertEqual(self.house.manager.sessions, {})

    def test_odd_counts(self) -> None:
        for written in "", "x", "-5", "99999999999999999999", "\u0663":
            client = self.house.client("juliet", "odd")
            client.pass_on(verb("close", how="lost", written=written))
            self.assertNotIn(client.session, self.house.manager.sessions)

    def test_kick(self) -> None:
        other = self.house.client("juliet", "other")
        user = self.house.host.users["juliet"]  # type: ignore[union-attr]
        self.assertEqual(kick(user, StreamError("policy-violation"), "other"), 1)
        self.house.settle()
        self.assertIsNone(self.juliet.closed)
        assert other.closed is not None
        self.assertEqual(other.closed.attrs["how"], "kick")
        other.close()
        self.assertEqual(kick(user, StreamError("not-authorized")), 1)
        self.juliet.close()
        self.assertEqual((user.sessions, kick(user, StreamError("reset"))), ({}, 0))

    def test_everything_is_let_go(self) -> None:
        self.juliet.send("<presence/>")
        self.juliet.close()
        self.house.settle(3600)
        manager = self.house.manager
        self.assertEqual((manager.sessions, manager.legs), ({}, {}))
        self.assertEqual(self.house.clock.getDelayedCalls(), [])
