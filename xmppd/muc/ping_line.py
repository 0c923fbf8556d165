"""Those who are to be pinged, one after the other."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from xmppd.chat.model import Person
from xmppd.muc.live import LiveRoom

PINGS = 20
"""Occupants pinged each second, so that no round is a storm."""


class PingLine:
    """Has so many pinged each second; `ping` says whether somebody had to be."""

    def __init__(self, clock: IReactorTime, ping: Callable[[LiveRoom, Person], bool]) -> None:
        self._clock = clock
        self._ping = ping
        self._line: dict[tuple[LiveRoom, Person], None] = {}
        self._call: IDelayedCall | None = None
        self._stopped = False

    def add(self, live: LiveRoom, person: Person) -> None:
        """Have somebody pinged in their turn, who may be in the line already."""
        if self._stopped:
            return
        self._line[live, person] = None
        if self._call is None or not self._call.active():
            self._call = self._clock.callLater(0, self._next)

    def stop(self) -> None:
        """Have nobody pinged any more."""
        self._stopped = True
        self._line.clear()
        if self._call is not None and self._call.active():
            self._call.cancel()

    def _next(self) -> None:
        left = PINGS
        while self._line and left:
            live, person = next(iter(self._line))
            del self._line[live, person]
            left -= self._ping(live, person)
        if left < PINGS:
            self._call = self._clock.callLater(1, self._next)
