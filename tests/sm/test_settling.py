"""Who sends to a client that is behind is slowed down (session protocol, 3.6)."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from tests.sm.test_session import EDGE, MANAGER
from xmppd.component.report import Entry, read_report, report
from xmppd.component.session import WINDOW_DOWN
from xmppd.link.envelope import Envelope
from xmppd.sm.waiting import CROWDED

CHAT = "<message to='juliet@example.com/balcony' type='chat'><body>x</body></message>"
FULL = WINDOW_DOWN + CROWDED


class SettlingTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.told: dict[str, int] = {}
        receive = self.house.edge.receiver

        def received(item: Any) -> None:
            if item.epoch or item.id:
                receive(item)
            else:
                self.told |= {one.stream: one.done for one in read_report(item.items[0])}

        self.house.edge.receiver = received
        self.juliet = self.house.client("juliet")
        self.romeo = self.house.client("romeo", "x")

    def handled(self, client: Client) -> int:
        """What its edge has been told to be handled, after the time that a report takes."""
        self.house.settle(0.05)
        return self.told.get(client.stream.resource.partition(".")[2], 0)

    def read(self, count: int) -> None:
        entry = Entry("1", 1, count, count)
        self.house.edge.send(Envelope(MANAGER, EDGE, (report([entry]),)))
        self.house.settle()

    def test_as_long_as_there_is_room(self) -> None:
        self.romeo.send(*[CHAT] * FULL)
        self.assertEqual(self.handled(self.romeo), FULL)

    def test_then_later(self) -> None:
        self.romeo.send(*[CHAT] * FULL)
        self.handled(self.romeo)
        self.romeo.send(CHAT)
        self.house.settle(1.8)
        self.assertEqual(self.handled(self.romeo), FULL)
        self.house.settle(0.2)
        self.assertEqual(self.handled(self.romeo), FULL + 1)

    def test_until_the_recipient_has_caught_up(self) -> None:
        self.romeo.send(*[CHAT] * FULL)
        self.handled(self.romeo)
        self.romeo.send(CHAT)
        self.assertEqual(self.handled(self.romeo), FULL)
        self.read(1)
        self.assertEqual(self.handled(self.romeo), FULL + 1)

    def test_who_asks_faster_than_it_reads(self) -> None:
        """Answers that wait hold back further questions, rather than end the stream."""
        self.juliet.send(*["<iq type='get' id='1'/>"] * FULL)
        self.handled(self.juliet)
        self.juliet.send("<iq type='get' id='2'/>")
        self.assertEqual(self.handled(self.juliet), FULL)
        self.romeo.send("<iq type='get' id='3'/>")
        self.assertEqual(self.handled(self.romeo), 1)
        self.read(1)
        self.assertEqual(self.handled(self.juliet), FULL + 1)

    def test_bytes_count_too(self) -> None:
        big = CHAT.replace(">x<", f">{'x' * 200_000}<")
        for _ in range(7):
            self.romeo.send(big)
        self.handled(self.romeo)
        before = self.handled(self.romeo)
        self.romeo.send(big)
        self.assertEqual(self.handled(self.romeo), before)

    def test_others_are_not_slowed_down(self) -> None:
        self.romeo.send(*[CHAT] * (FULL + 1))
        other = self.house.client("romeo", "y")
        other.send("<presence/>")
        self.assertEqual(self.handled(other), 1)

    def test_nothing_is_left(self) -> None:
        self.romeo.send(*[CHAT] * (FULL + 1))
        self.romeo.close()
        self.juliet.close()
        self.house.settle(5)
        self.assertEqual(self.house.manager.reports._delayed, {})
        self.assertEqual(self.house.clock.getDelayedCalls(), [])
