"""What waits for one connection."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import message
from xmppd.link.link import Item
from xmppd.link.member import Member, member_of
from xmppd.link.queue import Bounds, Queue


class FakeCarrier:
    """Takes everything."""

    full = False

    def send(self, item: Item) -> None:
        """Nobody looks."""


class MemberTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.connection = FakeCarrier()
        self.member = Member("one", self.connection, self.queue())

    def queue(self) -> Queue:
        return Queue(self.clock, Bounds(), lambda item, why: None, lambda: None)

    def test_held(self) -> None:
        """It takes no more, and what it gives back goes before what came since."""
        self.assertTrue(self.member.is_ready)
        first, later = (message("a.test", "b.test", id) for id in "12")
        self.assertFalse(self.member.take_back(first))
        self.member.hold(self.queue(), 5.0)
        self.assertFalse(self.member.is_ready)
        self.member.queue.push(later)
        self.assertTrue(self.member.take_back(first))
        self.member.hold(self.queue(), 6.0)
        self.assertEqual([item for _, item in self.member.empty()], [first, later])

    def test_known_by_its_connection(self) -> None:
        self.member.hold(self.queue(), 0.0)
        self.assertIs(member_of(self.connection, [self.member]), self.member)
        self.assertIsNone(member_of(FakeCarrier(), [self.member]))
