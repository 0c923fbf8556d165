"""How much may come over time."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.allowance import Allowance


class AllowanceTest(SynchronousTestCase):
    def test_what_goes_beyond_costs_waiting(self) -> None:
        clock = Clock()
        allowance = Allowance(clock, 10, 40)
        self.assertEqual([allowance.spend(20) for _ in range(4)], [0, 0, 2, 4])
        clock.advance(4)
        self.assertEqual(allowance.spend(1), 0.1)

    def test_not_more_than_the_most(self) -> None:
        clock = Clock()
        allowance = Allowance(clock, 10, 40)
        clock.advance(1_000)
        self.assertEqual(allowance.spend(50), 1)
