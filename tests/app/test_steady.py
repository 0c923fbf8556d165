"""The clock of a process, while the system's is set."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.steady import EVERY, MOST, WITHIN, SteadyClock


class SteadyClockTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.passed = 0.0
        self.ahead = 1_000_000.0
        self.clock = SteadyClock(lambda: self.passed + self.ahead, lambda: self.passed)

    @property
    def off(self) -> float:
        """By how much it differs from the system's clock."""
        return self.clock() - self.passed - self.ahead

    def wait(self, seconds: float) -> None:
        """Have time pass, as in a reactor that wakes up now and then."""
        for _ in range(int(seconds)):
            self.passed += 1.0
            self.clock()

    def test_the_time(self) -> None:
        self.assertEqual(self.off, 0)
        self.wait(1000)
        self.assertAlmostEqual(self.off, 0)

    def test_set_back(self) -> None:
        """It goes on, more slowly, until it has the time."""
        self.ahead -= 3600
        before = self.clock()
        self.wait(10)
        self.assertGreater(self.clock(), before + 10 * (1 - MOST))
        self.assertLess(self.clock(), before + 10)
        self.wait(3600 / MOST + 10 * WITHIN)
        self.assertAlmostEqual(self.off, 0, places=1)

    def test_set_forward(self) -> None:
        self.ahead += 3600
        before = self.clock()
        self.wait(10)
        self.assertLess(self.clock(), before + 10 * (1 + MOST) + 0.001)
        self.wait(3600 / MOST + 10 * WITHIN)
        self.assertAlmostEqual(self.off, 0, places=1)

    def test_nobody_asks_for_long(self) -> None:
        """What was to be made up is made up once."""
        self.wait(2)
        self.ahead += 1
        self.wait(EVERY)
        self.passed += 1000
        self.clock()
        self.assertAlmostEqual(self.off, 0, places=0)

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.tuples(st.floats(0, 100), st.floats(-1e5, 1e5)), max_size=30))
    def test_never_back_and_never_far(self, steps: list[tuple[float, float]]) -> None:
        self.setUp()
        last = self.clock()
        for waits, jump in steps:
            self.passed += waits
            self.ahead += jump
            now = self.clock()
            self.assertGreaterEqual(now, last)
            self.assertLessEqual(now - last, waits * (1 + MOST) + 1e-3)
            last = now
