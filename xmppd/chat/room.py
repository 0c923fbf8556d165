"""A room: a command goes in, an outcome comes out. No clock, no protocol, no waiting.

The same state, command, clock and ids give the same outcome. What is refused changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from hmac import new as hmac
from itertools import count
from typing import Any, TypeVar

import attrs

from xmppd.chat.audiences import Audiences
from xmppd.chat.commands import Command
from xmppd.chat.events import Event
from xmppd.chat.handlers import HANDLERS
from xmppd.chat.model import (
    ITSELF,
    Affiliation,
    Author,
    Message,
    Occupancy,
    Occupant,
    Person,
    Role,
    Saved,
    Standing,
)
from xmppd.chat.nicks import fold
from xmppd.chat.option import Field, Option
from xmppd.chat.outcome import Changes, Done, Reason, Refusal, Refused
from xmppd.chat.rights import NEEDS, Need, Right, first_role, list_right

Hook = TypeVar("Hook")


class Room(Audiences):
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

    # Who is what

    def affiliation(self, account: str) -> Affiliation:
        """How an account stands to the room; a ban of its domain holds unless it has a row."""
        standings = self.saved.standings
        standing = standings.get(account) or standings.get(account.rpartition("@")[2])
        return Affiliation.NONE if standing is None else standing.affiliation

    def occupant(self, person: Person) -> Occupant | None:
        """Who a session is in the room."""
        key = self.sessions.get(person)
        return None if key is None else self.occupants[key]

    def inside(self, person: Person) -> Occupant:
        """The same. Raises `Refusal` for who is not inside."""
        occupant = self.occupant(person)
        if occupant is None:
            raise Refusal(Reason.NOT_INSIDE)
        return occupant

    def named(self, nick: str) -> Occupant:
        """Who wears a nick. Raises `Refusal`."""
        occupant = self.occupants.get(fold(nick))
        if occupant is None:
            raise Refusal(Reason.NO_OCCUPANT)
        return occupant

    def all_of(self, account: str) -> list[Occupant]:
        """Everybody inside who is of that account, or of that domain."""
        if "@" in account:
            return [each for each in self.occupants.values() if each.account == account]
        return [
            each
            for each in self.occupants.values()
            if each.account.rpartition("@")[2] == account
            and each.account not in self.saved.standings
        ]

    def author(self, person: Person) -> Author:
        """Who does something; without a nick where that is not somebody inside."""
        occupant = self.occupant(person)
        if occupant is None:
            return Author("", "", person.account)
        return Author(occupant.nick, occupant.id, occupant.account)

    def id_of(self, account: str) -> str:
        """What an account is called in this room, whatever its nick (XEP-0421)."""
        return hmac(self.saved.secret.encode(), account.encode(), sha256).hexdigest()[:32]

    def first_role(self, affiliation: Affiliation) -> Role:
        """The role of somebody who comes with that affiliation."""
        return first_role(affiliation, affiliation >= self.needs[Right.HAVE_VOICE])

    def joins_own(self, person: Person, nick: str) -> bool:
        """Whether entering under a nick adds a session to an occupant of the same account."""
        occupant = self.occupants.get(fold(nick))
        return occupant is not None and occupant.account == person.account

    def absent(self) -> tuple[tuple[str, Standing], ...]:
        """Accounts with a reserved nick that are not inside."""
        inside = {each.account for each in self.occupants.values()}
        rows = self.saved.standings.items()
        return tuple(row for row in rows if row[1].nick and row[0] not in inside)

    # Who may what

    def may(self, person: Person, right: Right) -> bool:
        """Whether a session has a right."""
        if person == ITSELF:
            return True
        need = self.needs[right]
        if isinstance(need, Affiliation):
            return self.affiliation(person.account) >= need
        occupant = self.occupant(person)
        return occupant is not None and occupant.role >= need

    def need(self, person: Person, right: Right, reason: Reason = Reason.FORBIDDEN) -> None:
        """Raise `Refusal` where a session does not have a right."""
        if not self.may(person, right):
            raise Refusal(reason)

    def may_read_archive(self, person: Person) -> bool:
        """Whether somebody may read what was said: who is inside, or could enter now."""
        return person in self.sessions or self.may(person, Right.READ_ARCHIVE)

    def may_know_authors(self, person: Person) -> bool:
        """Whether somebody may know whose account said what: inside, or if they came in now."""
        occupant = self.occupant(person)
        if occupant is not None:
            return occupant.role >= self.needs[Right.SEE_ADDRESSES]
        role = self.first_role(self.affiliation(person.account))
        return role >= self.needs[Right.SEE_ADDRESSES]

    def standings(self, person: Person, affiliation: Affiliation) -> dict[str, Standing] | Refused:
        """Who has an affiliation, for one who wants to know."""
        by_role = affiliation is Affiliation.MEMBER and self.may(person, Right.SEE_MEMBERS)
        if not by_role and not self.may(person, list_right(affiliation)):
            return Refused(Reason.FORBIDDEN)
        return {
            account: standing
            for account, standing in self.saved.standings.items()
            if standing.affiliation is affiliation
        }

    def having(self, person: Person, role: Role) -> list[Occupant] | Refused:
        """Who has a role, for one who wants to know."""
        if not self.may(person, list_right(role)):
            return Refused(Reason.FORBIDDEN)
        return [each for each in self.occupants.values() if each.role is role]

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
