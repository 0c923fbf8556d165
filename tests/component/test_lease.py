"""Leases: who gives up when (session protocol, 3.7)."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.lease import EDGE_PATIENCE, MANAGER_PATIENCE, Lease, Peer
from xmppd.protocol.jid import Jid


class LeaseTest(SynchronousTestCase):
    def test_a_report_with_nothing_to_say(self) -> None:
        lease = Lease(0.0)
        self.assertFalse(lease.is_due(9.0))
        self.assertTrue(lease.is_due(10.0))
        lease.sending(1, 10.0)
        self.assertFalse(lease.is_due(10.5))

    def test_more_often_when_none_is_seen(self) -> None:
        lease = Lease(0.0)
        lease.sending(1, 10.0)
        self.assertFalse(lease.is_urgent(11.0))
        self.assertTrue(lease.is_urgent(12.0))
        lease.sending(2, 12.0)
        self.assertFalse(lease.is_urgent(12.9))
        lease.reported(1, 1, 13.5)
        self.assertFalse(lease.is_urgent(14.0))

    def test_fresh_is_when_the_newest_that_was_seen_was_sent(self) -> None:
        lease = Lease(0.0)
        for number in range(1, 6):
            lease.sending(number, number * 10.0)
        lease.reported(7, 3, 60.0)
        self.assertEqual((lease.fresh, lease.seen, lease.heard), (30.0, 7, 60.0))
        lease.reported(6, 1, 61.0)
        self.assertEqual((lease.fresh, lease.seen), (30.0, 7))

    def test_many_reports_are_not_remembered_each(self) -> None:
        lease = Lease(0.0)
        for number in range(1, 1001):
            lease.sending(number, number * 0.02)
        self.assertLess(len(lease._marks), 25)
        lease.reported(1, 1000, 20.0)
        self.assertGreaterEqual(lease.fresh, 18.0)

    def test_answers_end(self) -> None:
        """A report is answered, its answer is not."""
        one, other = Lease(0.0), Lease(0.0)
        one.sending(1, 10.0)
        self.assertTrue(other.reported(1, 0, 10.1))
        other.sending(1, 10.1)
        self.assertFalse(one.reported(1, 1, 10.2))

    def test_the_edge_gives_up_first(self) -> None:
        """Whatever was the last thing to arrive: the edge counts from when it sent that."""
        edge, manager = Lease(0.0), Lease(0.0)
        edge.sending(1, 5.0)
        manager.reported(1, 0, 5.0)  # without any delay: the earliest that it can be
        edge.reported(1, 1, 8.0)
        self.assertLess(edge.fresh + EDGE_PATIENCE, manager.heard + MANAGER_PATIENCE)


class BootTest(SynchronousTestCase):
    def test_older(self) -> None:
        """Boots are numbers in base 36 that grow."""
        peer = Peer(Jid.parse("c2s-1/5kz"), 0.0)
        for boot, older in (
            ("c2s-1/5l0", True),
            ("c2s-1/1000", True),
            ("c2s-1/5kz", False),
            ("c2s-1/5ky", False),
            ("c2s-1/zz", False),
            ("c2s-2/5l0", False),
        ):
            self.assertIs(peer.is_older_than(Jid.parse(boot)), older, boot)
