"""New rooms: nobody but their owners gets in until they are configured."""

from xmppd.chat.commands import Destroy
from xmppd.chat.leaving import dissolve
from xmppd.chat.model import ITSELF
from xmppd.chat.option import Option
from xmppd.chat.outcome import Changes
from xmppd.chat.room import Room


class Lock(Option):
    """A new room ends that its maker does not configure in time (XEP-0045, 13.7)."""

    def wake_at(self, room: Room) -> float | None:
        """When the time is over; None: the room is open."""
        return room.saved.created + room.unopened if room.saved.locked else None

    def tick(self, room: Room, out: Changes) -> None:
        """End the room."""
        dissolve(room, Destroy(ITSELF), out)
