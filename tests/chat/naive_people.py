"""Who is inside a naive room, as what, and how accounts stand to it."""

from collections.abc import Mapping
from copy import copy
from typing import Any, Self

from xmppd.chat.model import ITSELF, Affiliation, Person, Presence, Role, Saved
from xmppd.chat.nicks import fold
from xmppd.chat.room import Room

OUTCAST, NONE, MEMBER, ADMIN, OWNER = Affiliation
OUT, VISITOR, PARTICIPANT, MODERATOR = Role


class NaivePeople:
    """`inside` is who has which nick, `roles` which role goes with it, `rows` the affiliations.

    `ended`: there is no such room any more.
    """

    def __init__(self, saved: Saved, config: Mapping[str, Any]) -> None:
        self.config = dict(config)
        self.locked, self.created = saved.locked, saved.created
        self.card = saved.card
        self.rows = {account: row.affiliation for account, row in saved.standings.items()}
        self.reserved = {account: row.nick for account, row in saved.standings.items() if row.nick}
        self.inside: dict[Person, str] = {}
        self.shown: dict[Person, Presence] = {}
        self.roles: dict[str, Role] = {}
        self.voices: dict[str, Role] = {}
        self.invited: dict[str, str] = {}
        self.now = 0.0
        self.ended = False

    def copy(self) -> Self:
        """The same, for comparison with what becomes of it."""
        same = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict):
                setattr(same, name, dict(value))
        return same

    def check(self, room: Room) -> None:
        """3, 4, 26: people, roles and affiliations are what a plain reading of the rules gives."""
        assert self.inside == {p: room.occupants[key].nick for p, key in room.sessions.items()}
        assert self.roles == {key: each.role for key, each in room.occupants.items()}
        rows = room.saved.standings.items()
        assert self.rows == {account: row.affiliation for account, row in rows}
        assert self.reserved == {account: row.nick for account, row in rows if row.nick}
        assert self.archived == room.archived
        assert self.invited == room.invited and self.voices == room.voices
        stays = [each for key in room.stays.values() for each in key.values()]
        assert {stay.person: stay.presence for stay in stays} == {
            person: self.shown[person] for person in self.inside
        }
        for person in self.inside:
            for nick in (*self.inside.values(), "nobody"):
                assert room.wears(person, nick) == (person in self.wearing(nick)), "26"

    @property
    def archived(self) -> bool:
        """Whether what is said is kept: in rooms that last."""
        return bool(self.config["archive"] and self.config["persistent"] and not self.locked)

    def wearing(self, nick: str) -> set[Person]:
        """The sessions under a nick."""
        return {person for person, own in self.inside.items() if fold(own) == fold(nick)}

    def power(self, person: Person) -> Affiliation:
        """Whoever runs the service may what owners may."""
        return OWNER if person == ITSELF else self.affiliation(person.account)

    def affiliation(self, account: str) -> Affiliation:
        """By its own row, else by that of its domain."""
        return self.rows.get(account, self.rows.get(account.split("@")[-1], NONE))

    def role(self, person: Person) -> Role:
        """OUT: not inside."""
        nick = self.inside.get(person)
        return OUT if nick is None else self.roles[fold(nick)]

    def account_of(self, nick: str) -> str | None:
        """Whose a nick is."""
        worn = [p.account for p, own in self.inside.items() if fold(own) == fold(nick)]
        return worn[0] if worn else None

    def first_role(self, affiliation: Affiliation) -> Role:
        """moderated ? VISITOR : PARTICIPANT; MEMBER: PARTICIPANT; ADMIN+: MODERATOR."""
        if affiliation >= ADMIN:
            return MODERATOR
        return VISITOR if self.config["moderated"] and affiliation < MEMBER else PARTICIPANT

    def lets_in(self, affiliation: Affiliation) -> bool:
        """Whether it suffices to be inside."""
        return affiliation >= (MEMBER if self.config["members_only"] else NONE)

    def is_free(self, nick: str, account: str) -> bool:
        """Whether a nick is neither reserved nor worn by another account."""
        kept = [a for a, own in self.reserved.items() if fold(own) == fold(nick)]
        return {*kept, self.account_of(nick) or account} <= {account}

    def place(self, account: str, new: Affiliation, nick: str | None) -> None:
        """Let an account, or a domain, stand so, and those inside with it."""
        before = {own: self.affiliation(p.account) for p, own in self.inside.items()}
        row = self.rows.pop(account, NONE), self.reserved.pop(account, "")
        kept = (row[1] if nick is None else nick) if new >= MEMBER else ""
        if new is not NONE:
            self.rows[account] = new
        if kept:
            self.reserved[account] = kept
        if row != (new, kept):
            self.voices.pop(account, None)
        for own, old in before.items():
            self.move(own, old)

    def move(self, nick: str, old: Affiliation) -> None:
        """Let an affiliation have its effect on who wears a nick."""
        new = self.affiliation(self.account_of(nick) or "")
        if new is old:
            return
        key = fold(nick)
        if not self.lets_in(new) or (self.locked and new is not OWNER):
            self.out(nick)
        elif new > old:
            self.roles[key] = max(self.roles[key], self.first_role(new))
        elif old >= ADMIN:
            self.roles[key] = self.first_role(new)

    def out(self, nick: str) -> None:
        """Nobody wears that nick any longer."""
        del self.roles[fold(nick)]
        self.inside = {p: own for p, own in self.inside.items() if fold(own) != fold(nick)}

    def rename(self, person: Person, nick: str) -> None:
        """With all sessions of the nick that it had."""
        old = self.inside[person]
        self.roles[fold(nick)] = self.roles.pop(fold(old))
        for each, own in self.inside.items():
            if own == old:
                self.inside[each] = nick
