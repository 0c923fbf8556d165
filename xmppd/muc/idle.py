"""What time brings: rooms that nobody uses leave the memory, and options do what is due."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from xmppd.chat.commands import Tick
from xmppd.muc.house import House
from xmppd.muc.live import LiveRoom


class Idle:
    """Looks for rooms that nobody uses (XEP-0045, 13.7), and where something is due."""

    def __init__(self, house: House, clock: IReactorTime) -> None:
        self._house = house
        self._clock = clock

    def look(self) -> None:
        """Unload and end what is to be."""
        self._house.forget_graves()
        now, settings = self._clock.seconds(), self._house.settings
        for live in list(self._house.live.values()):
            due = live.room.wake_at()
            if due is not None and due <= now:
                self._house.do(live, Tick())
            elif now - live.touched >= settings.unload and _is_spare(live):
                self._house.unload(live)


def _is_spare(live: LiveRoom) -> bool:
    """Whether nobody is inside and nothing is under way."""
    return live.stored and live.is_settled and not live.room.sessions
