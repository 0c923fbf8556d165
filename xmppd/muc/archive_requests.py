"""Requests to the archives of rooms (XEP-0313)."""

from __future__ import annotations

import attrs

from xmppd.chat.outcome import Reason
from xmppd.component.archive import Query, parse_query
from xmppd.component.archive_answers import fin, form, metadata, results
from xmppd.component.extension import ACCOUNT, iq
from xmppd.muc.archive import RoomArchive, without_author
from xmppd.muc.decode import person_of
from xmppd.muc.house import House
from xmppd.muc.live import LiveRoom
from xmppd.muc.refusals import refusal
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import MAM
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Page


class ArchiveRequests(House):
    """Rooms whose archives can be read, by whoever could enter now (6.1.2)."""

    @iq("get", MAM, "query", to=ACCOUNT)
    async def tell_form(self, request: Stanza) -> Stanza:
        """What can be asked (3.1.5)."""
        await self._archive(request)
        return request.reply(form())

    @iq("get", MAM, "metadata", to=ACCOUNT)
    async def tell_metadata(self, request: Stanza) -> Stanza:
        """From when to when the archive goes (4)."""
        _, archive = await self._archive(request)
        return request.reply(metadata(await archive.edges()))

    @iq("set", MAM, "query", to=ACCOUNT)
    async def read_archive(self, request: Stanza) -> Stanza:
        """A page of the archive (3)."""
        live, archive = await self._archive(request)
        element = request.payload()
        assert element is not None and request.sender is not None
        knows = live.room.may_know_authors(person_of(request.sender))
        query = _addressed(parse_query(element), live.jid, knows)
        await self._readers.admit(request.sender.bare)
        page, count = await query.read(archive), await query.count(archive)
        shown = page if knows else _without_authors(page)
        for message in results(query, shown, live.jid, request.sender):
            self.send(message)
        return request.reply(fin(page, count))

    async def _archive(self, request: Stanza) -> tuple[LiveRoom, RoomArchive]:
        live = await self.in_room(request)
        if not live.room.archived:
            raise StanzaError("service-unavailable", "this room has no archive", by=live.jid)
        if not live.room.may_read_archive(person_of(request.sender)):
            raise refusal(Reason.FORBIDDEN, live.jid)
        return live, self._store.archives.of(live.jid.local, live.room.saved.created)


def _addressed(query: Query, room: Jid, knows: bool) -> Query:
    """The query with `with` as the archive understands it (3.1.1).

    The room's own address matches everything, that of an occupant what was said under that nick.
    Raises `StanzaError` forbidden where a real address is named by somebody who may not know it.
    """
    filters = query.filters
    if filters.peer is None:
        return query
    if filters.peer == room.bare:
        return attrs.evolve(query, filters=filters._replace(peer=None))
    if not knows:
        raise refusal(Reason.FORBIDDEN, room)
    if filters.resource is not None:
        raise StanzaError("feature-not-implemented", "bare addresses only", by=room)
    return query


def _without_authors(page: Page) -> Page:
    entries = [entry._replace(body=without_author(entry.body)) for entry in page.entries]
    return page._replace(entries=entries)
