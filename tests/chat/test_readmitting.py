"""Who was inside when the service ended is inside again."""

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.chat.kit import HERE, JULIET, OWNER, ROMEO, enter, room_with
from tests.chat.states import snapshot, stays_of
from xmppd.chat.commands import Enter, Readmit, RoleChange, Say, SetRoles, Shutdown
from xmppd.chat.events import Left, Ranked
from xmppd.chat.model import (
    Affiliation,
    Person,
    Presence,
    Role,
    Sight,
    Standing,
    Stay,
    Text,
    Why,
)
from xmppd.chat.outcome import Done
from xmppd.chat.room import Room

PHONE = Person(ROMEO.account, "other phone")
PLAY = {"persistent": True}


class ReadmittingTest(SynchronousTestCase):
    def again(self, room: Room, *stays: Stay, **config: Any) -> tuple[Room, Done]:
        """The room after a restart."""
        new = room_with(**{**room.saved.config, **config})
        new.saved.standings = dict(room.saved.standings)
        new.reconfigured(new.saved.config)
        outcome = new.handle(Readmit(stays or tuple(stays_of(room))))
        assert isinstance(outcome, Done)
        self.assertEqual(outcome.writes, ())
        return new, outcome

    def play(self, **config: Any) -> Room:
        room = room_with(**{**PLAY, **config})
        for person in (OWNER, ROMEO, PHONE, JULIET):
            enter(room, person)
        return room

    def test_as_before(self) -> None:
        """24: the same people, sessions, presences, and nobody is told anything."""
        room = self.play()
        room.handle(Enter(PHONE, "romeo", Presence(Text("away"), 5)))
        new, outcome = self.again(room)
        self.assertEqual(outcome.notices, ())
        self.assertEqual(snapshot(new), snapshot(room))
        self.assertEqual(new.occupants["romeo"].shown.presence.priority, 5)

    def test_they_talk_at_once(self) -> None:
        new, _ = self.again(self.play())
        outcome = new.handle(Say(ROMEO, Text("hi")))
        assert isinstance(outcome, Done)
        told = {stay.person for notice in outcome.notices for stay in notice.to}
        self.assertEqual(told, {OWNER, ROMEO, PHONE, JULIET})

    def test_later_presence_goes_first(self) -> None:
        """Stays are counted on from those that there were."""
        new, _ = self.again(self.play())
        new.handle(Enter(PHONE, "romeo", Presence(Text("newest"))))
        self.assertEqual(new.occupants["romeo"].shown.person, PHONE)

    def test_banned_meanwhile(self) -> None:
        room = self.play()
        stays = tuple(stays_of(room))
        room.saved.standings[ROMEO.account] = Standing(Affiliation.OUTCAST)
        new, outcome = self.again(room, *stays)
        self.check_out(new, outcome, Why.BANNED, Affiliation.OUTCAST)

    def test_no_member_any_longer(self) -> None:
        """XEP-0045, 9.4: 321 for who was one."""
        room = self.play()
        stays = tuple(
            attrs.evolve(stay, affiliation=Affiliation.MEMBER)
            if stay.person.account == ROMEO.account
            else stay
            for stay in stays_of(room)
        )
        room.saved.standings[JULIET.account] = Standing(Affiliation.MEMBER)
        new, outcome = self.again(room, *stays, members_only=True)
        self.check_out(new, outcome, Why.AFFILIATION, Affiliation.NONE)

    def test_for_members_only_meanwhile(self) -> None:
        """XEP-0045, 10.2: 322 for who never was one."""
        room = self.play()
        room.saved.standings[JULIET.account] = Standing(Affiliation.MEMBER)
        new, outcome = self.again(room, members_only=True)
        self.check_out(new, outcome, Why.MEMBERS_ONLY, Affiliation.NONE)

    def check_out(self, new: Room, outcome: Done, why: Why, affiliation: Affiliation) -> None:
        """Romeo is out, and everybody has been told, himself first."""
        self.assertEqual(set(new.sessions), {OWNER, JULIET})
        left = [notice for notice in outcome.notices if isinstance(notice.event, Left)]
        for notice in left:
            assert isinstance(notice.event, Left)
            self.assertEqual((notice.event.why, notice.event.occupant.nick), (why, "romeo"))
            self.assertEqual(notice.event.occupant.affiliation, affiliation)
        own, *others = left
        self.assertEqual(own.sight, Sight.SELF)
        self.assertEqual({stay.person for stay in own.to}, {ROMEO, PHONE})
        told = [stay.person for notice in others for stay in notice.to]
        self.assertEqual(sorted(told, key=str), [JULIET, OWNER])

    def test_roles_of_newcomers(self) -> None:
        """All are told of a role that is another, once."""
        room = self.play(moderated=True)
        room.handle(SetRoles(OWNER, (RoleChange("romeo", Role.PARTICIPANT),)))
        new, outcome = self.again(room)
        self.assertEqual(new.occupants["romeo"].role, Role.VISITOR)
        told = [stay.person for notice in outcome.notices for stay in notice.to]
        self.assertEqual(sorted(told, key=str), sorted([OWNER, ROMEO, PHONE, JULIET], key=str))
        for notice in outcome.notices:
            assert isinstance(notice.event, Ranked)
            self.assertEqual(notice.event.occupant, new.occupants["romeo"])

    def test_nick_of_another_by_now(self) -> None:
        """Who cannot have it back is told, and nobody else."""
        room = self.play()
        room.saved.standings["else@home.test"] = Standing(Affiliation.MEMBER, "romeo")
        new, outcome = self.again(room)
        self.assertEqual(set(new.sessions), {OWNER, JULIET})
        for notice, person in zip(outcome.notices, (ROMEO, PHONE), strict=True):
            assert isinstance(notice.event, Left)
            self.assertEqual((notice.event.why, notice.sight), (Why.LOST, Sight.SELF))
            self.assertEqual([stay.person for stay in notice.to], [person])

    def test_what_is_not_known_is_as_it_is_now(self) -> None:
        """Of an older note there is no affiliation or role: nobody is told of another one."""
        new, outcome = self.again(self.play(), Stay(OWNER, "owner", HERE), Stay(ROMEO, "R", HERE))
        self.assertEqual(outcome.notices, ())
        roles = {each.nick: each.role for each in new.occupants.values()}
        self.assertEqual(roles, {"owner": Role.MODERATOR, "R": Role.PARTICIPANT})

    def test_twice(self) -> None:
        """A session is inside once."""
        new, outcome = self.again(self.play(), Stay(ROMEO, "a", HERE), Stay(ROMEO, "b", HERE))
        self.assertEqual((outcome.notices, set(new.occupants)), ((), {"a"}))

    def test_restoring_shutdown(self) -> None:
        """Only those are told whose room ends with the service."""
        room = self.play()
        self.assertEqual(room.handle(Shutdown(restore=True)), Done())
        self.assertIn(ROMEO, room.sessions)
        for room in (self.play(persistent=False), self.play()):
            room.saved.locked = room.config["persistent"]
            outcome = room.handle(Shutdown(restore=True))
            assert isinstance(outcome, Done)
            self.assertEqual(len(outcome.notices), 3)
            self.assertFalse(room.sessions)
