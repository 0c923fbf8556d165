"""A room once more, slow and plain: dictionaries, and the table of rights read line by line.

It tells nobody anything. It says which commands are refused, and what the room is like after the
others; the real room is compared with it.
"""

from collections.abc import Mapping
from typing import Any

from xmppd.chat import commands as c
from xmppd.chat.model import Affiliation, Entry, Person, Role
from xmppd.chat.nicks import fold, is_nick

OUTCAST, NONE, MEMBER, ADMIN, OWNER = Affiliation
OUT, VISITOR, PARTICIPANT, MODERATOR = Role
WHISPERERS = {"anyone": VISITOR, "participants": PARTICIPANT, "moderators": MODERATOR}
MOST, SPARE = 5_000, 10
ENDING = (c.SetRoles, c.SetStandings, c.Configure, c.Unregister)
"""What may leave a room without anybody; one that does not last then ends."""


class NaiveRoom:
    """`inside` is who has which nick, `roles` which role goes with it, `rows` the affiliations.

    `ended`: there is no such room any more.
    """

    def __init__(self, owner: str, config: Mapping[str, Any], locked: bool) -> None:
        self.config = dict(config)
        self.locked = locked
        self.rows = {owner: OWNER}
        self.reserved: dict[str, str] = {}
        self.inside: dict[Person, str] = {}
        self.roles: dict[str, Role] = {}
        self.voices: dict[str, Role] = {}
        self.invited: set[str] = set()
        self.ended = False

    def takes(self, command: c.Command) -> bool:
        """Carry out a command; False: it is refused."""
        name = type(command).__name__
        if not getattr(self, f"may_{name}")(command):
            return False
        leaving = (command.person,) if isinstance(command, c.Leave) else ()
        leaving = command.people if isinstance(command, c.Lose) else leaving
        left = any(person in self.inside for person in leaving)
        getattr(self, f"do_{name}")(command)
        lasts = self.config["persistent"] and not self.locked
        if (left or isinstance(command, ENDING)) and not self.inside and not lasts:
            self.ended = True
        return True

    # What people are

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

    # Coming and going

    def wanted(self, command: c.Enter) -> str:
        """The nick under which somebody comes."""
        own = self.reserved.get(command.person.account)
        return own if own and self.config["fixed_nicks"] else command.nick

    def is_free(self, nick: str, account: str) -> bool:
        """Whether a nick is neither reserved nor worn by another account."""
        kept = [a for a, own in self.reserved.items() if fold(own) == fold(nick)]
        return {*kept, self.account_of(nick) or account} <= {account}

    def may_take(self, person: Person, nick: str) -> bool:
        """Whether somebody inside may have that nick from now on."""
        own = self.inside[person]
        if nick != own and self.config["fixed_nicks"] and self.reserved.get(person.account) != nick:
            return False
        other = fold(nick) != fold(own) and self.account_of(nick) is not None
        return is_nick(nick) and self.is_free(nick, person.account) and not other

    def may_Enter(self, command: c.Enter) -> bool:
        person, nick = command.person, self.wanted(command)
        if person in self.inside:
            return self.may_take(person, nick)
        affiliation = self.affiliation(person.account)
        places = (self.config["limit"] or MOST) + (SPARE if affiliation >= ADMIN else 0)
        joins = self.account_of(nick) == person.account
        return (
            self.config["password"] in ("", command.password)
            and (len(self.roles) < places or joins)
            and is_nick(nick)
            and self.is_free(nick, person.account)
            and self.lets_in(affiliation)
            and (not self.locked or affiliation is OWNER)
        )

    def do_Enter(self, command: c.Enter) -> None:
        person, nick = command.person, self.wanted(command)
        if person in self.inside:
            self.rename(person, nick)
            return
        for other, own in self.inside.items():
            if fold(own) == fold(nick):
                self.inside[person] = self.inside[other]
                return
        affiliation = self.affiliation(person.account)
        first = self.first_role(affiliation)
        voice = first if affiliation >= ADMIN else self.voices.get(person.account, first)
        self.inside[person], self.roles[fold(nick)] = nick, voice

    def rename(self, person: Person, nick: str) -> None:
        """With all sessions of the nick that it had."""
        old = self.inside[person]
        self.roles[fold(nick)] = self.roles.pop(fold(old))
        for each, own in self.inside.items():
            if own == old:
                self.inside[each] = nick

    def out(self, nick: str) -> None:
        """Nobody wears that nick any longer."""
        del self.roles[fold(nick)]
        self.inside = {p: own for p, own in self.inside.items() if fold(own) != fold(nick)}

    def may_Leave(self, command: c.Leave) -> bool:
        return True

    def do_Leave(self, command: c.Leave) -> None:
        nick = self.inside.pop(command.person, None)
        if nick is not None and nick not in self.inside.values():
            del self.roles[fold(nick)]

    def may_Lose(self, command: c.Lose) -> bool:
        return True

    def do_Lose(self, command: c.Lose) -> None:
        for person in command.people:
            self.do_Leave(c.Leave(person))

    def may_ShowPresence(self, command: c.ShowPresence) -> bool:
        return command.person in self.inside

    def may_Rename(self, command: c.Rename) -> bool:
        return command.person in self.inside and self.may_take(command.person, command.nick)

    def do_Rename(self, command: c.Rename) -> None:
        self.rename(command.person, command.nick)

    def begin_anew(self) -> None:
        """Everybody is inside as before, in the role of a newcomer."""
        self.voices.clear()
        accounts = {fold(nick): person.account for person, nick in self.inside.items()}
        for key, account in accounts.items():
            self.roles[key] = self.first_role(self.affiliation(account))

    # Talking

    def may_Say(self, command: c.Say) -> bool:
        return self.role(command.person) >= PARTICIPANT

    def may_Whisper(self, command: c.Whisper) -> bool:
        need = WHISPERERS.get(self.config["whispers"])
        inside = self.account_of(command.nick) is not None
        return need is not None and inside and self.role(command.person) >= need

    def may_SetTopic(self, command: c.SetTopic) -> bool:
        return self.role(command.person) >= (
            PARTICIPANT if self.config["open_topic"] else MODERATOR
        )

    def may_Retract(self, command: c.Retract) -> bool:
        entry = command.entry
        return self.may_Say(c.Say(command.person, command.content)) and (
            entry is not None
            and not entry.removed
            and entry.author.account == command.person.account
        )

    def may_Moderate(self, command: c.Moderate) -> bool:
        return self.role(command.person) is MODERATOR and self.outranked(command)

    def outranked(self, command: c.Moderate) -> bool:
        """Whether who said it does not stand above who takes it back."""
        entry: Entry | None = command.entry
        mine = self.affiliation(command.person.account)
        if entry is None or entry.removed:
            return False
        return self.affiliation(entry.author.account) <= mine

    def may_Invite(self, command: c.Invite) -> bool:
        need = NONE
        if self.config["members_only"]:
            need = MEMBER if self.config["members_invite"] else ADMIN
        return (
            command.person in self.inside
            and self.affiliation(command.person.account) >= need
            and all(self.affiliation(each.to) is not OUTCAST for each in command.invitations)
        )

    def do_Invite(self, command: c.Invite) -> None:
        for each in command.invitations:
            self.invited.add(each.to)
            if not self.lets_in(self.affiliation(each.to)):
                self.place(each.to, MEMBER, None)

    def may_Decline(self, command: c.Decline) -> bool:
        return command.person.account in self.invited

    def do_Decline(self, command: c.Decline) -> None:
        self.invited.remove(command.person.account)

    def may_RequestVoice(self, command: c.RequestVoice) -> bool:
        return bool(self.config["voice_requests"]) and command.person in self.inside

    # Ruling

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
        mine = self.affiliation(command.person.account)
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

    def may_SetRoles(self, command: c.SetRoles) -> bool:
        return command.person in self.inside and all(
            self.may_give(command.person, change.nick, change.role) for change in command.changes
        )

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
        owns = self.affiliation(command.person.account) is OWNER
        valid = command.values.get("whispers") not in ("wrong",)
        return owns and valid and (command.owners is None or bool(command.owners))

    def do_Configure(self, command: c.Configure) -> None:
        self.locked = False
        if command.values.get("moderated", self.config["moderated"]) != self.config["moderated"]:
            self.voices.clear()
        self.config.update(command.values)
        if command.owners is not None:
            wanted = dict.fromkeys((a for a, row in self.rows.items() if row is OWNER), ADMIN)
            for account, new in {**wanted, **dict.fromkeys(command.owners, OWNER)}.items():
                if self.rows.get(account) is not new:
                    self.place(account, new, None)
        for nick in set(self.inside.values()):
            if not self.lets_in(self.affiliation(self.account_of(nick) or "")):
                self.out(nick)

    def may_Destroy(self, command: c.Destroy) -> bool:
        return self.affiliation(command.person.account) is OWNER

    def do_Destroy(self, command: c.Destroy) -> None:
        self.inside, self.roles, self.ended = {}, {}, True

    def nothing(self, command: c.Command) -> None:
        """What is only told."""

    do_ShowPresence = do_Say = do_Whisper = do_SetTopic = do_RequestVoice = nothing
    do_Retract = do_Moderate = nothing
