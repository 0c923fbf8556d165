"""Who is told what, by a plain reading: what must be among the notices of an outcome."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.chat.naive import NaiveRoom
from xmppd.chat import commands as c
from xmppd.chat import events as e
from xmppd.chat.model import Affiliation, HistoryWish, Message, Person, Role, Sight, Why
from xmppd.chat.outcome import Done, Notice
from xmppd.chat.registering import MOST_ASKED

ABOUT_ADDRESSES = (e.Welcomed, e.Entered, e.Shown, e.Ranked, e.Renamed, e.Revealed, e.Left)


class Audience:
    """`before` and `after` are a naive room before and after a command was carried out."""

    def __init__(self, before: NaiveRoom, after: NaiveRoom, done: Done) -> None:
        self.before = before
        self.after = after
        self.done = done

    def told(self, kind: type) -> list[Notice]:
        return [notice for notice in self.done.notices if isinstance(notice.event, kind)]

    def check(self, command: c.Command) -> None:
        """Whoever is to be told is, once, and nobody else."""
        check = _CHECKS.get(type(command))
        if check is not None:
            check(self, command)
        for notice in self.told(e.Left):
            self._left(command, notice)
        self._outsiders(command)

    def _only(self, kind: type, people: set[Person]) -> None:
        found = [{stay.person for stay in notice.to} for notice in self.told(kind)]
        assert found == ([people] if people else []), (kind, found, people)

    def enter(self, command: c.Enter) -> None:
        """Who comes, or comes again, is told everything."""
        [notice] = self.told(e.Welcomed)
        event: Any = notice.event
        room = self.after
        assert [stay.person for stay in notice.to] == [command.person]
        assert event.me.nick == room.inside[command.person]
        assert event.renamed == (event.me.nick != (command.asked or command.nick))
        assert event.open == (room.config["identities"] == "everyone")
        assert event.created == (room.locked and len(room.inside) == 1) or self.is_inside(command)

    def is_inside(self, command: c.Command) -> bool:
        return command.person in self.before.inside

    def leave(self, command: c.Leave) -> None:
        """Who is not inside cannot go."""
        assert self.is_inside(command) or self.done == Done()

    def whisper(self, command: c.Whisper) -> None:
        """All sessions of who wears the nick are told, and nobody else."""
        self._only(e.Whispered, self.after.wearing(command.nick))

    def invite(self, command: c.Invite) -> None:
        asked = [each.to for each in command.invitations]
        assert [notice.account for notice in self.told(e.Invited)] == asked

    def decline(self, command: c.Decline) -> None:
        """Who has invited is told, in all sessions that are inside; else wherever they are."""
        inviter = self.before.invited[command.person.account]
        inside = {p for p in self.after.inside if p.account == inviter}
        [notice] = self.told(e.Declined)
        assert {stay.person for stay in notice.to} == inside
        assert notice.account == ("" if inside else inviter)

    def request_voice(self, command: c.RequestVoice) -> None:
        """All moderators are told, unless there is no need."""
        has = self.after.role(command.person) >= command.role
        everybody = {p for p in self.after.inside if self.after.role(p) is Role.MODERATOR}
        self._only(e.VoiceAsked, set() if has else everybody)

    def register(self, command: c.Register) -> None:
        """Admins decide where it takes one; those outside only where there is none inside."""
        room, account = self.before, command.person.account
        asks = room.rows.get(account) is None and room.config["registration"] == "ask"
        admins = {a for a, row in room.rows.items() if row >= Affiliation.ADMIN}
        inside = {p for p in room.inside if p.account in admins}
        self._only(e.RegistrationAsked, inside) if asks and inside else None
        outside = [notice.account for notice in self.told(e.RegistrationAsked) if notice.account]
        assert outside == (sorted(admins)[:MOST_ASKED] if asks and not inside else [])

    def configure(self, command: c.Configure) -> None:
        """Everybody who was inside is told what has changed."""
        old, new = self.before.config, self.after.config
        changed = {name: new[name] for name in new if new[name] != old[name]}
        told = [dict(notice.event.new) for notice in self.told(e.Configured)]  # type: ignore[union-attr]
        if changed and self.before.inside:
            assert told == [changed]
            self._only(e.Configured, set(self.before.inside))

    def set_card(self, command: c.SetCard) -> None:
        changed = self.before.card != command.card
        self._only(e.Configured, set(self.before.inside) if changed else set())

    def shut_down(self, command: c.Shutdown) -> None:
        """Each is told of itself alone; nobody where they are to be inside again."""
        if command.restore and self.after.inside:
            assert self.done == Done()
            return
        assert {stay.person for n in self.told(e.Left) for stay in n.to} == set(self.before.inside)
        for notice in self.told(e.Left):
            occupant: Any = notice.event.occupant  # type: ignore[union-attr]
            assert all(stay.person.account == occupant.account for stay in notice.to)

    def _left(self, command: c.Command, notice: Notice) -> None:
        """Who is told to have left is told why; of those hidden from now on, that they part."""
        event: Any = notice.event
        assert event.occupant.role is Role.NONE
        if notice.sight is Sight.SELF and not isinstance(command, c.Leave):
            assert event.why.name in _WHY[type(command)], (command, event)
            outcast = event.occupant.affiliation is Affiliation.OUTCAST
            assert (event.why is Why.BANNED) == outcast, (command, event)

    def _outsiders(self, command: c.Command) -> None:
        """10: those who are named by the command, and admins."""
        named = {each.to for each in getattr(command, "invitations", ())}
        named |= {
            each.account for each in getattr(command, "changes", ()) if hasattr(each, "account")
        }
        named |= {
            *(getattr(command, "owners", None) or ()),
            *(getattr(command, "admins", None) or ()),
        }
        named |= {command.person.account}
        named |= {self.before.invited.get(command.person.account, "")}
        if isinstance(command, c.Configure):
            named |= self.before.rows.keys()
        for notice in self.done.notices:
            admin = self.before.rows.get(notice.account, Affiliation.NONE) >= Affiliation.ADMIN
            asked = isinstance(notice.event, e.RegistrationAsked) and admin
            assert not notice.account or asked or notice.account in named, (command, notice)
            assert not (notice.account and notice.to)


_WHY: Mapping[type, tuple[str, ...]] = {
    c.SetRoles: ("KICKED",),
    c.Lose: ("LOST",),
    c.SetStandings: ("BANNED", "AFFILIATION"),
    c.Unregister: ("BANNED", "AFFILIATION"),
    c.Configure: ("MEMBERS_ONLY", "AFFILIATION", "BANNED"),
    c.Shutdown: ("SHUTDOWN",),
    c.Readmit: ("BANNED", "MEMBERS_ONLY", "AFFILIATION", "LOST"),
}
_CHECKS: Mapping[type, Callable[[Audience, Any], None]] = {
    c.Enter: Audience.enter,
    c.Leave: Audience.leave,
    c.Whisper: Audience.whisper,
    c.Invite: Audience.invite,
    c.Decline: Audience.decline,
    c.RequestVoice: Audience.request_voice,
    c.Register: Audience.register,
    c.Configure: Audience.configure,
    c.SetCard: Audience.set_card,
    c.Shutdown: Audience.shut_down,
}


def wanted(history: list[Message], wish: HistoryWish, now: float) -> list[Message]:
    """What of a history somebody is to be told."""
    if wish.chars == 0:
        return []
    found = [
        each
        for each in history
        if (wish.since is None or each.at >= wish.since)
        and (wish.seconds is None or each.at >= now - wish.seconds)
    ]
    number = len(found) if wish.messages is None else min(wish.messages, len(found))
    return found[len(found) - number :]
