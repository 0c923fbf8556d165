"""One room's life, with everything that must hold at every step of it.

Beside the room stand two more: one that has the same options and affiliations in another order, and
a naive one. Numbers are those of the invariants of rooms.
"""

from itertools import count
from random import Random

import attrs

from tests.chat.histories import ACCOUNTS, OWNER, PEOPLE, command, content, first_configuration
from tests.chat.kit import EVERY, OPTIONS
from tests.chat.naive import NaiveRoom
from tests.chat.states import check_state, snapshot, stays_of
from xmppd.chat.commands import (
    Command,
    Configure,
    Enter,
    Invite,
    Leave,
    Moderate,
    Readmit,
    Register,
    Retract,
    SetRoles,
    SetStandings,
)
from xmppd.chat.events import (
    Declined,
    Invited,
    RegistrationAsked,
    Said,
    StandingTold,
    TopicSet,
    Welcomed,
)
from xmppd.chat.model import (
    ITSELF,
    Affiliation,
    Author,
    Entry,
    Message,
    Moderation,
    Person,
    Presence,
    Saved,
    Sight,
    Standing,
    Text,
)
from xmppd.chat.nicks import fold
from xmppd.chat.option_set import OptionSet
from xmppd.chat.outcome import Done, Notice, Refused, SaveMessage, SaveRemoval, SaveRoom
from xmppd.chat.room import Room
from xmppd.chat.view import View

FOR_OUTSIDERS = (Declined, Invited, RegistrationAsked, StandingTold)
REPEATABLE = (SetStandings, SetRoles, Configure)


class Life:
    """One room at a time; where it ends, another begins. `views` are what sessions know."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now = 1000.0
        self.begin()

    def begin(self) -> None:
        """Have a room that nobody is in yet."""
        config, locked = first_configuration(self.random), self.random.random() < 0.2
        saved = Saved("r@rooms.test", OWNER.account, "secret", self.now, locked, config=config)
        saved.standings[OWNER.account] = Standing(Affiliation.OWNER)
        self.order = self.random.choice((1, -1))
        self.ids, self.other_ids = count(1), count(1)
        self.room, self.other = self.made(saved), self.made_otherwise(saved)
        self.naive = NaiveRoom(OWNER.account, self.room.config, locked)
        self.views: dict[Person, View] = {}
        self.archive: dict[str, Message | None] = {}
        self.used = False
        self.last_id = ""

    def made(self, saved: Saved) -> Room:
        """A room as it is after loading."""
        return Room(saved, OPTIONS, lambda: self.now, lambda: f"{next(self.ids):09}")

    def made_otherwise(self, saved: Saved) -> Room:
        """The same; what has no order is the other way round, and defaults are named."""
        saved = attrs.evolve(saved, standings=dict(reversed(saved.standings.items())))
        options = OptionSet(EVERY[:: self.order])
        room = Room(saved, options, lambda: self.now, lambda: f"{next(self.other_ids):09}")
        saved.config = dict(reversed(room.config.items()))
        return room

    # What happens

    def step(self) -> None:
        """Have something happen, and look whether all is well."""
        choice = self.random.random()
        if choice < 0.03:
            self.now += self.random.randint(-10, 100)
        elif choice < 0.06:
            self.load()
        elif choice < 0.15:
            self.take_back()
        elif choice < 0.17:
            self.look_in()
        else:
            self.do(command(self.random, self.naive.inside))
        self.check()

    def prepare(self, command: Command) -> Command:
        """What is asked of the rooms in place of a command."""
        return command

    def do(self, command: Command) -> Done | Refused:
        """Ask it of all three; 9, 22: the order of what has none does not matter."""
        command = self.prepare(command)
        before, inside = snapshot(self.room), set(self.room.sessions)
        powers = {account: self.room.affiliation(account) for account in ACCOUNTS}
        outcome, other = self.room.handle(command), self.other.handle(command)
        assert self.agree(outcome, other), (command, outcome, other)
        assert isinstance(outcome, Done) == self.naive.takes(command), (command, outcome)
        if isinstance(outcome, Refused):
            assert snapshot(self.room) == before, f"8: refused, and yet changed: {command}"
            return outcome
        self.check_power(command, powers)
        self.check_outcome(command, outcome, inside | set(self.room.sessions))
        assert outcome.ended == self.naive.ended, command
        if outcome.ended:
            self.end()
        else:
            self.used = self.used or bool(self.room.occupants)
            self.repeat(command)
        return outcome

    def agree(self, outcome: Done | Refused, other: Done | Refused) -> bool:
        """Whether it is the same; which of several reasons depends on the options' order.

        The other one has stored already what is as by default.
        """
        if isinstance(outcome, Refused) or isinstance(other, Refused):
            return outcome == other or (type(outcome) is type(other) and self.order < 0)
        return _but_of_room(outcome) == _but_of_room(other)

    def end(self) -> None:
        """Everybody knows that it has ended; another one begins."""
        assert not self.room.occupants
        assert all(view.me is None for view in self.views.values())
        self.begin()

    def repeat(self, command: Command) -> None:
        """18: what is so already is done, with nobody told and nothing stored."""
        if not isinstance(command, REPEATABLE) or _contradicts_itself(command):
            return
        again = self.room.handle(attrs.evolve(command, person=ITSELF))
        if isinstance(again, Done):
            assert not again.notices and not again.writes, (command, again)

    def load(self) -> None:
        """24: a room that is loaded answers as it did; an empty one goes on as that."""
        again, room = self.made(self.room.saved), self.room
        assert again.config == room.config and again.needs == room.needs
        assert again.reserved == room.reserved and again.unseen == room.unseen
        for account in ACCOUNTS:
            assert again.affiliation(account) is room.affiliation(account)
        for affiliation in Affiliation:
            assert again.standings(ITSELF, affiliation) == room.standings(ITSELF, affiliation)
        if not room.occupants:
            fresh = {self.room: again, self.other: self.made_otherwise(room.saved)}
            for old, new in fresh.items():
                new.history, new.invited, new.voices = old.history, old.invited, old.voices
            self.room, self.other = fresh.values()
        elif room.lasts and self.random.random() < 0.5:
            self.restart()

    def restart(self) -> None:
        """24: with those who were inside a room is as it was; only voices are forgotten."""
        before, old = snapshot(self.room), self.room
        command = Readmit(tuple(stays_of(old)))
        self.room, self.other = self.made(old.saved), self.made_otherwise(old.saved)
        self.naive.begin_anew()
        for room in (self.room, self.other):
            room.history, room.invited = old.history.copy(), dict(old.invited)
        outcome, other = self.room.handle(command), self.other.handle(command)
        assert isinstance(outcome, Done) and outcome == other and not outcome.writes
        self.check_outcome(command, outcome, set(self.room.sessions))
        if not outcome.notices:
            before[-1].clear()
            assert snapshot(self.room) == before

    def take_back(self) -> None:
        """19: something that was said, of which newcomers or the archive know."""
        told = list(self.room.history)
        known: list[Entry] = [Entry(each.id, each.author, kept=each.kept) for each in told]
        for id, message in self.archive.items():
            author = Author("", "") if message is None else message.author
            known.append(Entry(id, author, message is None))
        if not known:
            return
        person = self.random.choice([*self.room.sessions, *PEOPLE])
        entry = self.random.choice(known)
        if self.random.random() < 0.5:
            self.do(Retract(person, content(self.random), entry))
        else:
            self.do(Moderate(person, entry, "x"))

    def look_in(self) -> None:
        """25: whoever comes and goes leaves the room as it was."""
        person, config = self.random.choice(PEOPLE), self.room.config
        if person in self.room.sessions or not config["persistent"] or self.room.saved.locked:
            return
        before = snapshot(self.room)
        shown = Presence(Text("just looking"), 1)
        if isinstance(self.do(Enter(person, "guest", shown, config["password"])), Done):
            self.do(Leave(person))
            assert snapshot(self.room) == before

    # What holds of an outcome

    def check_power(self, command: Command, before: dict[str, Affiliation]) -> None:
        """17: nobody raises themselves but by registering, nor changes their betters.

        Only an owner makes owners and admins, or unmakes them.
        """
        actor = command.person.account
        power = before.get(actor, Affiliation.OWNER)
        for account, old in before.items():
            new = self.room.affiliation(account)
            if new is old:
                continue
            if isinstance(command, Invite):
                assert (old, new) == (Affiliation.NONE, Affiliation.MEMBER)
            elif account == actor and new > old:
                assert isinstance(command, Register) and new is Affiliation.MEMBER
            elif account != actor:
                assert old <= power and new <= power
                assert power is Affiliation.OWNER or max(old, new) < Affiliation.ADMIN

    def check_outcome(self, command: Command, outcome: Done, people: set[Person]) -> None:
        """10, 12, 13, 21: who is told what; `people` are those inside before or after."""
        told: dict[int, int] = {}
        for notice in outcome.notices:
            if not notice.account:
                told[id(notice.event)] = told.get(id(notice.event), 0) + 1
            persons = [stay.person for stay in notice.to]
            assert len(set(persons)) == len(persons)
            assert people.issuperset(persons)
            assert not notice.account or isinstance(notice.event, FOR_OUTSIDERS)
            self.check_notice(notice)
            for person in persons:
                self.views.setdefault(person, View()).take(notice.event)
        assert max(told.values(), default=0) <= 3
        self.check_said(command, outcome)

    def check_notice(self, notice: Notice) -> None:
        """What is said to oneself is; 19: newcomers hear nothing of what was taken back."""
        event = notice.event
        if notice.sight is Sight.SELF and hasattr(event, "occupant"):
            assert all(stay.person.account == event.occupant.account for stay in notice.to)
        if isinstance(event, Welcomed):
            assert all(self.archive.get(each.id, each) is not None for each in event.history)

    def check_said(self, command: Command, outcome: Done) -> None:
        """14, 15, 16, 20: told to all, each once, as it was said; kept under a growing id."""
        said = [each for each in outcome.notices if isinstance(each.event, (Said, TopicSet))]
        messages = [notice.event.message for notice in said]  # type: ignore[union-attr]
        saved = [write.message for write in outcome.writes if isinstance(write, SaveMessage)]
        assert saved == [message for message in messages if message.kept]
        for notice, message in zip(said, messages, strict=True):
            assert {stay.person for stay in notice.to} == set(self.room.sessions)
            assert message.id > self.last_id
            self.last_id = message.id
            lasts = message.content.storable or isinstance(notice.event, TopicSet)
            assert message.kept == (self.room.archived and lasts) or isinstance(command, Retract)
            if not isinstance(message.content, Moderation):
                assert message.content is command.content  # type: ignore[union-attr]
        self.archive.update({message.id: message for message in saved})
        for write in outcome.writes:
            if isinstance(write, SaveRemoval):
                self.archive[write.entry.id] = None

    # What holds of the room

    def check(self) -> None:
        """Compare the room with what it should be, and with what people know of it."""
        check_state(self.room, self.used)
        self.check_naive()
        self.check_views()
        gone = {id for id, message in self.archive.items() if message is None}
        assert gone.isdisjoint(message.id for message in self.room.history), "19"

    def check_naive(self) -> None:
        """3, 4, 26: people, roles and affiliations are what a plain reading of the rules gives."""
        room, naive = self.room, self.naive
        assert naive.inside == {p: room.occupants[key].nick for p, key in room.sessions.items()}
        assert naive.roles == {key: each.role for key, each in room.occupants.items()}
        rows = room.saved.standings.items()
        assert naive.rows == {account: row.affiliation for account, row in rows}
        assert naive.reserved == {account: row.nick for account, row in rows if row.nick}

    def check_views(self) -> None:
        """12: what each session was told adds up to what it may know of the room."""
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


def _but_of_room(done: Done) -> Done:
    writes = (each for each in done.writes if not isinstance(each, SaveRoom))
    return attrs.evolve(done, writes=tuple(writes))


def _contradicts_itself(command: Command) -> bool:
    """Whether it says two things of one and the same."""
    if isinstance(command, SetStandings):
        named = [change.account for change in command.changes]
    elif isinstance(command, SetRoles):
        named = [fold(change.nick) for change in command.changes]
    else:
        named = []
    return len(set(named)) < len(named)


def live(random: Random, steps: int, kind: type[Life] = Life) -> None:
    """Have rooms live for so many steps."""
    life = kind(random)
    for _ in range(steps):
        life.step()
