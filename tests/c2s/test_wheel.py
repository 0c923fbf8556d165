"""Deadlines by the second."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.c2s.wheel import Wheel


class WheelTest(SynchronousTestCase):
    def test_each_in_its_second(self) -> None:
        wheel: Wheel[str] = Wheel()
        wheel.put("b", wheel.now + 2)
        wheel.put("a", wheel.now + 1)
        wheel.put("c", wheel.now + 2)
        self.assertEqual([wheel.advance() for _ in range(3)], [["a"], ["b", "c"], []])

    def test_what_is_overdue_comes_next(self) -> None:
        wheel: Wheel[str] = Wheel()
        wheel.put("a", wheel.now - 5)
        self.assertEqual(wheel.advance(), ["a"])
