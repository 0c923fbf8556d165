"""How much of an archive is on its way to one session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from twisted.internet.defer import Deferred, DeferredLock

from xmppd.protocol.errors import StanzaError
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session

MAX_QUERIES: Final = 20
"""Queries of one session that may wait for those before them."""
ROOM: Final = 150
"""With so many messages on their way the next page waits."""
ROOM_BYTES: Final = 512 * 1024


class Reading:
    """What a session is reading, as a note of the session: queries in their order."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turns = DeferredLock()
        self._messages = self._bytes = 0
        self._room: Deferred[None] | None = None

    async def answer(self, query: Callable[[], Awaitable[Stanza]]) -> Stanza:
        """Have a query answered when it is its turn and there is room for a page.

        Raises StanzaError where too many wait already.
        """
        if len(self._turns.waiting) >= MAX_QUERIES:
            raise StanzaError("resource-constraint", "too many queries at a time")
        await self._turns.acquire()
        try:
            if self._is_full():
                self._room = Deferred()
                await self._room
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
        room = self._room
        if room is not None and not self._is_full():
            self._room = None
            room.callback(None)
        read()

    def _is_full(self) -> bool:
        return self._messages >= ROOM or self._bytes >= ROOM_BYTES


def _nothing() -> None:
    """The last message of a page tells that all have been written."""
