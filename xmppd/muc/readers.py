"""Who reads archives, and how much at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from xmppd.muc.pace import Pace
from xmppd.protocol.errors import StanzaError

MOST_WAITING: Final = 20
"""Queries of one account that may wait for their turn."""
PAUSE: Final = 0.1
"""Seconds until it is seen again whether it is somebody's turn."""
REST: Final = 0.002
"""Seconds between two parts of searches, each of which takes about half of that."""


class Readers:
    """Gives pages to all who ask, and slowly to those who ask for many: nobody's link fills up."""

    def __init__(self, pace: Pace, clock: IReactorTime) -> None:
        """`pace` is that of the pages that one account gets."""
        self._pace = pace
        self._clock = clock
        self._waiting: Counter[str] = Counter()
        self._searches: dict[str, DeferredLock] = {}
        self._parts = DeferredLock()

    async def admit(self, account: str) -> None:
        """Wait until it is an account's turn. Raises `StanzaError` where too much waits already."""
        if self._waiting[account] >= MOST_WAITING:
            raise StanzaError("resource-constraint", "too many queries at a time")
        self._waiting[account] += 1
        try:
            while not self._pace.admits(account, self._clock.seconds()):
                await deferLater(self._clock, PAUSE)
        finally:
            self._waiting[account] -= 1
            if not self._waiting[account]:
                del self._waiting[account]

    @asynccontextmanager
    async def searching(self, account: str) -> AsyncIterator[None]:
        """An account searches one archive after the other.

        Raises `StanzaError` where too many searches wait already.
        """
        turns = self._searches.setdefault(account, DeferredLock())
        if len(turns.waiting) >= MOST_WAITING:
            raise StanzaError("resource-constraint", "too many searches at a time")
        await turns.acquire()
        try:
            yield
        finally:
            turns.release()
            if not turns.locked and self._searches.get(account) is turns:
                del self._searches[account]

    async def pause(self) -> None:
        """Wait between two parts of a search; all searches together leave time for the rest."""
        await self._parts.run(deferLater, self._clock, REST)
