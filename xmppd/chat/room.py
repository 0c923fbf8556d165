"""A room: a command goes in, an outcome comes out. No clock, no protocol, no waiting.

The same state, command, clock and ids give the same outcome. What is refused changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any

import attrs

from xmppd.chat.commands import Command
from xmppd.chat.events import Event
from xmppd.chat.handlers import HANDLERS
from xmppd.chat.model import (
    Affiliation,
    Message,
    Occupancy,
    Occupant,
    Person,
    Role,
    Saved,
)
from xmppd.chat.nicks import fold
from xmppd.chat.option_set import OptionSet
from xmppd.chat.outcome import Changes, Done, Refusal, Refused
from xmppd.chat.people import People
from xmppd.chat.rights import Right


class Room(People):
    """One room with who is in it.

    `clock` gives seconds since 1970, `ids` an id for each message, growing. `unopened` are the
    seconds in which a new room is to be configured.
    """

    def __init__(
        self,
        saved: Saved,
        options: OptionSet,
        clock: Callable[[], float],
        ids: Callable[[], str],
        history: Iterable[Message] = (),
        most_occupants: int = 5_000,
        unopened: float = 3_600.0,
    ) -> None:
        self.saved = saved
        self.options = options
        self.clock = clock
        self.new_id = ids
        self.most_occupants = most_occupants
        self.unopened = unopened
        self.fields = options.fields
        self.occupants = {}
        self.stays = {}
        self.sessions = {}
        self.history: deque[Message] = deque(history)
        self.invited: dict[str, str] = {}
        self.voices: dict[str, Role] = {}
        self.counter = count(1)
        self.reconfigured(saved.config)

    def handle(self, command: Command) -> Done | Refused:
        """Carry out a command."""
        out = Changes()
        try:
            for mark in self.options.marks.get(type(command), ()):
                command = mark(self, command)
            for check in self.options.checks.get(type(command), ()):
                check(self, command)
            HANDLERS[type(command)](self, command, out)
        except Refusal as refusal:
            return refusal.refused
        return out.done()

    # What it is like

    @property
    def open(self) -> bool:
        """Whether everybody inside sees real addresses."""
        return self.needs[Right.SEE_ADDRESSES] == Role.VISITOR

    @property
    def closed(self) -> bool:
        """Whether nobody gets in without an affiliation."""
        return self.needs[Right.ENTER] > Affiliation.NONE

    @property
    def lasts(self) -> bool:
        """Whether it is there when nobody is inside."""
        return self.config["persistent"] and not self.saved.locked

    @property
    def archived(self) -> bool:
        """Whether what is said is kept for good; only a room that lasts has an archive."""
        return self.config["archive"] and self.lasts

    @property
    def logged(self) -> bool:
        """Whether what is said can be read by others later, here or elsewhere."""
        return self.config["published"] or self.archived

    @property
    def remembers(self) -> bool:
        """Whether what is said can be taken back later: it is archived, or newcomers are told."""
        return self.archived or self.config["history"] > 0

    def wake_at(self) -> float | None:
        """When something is due that a `Tick` does, in seconds since 1970; None: nothing is."""
        times = (option.wake_at(self) for option in self.options.wakers)
        return min((at for at in times if at is not None), default=None)

    def reconfigured(self, stored: Mapping[str, Any]) -> None:
        """Be what follows from that configuration; an option that fails at it changes nothing."""
        config = self.options.config(stored)
        needs, unseen = self.options.needs(config), self.options.unseen(config)
        self.config, self.needs, self.unseen = config, needs, unseen
        self.reserved = {
            fold(standing.nick): account
            for account, standing in self.saved.standings.items()
            if standing.nick
        }
        self._shorten_history()
        self.moved()

    # Changing, for the commands

    def note(self, out: Changes, event: Event) -> None:
        """Have the options add what follows from an event."""
        for note in self.options.notes.get(type(event), ()):
            with out.going_on():
                note(self, event, out)

    def put(self, key: str, occupant: Occupant) -> None:
        """An occupant is as this says."""
        self.occupants[key] = occupant
        self.moved()

    def show(self, key: str) -> Occupant:
        """Have an occupant show the presence of its session that goes first."""
        stays = self.stays[key].values()
        shown = max(stays, key=lambda stay: (stay.presence.priority, stay.since))
        occupant = self.occupants[key]
        if shown is not occupant.shown:
            occupant = attrs.evolve(occupant, shown=shown)
            self.put(key, occupant)
        return occupant

    def take_out(self, key: str) -> dict[Person, Occupancy]:
        """An occupant is no longer there; gives the sessions that were it."""
        stays = self.stays.pop(key)
        del self.occupants[key]
        for person in stays:
            del self.sessions[person]
        self.moved()
        return stays

    def remember(self, message: Message) -> None:
        """Tell newcomers of a message, as long as the history is long enough."""
        self.history.append(message)
        self._shorten_history()

    def recalled(self, id: str) -> Message | None:
        """The message of that id, if newcomers are told of it."""
        return next((message for message in self.history if message.id == id), None)

    def forget(self, id: str) -> None:
        """Tell newcomers no more of a message."""
        self.history = deque(message for message in self.history if message.id != id)

    def _shorten_history(self) -> None:
        keep = self.config["history"]
        while len(self.history) > keep:
            self.history.popleft()

    def settle(self, out: Changes) -> None:
        """A room that does not last, or was never opened, ends when nobody is in it."""
        if not self.occupants and not self.lasts:
            out.ended = True
