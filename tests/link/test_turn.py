from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.link.turn import Turn


class TurnTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.turn = Turn(self.clock)
        self.log: list[int] = []

    def test_order(self) -> None:
        for number in range(3):
            self.turn.later(lambda number=number: self.log.append(number))
        self.assertEqual(self.log, [])
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(0)
        self.assertEqual(self.log, [0, 1, 2])
        self.clock.advance(0)
        self.assertEqual(self.log, [0, 1, 2])

    def test_asked_meanwhile(self) -> None:
        """That comes after all of this turn's."""
        self.turn.later(lambda: self.turn.later(lambda: self.log.append(2)))
        self.turn.later(lambda: self.log.append(1))
        self.clock.advance(0)
        self.assertEqual(self.log, [1, 2])

    def test_failing(self) -> None:
        self.turn.later(lambda: self.log.append(1 // 0))
        self.turn.later(lambda: self.log.append(1))
        self.clock.advance(0)
        self.assertEqual(self.log, [1])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
