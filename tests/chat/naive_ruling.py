"""What owners, admins and moderators may do in a naive room, and what comes of it."""

from tests.chat.naive_people import (
    ADMIN,
    MEMBER,
    MODERATOR,
    NONE,
    OUT,
    OUTCAST,
    OWNER,
    PARTICIPANT,
    VISITOR,
    NaivePeople,
)
from xmppd.chat import commands as c
from xmppd.chat.model import ITSELF, Affiliation, Person, Role
from xmppd.chat.nicks import fold, is_nick

UNOPENED = 200.0
"""Seconds until a room ends that nobody opens."""


class NaiveRuling(NaivePeople):
    """`may_` says whether a command is refused, `do_` is what it does."""

    def may_Register(self, command: c.Register) -> bool:
        account = command.person.account
        return (
            self.config["registration"] != "off"
            and self.affiliation(account) is not OUTCAST
            and is_nick(command.nick)
            and self.is_free(command.nick, account)
        )

    def do_Register(self, command: c.Register) -> None:
        account = command.person.account
        row = self.rows.get(account, NONE)
        if row > NONE or self.config["registration"] == "open":
            self.place(account, max(row, MEMBER), command.nick)

    def may_Unregister(self, command: c.Unregister) -> bool:
        return self.rows.get(command.person.account, NONE) >= MEMBER

    def do_Unregister(self, command: c.Unregister) -> None:
        account = command.person.account
        row = self.rows[account]
        self.place(account, NONE if row is MEMBER else row, "")

    def may_SetStandings(self, command: c.SetStandings) -> bool:
        rows, nicks = dict(self.rows), dict(self.reserved)
        mine = self.power(command.person)
        for change in command.changes:
            account, new = change.account, change.affiliation
            high = max(self.rows.get(account, NONE), new) >= ADMIN
            if mine < (OWNER if high else ADMIN):
                return False
            if ("@" not in account and new > NONE) or (
                new is OUTCAST and account == command.person.account
            ):
                return False
            rows[account] = new
            nick = change.nick
            if new < MEMBER or nick == "":
                nicks.pop(account, None)
            elif nick is not None:
                others = [fold(own) for a, own in nicks.items() if a != account]
                worn = self.account_of(nick) not in (None, account)
                if not is_nick(nick) or fold(nick) in others or worn:
                    return False
                nicks[account] = nick
        return OWNER in rows.values()

    def do_SetStandings(self, command: c.SetStandings) -> None:
        for change in command.changes:
            self.place(change.account, change.affiliation, change.nick)

    def may_SetRoles(self, command: c.SetRoles) -> bool:
        if command.person == ITSELF:
            return all(self.may_be(change.nick, change.role) for change in command.changes)
        return command.person in self.inside and all(
            self.may_give(command.person, change.nick, change.role) for change in command.changes
        )

    def may_be(self, nick: str, new: Role) -> bool:
        """Whether anybody could have that role: admins are moderators."""
        account = self.account_of(nick)
        lower = new in (VISITOR, PARTICIPANT)
        return account is not None and not (lower and self.affiliation(account) >= ADMIN)

    def may_give(self, person: Person, nick: str, new: Role) -> bool:
        """Whether somebody may give who wears a nick a role; OUT: kick them."""
        account = self.account_of(nick)
        if account is None:
            return False
        mine, theirs = self.affiliation(person.account), self.affiliation(account)
        old = self.roles[fold(nick)]
        if new is OUT:
            equal = self.role(person) is MODERATOR and theirs <= mine
            return equal and (old is not MODERATOR or mine >= ADMIN)
        if MODERATOR in (old, new):
            return mine >= ADMIN and (new >= old or theirs < ADMIN)
        lower = theirs < ADMIN and (theirs < mine or theirs is mine is NONE)
        return self.role(person) is MODERATOR and (new >= old or lower)

    def do_SetRoles(self, command: c.SetRoles) -> None:
        for change in command.changes:
            account, key = self.account_of(change.nick), fold(change.nick)
            if account is None or self.roles[key] is change.role:
                continue
            if change.role is OUT:
                self.out(change.nick)
                continue
            self.roles[key] = change.role
            self.voices.pop(account, None)
            if change.role not in (MODERATOR, self.first_role(self.affiliation(account))):
                self.voices[account] = change.role

    def may_Configure(self, command: c.Configure) -> bool:
        owns = self.power(command.person) is OWNER
        valid = command.values.get("whispers") not in ("wrong",)
        return owns and valid and OWNER in {**self.rows, **self.listed(command)}.values()

    def listed(self, command: c.Configure) -> dict[str, Affiliation]:
        """What the lists make of whom; who is an owner no longer is an admin."""
        rows: dict[str, Affiliation] = {}
        lists = (ADMIN, command.admins, NONE), (OWNER, command.owners, ADMIN)
        for kind, accounts, otherwise in lists:
            if accounts is not None:
                before = [account for account, row in self.rows.items() if row is kind]
                rows = {**dict.fromkeys(before, otherwise), **rows, **dict.fromkeys(accounts, kind)}
        return rows

    def do_Configure(self, command: c.Configure) -> None:
        self.locked = False
        if command.values.get("moderated", self.config["moderated"]) != self.config["moderated"]:
            self.voices.clear()
        self.config.update(command.values)
        for account, new in self.listed(command).items():
            if self.rows.get(account, NONE) is not new:
                self.place(account, new, None)
        for nick in set(self.inside.values()):
            if not self.lets_in(self.affiliation(self.account_of(nick) or "")):
                self.out(nick)

    def may_Destroy(self, command: c.Destroy) -> bool:
        return self.power(command.person) is OWNER

    def do_Destroy(self, command: c.Destroy) -> None:
        self.inside, self.roles, self.ended = {}, {}, True

    may_SetCard = may_Destroy

    def do_SetCard(self, command: c.SetCard) -> None:
        self.card = command.card

    def may_Tick(self, command: c.Tick) -> bool:
        return True

    def do_Tick(self, command: c.Tick) -> None:
        if self.locked and self.created + UNOPENED <= self.now:
            self.do_Destroy(c.Destroy(ITSELF))

    def may_Shutdown(self, command: c.Shutdown) -> bool:
        return True

    def do_Shutdown(self, command: c.Shutdown) -> None:
        if not (command.restore and self.config["persistent"] and not self.locked):
            self.inside, self.roles = {}, {}
