"""Which of several places is connected to, and when each is tried (RFC 8305, 5)."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError, TimeoutError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.s2s.race import Place, Race

SIX, FOUR, LAST = Place("2001:db8::1", 5269), Place("192.0.2.1", 5269), Place("192.0.2.2", 5269)
BACKUP = Place("192.0.2.9", 5269, priority=2)


class RaceTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.dialed: dict[Place, Deferred[str]] = {}
        self.ended: list[Place] = []
        self.race: Race[str] = Race(self.clock, self.dial)

    def dial(self, place: Place) -> Deferred[str]:
        self.dialed[place] = Deferred(lambda _: self.ended.append(place))
        return self.dialed[place]

    def run_with(self, *places: Place) -> Deferred[str | None]:
        self.race.add(places)
        self.race.complete()
        return self.race.run()

    def refuse(self, place: Place) -> None:
        self.dialed[place].errback(ConnectionRefusedError())

    def test_one_by_one_with_a_delay(self) -> None:
        self.run_with(SIX, FOUR, LAST)
        self.assertEqual([*self.dialed], [SIX])
        self.clock.advance(0.24)
        self.assertEqual([*self.dialed], [SIX])
        self.clock.advance(0.01)
        self.assertEqual([*self.dialed], [SIX, FOUR])
        self.clock.advance(0.25)
        self.assertEqual([*self.dialed], [SIX, FOUR, LAST])

    def test_first_that_connects_wins(self) -> None:
        result = self.run_with(SIX, FOUR, LAST)
        self.clock.advance(0.25)
        self.dialed[FOUR].callback("four")
        self.assertEqual(self.successResultOf(result), "four")
        self.assertEqual(self.ended, [SIX])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertNotIn(LAST, self.dialed)

    def test_next_at_once_when_refused(self) -> None:
        result = self.run_with(SIX, FOUR)
        self.refuse(SIX)
        self.assertEqual([*self.dialed], [SIX, FOUR])
        self.refuse(FOUR)
        self.assertIsNone(self.successResultOf(result))
        self.assertEqual([place for place, _ in self.race.failed], [SIX, FOUR])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lower_priority_waits_longer(self) -> None:
        """A backup is not to win because it is nearer (RFC 2782)."""
        self.run_with(FOUR, BACKUP)
        self.clock.advance(1.9)
        self.assertNotIn(BACKUP, self.dialed)
        self.clock.advance(0.1)
        self.assertIn(BACKUP, self.dialed)

    def test_lower_priority_at_once_when_the_others_fail(self) -> None:
        self.run_with(FOUR, BACKUP)
        self.dialed[FOUR].errback(TimeoutError())
        self.assertIn(BACKUP, self.dialed)

    def test_places_that_come_later(self) -> None:
        result = self.race.run()
        self.assertNoResult(result)
        self.race.add([SIX])
        self.refuse(SIX)
        self.assertNoResult(result)
        self.race.add([FOUR])
        self.assertIn(FOUR, self.dialed)
        self.refuse(FOUR)
        self.race.complete()
        self.assertIsNone(self.successResultOf(result))

    def test_another_run_goes_on_with_the_others(self) -> None:
        """Where the winner turned out to be of no use."""
        first = self.run_with(SIX, FOUR, LAST)
        self.clock.advance(0.25)
        self.dialed[FOUR].callback("four")
        self.successResultOf(first)
        second = self.race.run()
        self.refuse(SIX)
        self.dialed[LAST].callback("last")
        self.assertEqual(self.successResultOf(second), "last")

    def test_cancel(self) -> None:
        result = self.run_with(SIX, FOUR, LAST)
        self.clock.advance(0.25)
        result.cancel()
        self.failureResultOf(result, CancelledError)
        self.assertEqual(self.ended, [SIX, FOUR])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_place_that_is_named_twice(self) -> None:
        """Two targets may have the same address: a second connection would be nobody's."""
        self.race.add([SIX])
        result = self.run_with(SIX)
        first = self.dialed[SIX]
        self.clock.advance(3)
        self.assertIs(self.dialed[SIX], first)
        self.refuse(SIX)
        self.assertIsNone(self.successResultOf(result))

    def test_no_places(self) -> None:
        self.assertIsNone(self.successResultOf(self.run_with()))
