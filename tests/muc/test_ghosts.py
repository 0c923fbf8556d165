"""Occupants whose sessions are gone without a word."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.chat.commands import Command, Leave, Lose
from xmppd.chat.model import Person, Why
from xmppd.muc.ghosts import ANSWERING, GRACE, Ghosts
from xmppd.muc.ping_line import PINGS
from xmppd.muc.settings import RoomSettings
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

SILENCE = 900
MANY = 3 * 60 * PINGS


class FakeStay:
    wire = Jid("a@b.test/c")


class FakeRoom:
    def __init__(self, people: list[Person]) -> None:
        self.sessions = dict.fromkeys(people, "nick")
        self.stays = {"nick": dict.fromkeys(people, FakeStay())}


class FakeLive:
    jid = Jid("room@rooms.test")

    def __init__(self, people: list[Person]) -> None:
        self.room = FakeRoom(people)
        self.heard = dict.fromkeys(people, 0.0)


class FakeHouse:
    """One room, whose people never answer; or all of them with an error."""

    settings = RoomSettings(silence=SILENCE)

    def __init__(self, clock: Clock, people: list[Person]) -> None:
        self._clock = clock
        self.live: dict[str, Any] = {"room": FakeLive(people)}
        self.asked: list[Stanza] = []
        self.waiting: list[Deferred[Stanza]] = []
        self.done: list[Command] = []
        self.answer: StanzaError | None = None

    def hear(self, live: Any, person: Person) -> None:
        live.heard[person] = self._clock.seconds()

    def ask(self, request: Stanza) -> Deferred[Stanza]:
        self.asked.append(request)
        if self.answer is not None:
            return fail(self.answer)
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def have(self, live: Any, command: Command) -> None:
        self.done.append(command)


class GhostsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.people = [Person(f"{number}@b.test", "x") for number in range(MANY)]
        self.house: Any = FakeHouse(self.clock, self.people)
        self.ghosts = Ghosts(self.house, self.clock)
        self.clock.advance(SILENCE)

    def test_no_storm_though_rounds_overlap(self) -> None:
        """Each of many who are silent is pinged once, and so many a second as always."""
        for second in range(4 * 60):
            if second % 60 == 0:
                self.ghosts.look()
            before = len(self.house.asked)
            self.clock.advance(1)
            self.assertLessEqual(len(self.house.asked) - before, PINGS + 1)
        self.assertEqual(len(self.house.asked), MANY)

    def test_the_doubted_are_pinged_soon(self) -> None:
        """But not in the first seconds, nor if they are heard of; and so many a second."""
        live = self.house.live["room"]
        first, *_ = live.heard
        self.ghosts.doubt(live)
        self.house.hear(live, first)
        self.ghosts.look()
        self.clock.advance(GRACE - 1)
        self.assertEqual(self.house.asked, [])
        for _ in range(MANY // PINGS):
            before = len(self.house.asked)
            self.clock.advance(1)
            self.assertLessEqual(len(self.house.asked) - before, PINGS)
        self.assertEqual(len(self.house.asked), MANY - 1)

    def test_the_doubted_of_many_rooms(self) -> None:
        """Together they are pinged no faster than those of one."""
        for number in range(PINGS):
            self.house.live[str(number)] = FakeLive(self.people[:2])
            self.ghosts.doubt(self.house.live[str(number)])
        self.clock.advance(GRACE)
        self.assertEqual(len(self.house.asked), PINGS)
        self.clock.advance(1)
        self.assertEqual(len(self.house.asked), 2 * PINGS)
        self.ghosts.stop()
        self.clock.advance(100)
        self.assertEqual(len(self.house.asked), 2 * PINGS)

    def test_the_doubted_go_together(self) -> None:
        """Though nobody of a large room is there still, that is one thing to be told.

        Who is heard of meanwhile stays.
        """
        live = self.house.live["room"]
        first, second, *others = live.heard
        self.house.answer = StanzaError("service-unavailable")
        self.ghosts.doubt(live)
        self.ghosts.found(live, second)
        self.clock.pump([GRACE] + [1] * (MANY // PINGS // 2))
        self.house.hear(live, first)
        self.assertEqual(self.house.done, [])
        self.clock.pump([1] * (MANY // PINGS // 2 + 1) + [ANSWERING])
        self.assertEqual(len(self.house.asked), MANY - 1)
        [lost] = self.house.done
        self.assertEqual(lost, Lose((second, *others)))
        self.assertEqual(set(live.heard), {first})

    def test_late_answers(self) -> None:
        """Who is said to be gone when the others have been taken out goes alone."""
        live = FakeLive(self.people[:2])
        slow, quick = live.heard
        self.house.live["room"] = live
        self.ghosts.doubt(live)
        self.clock.advance(GRACE)
        self.house.waiting[1].errback(StanzaError("recipient-unavailable"))
        self.clock.advance(ANSWERING)
        self.assertEqual(self.house.done, [Lose((quick,))])
        self.house.waiting[0].errback(StanzaError("remote-server-timeout"))
        self.assertEqual(self.house.done[1:], [Leave(slow, None, Why.LOST)])

    def test_who_is_not_inside_is_not_remembered(self) -> None:
        """Somebody kicked, say."""
        live = self.house.live["room"]
        live.room.sessions.clear()
        self.ghosts.look()
        self.assertEqual(live.heard, {})
        self.assertEqual(self.clock.getDelayedCalls(), [])
