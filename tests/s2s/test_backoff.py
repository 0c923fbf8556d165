"""How long a domain that could not be reached is left alone."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.s2s.backoff import MAX_DOMAINS, Backoffs
from xmppd.s2s.problem import Problem

PROBLEM = Problem("remote-server-not-found", "refused")


class BackoffTest(SynchronousTestCase):
    def test_longer_each_time(self) -> None:
        clock = Clock()
        backoffs = Backoffs(clock)
        for seconds in (2, 4, 8, 16, 32, 60, 60):
            backoffs.failed("a.test", PROBLEM)
            clock.advance(seconds - 1)
            self.assertTrue(backoffs.holds("a.test"))
            clock.advance(1)
            self.assertFalse(backoffs.holds("a.test"))
        backoffs.succeeded("a.test")
        backoffs.failed("a.test", PROBLEM)
        clock.advance(2)
        self.assertFalse(backoffs.holds("a.test"))

    def test_bounded(self) -> None:
        backoffs = Backoffs(Clock())
        for number in range(MAX_DOMAINS + 1):
            backoffs.failed(f"d{number}.test", PROBLEM)
        self.assertFalse(backoffs.holds("d0.test"))
        self.assertEqual(backoffs.problem(f"d{MAX_DOMAINS}.test"), PROBLEM)
