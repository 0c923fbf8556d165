"""One end of a leg: numbers, repeats, gaps, what is kept and sent again (session protocol, 3.5)."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.lease import Peer
from xmppd.component.leg import NEXT, ROUTE_BYTES, End, Kept, Leg, State, portions
from xmppd.component.report import AGAIN, Entry
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

STREAM, SESSION = Jid.parse("c2s-1/e.42"), Jid.parse("sm-1/b.7")


class End42(Leg):
    __slots__ = ()

    @property
    def stream(self) -> str:
        return "42"


def leg() -> End42:
    return End42(Peer(Jid.parse("sm-1/b"), 0.0), STREAM, SESSION, 1)


def message(text: object, size: int = 0) -> Stanza:
    return Stanza.make("message", f"{text} ".encode() + b"x" * size)


def route(number: int, *texts: object, epoch: int = 1, sender: Jid = SESSION) -> Envelope:
    return Envelope(STREAM, sender, tuple(message(text) for text in texts), epoch, number)


def texts(items: object) -> list[str]:
    return [item.inner.decode().split()[0] for item in items]  # type: ignore[attr-defined]


def sending(end: Leg, count: int) -> None:
    """Send and keep so many messages, named by their numbers."""
    for _ in range(count):
        item = message(end.sent + 1)
        if end.kept is None:
            end.kept = Kept()
        end.kept.add([item])
        end.number((item,))


class InTest(SynchronousTestCase):
    def test_repeats_are_dropped(self) -> None:
        end = leg()
        end.got = 3
        self.assertEqual(end.unknown(route(2, "b", "c")), ())
        self.assertEqual(texts(end.unknown(route(2, "b", "c", "d"))), ["d"])
        self.assertEqual(texts(end.unknown(route(4, "d"))), ["d"])
        self.assertEqual(end.mark, "")

    def test_a_gap_is_told(self) -> None:
        end = leg()
        self.assertEqual(end.unknown(route(2, "b")), ())
        self.assertTrue(end.untold)
        self.assertEqual(end.entry(), Entry("42", 1, 0, 0, AGAIN))
        self.assertFalse(end.untold)

    def test_other_legs(self) -> None:
        end = leg()
        self.assertEqual(end.unknown(route(1, "a", epoch=2)), ())
        self.assertEqual(end.unknown(route(1, "a", sender=Jid.parse("sm-1/b.8"))), ())
        self.assertEqual(end.mark, "")


class OutTest(SynchronousTestCase):
    def test_settled_is_let_go(self) -> None:
        end = leg()
        sending(end, 3)
        self.assertEqual(texts(end.settle(2)), ["1", "2"])
        assert end.kept is not None
        self.assertEqual(end.kept.size, len(message("3").inner))
        self.assertEqual(texts(end.settle(3)), ["3"])
        self.assertIsNone(end.kept)

    def test_again(self) -> None:
        """Back to got+1, at most once in 200 ms."""
        end = leg()
        sending(end, 5)
        end.settle(1)
        [again] = end.again(3, 10.0)
        self.assertEqual((again.number, again.epoch, again.to), (4, 1, SESSION))
        self.assertEqual(texts(again.items), ["4", "5"])
        self.assertEqual([*end.again(3, 10.1)], [])
        [again] = end.again(1, 10.25)
        self.assertEqual((again.number, texts(again.items)), (2, ["2", "3", "4", "5"]))
        self.assertEqual([*end.again(5, 11.0)], [])

    def test_routes_are_not_too_long(self) -> None:
        items = [message(number, size) for number, size in enumerate([30_000, 30_000, 90_000, 1])]
        found = [texts(portion) for portion in portions(items)]
        self.assertEqual(found, [["0", "1"], ["2"], ["3"]])

    def test_odd_reports(self) -> None:
        end = leg()
        sending(end, 5)
        end.settle(2)
        for entry, sane in (
            (Entry("42", 1, 5, 5), True),
            (Entry("42", 1, 6, 5), False),
            (Entry("42", 1, 5, 6), False),
            (Entry("42", 1, 2, 1), False),
        ):
            self.assertIs(end.is_sane(entry), sane)


class PropertyTest(SynchronousTestCase):
    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from("sslar"), st.integers(1, 5)), max_size=40))
    def test_nothing_is_lost_or_doubled(self, steps: list[tuple[str, int]]) -> None:
        """Send, lose, ask, report: in the end all has come, once and in order."""
        out, into = leg(), End42(Peer(Jid.parse("c2s-1/e"), 0.0), SESSION, STREAM, 1)
        came: list[str] = []
        now = 0.0

        def arrive(envelope: Envelope) -> None:
            items = into.unknown(envelope)
            into.got += len(items)
            came.extend(texts(items))

        for step, count in [*steps, ("a", 1)]:
            now += 1.0
            if step in "sl":
                items = tuple(message(out.sent + 1 + place) for place in range(count))
                out.kept = out.kept or Kept()
                out.kept.add(items)
                envelope = out.number(items)
                if step == "s":
                    arrive(envelope)
            elif step == "a":
                for envelope in list(out.again(into.got, now)):
                    arrive(envelope)
            else:
                out.settle(into.got)
        self.assertEqual(came, [str(number + 1) for number in range(out.sent)])
        self.assertLess(sum(len(text) for text in came), ROUTE_BYTES)


class StateTest(SynchronousTestCase):
    def test_total(self) -> None:
        """I9: every event in every state has its outcome."""
        self.assertEqual(set(NEXT), {(state, event) for state in State for event in End})

    def test_no_way_back(self) -> None:
        order = list(State)
        for (state, _), following in NEXT.items():
            self.assertGreaterEqual(order.index(following), order.index(state))

    def test_a_close_is_kept_until_it_is_told(self) -> None:
        """3.7."""
        end = leg()
        self.assertIs(end.after(End.TOLD), State.LIVE)
        self.assertIs(end.after(End.CLOSED), State.CLOSING)
        self.assertIs(end.after(End.TOLD), State.GONE)
