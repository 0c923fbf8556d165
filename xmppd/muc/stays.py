"""Who is inside, noted so that it is known when a process has ended with them in its rooms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from itertools import islice
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from xmppd.chat.events import Destroyed, Left, Ranked, Renamed, Welcomed
from xmppd.chat.model import Occupancy, Occupant, Person, Sight, Stay
from xmppd.chat.outcome import Notice
from xmppd.chat.room import Room
from xmppd.muc.elements import status_xml, x_xml
from xmppd.muc.stay_rows import StayCodec, StayRow, inside_of, read, written
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Owner, Table
from xmppd.storage.stores import Stores

STAYS = "stays"
PAGE = 1_000
"""Rows read at once."""

WRITES = 1_000
"""Rows written at once of what was noted late."""


class Stays:
    """The sessions in all rooms of a domain. Nobody waits until they are written.

    `whole`: what they show is noted too. That changes often, and is noted late: `flush` writes it,
    once for all changes until then.
    """

    log = Logger()

    def __init__(self, stores: Stores, domain: str) -> None:
        self.whole = False
        self._table: Table[Any] = stores.table(STAYS, StayCodec())
        self._domain = domain
        self._owner = Owner(domain, "")
        self._late: dict[tuple[str, Jid], tuple[Occupant, Occupancy]] = {}

    # Writing

    def note(self, local: str, notices: Iterable[Notice]) -> None:
        """Note who has come to a room, is called otherwise, is something else, or is gone."""
        for notice in notices:
            event = notice.event
            if isinstance(event, Welcomed):
                self._put(local, event.me, notice.to)
            elif notice.sight is not Sight.SELF:
                continue
            elif isinstance(event, Renamed):
                self._put(local, event.occupant, notice.to)
            elif isinstance(event, Ranked):
                self._put_late(local, event.occupant, notice.to)
            elif isinstance(event, Left | Destroyed):
                for stay in notice.to:
                    self._late.pop((local, stay.wire), None)
                    self._watch(self._table.remove(self._owner, stay.wire, local))

    def shown(self, local: str, room: Room, person: Person) -> None:
        """Note late what a session shows now."""
        key = room.sessions[person]
        self._put_late(local, room.occupants[key], [room.stays[key][person]])

    def _put_late(self, local: str, occupant: Occupant, stays: Iterable[Occupancy]) -> None:
        if self.whole:
            self._late.update({(local, stay.wire): (occupant, stay) for stay in stays})

    def _put(self, local: str, occupant: Occupant, stays: Iterable[Occupancy]) -> None:
        for stay in stays:
            self._late.pop((local, stay.wire), None)
            value = written(occupant, stay) if self.whole else occupant.nick
            self._watch(self._table.put(self._owner, stay.wire, value, section=local))

    def all_of(self, local: str, room: Room) -> None:
        """Note late what all in a room show."""
        for key, occupant in room.occupants.items():
            self._put_late(local, occupant, room.stays[key].values())

    def flush_some(self) -> None:
        """Write what was noted late, as much as may be written at once."""
        self._flush(WRITES)

    def flush(self) -> None:
        """Write all that was noted late."""
        self._flush(len(self._late))

    def _flush(self, most: int) -> None:
        for local, wire in list(islice(self._late, most)):
            occupant, stay = self._late[local, wire]
            self._put(local, occupant, [stay])

    def remove(self, row: StayRow) -> None:
        """Note somebody no more."""
        self._watch(self._table.remove(self._owner, row.key, row.section))

    def clear(self) -> None:
        """Note nobody any more."""
        self._watch(self._table.clear(self._owner))

    def _watch(self, written: Deferred[Any]) -> None:
        written.addErrback(lambda found: self.log.failure("A stay is not noted", found))

    # Reading

    async def rows(self, local: str | None = None) -> AsyncIterator[StayRow]:
        """All that is noted, or that of one room. Fails with `StorageError`."""
        after = None
        while rows := await self._table.items(self._owner, local, after=after, limit=PAGE):
            for row in rows:
                yield row
            after = rows[-1].version

    async def of(self, local: str) -> list[Stay]:
        """Who is noted as being in a room, the oldest stay first. Fails with `StorageError`."""
        found = [self._read(row) async for row in self.rows(local)]
        return sorted((stay for stay in found if stay), key=lambda stay: stay.since)

    def _read(self, row: StayRow) -> Stay | None:
        try:
            return read(row, self._domain)
        except ValueError as problem:
            self._skip(row, problem)
            return None

    def _skip(self, row: StayRow, problem: ValueError) -> None:
        self.log.warn(
            "Not readmitted: {session} in {room}: {problem}",
            session=row.key,
            room=row.section,
            problem=problem,
        )
        self.remove(row)

    def farewell(self, row: StayRow) -> Stanza | None:
        """That the service has ended meanwhile (XEP-0045, 15.6.2, 332); None: it is damaged."""
        try:
            to, sender = inside_of(row, self._domain)
        except ValueError as problem:
            self._skip(row, problem)
            return None
        item = element("item", None, {"affiliation": "none", "role": "none"})
        x = x_xml(item, *map(status_xml, (110, 332)))
        return Stanza.make("presence", x, to=to, sender=sender, type="unavailable")
