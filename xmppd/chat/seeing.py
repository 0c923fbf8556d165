"""Occupants who come into sight or out of it, though they are inside all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.chat.events import Entered, Left, Ranked
from xmppd.chat.leaving import gone
from xmppd.chat.model import Occupant, Why
from xmppd.chat.outcome import Changes

if TYPE_CHECKING:
    from xmppd.chat.room import Room


def hidden(occupant: Occupant) -> Left:
    """What somebody is told who sees an occupant no longer."""
    return Left(gone(occupant), Why.PARTED)


def tell_sight(room: Room, key: str, was_unseen: bool, event: Ranked | None, out: Changes) -> None:
    """Tell others of an occupant who may be seen by more or fewer than before.

    `event` is for those who saw it before and see it now.
    """
    occupant = room.occupants[key]
    unseen = occupant.role in room.unseen
    if unseen is was_unseen:
        if event is not None:
            room.tell_others(out, event, key)
        return
    if event is not None:
        room.tell_some(out, event, key, aware=True)
    room.tell_some(out, hidden(occupant) if unseen else Entered(occupant), key, aware=False)
