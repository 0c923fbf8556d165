"""Rooms whose occupants were inside when the service ended, until those are inside again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from xmppd.chat.model import Stay
from xmppd.muc.stay_rows import StayRow
from xmppd.muc.stays import Stays
from xmppd.protocol.stanza import Stanza

WAKES = 20
"""Rooms that are loaded each second, beside those that somebody wants something of."""


class Returning:
    """Who was inside a room that lasts is inside again once it is loaded.

    `tell` sends a stanza, `wake` loads a room.
    """

    def __init__(
        self,
        stays: Stays,
        clock: IReactorTime,
        tell: Callable[[Stanza], None],
        wake: Callable[[str], object],
    ) -> None:
        self._stays = stays
        self._clock = clock
        self._tell = tell
        self._wake = wake
        self._waiting: set[str] = set()
        self._asleep: deque[str] = deque()
        self._call: IDelayedCall | None = None

    async def open(self, lasting: Container[str]) -> None:
        """Learn which rooms people were in, and tell those that these have ended who were in
        others than the `lasting` ones.

        Fails with `StorageError`.
        """
        told = []
        async for row in self._stays.rows():
            if row.section in lasting:
                self._waiting.add(row.section)
            else:
                told.append(row)
                self._say_farewell(row)
        if told and not self._waiting:
            self._stays.clear()
            return
        for row in told:
            self._stays.remove(row)

    async def of(self, local: str) -> list[Stay]:
        """Who is to be inside a room that is being read, the oldest stay first.

        Fails with `StorageError`.
        """
        return await self._stays.of(local) if local in self._waiting else []

    def back(self, local: str) -> None:
        """They are inside."""
        self._waiting.discard(local)

    async def lost(self, local: str) -> None:
        """There is no such room after all. Fails with `StorageError`."""
        if local not in self._waiting:
            return
        async for row in self._stays.rows(local):
            self._say_farewell(row)
            self._stays.remove(row)
        self._waiting.discard(local)

    def _say_farewell(self, row: StayRow) -> None:
        farewell = self._stays.farewell(row)
        if farewell is not None:
            self._tell(farewell)

    # Loading all

    def start(self) -> None:
        """Load the rooms in which people were, one after the other."""
        self._asleep.extend(sorted(self._waiting))
        self._await_next()

    def stop(self) -> None:
        """Load no more."""
        self._asleep.clear()
        if self._call is not None and self._call.active():
            self._call.cancel()

    def _await_next(self) -> None:
        while self._asleep and self._asleep[0] not in self._waiting:
            self._asleep.popleft()
        if self._asleep:
            self._call = self._clock.callLater(1 / WAKES, self._wake_next)

    def _wake_next(self) -> None:
        self._wake(self._asleep.popleft())
        self._await_next()
