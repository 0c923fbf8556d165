"""How long archives are kept."""

from tests.extensions.archive_kit import ArchiveCase, message
from xmppd.component.retention import STEP, STEP_SECONDS, Limits
from xmppd.extensions.archive import Archive
from xmppd.extensions.archive_retention import (
    EVERY_SECONDS,
    FIRST_SECONDS,
)

DAY = 24 * 3600.0


class RetentionCase(ArchiveCase):
    def round(self, seconds: float = EVERY_SECONDS) -> None:
        """Let time pass until the next round, and the round go on for ten steps."""
        self.house.clock.advance(seconds)
        for _ in range(10):
            self.house.settle()
            self.house.clock.advance(STEP_SECONDS)
        self.house.settle()


class ByNumberTest(RetentionCase):
    options = Archive.Options(entries=3, users={"romeo": Limits(entries=1)})

    def test_newest_stay(self) -> None:
        """XEP-0313, 2.2: the oldest go, without holes; accounts may have limits of their own."""
        self.romeo.send(*[message(str(number)) for number in range(5)])
        self.assertEqual(len(self.bodies(self.juliet)), 5)
        self.round(FIRST_SECONDS)
        self.assertEqual(self.bodies(self.juliet), ["2", "3", "4"])
        self.assertEqual(self.bodies(self.romeo), ["4"])
        self.romeo.send(message("5"))
        self.round()
        self.assertEqual(self.bodies(self.juliet), ["3", "4", "5"])

    def test_in_small_steps(self) -> None:
        """However much there is, only so much goes at a time."""
        log = self.house.host.log_store("archive")
        owner = self.house.host.accounts.owner("juliet")
        for _ in range(2 * STEP + 4):
            log.append(owner, b"<message/>")
        self.house.clock.advance(FIRST_SECONDS)
        left = []
        for _ in range(3):
            self.house.settle()
            self.house.clock.advance(STEP_SECONDS)
            left.append(self.successResultOf(log.count(owner)))
        self.assertEqual(left, [STEP + 4, 4, 3])

    def test_new_limits(self) -> None:
        """Reloading the configuration changes them, and can end it all."""
        self.romeo.send(*[message(str(number)) for number in range(5)])
        [archive] = [one for one in self.house.host.dispatch.extensions if isinstance(one, Archive)]
        archive.reload(Archive.Options())
        self.round(FIRST_SECONDS)
        self.assertEqual(len(self.bodies(self.juliet)), 5)
        archive.reload(Archive.Options(entries=4))
        self.round(FIRST_SECONDS)
        self.assertEqual(len(self.bodies(self.juliet)), 4)
        archive.stop()
        self.assertEqual(
            [call for call in self.house.clock.getDelayedCalls() if call.getTime() > 2e9], []
        )


class ByAgeTest(RetentionCase):
    options = Archive.Options(days=2)

    def test_old_go(self) -> None:
        self.romeo.send(message("old"))
        self.house.clock.advance(DAY * 1.5)
        self.romeo.send(message("new"))
        self.round()
        self.assertEqual(self.bodies(self.juliet), ["old", "new"])
        self.house.clock.advance(DAY)
        self.round()
        self.assertEqual(self.bodies(self.juliet), ["new"])
