from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.link.life import Life


class LifeTests(SynchronousTestCase):
    def life(self, unasked: bool = False) -> Life:
        self.clock = Clock()
        self.told: list[tuple[float, str]] = []
        self.excused = False
        return Life(
            self.clock,
            10,
            lambda: self.told.append((self.clock.seconds(), "ask")),
            lambda: self.told.append((self.clock.seconds(), "lost")),
            lambda: self.excused,
            unasked,
        )

    def run_for(self, seconds: int) -> None:
        self.clock.pump([0.5] * (2 * seconds))

    def test_silent(self) -> None:
        self.life()
        self.run_for(100)
        self.assertEqual(self.told, [(10, "ask"), (20, "lost")])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_heard(self) -> None:
        life = self.life()
        self.run_for(7)
        life.heard()
        self.run_for(12)
        life.heard()
        self.run_for(30)
        self.assertEqual(self.told, [(17, "ask"), (29, "ask"), (39, "lost")])

    def test_unasked(self) -> None:
        life = self.life(True)
        for _ in range(4):
            self.run_for(5)
            life.heard()
        self.assertEqual(self.told, [(5, "ask"), (10, "ask"), (15, "ask"), (20, "ask")])
        self.run_for(20)
        self.assertEqual(self.told[-1], (40, "lost"))

    def test_excused(self) -> None:
        self.life()
        self.excused = True
        self.run_for(50)
        self.assertEqual(self.told, [])
        self.excused = False
        self.run_for(20)
        self.assertEqual(self.told, [(60, "ask"), (70, "lost")])

    def test_stop(self) -> None:
        life = self.life()
        life.stop()
        life.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
