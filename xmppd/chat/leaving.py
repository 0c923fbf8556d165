"""Going, or being gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from xmppd.chat.commands import Destroy, Leave, Lose, Shutdown
from xmppd.chat.entering import show_again
from xmppd.chat.events import Destroyed, Left
from xmppd.chat.model import Affiliation, Occupant, Role, Sight, Why
from xmppd.chat.outcome import Changes

if TYPE_CHECKING:
    from xmppd.chat.room import Room


def leave(room: Room, command: Leave, out: Changes) -> None:
    """Take a session out. Who is not inside is not told so."""
    key = room.sessions.get(command.person)
    if key is None:
        return
    if room.saved.locked and len(room.sessions) == 1:  # XEP-0045, 10.1.3
        dissolve(room, Destroy(command.person), out)
        return
    if len(room.stays[key]) == 1:
        event = Left(gone(room.occupants[key]), command.why, content=command.content)
        remove(room, key, event, out)
        room.settle(out)
    else:
        _end_stay(room, command, out)


def _end_stay(room: Room, command: Leave, out: Changes) -> None:
    """Take one of several sessions out that are under one nick."""
    key = room.sessions.pop(command.person)
    before, stay = room.occupants[key], room.stays[key].pop(command.person)
    room.moved()
    event = Left(gone(before), command.why, content=command.content)
    room.tell(out, event, (stay,), Sight.SELF)
    show_again(room, before, key, out)


def lose(room: Room, command: Lose, out: Changes) -> None:
    """Take sessions out first, then tell those who are left: many who go are no storm."""
    people = {person: None for person in command.people if person in room.sessions}
    keys = dict.fromkeys(room.sessions[person] for person in people)
    lost = [room.occupants[key] for key in keys if room.stays[key].keys() <= people.keys()]
    stays = [room.take_out(room.sessions[occupant.shown.person]) for occupant in lost]
    for occupant, own in zip(lost, stays, strict=True):
        event = Left(gone(occupant), Why.LOST)
        room.tell_all(out, event, "", own.values(), occupant.role)
    for person in people:
        if person in room.sessions:
            _end_stay(room, Leave(person, None, Why.LOST), out)
    if lost:
        room.settle(out)


def gone(occupant: Occupant, affiliation: Affiliation | None = None) -> Occupant:
    """An occupant as it is told that is inside no longer, perhaps with another affiliation."""
    stands = occupant.affiliation if affiliation is None else affiliation
    return attrs.evolve(occupant, role=Role.NONE, affiliation=stands)


def remove(room: Room, key: str, event: Left, out: Changes) -> None:
    """Take an occupant out with all its sessions, and tell everybody."""
    role = room.occupants[key].role
    stays = room.take_out(key)
    room.tell_all(out, event, key, stays.values(), role)


def dissolve(room: Room, command: Destroy, out: Changes) -> None:
    """End the room: each occupant is told so, and of nobody else (XEP-0045, 10.9)."""
    for key in list(room.occupants):
        occupant = gone(room.occupants[key], Affiliation.NONE)
        event = Destroyed(occupant, command.reason, command.alternate, command.password)
        room.tell(out, event, room.take_out(key).values(), Sight.SELF)
    out.ended = True


def shut_down(room: Room, command: Shutdown, out: Changes) -> None:
    """Tell each occupant that it is out; nothing is stored, and nobody is told of others."""
    if command.restore and room.lasts:
        return
    for key in list(room.occupants):
        event = Left(gone(room.occupants[key]), Why.SHUTDOWN)
        room.tell(out, event, room.stays[key].values(), Sight.SELF)
        room.take_out(key)
