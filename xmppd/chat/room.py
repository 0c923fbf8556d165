"""A room: a command goes in, an outcome comes out. No clock, no protocol, no waiting.

The same state, command, clock and ids give the same outcome. What is refused changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, TypeVar

import attrs

from xmppd.chat.commands import Command
from xmppd.chat.events import Event
from xmppd.chat.handlers import HANDLERS
from xmppd.chat.model import (
    Message,
    Occupancy,
    Occupant,
    Person,
    Role,
    Saved,
)
from xmppd.chat.nicks import fold
from xmppd.chat.option import Field, Option
from xmppd.chat.outcome import Changes, Done, Refusal, Refused
from xmppd.chat.people import People
from xmppd.chat.rights import NEEDS, Need, Right

Hook = TypeVar("Hook")


class Room(People):
    """One room with who is in it.

    `clock` gives seconds since 1970, `ids` an id for each message, growing.
    """

    def __init__(
        self,
        saved: Saved,
        options: Sequence[Option],
        clock: Callable[[], float],
        ids: Callable[[], str],
        history: Iterable[Message] = (),
        most_occupants: int = 5_000,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        self.saved = saved
        self.options = options
        self.clock = clock
        self.new_id = ids
        self.most_occupants = most_occupants
        self.fields = {field.name: field for option in options for field in option.fields}
        plain = {name: field.default for name, field in self.fields.items()}
        self.defaults = {**plain, **(defaults or {})}
        self.occupants = {}
        self.stays = {}
        self.sessions = {}
        self.history: deque[Message] = deque(history)
        self.invited: dict[str, str] = {}
        self.voices: dict[str, Role] = {}
        self.counter = count(1)
        self._marks = _by_type(options, lambda option: option.marks)
        self._checks = _by_type(options, lambda option: option.checks)
        self._notes = _by_type(options, lambda option: option.notes)
        self.reconfigured()

    def handle(self, command: Command) -> Done | Refused:
        """Carry out a command."""
        out = Changes()
        for option, mark in self._marks.get(type(command), ()):
            command = mark(option, self, command)
        try:
            for option, check in self._checks.get(type(command), ()):
                check(option, self, command)
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
    def archived(self) -> bool:
        """Whether what is said is kept for good; only a room that lasts has an archive."""
        config = self.config
        return config["archive"] and config["persistent"] and not self.saved.locked

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
        times = (option.wake_at(self) for option in self.options)
        return min((at for at in times if at is not None), default=None)

    def reconfigured(self) -> None:
        """Derive what depends on the configuration."""
        stored = self.saved.config.items()
        self.config = {**self.defaults, **{k: v for k, v in stored if k in self.fields}}
        self.needs: dict[Right, Need] = dict(NEEDS)
        for option in self.options:
            self.needs.update(option.moves(self.config))
        self.unseen = frozenset(
            role for option in self.options for role in option.hides(self.config)
        )
        self.reserved = {
            fold(standing.nick): account
            for account, standing in self.saved.standings.items()
            if standing.nick
        }
        self._shorten_history()
        self.moved()

    def field(self, name: str) -> Field:
        """A field of the configuration."""
        return self.fields[name]

    # Changing, for the commands

    def note(self, out: Changes, event: Event) -> None:
        """Have the options add what follows from an event."""
        for option, note in self._notes.get(type(event), ()):
            note(option, self, event, out)

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

    def forget(self, id: str) -> None:
        """Tell newcomers no more of a message."""
        self.history = deque(message for message in self.history if message.id != id)

    def _shorten_history(self) -> None:
        keep = self.config.get("history", 0)
        while len(self.history) > keep:
            self.history.popleft()

    def settle(self, out: Changes) -> None:
        """A room that does not last, or was never opened, ends when nobody is in it."""
        if not self.occupants and (self.saved.locked or not self.config["persistent"]):
            out.ended = True


def _by_type(
    options: Iterable[Option], declared: Callable[[Option], Mapping[type, Hook]]
) -> dict[type, list[tuple[Option, Hook]]]:
    """Which options want to be called for which commands or events."""
    found: dict[type, list[tuple[Option, Hook]]] = {}
    for option in options:
        for kind, hook in declared(option).items():
            found.setdefault(kind, []).append((option, hook))
    return found
