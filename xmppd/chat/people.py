"""Who is what in a room, and who may what."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from hmac import new as hmac
from typing import Any

from xmppd.chat.audiences import Audiences
from xmppd.chat.model import (
    ITSELF,
    Affiliation,
    Author,
    Content,
    Occupant,
    Person,
    Role,
    Saved,
    Standing,
)
from xmppd.chat.nicks import fold
from xmppd.chat.outcome import Reason, Refusal, Refused
from xmppd.chat.rights import Right, first_role, list_right


class People(Audiences):
    """Occupants and accounts, as the room's lists and options have them.

    `voices` are roles in which accounts come other than their first, `config` the options.
    """

    saved: Saved
    config: Mapping[str, Any]
    voices: dict[str, Role]

    # Who is what

    def affiliation(self, account: str) -> Affiliation:
        """How an account stands to the room; a ban of its domain holds unless it has a row."""
        standings = self.saved.standings
        standing = standings.get(account)
        if standing is not None:
            return standing.affiliation
        of_domain = standings.get(account.rpartition("@")[2])
        banned = of_domain is not None and of_domain.affiliation is Affiliation.OUTCAST
        return Affiliation.OUTCAST if banned else Affiliation.NONE

    def exists_for(self, account: str) -> bool:
        """Whether there is a room as far as an account knows: one that is locked is only made."""
        return not self.saved.locked or self.affiliation(account) is Affiliation.OWNER

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
        everybody = self.occupants.values()
        own = [each for each in everybody if each.account == account]
        if "@" in account:
            return own
        rows, at = self.saved.standings, f"@{account}"
        return own + [e for e in everybody if e.account.endswith(at) and e.account not in rows]

    def author(self, person: Person) -> Author:
        """Who does something; without a nick where that is not somebody inside."""
        occupant = self.occupant(person)
        return Author("", "", person.account) if occupant is None else author_of(occupant)

    def id_of(self, account: str) -> str:
        """What an account is called in this room, whatever its nick (XEP-0421)."""
        return hmac(self.saved.secret.encode(), account.encode(), sha256).hexdigest()[:32]

    def first_role(self, affiliation: Affiliation) -> Role:
        """The role of somebody who comes with that affiliation."""
        return first_role(affiliation, affiliation >= self.needs[Right.HAVE_VOICE])

    def role_of(self, account: str) -> Role:
        """The role in which an account comes: the first of its affiliation, or the one left with.

        XEP-0045, 5.1: so that nobody gets or loses voice by leaving.
        """
        affiliation = self.affiliation(account)
        first = self.first_role(affiliation)
        return first if affiliation >= Affiliation.ADMIN else self.voices.get(account, first)

    def wears(self, person: Person, nick: str) -> bool:
        """Whether a session is in the room under that nick (XEP-0410)."""
        return self.sessions.get(person) == fold(nick)

    def joins_own(self, person: Person, nick: str) -> bool:
        """Whether entering under a nick adds a session to an occupant of the same account."""
        occupant = self.occupants.get(fold(nick))
        return occupant is not None and occupant.account == person.account

    def absent(self) -> tuple[tuple[Author, Affiliation], ...]:
        """Accounts with a reserved nick that are not inside."""
        inside = {each.account for each in self.occupants.values()}
        return tuple(
            (Author(standing.nick, self.id_of(account), account), standing.affiliation)
            for account, standing in sorted(self.saved.standings.items())
            if standing.nick and account not in inside
        )

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

    def inside_with(
        self, person: Person, right: Right, reason: Reason = Reason.FORBIDDEN
    ) -> Occupant:
        """Who a session is that is inside and has a right. Raises `Refusal` for who is not."""
        occupant = self.inside(person)
        if not self.has(occupant, right):
            raise Refusal(reason)
        return occupant

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


def author_of(occupant: Occupant) -> Author:
    """The same occupant as who said something."""
    return Author(occupant.nick, occupant.id, occupant.account)


def dated(affiliation: Affiliation, content: Content) -> float | None:
    """When something was said elsewhere: an owner's word is taken (XEP-0045, 7.9)."""
    return content.said_at if affiliation is Affiliation.OWNER else None
