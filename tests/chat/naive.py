"""A room once more, slow and plain: dictionaries, and the table of rights read line by line.

It tells nobody anything. It says which commands are refused, and what the room is like after the
others; the real room is compared with it.
"""

from tests.chat.naive_people import (
    ADMIN,
    MEMBER,
    MODERATOR,
    NONE,
    OUTCAST,
    OWNER,
    PARTICIPANT,
    VISITOR,
)
from tests.chat.naive_ruling import NaiveRuling
from xmppd.chat import commands as c
from xmppd.chat.model import Entry, Person
from xmppd.chat.nicks import fold, is_nick

WHISPERERS = {"anyone": VISITOR, "participants": PARTICIPANT, "moderators": MODERATOR}
MOST, SPARE = 5_000, 10
PRESENCES = (c.Enter, c.ShowPresence, c.Rename)
ENDING = (c.SetRoles, c.SetStandings, c.Configure, c.Unregister)
"""What may leave a room without anybody; one that does not last then ends."""


class NaiveRoom(NaiveRuling):
    """Coming, talking, going; and all the rest."""

    def takes(self, command: c.Command, now: float) -> bool:
        """Carry out a command; False: it is refused."""
        name = type(command).__name__
        self.now = now
        if not getattr(self, f"may_{name}")(command):
            return False
        leaving = (command.person,) if isinstance(command, c.Leave) else ()
        leaving = command.people if isinstance(command, c.Lose) else leaving
        left = any(person in self.inside for person in leaving)
        getattr(self, f"do_{name}")(command)
        if isinstance(command, PRESENCES):
            self.shown[command.person] = command.presence
        lasts = self.config["persistent"] and not self.locked
        if (left or isinstance(command, ENDING)) and not self.inside and not lasts:
            self.ended = True
        return True

    # Coming and going

    def wanted(self, command: c.Enter) -> str:
        """The nick under which somebody comes."""
        own = self.reserved.get(command.person.account)
        return own if own and self.config["fixed_nicks"] else command.nick

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

    def readmit(self, before: "NaiveRoom") -> None:
        """Let those be inside who were, as far as they may, in the roles of newcomers."""
        for person, nick in before.inside.items():
            affiliation = self.affiliation(person.account)
            if self.lets_in(affiliation) and self.is_free(nick, person.account):
                self.inside[person], self.shown[person] = nick, before.shown[person]
                self.roles[fold(nick)] = self.first_role(affiliation)

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
            self.invited[each.to] = command.person.account
            if not self.lets_in(self.affiliation(each.to)):
                self.place(each.to, MEMBER, None)

    def may_Decline(self, command: c.Decline) -> bool:
        return command.person.account in self.invited

    def do_Decline(self, command: c.Decline) -> None:
        del self.invited[command.person.account]

    def may_RequestVoice(self, command: c.RequestVoice) -> bool:
        return bool(self.config["voice_requests"]) and command.person in self.inside

    def nothing(self, command: c.Command) -> None:
        """What is only told."""

    do_ShowPresence = do_Say = do_Whisper = do_SetTopic = do_RequestVoice = nothing

    do_Retract = do_Moderate = nothing
