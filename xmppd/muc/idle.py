"""What time brings: rooms that nobody uses leave the memory, and options do what is due."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from xmppd.chat.commands import Tick
from xmppd.muc.house import House
from xmppd.muc.live import LiveRoom


class Idle:
    """Looks for rooms that nobody uses (XEP-0045, 13.7), and where something is due."""

    log = Logger()

    def __init__(self, house: House, clock: IReactorTime) -> None:
        self._house = house
        self._clock = clock

    def look(self) -> None:
        """Unload and end what is to be."""
        now = self._clock.seconds()
        self._house.store.graves.forget(now)
        for live in list(self._house.live.values()):
            live.paces.forget_quiet(now)
            try:
                self._look_at(live, now)
            except Exception:  # an option's; other rooms are looked at all the same
                self.log.failure("Looking after {room} has failed", room=live.jid)

    def _look_at(self, live: LiveRoom, now: float) -> None:
        due = live.room.wake_at()
        if due is not None and due <= now:
            self._house.have(live, Tick())
        elif now - live.touched >= self._house.settings.unload and _is_spare(live):
            self._house.unload(live)


def _is_spare(live: LiveRoom) -> bool:
    """Whether nobody is inside and nothing is under way."""
    return live.stored and live.is_settled and not live.room.sessions
