"""Random lives of rooms: what must hold after every command, and for everybody who is told.

python -m tests.chat.test_room_machine --examples 100000
"""

import argparse
import copy
from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from xmppd.chat.commands import (
    Command,
    Configure,
    Decline,
    Destroy,
    Enter,
    Invite,
    Leave,
    Moderate,
    Register,
    Rename,
    RequestVoice,
    Retract,
    RoleChange,
    Say,
    SetRoles,
    SetStandings,
    SetTopic,
    ShowPresence,
    StandingChange,
    Unregister,
    Whisper,
)
from xmppd.chat.events import Said, TopicSet
from xmppd.chat.model import (
    Affiliation,
    Entry,
    HistoryWish,
    Invitation,
    Person,
    Presence,
    Role,
    Saved,
    Sight,
    Standing,
    Text,
    Why,
)
from xmppd.chat.nicks import fold, is_nick
from xmppd.chat.options.core import CORE
from xmppd.chat.outcome import Done, Refused, SaveMessage
from xmppd.chat.rights import Right
from xmppd.chat.room import Room
from xmppd.chat.view import View

ACCOUNTS = [f"{name}@{domain}" for name in ("ann", "bob", "cyd") for domain in ("a.test", "b.test")]
PEOPLE = [Person(account, session) for account in ACCOUNTS for session in ("x", "y")]
NICKS = ["Ann", "ann", "\uff41nn", " bob", "bob  b", "bob b", "cyd", "\u3164", "eve", "x" * 65]

people = st.sampled_from(PEOPLE)
accounts = st.sampled_from([*ACCOUNTS, "a.test"])
nicks = st.sampled_from(NICKS)
presences = st.builds(Presence, st.builds(Text, st.sampled_from("pq")), st.integers(-1, 2))
contents = st.builds(Text, st.sampled_from("abc"), st.booleans())
standing_changes = st.lists(
    st.builds(
        StandingChange,
        accounts,
        st.sampled_from(Affiliation),
        st.one_of(st.none(), st.just(""), nicks),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
role_changes = st.lists(
    st.builds(RoleChange, nicks, st.sampled_from(Role)), min_size=1, max_size=3
).map(tuple)
values: dict[str, Any] = {
    "password": st.sampled_from(["", "pw"]),
    "members_only": st.booleans(),
    "moderated": st.booleans(),
    "open_topic": st.booleans(),
    "members_invite": st.booleans(),
    "broadcast": st.sampled_from(
        [("moderator", "participant", "visitor"), ("moderator", "participant"), ("moderator",), ()]
    ),
    "identities": st.sampled_from(["moderators", "everyone"]),
    "whispers": st.sampled_from(["anyone", "participants", "moderators", "none", "wrong"]),
    "registration": st.sampled_from(["open", "ask", "off"]),
    "limit": st.integers(0, 3),
    "history": st.integers(0, 3),
    "persistent": st.booleans(),
    "archive": st.booleans(),
}
configurations = st.fixed_dictionaries({}, optional=values)


class RoomMachine(RuleBasedStateMachine):
    """One room at a time; where it ends, another begins."""

    @initialize(config=configurations)
    def begin(self, config: dict[str, Any]) -> None:
        self.now = 1000.0
        self.ids = count(1)
        config = {key: value for key, value in config.items() if value != "wrong"}
        saved = Saved("r@rooms.test", ACCOUNTS[0], "secret", self.now, config=config)
        saved.standings[ACCOUNTS[0]] = Standing(Affiliation.OWNER)
        self.room = self.made(saved)
        self.views: dict[Person, View] = {}
        self.last_id = ""

    def made(self, saved: Saved) -> Room:
        return Room(saved, CORE, lambda: self.now, lambda: f"{next(self.ids):09}")

    # What is done

    def do(self, command: Command) -> Done | Refused:
        before = self.state()
        powers = {account: self.room.affiliation(account) for account in ACCOUNTS}
        outcome = self.room.handle(command)
        if isinstance(outcome, Refused):
            assert self.state() == before, f"refused, and yet changed: {command}"
            return outcome
        self.check_power(command, powers)
        self.check_outcome(outcome)
        if outcome.ended:
            assert not self.room.occupants
            assert not self.views or all(view.me is None for view in self.views.values())
            self.begin({})
        return outcome

    def state(self) -> Any:
        room = self.room
        return copy.deepcopy(
            (
                room.saved,
                room.occupants,
                room.stays,
                room.sessions,
                list(room.history),
                room.invited,
                room.voices,
            )
        )

    def check_power(self, command: Command, before: dict[str, Affiliation]) -> None:
        """Nobody raises their own affiliation, but by registering; nobody changes their betters."""
        actor = command.person.account
        power = before[actor]
        for account, old in before.items():
            new = self.room.affiliation(account)
            if new is old:
                continue
            if account == actor and new > old:
                assert isinstance(command, Register) and new is Affiliation.MEMBER
            elif account != actor:
                assert old <= power and new <= power
                assert power is Affiliation.OWNER or max(old, new) < Affiliation.ADMIN

    def check_outcome(self, outcome: Done) -> None:
        told: dict[int, list[Any]] = {}
        for notice in outcome.notices:
            told.setdefault(id(notice.event), []).append(notice)
            assert len({stay.person for stay in notice.to}) == len(notice.to)
            for stay in notice.to:
                self.views.setdefault(stay.person, View()).take(notice.event)
        for notices in told.values():
            assert len(notices) <= 3
        told_all = [each.event for each in outcome.notices if type(each.event) in (Said, TopicSet)]
        said = [event.message for event in told_all]
        saved = [write.message for write in outcome.writes if type(write) is SaveMessage]
        assert saved == [message for message in said if message.kept]
        for event in told_all:
            if type(event) is TopicSet or event.message.content.storable:
                assert event.message.kept == self.room.archived
        for message in said:
            assert message.id > self.last_id
            self.last_id = message.id
        for notice in outcome.notices:
            event = notice.event
            if notice.sight is Sight.SELF and hasattr(event, "occupant"):
                assert all(stay.person.account == event.occupant.account for stay in notice.to)

    @rule(
        person=people,
        nick=nicks,
        presence=presences,
        password=st.sampled_from(["", "pw"]),
        messages=st.one_of(st.none(), st.integers(0, 2)),
    )
    def enter(self, person, nick, presence, password, messages) -> None:  # type: ignore[no-untyped-def]
        wish = HistoryWish(messages=messages)
        self.do(Enter(person, nick, presence, password, wish))

    @rule(person=people, why=st.sampled_from([Why.PARTED, Why.LOST]))
    def leave(self, person: Person, why: Why) -> None:
        self.do(Leave(person, None, why))
        assert person not in self.room.sessions

    @rule(person=people, presence=presences)
    def show(self, person: Person, presence: Presence) -> None:
        self.do(ShowPresence(person, presence))

    @rule(person=people, nick=nicks, presence=presences)
    def rename(self, person: Person, nick: str, presence: Presence) -> None:
        self.do(Rename(person, nick, presence))

    @rule(person=people, content=contents)
    def say(self, person: Person, content: Text) -> None:
        allowed = self.room.may(person, Right.SAY)
        outcome = self.do(Say(person, content))
        assert isinstance(outcome, Done) == allowed
        if isinstance(outcome, Done):
            [notice] = outcome.notices
            assert {stay.person for stay in notice.to} == set(self.room.sessions)

    @rule(person=people, which=st.integers(0, 3), own=st.booleans(), content=contents)
    def take_back(self, person: Person, which: int, own: bool, content: Text) -> None:
        """What was taken back is no longer told to newcomers."""
        history = list(self.room.history)
        if which >= len(history):
            return
        message = history[which]
        entry = Entry(message.id, message.author)
        rank = self.room.affiliation(message.author.account)
        command = Retract(person, content, entry) if own else Moderate(person, entry, "x")
        if isinstance(self.do(command), Done):
            assert message not in self.room.history
            assert message.kept or self.room.archived
            assert not own or person.account == message.author.account
            assert own or self.room.affiliation(person.account) >= rank

    @rule(person=people, nick=nicks, content=contents)
    def whisper(self, person: Person, nick: str, content: Text) -> None:
        self.do(Whisper(person, nick, content))

    @rule(person=people, content=contents)
    def set_topic(self, person: Person, content: Text) -> None:
        self.do(SetTopic(person, content))

    @rule(person=people, to=st.sampled_from(ACCOUNTS))
    def invite(self, person: Person, to: str) -> None:
        self.do_inviting(person, to)

    def do_inviting(self, person: Person, to: str) -> None:
        """Members may make members by inviting, where the room says so."""
        before = self.room.affiliation(to)
        outcome = self.room.handle(Invite(person, (Invitation(to),)))
        if isinstance(outcome, Done):
            self.check_outcome(outcome)
            if self.room.affiliation(to) is not before:
                assert self.room.config["members_only"]
                assert (before, self.room.affiliation(to)) == (Affiliation.NONE, Affiliation.MEMBER)

    @rule(person=people, to=st.sampled_from(ACCOUNTS))
    def decline(self, person: Person, to: str) -> None:
        self.do(Decline(person, to))

    @rule(person=people)
    def request_voice(self, person: Person) -> None:
        self.do(RequestVoice(person))

    @rule(person=people, nick=nicks)
    def register(self, person: Person, nick: str) -> None:
        self.do(Register(person, nick))

    @rule(person=people)
    def unregister(self, person: Person) -> None:
        self.do(Unregister(person))

    @rule(person=people, changes=standing_changes)
    def set_standings(self, person: Person, changes: tuple[StandingChange, ...]) -> None:
        outcome = self.do(SetStandings(person, changes))
        if isinstance(outcome, Done) and len(changes) == 1 and not outcome.ended:
            again = self.room.handle(SetStandings(PEOPLE[0], changes))
            if isinstance(again, Done):
                assert not again.notices and not again.writes

    @rule(changes=standing_changes)
    def set_standings_as_owner(self, changes: tuple[StandingChange, ...]) -> None:
        self.do(SetStandings(PEOPLE[0], changes))

    @rule(person=people, changes=role_changes)
    def set_roles(self, person: Person, changes: tuple[RoleChange, ...]) -> None:
        self.do(SetRoles(person, changes))

    @rule(values=configurations)
    def configure(self, values: dict[str, Any]) -> None:
        self.do(Configure(PEOPLE[0], values))

    @rule(
        person=people,
        values=configurations,
        owners=st.one_of(st.none(), st.lists(st.sampled_from(ACCOUNTS), max_size=2).map(tuple)),
    )
    def configure_by_anybody(self, person, values, owners) -> None:  # type: ignore[no-untyped-def]
        self.do(Configure(person, values, owners))

    @rule(person=people)
    def destroy(self, person: Person) -> None:
        self.do(Destroy(person))

    @rule()
    def save_and_load(self) -> None:
        """An empty room that is kept is the same when it comes back."""
        if not self.room.occupants:
            again = self.made(copy.deepcopy(self.room.saved))
            assert again.config == self.room.config and again.reserved == self.room.reserved
            again.history = self.room.history
            self.room = again

    @rule(seconds=st.integers(-10, 100))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds

    # What holds

    @invariant()
    def sessions_and_stays_are_inverse(self) -> None:
        room = self.room
        assert room.occupants.keys() == room.stays.keys()
        found = {person: key for key, stays in room.stays.items() for person in stays}
        assert found == room.sessions
        for key, stays in room.stays.items():
            assert stays and len(stays) <= 10
            assert {person.account for person in stays} == {room.occupants[key].account}
            assert room.occupants[key].shown in stays.values()

    @invariant()
    def nicks_are_unique_and_visible(self) -> None:
        for key, occupant in self.room.occupants.items():
            assert fold(occupant.nick) == key and is_nick(occupant.nick)
            assert self.room.reserved.get(key, occupant.account) == occupant.account

    @invariant()
    def roles_follow_affiliations(self) -> None:
        for occupant in self.room.occupants.values():
            assert occupant.affiliation is self.room.affiliation(occupant.account)
            assert occupant.affiliation >= self.room.needs[Right.ENTER]
            assert occupant.affiliation is not Affiliation.OUTCAST
            assert occupant.role >= Role.VISITOR
            if occupant.affiliation >= Affiliation.ADMIN:
                assert occupant.role is Role.MODERATOR

    @invariant()
    def standings_are_sound(self) -> None:
        standings = self.room.saved.standings
        kinds = [standing.affiliation for standing in standings.values()]
        assert Affiliation.OWNER in kinds and Affiliation.NONE not in kinds
        nicks = [fold(standing.nick) for standing in standings.values() if standing.nick]
        assert len(set(nicks)) == len(nicks)
        for standing in standings.values():
            assert not standing.nick or standing.affiliation >= Affiliation.MEMBER

    @invariant()
    def what_is_remembered_is_bounded(self) -> None:
        assert len(self.room.history) <= self.room.config["history"]

    @invariant()
    def views_converge(self) -> None:
        room = self.room
        for person, view in self.views.items():
            key = room.sessions.get(person)
            assert view.me == key, (person, view.me, key)
            if key is not None:
                me = room.occupants[key]
                seen = {fold(each.nick): each for each in (*room.visible_to(me), me)}
                assert view.occupants == seen
                assert view.topic == room.saved.topic
                assert view.heard == sorted(set(view.heard))


RoomMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class RoomMachineTest(SynchronousTestCase):
    def test_random_lives(self) -> None:
        run_state_machine_as_test(RoomMachine, settings=RoomMachine.TestCase.settings)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=1000)
    wanted = parser.parse_args().examples
    many = settings(RoomMachine.TestCase.settings, max_examples=wanted, derandomize=False)
    run_state_machine_as_test(RoomMachine, settings=many)
    print(f"{wanted} lives, and nothing broken")
