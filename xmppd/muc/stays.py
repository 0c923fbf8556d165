"""Who is inside, noted so that they learn of it when a process has died with them in its rooms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from xmppd.chat.events import Destroyed, Left, Renamed, Welcomed
from xmppd.chat.model import Occupancy, Sight
from xmppd.chat.outcome import Notice
from xmppd.muc.elements import status_xml, x_xml
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import Owner, Table
from xmppd.storage.stores import Stores

STAYS = "stays"
_MANY = 1_000_000


class Stays:
    """The sessions in all rooms of a domain. Nobody waits until they are written."""

    log = Logger()

    def __init__(self, stores: Stores, domain: str) -> None:
        self._table: Table[str] = stores.table(STAYS, JsonCodec())
        self._domain = domain
        self._owner = Owner(domain, "")

    def note(self, local: str, notices: Iterable[Notice]) -> None:
        """Note who has come to a room, is called otherwise, or is gone."""
        for notice in notices:
            event = notice.event
            if isinstance(event, Welcomed):
                self._put(local, event.me.nick, notice.to)
            elif notice.sight is not Sight.SELF:
                continue
            elif isinstance(event, Renamed):
                self._put(local, event.occupant.nick, notice.to)
            elif isinstance(event, Left | Destroyed):
                for stay in notice.to:
                    self._watch(self._table.remove(self._owner, stay.wire, local))

    def _put(self, local: str, nick: str, stays: Iterable[Occupancy]) -> None:
        for stay in stays:
            self._watch(self._table.put(self._owner, stay.wire, nick, section=local))

    def _watch(self, written: Deferred[Any]) -> None:
        written.addErrback(lambda found: self.log.failure("A stay is not noted", found))

    async def expelled(self) -> Iterator[Stanza]:
        """What to tell those who were inside when the process died; they are noted no more.

        Fails with `StorageError`.
        """
        rows = await self._table.items(self._owner, limit=_MANY)
        if rows:
            self._watch(self._table.clear(self._owner))
        return (stanza for row in rows if (stanza := self._farewell(*row[:3])) is not None)

    def _farewell(self, address: str, local: str, nick: str) -> Stanza | None:
        """That the service has ended meanwhile (XEP-0045, 15.6.2, 332)."""
        try:
            to, sender = Jid.parse(address), Jid.of(local, self._domain, nick)
        except InvalidJid:
            return None
        item = element("item", None, {"affiliation": "none", "role": "none"})
        x = x_xml(item, *map(status_xml, (110, 332)))
        return Stanza.make("presence", x, to=to, sender=sender, type="unavailable")
