"""What must hold of an outcome: who may be told what, and what is kept of it.

The numbers are those of the invariants; see `tests.chat.machine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from tests.chat.audience import ABOUT_ADDRESSES, Audience, wanted
from tests.chat.ears import Ear
from tests.chat.histories import ACCOUNTS
from tests.chat.naive import NaiveRoom
from tests.chat.states import snapshot
from xmppd.chat import commands as c
from xmppd.chat import events as e
from xmppd.chat.model import (
    ITSELF,
    Affiliation,
    Kind,
    Message,
    Moderation,
    Occupant,
    Person,
    Sight,
)
from xmppd.chat.nicks import fold
from xmppd.chat.outcome import Done, Notice, SaveMessage, SaveRemoval
from xmppd.chat.rights import Need, Right, list_right

if TYPE_CHECKING:
    from tests.chat.rooms import Rooms

FOR_OUTSIDERS = (e.Declined, e.Invited, e.RegistrationAsked, e.StandingTold)
TAKING_BACK = (c.Retract, c.Moderate)
NEEDS: Mapping[type, Right] = {
    **dict.fromkeys(ABOUT_ADDRESSES, Right.SEE_ADDRESSES),
    e.VoiceAsked: Right.GIVE_VOICE,
    e.RegistrationAsked: Right.EDIT_MEMBERS,
}
"""What it takes to be told of these with addresses."""


@attrs.frozen
class Before:
    """A room before a command."""

    snapshot: Any
    occupants: Mapping[Person, Occupant]
    needs: Mapping[Right, Need]
    affiliations: Mapping[str, Affiliation]
    naive: NaiveRoom

    @classmethod
    def of(cls, life: Rooms) -> Before:
        room = life.room
        return cls(
            snapshot(room),
            {person: room.occupants[key] for person, key in room.sessions.items()},
            room.needs,
            {account: room.affiliation(account) for account in ACCOUNTS},
            life.naive.copy(),
        )


class Outcomes:
    """Looks at one outcome. `ears` are what sessions know, `said` what newcomers are told of."""

    def __init__(self, life: Rooms, before: Before, command: c.Command, done: Done) -> None:
        self.life, self.room = life, life.room
        self.before, self.command, self.done = before, command, done

    def check(self) -> None:
        self.check_power()
        self.check_notices()
        self.check_said()
        Audience(self.before.naive, self.life.naive, self.done).check(self.command)

    def check_power(self) -> None:
        """17: nobody raises themselves but by registering, nor changes their betters.

        Only an owner makes owners and admins, or unmakes them.
        """
        actor = self.command.person.account
        if self.command.person == ITSELF:
            return
        power = self.before.affiliations[actor]
        for account, old in self.before.affiliations.items():
            new = self.room.affiliation(account)
            if new is old:
                continue
            if isinstance(self.command, c.Invite):
                assert (old, new) == (Affiliation.NONE, Affiliation.MEMBER)
            elif account == actor and new > old:
                assert isinstance(self.command, c.Register) and new is Affiliation.MEMBER
            elif account != actor:
                assert old <= power and new <= power
                assert power is Affiliation.OWNER or max(old, new) < Affiliation.ADMIN

    def check_notices(self) -> None:
        """10, 12, 13, 21: only those inside before or after, each once, in three ways at most."""
        told: dict[int, int] = {}
        people = {*self.before.occupants, *self.room.sessions}
        for notice in self.done.notices:
            if not notice.account:
                told[id(notice.event)] = told.get(id(notice.event), 0) + 1
            persons = [stay.person for stay in notice.to]
            assert len(set(persons)) == len(persons)
            assert people.issuperset(persons)
            assert not notice.account or isinstance(notice.event, FOR_OUTSIDERS)
            self.check_sight(notice)
            for person in persons:
                self.life.ears.setdefault(person, Ear()).hear(notice.event, notice.sight)
        assert max(told.values(), default=0) <= 3

    def check_sight(self, notice: Notice) -> None:
        """11: addresses are for those who may see them; what is said to oneself is."""
        event: Any = notice.event
        persons = [stay.person for stay in notice.to]
        if notice.sight is Sight.SELF:
            assert all(person.account == event.occupant.account for person in persons)
        elif isinstance(event, e.Outside) and not contradicts_itself(self.command):
            assert all(self.might(person, list_right_of(event, self.before)) for person in persons)
        elif notice.sight is Sight.FULL and type(event) in NEEDS:
            assert all(self.might(person, NEEDS[type(event)]) for person in persons), notice

    def might(self, person: Person, right: Right) -> bool:
        """Whether somebody had a right before, or has it now; not what was between."""
        if contradicts_itself(self.command):  # it may have had it between
            return True
        before, after = self.before.occupants.get(person), self.room.occupant(person)
        states = (before, self.before.needs), (before, self.room.needs), (after, self.room.needs)
        return any(each is not None and _has(each, needs[right]) for each, needs in states)

    # What was said

    def check_said(self) -> None:
        """14, 15, 16, 20: told to all, each once, as it was said; kept under a growing id."""
        told = [each for each in self.done.notices if isinstance(each.event, e.Said | e.TopicSet)]
        messages: list[Message] = [notice.event.message for notice in told]  # type: ignore[union-attr]
        assert len(told) == isinstance(self.command, (c.Say, c.SetTopic, *TAKING_BACK))
        saved = [write.message for write in self.done.writes if isinstance(write, SaveMessage)]
        assert saved == [message for message in messages if message.kept]
        for notice, message in zip(told, messages, strict=True):
            assert {stay.person for stay in notice.to} == set(self.room.sessions)
            self.check_message(message, isinstance(notice.event, e.TopicSet))
        self.check_kinds()
        self.check_history()

    def check_message(self, message: Message, is_topic: bool) -> None:
        """Whose it is, when it was, what it says; whether it is kept."""
        command: Any = self.command
        assert message.id > self.life.last_id, "15"
        self.life.last_id = message.id
        assert message.at == self.life.now
        lasts = message.content.storable or is_topic or isinstance(command, TAKING_BACK)
        assert message.kept == (self.room.archived and lasts), "15"
        if isinstance(message.content, Moderation):
            assert not message.author.account
        else:
            assert message.content is command.content, "20"
            assert message.author == self.room.author(command.person)

    def check_kinds(self) -> None:
        kinds = [write.kind for write in self.done.writes if isinstance(write, SaveMessage)]
        is_topic, is_removal = (
            isinstance(self.command, kind)
            for kind in (c.SetTopic, TAKING_BACK)  # type: ignore[arg-type]
        )
        kind = Kind.TOPIC if is_topic else Kind.RETRACTION if is_removal else Kind.SAID
        assert set(kinds) <= {kind}
        gone = [write.entry for write in self.done.writes if isinstance(write, SaveRemoval)]
        entry = getattr(self.command, "entry", None)
        assert gone == ([entry] if entry is not None and entry.kept else []), "19"

    def check_history(self) -> None:
        """14, 19: newcomers are told what was said last, nothing else, and all of it."""
        said, command = self.life.said, self.command
        if isinstance(command, c.Say) and command.content.storable:
            [notice] = [each for each in self.done.notices if isinstance(each.event, e.Said)]
            said.append(notice.event.message)  # type: ignore[union-attr]
        if isinstance(command, TAKING_BACK):
            said[:] = [each for each in said if each.id != command.entry.id]  # type: ignore[union-attr]
        del said[: max(0, len(said) - self.room.config["history"])]
        assert list(self.room.history) == said
        for notice in self.done.notices:
            if isinstance(notice.event, e.Welcomed) and isinstance(command, c.Enter):
                assert list(notice.event.history) == wanted(said, command.wish, self.life.now)


def _has(occupant: Occupant, need: Need) -> bool:
    held = occupant.affiliation if isinstance(need, Affiliation) else occupant.role
    return held >= need


def list_right_of(event: e.Outside, before: Before) -> Right:
    """What it takes to know of somebody who is, or was, on a list."""
    listed = event.affiliation
    if listed is Affiliation.NONE:
        listed = before.naive.rows[event.account]
    return list_right(listed)


def contradicts_itself(command: c.Command) -> bool:
    """Whether it says two things of one and the same."""
    named: list[str] = []
    if isinstance(command, c.Configure):  # who is an owner no longer is an admin, listed or not
        return command.owners is not None and command.admins is not None
    if isinstance(command, c.SetStandings):
        named = [change.account for change in command.changes]
    elif isinstance(command, c.SetRoles):
        named = [fold(change.nick) for change in command.changes]
    return len(set(named)) < len(named)
