"""What becomes due in a room by time alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.chat.commands import Tick
from xmppd.chat.outcome import Changes

if TYPE_CHECKING:
    from xmppd.chat.room import Room


def tick(room: Room, command: Tick, out: Changes) -> None:
    """Have the options do what is due; before `Room.wake_at` that is nothing."""
    now = room.clock()
    for option in room.options.wakers:
        with out.going_on():
            at = option.wake_at(room)
            if at is not None and at <= now and not out.ended:
                option.tick(room, out)
