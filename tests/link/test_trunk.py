from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import message
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.pool import Sticky
from xmppd.link.queue import Bounds
from xmppd.link.receipts import counted
from xmppd.link.trunk import Trunk
from xmppd.protocol.jid import Jid


class FakeCarrier:
    """Takes `room` items, then is full."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.got: list[Item] = []

    @property
    def full(self) -> bool:
        return self.room <= 0

    def send(self, item: Item) -> None:
        self.room -= 1
        self.got.append(item)

    def ids(self) -> list[str | None]:
        got, self.got = self.got, []
        return [item.id for item in got]


class FakeProducer:
    def __init__(self) -> None:
        self.paused: set[object] = set()

    def pause_for(self, why: object) -> None:
        self.paused.add(why)

    def resume_from(self, why: object) -> None:
        self.paused.discard(why)


class TrunkCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.bounced: list[tuple[str | None, str]] = []

    def trunk(self, *carriers: FakeCarrier, sticky: bool = False, **bounds: float) -> Trunk:
        trunk = Trunk(
            "irc.test",
            self.clock,
            lambda item, condition: self.bounced.append((item.id, condition)),
            Sticky() if sticky else None,
            Bounds(**bounds),  # type: ignore[arg-type]
        )
        for carrier in carriers:
            trunk.join(carrier)
        return trunk

    def send(self, trunk: Trunk, *ids: str, to: str = "x", by: FakeProducer | None = None) -> None:
        for id in ids:
            trunk.deliver(message(f"{to}@irc.test", "home.test", id), by)


class QueueingTests(TrunkCase):
    def test_down(self) -> None:
        """What waits goes to who comes, in order, before what is sent then."""
        trunk = self.trunk()
        self.send(trunk, "1", "2")
        self.assertEqual((trunk.is_up, trunk.waiting), (False, 2))
        carrier = FakeCarrier()
        trunk.join(carrier)
        self.send(trunk, "3")
        self.assertEqual((carrier.ids(), trunk.waiting), (["1", "2", "3"], 0))

    def test_down_and_no_envelopes_wait(self) -> None:
        """But messages that somebody counts: those are envelopes only on their way."""
        trunk = self.trunk(envelopes=False)
        origin = Jid.parse("sm-1/b")
        trunk.deliver(Envelope(Jid.parse("irc.test"), origin, (), id="a"))
        trunk.deliver(counted(origin, message("x@irc.test", "home.test", "1"), 1, 0))
        self.assertEqual((self.bounced, trunk.waiting), ([("a", "service-unavailable")], 1))

    def test_down_and_nothing_waits(self) -> None:
        trunk = self.trunk(absent=0)
        self.send(trunk, "1")
        self.assertEqual(self.bounced, [("1", "service-unavailable")])

    def test_full(self) -> None:
        carrier = FakeCarrier(2)
        trunk = self.trunk(carrier)
        self.send(trunk, *"12345")
        self.assertEqual((carrier.ids(), trunk.waiting), (["1", "2"], 3))
        carrier.room = 1
        trunk.drain()
        self.send(trunk, "6")
        carrier.room = 9
        trunk.drain()
        self.assertEqual(carrier.ids(), ["3", "4", "5", "6"])

    def test_full_when_it_comes(self) -> None:
        trunk = self.trunk()
        self.send(trunk, *"123")
        carrier = FakeCarrier(1)
        trunk.join(carrier)
        self.assertEqual((carrier.ids(), trunk.waiting), (["1"], 2))

    def test_lost_while_full(self) -> None:
        """What waited for it waits for the next, as long as it may."""
        carrier = FakeCarrier(0)
        trunk = self.trunk(carrier, seconds=30, absent=10)
        self.send(trunk, "1")
        self.clock.advance(5)
        trunk.leave(carrier)
        self.send(trunk, "2")
        self.clock.advance(5)
        self.assertEqual(self.bounced, [("1", "remote-server-timeout")])
        trunk.join(later := FakeCarrier())
        self.assertEqual(later.ids(), ["2"])

    def test_lost_and_nothing_waits(self) -> None:
        carrier = FakeCarrier(0)
        trunk = self.trunk(carrier, absent=0)
        self.send(trunk, "1")
        trunk.leave(carrier)
        self.assertEqual(self.bounced, [("1", "service-unavailable")])

    def test_leaves_twice(self) -> None:
        trunk = self.trunk(carrier := FakeCarrier())
        trunk.leave(carrier)
        trunk.leave(carrier)
        self.assertFalse(trunk.is_up)

    def test_close(self) -> None:
        carrier = FakeCarrier(0)
        trunk = self.trunk(carrier)
        self.send(trunk, "1")
        trunk.close()
        self.assertEqual(self.bounced, [("1", "service-unavailable")])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_flush(self) -> None:
        carrier = FakeCarrier(0)
        trunk = self.trunk(carrier)
        self.send(trunk, "1", "2")
        trunk.flush()
        self.assertEqual((carrier.ids(), trunk.waiting), (["1", "2"], 0))


class PoolTests(TrunkCase):
    def test_one_full(self) -> None:
        """It holds up only what must go to it; what has the same key stays in order."""
        carriers = [FakeCarrier(), FakeCarrier()]
        trunk = self.trunk(*carriers, sticky=True)
        users = [f"u{number}" for number in range(20)]
        for user in users:
            self.send(trunk, user, to=user)
        first, second = [carrier.ids() for carrier in carriers]
        self.assertEqual(sorted(first + second), sorted(users))
        carriers[0].room = 0
        for count in range(3):
            for user in users:
                self.send(trunk, f"{user}.{count}", to=user)
        self.assertEqual(carriers[1].ids(), [f"{u}.{n}" for n in range(3) for u in second])
        carriers[0].room = 5
        trunk.drain()
        self.send(trunk, "more", to=first[0] or "")
        carriers[0].room = 1000
        trunk.drain()
        expected = [f"{u}.{n}" for n in range(3) for u in first]
        self.assertEqual(carriers[0].ids(), [*expected, "more"])

    def test_places(self) -> None:
        """Who comes back takes the place that was left, and its keys with it."""
        carriers = [FakeCarrier() for _ in range(3)]
        trunk = self.trunk(*carriers, sticky=True)
        users = [f"u{number}" for number in range(50)]
        for user in users:
            self.send(trunk, user, to=user)
        left = carriers[1].ids()
        trunk.leave(carriers[1])
        trunk.join(again := FakeCarrier())
        for user in users:
            self.send(trunk, user, to=user)
        self.assertEqual(again.ids(), left)

    def test_newcomer_gets_what_waits_for_it(self) -> None:
        """Nothing that is sent later overtakes it, though another was to have it before."""
        slow, new = FakeCarrier(0), FakeCarrier()
        trunk = self.trunk(slow, sticky=True)
        people = [f"u{number}" for number in range(20)]
        for id in ("1", "2"):
            for person in people:
                self.send(trunk, f"{person} {id}", to=person)
        trunk.join(new)
        for person in people:
            self.send(trunk, f"{person} 3", to=person)
        slow.room = 1_000
        trunk.drain()
        got = [[str(id) for id in carrier.ids()] for carrier in (slow, new)]
        self.assertEqual(sum(map(len, got)), 60)
        self.assertTrue(all(got))
        for person in people:
            each = [[id for id in ids if id.startswith(f"{person} ")] for ids in got]
            self.assertIn([f"{person} {number}" for number in (1, 2, 3)], each)

    def test_newcomer_helps(self) -> None:
        """Where anybody will do, what waits for one who is slow goes to it."""
        new = FakeCarrier()
        trunk = self.trunk(FakeCarrier(0))
        self.send(trunk, "1", "2")
        trunk.join(new)
        self.assertEqual((new.ids(), trunk.waiting), (["1", "2"], 0))

    def test_waiting_goes_to_others(self) -> None:
        carriers = [FakeCarrier(0), FakeCarrier(0)]
        trunk = self.trunk(*carriers)
        self.send(trunk, *"1234")
        trunk.leave(carriers[0])
        carriers[1].room = 9
        trunk.drain()
        self.assertEqual(sorted(map(str, carriers[1].ids())), ["1", "2", "3", "4"])


class PressureTests(TrunkCase):
    """Back-pressure to those who fill a queue."""

    def setUp(self) -> None:
        super().setUp()
        self.carrier = FakeCarrier(0)
        self.producer = FakeProducer()
        self.made = self.trunk(self.carrier, items=10, seconds=30, patience=2)

    def fill(self, count: int = 6) -> None:
        self.send(self.made, *[str(number) for number in range(count)], by=self.producer)

    def test_pause_and_go_on(self) -> None:
        self.fill(5)
        self.assertFalse(self.producer.paused)
        self.fill(1)
        self.assertTrue(self.producer.paused)
        self.carrier.room = 1
        self.made.drain()
        self.assertFalse(self.producer.paused)
        self.assertEqual(self.clock.getDelayedCalls()[1:], [])

    def test_slow_but_alive(self) -> None:
        """As long as it takes something the pause lasts."""
        self.fill(9)
        for _ in range(3):
            self.clock.advance(1.9)
            self.carrier.room = 1
            self.made.drain()
            self.assertTrue(self.producer.paused)
        self.carrier.room = 1
        self.made.drain()
        self.assertFalse(self.producer.paused)

    def test_no_hope(self) -> None:
        """Who takes nothing holds nobody up for long; then what does not fit is refused."""
        self.fill()
        self.clock.advance(2)
        self.assertFalse(self.producer.paused)
        self.fill()
        self.assertFalse(self.producer.paused)
        self.assertEqual({condition for _, condition in self.bounced}, {"resource-constraint"})
        self.carrier.room = 1
        self.made.drain()
        self.fill()
        self.assertTrue(self.producer.paused)

    def test_expiry_eases(self) -> None:
        trunk = self.trunk(FakeCarrier(0), items=10, seconds=1)
        self.send(trunk, *"123456", by=self.producer)
        self.assertTrue(self.producer.paused)
        self.clock.advance(1)
        self.assertFalse(self.producer.paused)

    def test_loss_eases(self) -> None:
        self.fill()
        self.made.leave(self.carrier)
        self.assertFalse(self.producer.paused)

    def test_who_is_not_there_holds_up_nobody(self) -> None:
        self.made.leave(self.carrier)
        self.fill(20)
        self.assertFalse(self.producer.paused)
        self.assertEqual(len(self.bounced), 10)

    def test_end_eases(self) -> None:
        self.fill()
        self.made.close()
        self.assertFalse(self.producer.paused)
        self.assertEqual(self.clock.getDelayedCalls(), [])
