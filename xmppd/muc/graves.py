"""Rooms that their owners have destroyed: nobody else takes their names for a while."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from xmppd.chat.commands import Destroy
from xmppd.chat.model import Affiliation
from xmppd.chat.room import Room
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.storage.interfaces import Owner, Table

GONE = "gone"
"""Section of the list of rooms for those that were destroyed."""
MANY = 1_000_000


@attrs.frozen
class Grave:
    """What is remembered of such a room. `until` is in seconds since 1970."""

    until: float
    owners: frozenset[str]
    alternate: str = ""
    reason: str = ""

    def error(self, room: Jid) -> StanzaError:
        """The answer to who looks for the room (RFC 6120, 8.3.3.5; XEP-0147 for the address)."""
        address = f"xmpp:{quote(self.alternate, safe='@')}?join" if self.alternate else ""
        return StanzaError("gone", self.reason, by=room, address=address)


class Graves:
    """All that is remembered of such rooms of a domain; nobody waits until it is written."""

    log = Logger()

    def __init__(self, table: Table[Any], owner: Owner) -> None:
        self._table = table
        self._owner = owner
        self._graves: dict[str, Grave] = {}

    async def open(self) -> None:
        """Read what is stored. Fails with `StorageError`."""
        rows = await self._table.items(self._owner, GONE, limit=MANY)
        self._graves = {row.key: _read(row.value) for row in rows}

    def __len__(self) -> int:
        return len(self._graves)

    def of(self, local: str, now: float) -> Grave | None:
        """What is remembered of the room of that name; `now` in seconds since 1970."""
        grave = self._graves.get(local)
        if grave is not None and grave.until <= now:
            del self._graves[local]
            return None
        return grave

    def bury(self, local: str, grave: Grave) -> None:
        """Remember a room."""
        self._graves[local] = grave
        value = attrs.asdict(grave) | {"owners": sorted(grave.owners)}
        until = int(grave.until)
        self._watch(self._table.put(self._owner, local, value, section=GONE, expires=until))

    def unearth(self, local: str) -> None:
        """Remember it no longer."""
        if self._graves.pop(local, None) is not None:
            self._watch(self._table.remove(self._owner, local, GONE))

    def forget(self, now: float) -> None:
        """Remember no longer what need not be."""
        for local in list(self._graves):
            self.of(local, now)

    def _watch(self, written: Deferred[Any]) -> None:
        written.addErrback(lambda found: self.log.failure("A destroyed room is not noted", found))


def _read(value: dict[str, Any]) -> Grave:
    return Grave(value["until"], frozenset(value["owners"]), value["alternate"], value["reason"])


def grave_of(room: Room, command: Destroy, until: float) -> Grave | None:
    """What to remember of a room that was destroyed.

    None where that is nothing: it was not to last, and did not move anywhere.
    """
    saved = room.saved
    if saved.locked or not (room.config["persistent"] or command.alternate):
        return None
    rows = saved.standings.items()
    owners = frozenset(jid for jid, row in rows if row.affiliation is Affiliation.OWNER)
    return Grave(until, owners, command.alternate, command.reason)
