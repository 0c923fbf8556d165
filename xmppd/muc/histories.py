"""What newcomers are told of, put away while a room is not in memory and no archive has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from xmppd.chat.model import Message
from xmppd.chat.room import Room
from xmppd.muc.written import read_message, written_message
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import Corrupt, Document, Owner
from xmppd.storage.stores import Stores

HISTORY = "history"
MOST_BYTES = 262_144
"""Of the stanzas of one room, the newest."""


class Histories:
    """The histories of the rooms of a domain that have left the memory."""

    log = Logger()

    def __init__(self, stores: Stores, domain: str) -> None:
        self._documents: Document[list[dict[str, Any]]] = stores.document(HISTORY, JsonCodec())
        self._domain = domain

    def put(self, local: str, room: Room) -> None:
        """Put a room's history away unless the archive has it; nobody waits until it is written."""
        if not room.history or (room.archived and all(each.kept for each in room.history)):
            return
        newest = list(_newest(list(map(written_message, room.history))))
        self._watch(self._documents.put(Owner(self._domain, local), newest[::-1]))

    async def take(self, local: str) -> list[Message]:
        """Have it again; it is no longer put away then. Fails with `StorageError`."""
        owner = Owner(self._domain, local)
        found = await self._documents.get(owner)
        if found is None:
            return []
        self.forget(local)
        try:
            return [read_message(each) for each in found.value]
        except (KeyError, TypeError, ValueError) as problem:
            raise Corrupt(HISTORY, owner, str(problem)) from problem

    def forget(self, local: str) -> None:
        """Leave nothing of it."""
        self._watch(self._documents.remove(Owner(self._domain, local)))

    def _watch(self, written: Deferred[Any]) -> None:
        written.addErrback(lambda found: self.log.failure("A history is not written", found))


def _newest(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """As many of the last as may be, the last one first."""
    left = MOST_BYTES
    for message in reversed(messages):
        left -= len(message["xml"])
        if left < 0:
            return
        yield message
