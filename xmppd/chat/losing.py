"""Many who are found to be gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from xmppd.chat.commands import Leave, Lose
from xmppd.chat.entering import end_stay
from xmppd.chat.events import Left
from xmppd.chat.model import Role, Why
from xmppd.chat.outcome import Changes

if TYPE_CHECKING:
    from xmppd.chat.room import Room


def lose(room: Room, command: Lose, out: Changes) -> None:
    """Take sessions out first, then tell those who are left: many who go are no storm."""
    people = {person: None for person in command.people if person in room.sessions}
    keys = dict.fromkeys(room.sessions[person] for person in people)
    lost = [room.occupants[key] for key in keys if room.stays[key].keys() <= people.keys()]
    stays = [room.take_out(room.sessions[occupant.shown.person]) for occupant in lost]
    for occupant, own in zip(lost, stays, strict=True):
        event = Left(attrs.evolve(occupant, role=Role.NONE), Why.LOST)
        room.tell_all(out, event, "", own.values(), occupant.role)
    for person in people:
        if person in room.sessions:
            end_stay(room, Leave(person, None, Why.LOST), out)
    if lost:
        room.settle(out)
