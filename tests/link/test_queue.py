from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import message
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.queue import Bounds, Queue, size_of
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class QueueTests(SynchronousTestCase):
    def queue(self, alone: bool = False, **bounds: float) -> Queue:
        self.clock = Clock()
        self.refused: list[tuple[str | None, str]] = []
        self.eased = 0
        made = Bounds(**bounds)  # type: ignore[arg-type]
        return Queue(self.clock, made, self.refuse, self.ease, alone)

    def refuse(self, item: Item, condition: str) -> None:
        self.refused.append((item.id, condition))

    def ease(self) -> None:
        self.eased += 1

    def put(self, queue: Queue, *ids: str) -> None:
        for id in ids:
            queue.push(message("a.test", "b.test", id))

    def test_order(self) -> None:
        queue = self.queue()
        self.put(queue, "1", "2", "3")
        self.assertEqual([queue.pop()[1].id for _ in range(3)], ["1", "2", "3"])
        self.assertEqual((len(queue), queue.size), (0, 0))

    def test_items(self) -> None:
        queue = self.queue(items=2)
        self.put(queue, "1", "2", "3")
        self.assertEqual(self.refused, [("3", "resource-constraint")])
        queue.pop()
        self.put(queue, "4")
        self.assertEqual(len(queue), 2)

    def test_bytes(self) -> None:
        """Content, attributes and addresses count, in envelopes too."""
        item = message("a.test", "b.test", "1")
        size = size_of(item)
        queue = self.queue(size=3 * size)
        self.put(queue, "1", "2", "3", "4")
        self.assertEqual(self.refused, [("4", "resource-constraint")])
        long = Stanza.make("message", id="x" * 1000)
        self.assertGreater(size_of(long), 1000)
        envelope = Envelope(Jid("sm-1"), Jid("c2s-1"), (item, long))
        self.assertGreater(size_of(envelope), size + size_of(long))

    def test_seconds(self) -> None:
        queue = self.queue(seconds=10)
        self.put(queue, "1")
        self.clock.advance(6)
        self.put(queue, "2")
        self.clock.advance(3.9)
        self.assertEqual(self.refused, [])
        self.clock.advance(0.1)
        self.assertEqual(self.refused, [("1", "remote-server-timeout")])
        self.clock.advance(6)
        self.assertEqual(self.refused[1:], [("2", "remote-server-timeout")])
        self.assertEqual((self.eased, queue.size), (2, 0))

    def test_seconds_while_nobody_is_there(self) -> None:
        queue = self.queue(True, seconds=10, absent=20)
        self.put(queue, "1")
        self.clock.advance(19)
        self.assertEqual(self.refused, [])
        self.clock.advance(1)
        self.assertEqual(self.refused, [("1", "remote-server-timeout")])

    def test_waited_elsewhere(self) -> None:
        queue = self.queue(seconds=10)
        self.clock.advance(7)
        queue.push(message("a.test", "b.test", "1"), 0.0)
        self.clock.advance(3)
        self.assertEqual(self.refused, [("1", "remote-server-timeout")])

    def test_no_waiting(self) -> None:
        queue = self.queue(True, absent=0)
        self.put(queue, "1")
        self.assertEqual(self.refused, [("1", "service-unavailable")])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_high(self) -> None:
        queue = self.queue(items=10, pause=0.5)
        self.put(queue, *"12345")
        self.assertFalse(queue.is_high)
        self.put(queue, "6")
        self.assertTrue(queue.is_high)
        queue = self.queue(size=1000, pause=0.5)
        self.put(queue, "1", "2", "3")
        self.assertTrue(queue.is_high)

    def test_end(self) -> None:
        queue = self.queue()
        self.put(queue, "1", "2")
        queue.refuse_all("service-unavailable")
        self.assertEqual([condition for _, condition in self.refused], ["service-unavailable"] * 2)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_refused_while_expiring(self) -> None:
        """What comes back may fill the queue again."""
        queue = self.queue(seconds=10)
        self.put(queue, "1", "2")
        again = queue._refuse = lambda item, condition: self.put(queue, "3")
        self.clock.advance(10)
        self.assertEqual(len(queue), 2)
        self.assertIs(queue._refuse, again)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
