"""Going, and being gone."""

from twisted.trial.unittest import SynchronousTestCase

from tests.chat.kit import JULIET, OWNER, ROMEO, enter, room_with
from xmppd.chat.commands import Lose
from xmppd.chat.events import Left
from xmppd.chat.model import Person, Sight, Why
from xmppd.chat.outcome import Done
from xmppd.chat.room import Room

PHONE = Person(ROMEO.account, "other phone")
PARIS = Person("paris@home.test", "tomb")


class LosingTest(SynchronousTestCase):
    def room(self, **config: bool) -> Room:
        room = room_with(**config)
        for person in (OWNER, ROMEO, PHONE, JULIET, PARIS):
            enter(room, person)
        return room

    def lose(self, room: Room, *people: Person) -> list[tuple[str, set[Person], Sight]]:
        """Who was told that who is gone, and how."""
        done = room.handle(Lose(people))
        assert isinstance(done, Done)
        found = []
        for notice in done.notices:
            assert isinstance(notice.event, Left)
            self.assertEqual(notice.event.why, Why.LOST)
            told = {stay.person for stay in notice.to}
            found.append((notice.event.occupant.nick, told, notice.sight))
        return found

    def test_told_to_who_is_left(self) -> None:
        """Each that is gone is told of itself alone (XEP-0045, 9.1: 333)."""
        found = self.lose(self.room(), PARIS, JULIET)
        self.assertEqual(
            found,
            [
                ("paris", {PARIS}, Sight.SELF),
                ("paris", {OWNER}, Sight.FULL),
                ("paris", {ROMEO, PHONE}, Sight.NICK),
                ("juliet", {JULIET}, Sight.SELF),
                ("juliet", {OWNER}, Sight.FULL),
                ("juliet", {ROMEO, PHONE}, Sight.NICK),
            ],
        )

    def test_one_of_two_sessions(self) -> None:
        """Nobody else is told: somebody of that nick is there still."""
        room = self.room()
        self.assertEqual(self.lose(room, ROMEO), [("romeo", {ROMEO}, Sight.SELF)])
        self.assertIn(PHONE, room.sessions)

    def test_both_sessions(self) -> None:
        found = self.lose(self.room(), PHONE, ROMEO, PHONE)
        self.assertEqual(found[0], ("romeo", {ROMEO, PHONE}, Sight.SELF))
        self.assertEqual(len(found), 3)

    def test_all(self) -> None:
        """A room that does not last ends with them."""
        for lasts in (False, True):
            room = self.room(persistent=lasts)
            done = room.handle(Lose((OWNER, ROMEO, PHONE, JULIET, PARIS)))
            assert isinstance(done, Done)
            self.assertEqual(len(done.notices), 4)
            self.assertEqual(done.ended, not lasts)

    def test_nobody_inside(self) -> None:
        self.assertEqual(room_with().handle(Lose((ROMEO,))), Done())
