"""Those who are to be pinged, one after the other."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.chat.model import Person
from xmppd.muc.ping_line import PINGS, PingLine

ROOM: Any = object()
PEOPLE = [Person(f"{number}@b.test") for number in range(3 * PINGS)]


class PingLineTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.pinged: list[Person] = []
        self.line = PingLine(self.clock, self.ping)

    def ping(self, live: object, person: Person) -> bool:
        """Only those who come first are silent still."""
        self.pinged.append(person)
        return PEOPLE.index(person) < 2 * PINGS

    def test_so_many_a_second(self) -> None:
        """In their order; who need not be pinged does not count."""
        for person in PEOPLE:
            self.line.add(ROOM, person)
        for number in (PINGS, 2 * PINGS, 3 * PINGS):
            self.clock.advance(0)
            self.assertEqual(self.pinged, PEOPLE[:number])
            self.clock.advance(1)

    def test_who_comes_later_waits_too(self) -> None:
        self.line.add(ROOM, PEOPLE[0])
        self.line.add(ROOM, PEOPLE[0])
        self.clock.advance(0)
        self.line.add(ROOM, PEOPLE[1])
        self.clock.advance(0)
        self.assertEqual(self.pinged, PEOPLE[:1])
        self.clock.advance(1)
        self.assertEqual(self.pinged, PEOPLE[:2])
        self.clock.advance(1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop(self) -> None:
        self.line.add(ROOM, PEOPLE[0])
        self.line.stop()
        self.line.add(ROOM, PEOPLE[1])
        self.clock.advance(2)
        self.assertEqual(self.pinged, [])
