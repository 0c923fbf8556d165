"""How long what was said in rooms is kept (XEP-0313, 2.2: the oldest goes first)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.component.retention import Limits
from xmppd.muc.archive import Archives
from xmppd.muc.settings import RoomSettings

ROUND = 3_600.0
"""Seconds between two rounds."""


class Retention:
    """Removes what is too old, in rounds, a little at a time.

    `rooms` gives the localparts of the rooms that there are, `settings` what holds now.
    """

    log = Logger()

    def __init__(
        self,
        archives: Archives,
        clock: IReactorTime,
        rooms: Callable[[], list[str]],
        settings: Callable[[], RoomSettings],
    ) -> None:
        self._archives = archives
        self._clock = clock
        self._rooms = rooms
        self._settings = settings
        self._next = 0.0
        self._running = False

    def look(self) -> None:
        """Begin with a round if it is time."""
        now = self._clock.seconds()
        if self._running or now < self._next:
            return
        self._next, self._running = now + ROUND, True
        Deferred.fromCoroutine(self._round()).addErrback(self._failed).addBoth(self._over)

    def _failed(self, failure: Failure) -> None:
        self.log.failure("Old messages of rooms are not removed", failure)

    def _over(self, _: object) -> None:
        self._running = False

    async def _round(self) -> None:
        settings = self._settings()
        limits = Limits(settings.archive_days, settings.archive_messages)
        for local in self._rooms():
            await self._archives.shorten(local, limits, self._clock)
