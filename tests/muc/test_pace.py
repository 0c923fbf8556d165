"""How often each may do something."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.muc.pace import MOST, Pace


class PaceTest(SynchronousTestCase):
    def test_burst_then_one_by_one(self) -> None:
        pace = Pace(2, 1, 5)
        self.assertEqual([pace.admits("a", 100.0) for _ in range(6)], [True] * 5 + [False])
        self.assertFalse(pace.admits("a", 100.2))
        self.assertTrue(pace.admits("a", 100.5))
        self.assertFalse(pace.admits("a", 100.5))
        self.assertTrue(pace.admits("b", 100.5))

    def test_several_at_once(self) -> None:
        pace = Pace(1, 1, 5)
        self.assertFalse(pace.admits("a", 0.0, 6))
        self.assertTrue(pace.admits("a", 0.0, 5))

    def test_no_limit(self) -> None:
        pace = Pace(0, 1, 5)
        self.assertTrue(all(pace.admits("a", 0.0) for _ in range(100)))

    def test_another_number(self) -> None:
        pace = Pace(1, 1, 2)
        self.assertEqual([pace.admits("a", 1.0) for _ in range(3)], [True, True, False])
        pace.change(0)
        self.assertTrue(pace.admits("a", 1.0))
        pace.change(10)
        self.assertEqual([pace.admits("b", 1.0) for _ in range(3)], [True, True, False])
        self.assertTrue(pace.admits("b", 1.1))

    def test_clock_set_back(self) -> None:
        """Nobody waits longer than the burst lasts."""
        pace = Pace(1, 1, 5)
        for _ in range(5):
            pace.admits("a", 1_000_000.0)
        self.assertFalse(pace.admits("a", 10.0))
        self.assertTrue(pace.admits("a", 11.0))

    def test_bounded(self) -> None:
        pace = Pace(1, 1_000, 5)
        for number in range(3 * MOST):
            self.assertTrue(pace.admits(number, 0.0))
        self.assertLessEqual(len(pace._until), MOST)

    def test_who_has_been_quiet_is_forgotten(self) -> None:
        """And nobody of whom there is something to remember."""
        pace = Pace(1, 1, 5)
        pace.admits("a", 100.0)
        pace.admits("b", 100.5)
        pace.forget_quiet(101.0)
        self.assertEqual(list(pace._until), ["b"])

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.floats(0, 3), max_size=60))
    def test_never_more_than_the_rate(self, gaps: list[float]) -> None:
        pace, now, admitted = Pace(2, 1, 5), 0.0, 0
        for gap in gaps:
            now += gap
            admitted += pace.admits("a", now)
            self.assertLessEqual(admitted, 5 + 2 * now + 1)
