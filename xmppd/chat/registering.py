"""Becoming a member by oneself, with a nick of one's own; and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.chat.affiliations import apply_standing, check_free, check_place, row_of
from xmppd.chat.commands import Register, StandingChange, Unregister
from xmppd.chat.events import RegistrationAsked
from xmppd.chat.model import Affiliation, Sight
from xmppd.chat.nicks import is_nick
from xmppd.chat.outcome import Changes, Notice, Reason, Refusal
from xmppd.chat.rights import Right

if TYPE_CHECKING:
    from xmppd.chat.room import Room

MOST_ASKED = 10
"""Admins outside who are asked about one registration."""


def register(room: Room, command: Register, out: Changes) -> None:
    """Reserve a nick, and make a member of who is none; or ask the admins to."""
    person, nick = command.person, command.nick
    standing = row_of(room, person.account)
    if room.affiliation(person.account) is Affiliation.OUTCAST:
        raise Refusal(Reason.REGISTRATION_CLOSED)
    if not is_nick(nick):
        raise Refusal(Reason.BAD_NICK)
    check_free(room, room.reserved, nick, person.account)
    check_place(room, person.account)
    if standing.affiliation is Affiliation.NONE and room.config["registration"] == "ask":
        _ask_admins(room, RegistrationAsked(person.account, nick), out)
        return
    affiliation = max(standing.affiliation, Affiliation.MEMBER)
    apply_standing(room, person, StandingChange(person.account, affiliation, nick), out)


def _ask_admins(room: Room, event: RegistrationAsked, out: Changes) -> None:
    """Ask those inside; where there are none, some of those outside."""
    inside = room.those_with(Right.EDIT_MEMBERS)
    room.tell(out, event, inside, Sight.FULL)
    if not inside:
        for account in _admins(room)[:MOST_ASKED]:
            out.notices.append(Notice(event, (), Sight.FULL, account))


def _admins(room: Room) -> list[str]:
    rows = room.saved.standings.items()
    return sorted(account for account, row in rows if row.affiliation >= Affiliation.ADMIN)


def unregister(room: Room, command: Unregister, out: Changes) -> None:
    """Give back a nick; who is no more than a member is no member any longer."""
    account = command.person.account
    affiliation = row_of(room, account).affiliation
    if affiliation < Affiliation.MEMBER:
        raise Refusal(Reason.NOT_REGISTERED)
    if affiliation is Affiliation.MEMBER:
        affiliation = Affiliation.NONE
    apply_standing(room, command.person, StandingChange(account, affiliation, ""), out)
    room.settle(out)
