"""Messages that are taken back: by their authors (XEP-0424), by moderators (XEP-0425)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from xmppd.chat.commands import Moderate, Retract, Say
from xmppd.chat.model import Author, Entry, Kind
from xmppd.component.extension import ACCOUNT, iq
from xmppd.muc import names
from xmppd.muc.content import StanzaContent
from xmppd.muc.decode import person_of
from xmppd.muc.house import House
from xmppd.muc.live import LiveRoom
from xmppd.muc.reasons import reason_of
from xmppd.muc.removals import is_tombstone
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import NoSuchEntry, Where


class Moderating:
    """Has what was said in rooms taken back, as long as they know of it."""

    def __init__(self, rooms: House) -> None:
        self._rooms = rooms

    @iq("set", names.MODERATE, "moderate", to=ACCOUNT)
    async def moderate(self, request: Stanza) -> Stanza:
        """XEP-0425, 3: a moderator takes back what somebody else has said."""
        live = await self._rooms.in_room(request)
        if not live.room.remembers:
            raise StanzaError("service-unavailable", "this room remembers nothing", by=live.jid)
        asked = request.payload()
        assert asked is not None
        if next(asked.elements(names.RETRACT, "retract"), None) is None:
            raise StanzaError("bad-request", "moderate how?", by=live.jid)
        reason = reason_of(asked)
        entry = await self._entry(live, asked.getAttribute("id", ""))
        return await self._rooms.done(
            request, live, Moderate(person_of(request.sender), entry, reason)
        )

    def retracts(self, live: LiveRoom, command: Say) -> Deferred[None] | None:
        """XEP-0424, 3: take back a message, if that is what somebody says; None: it is not.

        A room without an archive passes on retractions of what it does not know of any more.
        """
        content = command.content
        if not isinstance(content, StanzaContent):
            return None
        retract = content.stanza.child(names.RETRACT, "retract")
        if retract is None:
            return None
        id = retract.getAttribute("id", "")
        if not live.room.archived and live.room.recalled(id) is None:
            return None
        return Deferred.fromCoroutine(self._retract(live, command, id))

    async def _retract(self, live: LiveRoom, command: Say, id: str) -> None:
        entry = await self._entry(live, id)
        done = self._rooms.do(live, Retract(command.person, command.content, entry))
        if done is not None:
            await done

    async def _entry(self, live: LiveRoom, id: str) -> Entry | None:
        """Something said, by the id that the room gave it."""
        archived = await self._archived(live, id) if live.stored else None
        return archived or _in_history(live, id)

    async def _archived(self, live: LiveRoom, id: str) -> Entry | None:
        room = live.room
        archive = self._rooms.store.archives.of(live.jid.local, room.saved.created)
        try:
            page = await archive.find(Where(kinds=(Kind.SAID,), ids=(id,)), limit=1)
        except NoSuchEntry:
            return None
        for found in page.entries:
            author = Author(found.resource, room.id_of(found.peer), found.peer)
            removed = is_tombstone(parse_stanza(found.body))
            return Entry(found.id, author, removed, wire=found.body)
        return None


def _in_history(live: LiveRoom, id: str) -> Entry | None:
    """Something said of which newcomers are told, and the archive knows nothing."""
    message = live.room.recalled(id)
    return None if message is None else Entry(id, message.author, kept=False)
