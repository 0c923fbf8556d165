"""XEP-0313, 2.2: what is removed is the oldest."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.retention import STEP, STEP_SECONDS, Limits, shorten
from xmppd.storage.interfaces import Owner
from xmppd.storage.memory import MemoryStore

JULIET = Owner("example.com", "juliet")
DAY = 86_400


class RetentionTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(10 * DAY)
        self.log = MemoryStore(self.clock).log("archive")

    def left(self, limits: Limits) -> list[bytes]:
        done = Deferred.fromCoroutine(shorten(self.log, JULIET, limits, self.clock))
        self.clock.pump([STEP_SECONDS] * 10)
        self.successResultOf(done)
        page = self.successResultOf(self.log.find(JULIET, limit=10))
        return [entry.body for entry in page.entries]

    def test_by_age_and_number(self) -> None:
        for number in range(4):
            self.log.append(JULIET, b"%d" % number)
            self.clock.advance(DAY)
        self.assertEqual(self.left(Limits()), [b"0", b"1", b"2", b"3"])
        self.assertEqual(self.left(Limits(days=3)), [b"2", b"3"])
        self.assertEqual(self.left(Limits(entries=1)), [b"3"])

    def test_step_by_step(self) -> None:
        for number in range(STEP + 3):
            self.log.append(JULIET, b"%d" % number)
        self.assertEqual(self.left(Limits(entries=2)), [b"501", b"502"])
