"""Looking again and again."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.muc.rounds import Rounds


class RoundsTest(SynchronousTestCase):
    def test_one_who_fails_keeps_nobody_from_looking(self) -> None:
        """Neither the others nor itself the next time."""
        clock, looked = Clock(), []

        def fail() -> None:
            looked.append("fails")
            raise RuntimeError

        rounds = Rounds(clock, [fail, lambda: looked.append("looks")], 5.0)
        rounds.start()
        clock.pump([5, 5])
        self.assertEqual(looked, ["fails", "looks"] * 2)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)
        rounds.stop()
        clock.advance(5)
        self.assertEqual(len(looked), 4)
