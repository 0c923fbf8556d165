"""Being inside again after the service has ended and begun anew, without having to come."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import attrs

from xmppd.chat.commands import Readmit
from xmppd.chat.entering import check_nick
from xmppd.chat.events import Left, Ranked
from xmppd.chat.leaving import gone, remove
from xmppd.chat.model import Affiliation, Occupancy, Occupant, Sight, Stay, Why
from xmppd.chat.nicks import fold
from xmppd.chat.outcome import Changes, Refusal
from xmppd.chat.rights import Right
from xmppd.chat.roles import put_ranked

if TYPE_CHECKING:
    from xmppd.chat.room import Room


def readmit(room: Room, command: Readmit, out: Changes) -> None:
    """Let those be inside who were; all know of each other, so only what is otherwise is told.

    Who would not be let in now is out, and roles are those of newcomers.
    """
    room.counter = count(1 + max((stay.since for stay in command.stays), default=0))
    for stay in command.stays:
        if stay.person not in room.sessions:
            _put_back(room, stay, out)
    for key in list(room.occupants):
        _look_over(room, key, out)


def _put_back(room: Room, stay: Stay, out: Changes) -> None:
    key, person = fold(stay.nick), stay.person
    occupancy = Occupancy(person, stay.presence, stay.since, stay.wire)
    try:
        check_nick(room, stay.nick, person)
    except Refusal:  # somebody else has it by now
        event = Left(gone(_as_shown(room, stay, occupancy)), Why.LOST)
        room.tell(out, event, (occupancy,), Sight.SELF)
        return
    room.sessions[person] = key
    if key in room.occupants:
        room.stays[key][person] = occupancy
        room.show(key)
        room.moved()
    else:
        room.stays[key] = {person: occupancy}
        room.put(key, _as_shown(room, stay, occupancy))


def _as_shown(room: Room, stay: Stay, occupancy: Occupancy) -> Occupant:
    """An occupant as others believe it to be."""
    account = stay.person.account
    affiliation, role = stay.affiliation, stay.role
    if affiliation is None:
        affiliation = room.affiliation(account)
    if role is None:
        role = room.role_of(account)
    return Occupant(stay.nick, account, room.id_of(account), affiliation, role, occupancy)


def _look_over(room: Room, key: str, out: Changes) -> None:
    """Let what has changed of an occupant's affiliation meanwhile have its effect."""
    before = room.occupants[key]
    affiliation = room.affiliation(before.account)
    if affiliation < room.needs[Right.ENTER]:
        why = _why_out(before.affiliation, affiliation)
        remove(room, key, Left(gone(before, affiliation), why), out)
        return
    role = room.role_of(before.account)
    if (affiliation, role) != (before.affiliation, before.role):
        changed = attrs.evolve(before, affiliation=affiliation, role=role)
        put_ranked(room, key, changed, Ranked(changed, None, ""), out)


def _why_out(old: Affiliation, new: Affiliation) -> Why:
    if new is Affiliation.OUTCAST:
        return Why.BANNED
    return Why.MEMBERS_ONLY if old is new else Why.AFFILIATION
