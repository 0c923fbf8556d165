"""How much of an archive is on its way to one session, and what reading costs the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from xmppd.protocol.errors import StanzaError
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session

MAX_QUERIES: Final = 20
"""Queries of one session that may wait for those before them."""
ROOM: Final = 150
"""With so many messages on their way the next page waits."""
ROOM_BYTES: Final = 512 * 1024

CHEAP_SECONDS: Final = 0.01
"""A query that takes longer is paid for with a pause before the next."""
PAUSES: Final = 4
"""How many times what was beyond that."""


class Patience:
    """Has the queries of one account, from all of its sessions, take no more than their share.

    Some filters fit so little that all of an archive is gone through. Each query is made in an
    `async with` of this.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._until = self._began = 0.0

    async def __aenter__(self) -> None:
        while (pause := self._until - self._clock.seconds()) > 0:
            await deferLater(self._clock, pause)
        self._began = self._clock.seconds()

    async def __aexit__(self, *_: object) -> None:
        now = self._clock.seconds()
        self._until = now + PAUSES * max(0.0, now - self._began - CHEAP_SECONDS)


class Reading:
    """What a session is reading, as a note of the session: queries in their order."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turns = DeferredLock()
        self._messages = self._bytes = 0
        self._room: Deferred[None] | None = None
        self._over = False

    async def answer(self, query: Callable[[], Awaitable[Stanza]]) -> Stanza:
        """Have a query answered when it is its turn and there is room for a page.

        Raises StanzaError where too many wait already, or the session ends before.
        """
        if len(self._turns.waiting) >= MAX_QUERIES:
            raise StanzaError("resource-constraint", "too many queries at a time")
        await self._turns.acquire()
        try:
            if self._is_full() and not self._over:
                self._room = Deferred()
                await self._room
            if self._over:
                raise StanzaError("recipient-unavailable", "the session has ended")
            return await query()
        finally:
            self._turns.release()

    def send(self, messages: Sequence[Stanza], read: Callable[[], None]) -> None:
        """Send the messages of a page; `read` is called when the client has them."""
        size = sum([len(message.inner) for message in messages])
        self._messages += len(messages)
        self._bytes += size
        written = partial(self._written, len(messages), size, read)
        for number, message in enumerate(messages, 1):
            last = number == len(messages)
            self._session.deliver_watched(message, written if last else _nothing)

    def _written(self, count: int, size: int, read: Callable[[], None]) -> None:
        self._messages -= count
        self._bytes -= size
        if not self._is_full():
            self._make_room()
        read()

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            room.callback(None)

    def end(self) -> None:
        """The session has ended: nothing more will be read, and no query waits any longer."""
        self._over = True
        self._make_room()

    def _is_full(self) -> bool:
        return self._messages >= ROOM or self._bytes >= ROOM_BYTES


def _nothing() -> None:
    """The last message of a page tells that all have been written."""
