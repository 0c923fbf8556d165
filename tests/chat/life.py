"""One room's life, with everything that must hold at every step of it.

Numbers are those of the invariants of rooms, see `tests.chat.machine`.
"""

from random import Random

import attrs

from tests.chat.ears import Ear
from tests.chat.histories import PEOPLE, command, content
from tests.chat.outcomes import Before, Outcomes, contradicts_itself
from tests.chat.rooms import Rooms
from tests.chat.states import check_again, check_state, snapshot, stays_of
from xmppd.chat.commands import (
    Command,
    Configure,
    Enter,
    Leave,
    Moderate,
    Readmit,
    Register,
    Retract,
    SetCard,
    SetRoles,
    SetStandings,
    SetTopic,
    Shutdown,
    Tick,
)
from xmppd.chat.model import (
    ITSELF,
    Entry,
    Person,
    Presence,
    Role,
    Stay,
    Text,
)
from xmppd.chat.nicks import fold
from xmppd.chat.outcome import Done, Refused, SaveRoom

REPEATABLE = (SetStandings, SetRoles, Configure, SetCard)


class Life(Rooms):
    """What happens in a room, and what must hold then."""

    def step(self) -> None:
        """Have something happen, and look whether all is well."""
        choice = self.random.random()
        if choice < 0.03:
            self.set_clock(self.random.choice((-50_000, -10, 1, 100, 1_000)))
        elif choice < 0.06:
            self.load()
        elif choice < 0.07:
            self.die()
        elif choice < 0.10:
            self.tick()
        elif choice < 0.18:
            self.take_back()
        elif choice < 0.20:
            self.look_in()
        else:
            self.ask()
        self.check()

    def ask(self) -> None:
        """Somebody asks for something."""
        self.do(command(self.random, self.naive.inside))

    def set_clock(self, seconds: float) -> None:
        """Time passes; or the clock is set back."""
        self.now = max(1.0, self.now + seconds)

    def prepare(self, command: Command) -> Command:
        """What is asked of the rooms in place of a command."""
        return command

    def do(self, command: Command) -> Done | Refused:
        """Ask it of all three; 9, 22: the order of what has none does not matter."""
        command = self.prepare(command)
        before = Before.of(self)
        outcome, other = self.room.handle(command), self.other.handle(command)
        assert self.agree(outcome, other), (command, outcome, other)
        assert isinstance(outcome, Done) == self.naive.takes(command, self.now), (command, outcome)
        if isinstance(outcome, Refused):
            assert snapshot(self.room) == before.snapshot, f"8: refused, and yet changed: {command}"
            return outcome
        self.disk.take(self.room, outcome)
        self.check_outcome(command, outcome, before)
        assert outcome.ended == self.naive.ended, command
        if outcome.ended:
            self.end()
        else:
            self.used = self.used or bool(self.room.occupants)
            self.repeat(command)
        return outcome

    def check_outcome(self, command: Command, outcome: Done, before: Before) -> None:
        """Look at what comes of a command."""
        Outcomes(self, before, command, outcome).check()

    def agree(self, outcome: Done | Refused, other: Done | Refused) -> bool:
        """Whether it is the same; which of several reasons depends on the options' order.

        The other one has stored already what is as by default.
        """
        if isinstance(outcome, Refused) or isinstance(other, Refused):
            return outcome == other or (type(outcome) is type(other) and self.order < 0)
        return _but_of_room(outcome) == _but_of_room(other)

    def repeat(self, command: Command) -> None:
        """18: what is so already is done, with nobody told and nothing stored."""
        if isinstance(command, Register) and self.naive.rows.get(command.person.account):
            again = self.room.handle(command)
        elif isinstance(command, REPEATABLE) and not contradicts_itself(command):
            again = self.room.handle(attrs.evolve(command, person=ITSELF))
        else:
            return
        if isinstance(again, Done):
            assert not again.notices and not again.writes, (command, again)

    def tick(self) -> None:
        """23: what is not due yet is not done."""
        due = self.room.wake_at()
        if due is not None and self.random.random() < 0.5:
            self.now = due - self.random.choice((0.0, 0.1, 5.0))
        before = snapshot(self.room)
        outcome = self.do(Tick())
        if due is None or due > self.now:
            assert outcome == Done() and snapshot(self.room) == before, "23"

    def die(self) -> None:
        """The process ends, in order or in the middle of what somebody asked for.

        What it told nobody of may be stored or not. Those inside are told, or are inside again;
        but then they do not learn of a topic or a configuration that was stored and not told.
        """
        stays = stays_of(self.room) if self.random.random() < 0.5 else ()
        before = Before.of(self)
        if self.random.random() < 0.3:
            self.do(Shutdown(restore=bool(stays)))
            assert self.room.sessions or all(ear.me is None for ear in self.ears.values())
        else:
            last = self.prepare(command(self.random, self.naive.inside))
            outcome = self.room.handle(last)
            if isinstance(outcome, Done) and self.random.random() < 0.5:
                self.disk.take(self.room, outcome)
                stays = () if isinstance(last, SetTopic | Configure) else stays
        self.come_back(stays, before)

    def come_back(self, stays: tuple[Stay, ...], before: Before) -> None:
        """24, 14: a room is as it was stored, and newcomers are told what is in its archive."""
        if self.disk.saved is None:
            self.begin()
            return
        ears = self.ears
        self.have_stored(self.disk.saved)
        if stays:
            self.readmit(Readmit(stays), before, ears)

    def readmit(self, command: Readmit, before: Before, ears: dict[Person, Ear]) -> None:
        """12: people are inside as they were, and are told what is otherwise."""
        self.ears = ears
        for ear in ears.values():
            ear.heard.clear()
        self.naive.readmit(before.naive)
        outcome, other = self.room.handle(command), self.other.handle(command)
        assert isinstance(outcome, Done) and outcome == other and not outcome.writes
        self.used = self.used or bool(self.room.occupants)
        self.check_outcome(command, outcome, before)

    def load(self) -> None:
        """24: a room that is loaded answers as it did; an empty one goes on as that."""
        room = self.room
        again = self.made(room.saved, list(room.history))
        check_again(room, again)
        if not room.occupants:
            fresh = {room: again, self.other: self.made_otherwise(room.saved, list(room.history))}
            for old, new in fresh.items():
                new.invited, new.voices = old.invited, old.voices
            self.room, self.other = fresh.values()

    def take_back(self) -> None:
        """19: something that was said, of which newcomers or the archive know."""
        known = [Entry(each.id, each.author, kept=each.kept) for each in self.room.history]
        known += self.disk.entries()
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
            assert snapshot(self.room) == before, "25"

    # What holds of the room

    def check(self) -> None:
        """Compare the room with what it should be, and with what people know of it."""
        check_state(self.room, self.used)
        self.naive.check(self.room)
        self.check_ears()
        self.check_disk()

    def check_disk(self) -> None:
        """15, 19, 24: what is stored is the room, and of what was taken back nothing is left."""
        assert self.disk.saved in (None, self.room.saved), (self.disk.saved, self.room.saved)
        gone = {id for id, message in self.disk.archive.items() if message is None}
        assert gone.isdisjoint(message.id for message in self.room.history), "19"

    def check_ears(self) -> None:
        """12, 26: what each session was told adds up to what it may know of the room."""
        room = self.room
        for person, ear in self.ears.items():
            key = room.sessions.get(person)
            assert ear.me == key, (person, ear.me, key)
            if key is None:
                continue
            me = room.occupants[key]
            seen = {fold(each.nick): each for each in (*room.visible_to(me), me)}
            assert ear.occupants == seen
            assert ear.topic == room.saved.topic
            assert ear.heard == sorted(set(ear.heard)), "14"
            assert me.role < Role.MODERATOR or ear.knows | {key} == seen.keys(), "12: addresses"


def _but_of_room(done: Done) -> Done:
    writes = (each for each in done.writes if not isinstance(each, SaveRoom))
    return attrs.evolve(done, writes=tuple(writes))


def live(random: Random, steps: int, kind: type[Life] = Life) -> None:
    """Have rooms live for so many steps."""
    life = kind(random)
    for _ in range(steps):
        life.step()
