"""New rooms: nobody but their owners gets in until they are configured."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xmppd.chat.commands import Destroy
from xmppd.chat.entering import dissolve
from xmppd.chat.model import ITSELF
from xmppd.chat.option import Option
from xmppd.chat.outcome import Changes

if TYPE_CHECKING:
    from xmppd.chat.room import Room


class Lock(Option):
    """A new room ends that its maker does not configure in time (XEP-0045, 13.7)."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` gives the time that a maker has."""
        self._seconds = seconds

    def wake_at(self, room: Room) -> float | None:
        """When the time is over; None: the room is open."""
        return room.saved.created + self._seconds() if room.saved.locked else None

    def tick(self, room: Room, out: Changes) -> None:
        """End the room."""
        dissolve(room, Destroy(ITSELF), out)
