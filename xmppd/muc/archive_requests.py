"""Requests to the archives of rooms (XEP-0313)."""

from __future__ import annotations

import attrs
from twisted.internet.interfaces import IReactorTime

from xmppd.chat.outcome import Reason
from xmppd.component.archive import Query, parse_query
from xmppd.component.archive_answers import fin, form, metadata, results
from xmppd.component.extension import ACCOUNT, iq
from xmppd.muc.archive import RoomArchive, without_author
from xmppd.muc.decode import person_of
from xmppd.muc.house import House
from xmppd.muc.live import LiveRoom
from xmppd.muc.readers import Readers
from xmppd.muc.refusals import refusal
from xmppd.muc.search import Search, Test, said_as, said_from
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import MAM
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Page


class ArchiveRequests:
    """Has the archives of rooms read, by whoever could enter now (6.1.2)."""

    def __init__(self, rooms: House, clock: IReactorTime) -> None:
        self._rooms = rooms
        self._readers = Readers(rooms.paces.pages, clock)

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
        query, test = _filtered(parse_query(element), live.jid, request.sender, knows)
        await self._readers.admit(request.sender.bare)
        page, count = await self._read(query, test, archive, request.sender.bare)
        shown = page if knows else _without_authors(page)
        for message in results(query, shown, live.jid, request.sender):
            self._rooms.send(message)
        return request.reply(fin(page, count))

    async def _read(
        self, query: Query, test: Test | None, archive: RoomArchive, reader: str
    ) -> tuple[Page, int | None]:
        if test is None:
            return await query.read(archive), await query.count(archive)
        search = Search(archive, test, self._readers.pause)
        async with self._readers.searching(reader):
            return await query.read(search), await query.count(search)

    async def _archive(self, request: Stanza) -> tuple[LiveRoom, RoomArchive]:
        live = await self._rooms.in_room(request)
        if not live.room.archived:
            raise StanzaError("service-unavailable", "this room has no archive", by=live.jid)
        if not live.room.may_read_archive(person_of(request.sender)):
            raise refusal(Reason.FORBIDDEN, live.jid)
        return live, self._rooms.store.archives.of(live.jid.local, live.room.saved.created)


def _filtered(query: Query, room: Jid, reader: Jid, knows: bool) -> tuple[Query, Test | None]:
    """The query as the archive understands its `with`, and a test for what that cannot (3.1.1).

    The room's own address matches everything, that of an occupant what was said under that nick,
    any other what was said from there: of those who may know real addresses, and of readers
    themselves. Raises `StanzaError` forbidden to others, whether anything was said from there or
    not.
    """
    filters, test = query.filters, None
    if filters.peer is None:
        return query, None
    if filters.peer == room:
        test = None if filters.resource is None else said_as(filters.resource)
        filters = filters._replace(peer=None)
    elif not knows and filters.peer != reader.bare:
        raise refusal(Reason.FORBIDDEN, room)
    elif filters.resource is not None:
        test = said_from(Jid(f"{filters.peer}/{filters.resource}"))
    return attrs.evolve(query, filters=filters._replace(resource=None)), test


def _without_authors(page: Page) -> Page:
    entries = [entry._replace(body=without_author(entry.body)) for entry in page.entries]
    return page._replace(entries=entries)
