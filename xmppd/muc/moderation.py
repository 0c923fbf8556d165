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
from xmppd.muc.removals import is_tombstone
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import NoSuchEntry, Where


class Moderating(House):
    """Rooms in which what was said can be taken back: those with an archive."""

    @iq("set", names.MODERATE, "moderate", to=ACCOUNT)
    async def moderate(self, request: Stanza) -> Stanza:
        """XEP-0425, 3: a moderator takes back what somebody else has said."""
        live = await self.in_room(request)
        if not live.room.archived:
            raise StanzaError("service-unavailable", "this room has no archive", by=live.jid)
        asked = request.payload()
        assert asked is not None
        if next(asked.elements(names.RETRACT, "retract"), None) is None:
            raise StanzaError("bad-request", "moderate how?", by=live.jid)
        reason = next((str(each) for each in asked.elements(names.MODERATE, "reason")), "")
        entry = await self._entry(live, asked.getAttribute("id", ""))
        return await self.done(request, live, Moderate(person_of(request.sender), entry, reason))

    def retracts(self, live: LiveRoom, command: Say) -> Deferred[None] | None:
        """XEP-0424, 3: take back a message, if that is what somebody says; None: it is not."""
        content = command.content
        if not live.room.archived or not isinstance(content, StanzaContent):
            return None
        retract = content.stanza.child(names.RETRACT, "retract")
        if retract is None:
            return None
        id = retract.getAttribute("id", "")
        return Deferred.fromCoroutine(self._retract(live, command, id))

    async def _retract(self, live: LiveRoom, command: Say, id: str) -> None:
        entry = await self._entry(live, id)
        done = self.do(live, Retract(command.person, command.content, entry))
        if done is not None:
            await done

    async def _entry(self, live: LiveRoom, id: str) -> Entry | None:
        """Something said, by the id that the room gave it."""
        room = live.room
        archive = self._store.archives.of(live.jid.local, room.saved.created)
        try:
            page = await archive.find(Where(kinds=(Kind.SAID,), ids=(id,)), limit=1)
        except NoSuchEntry:
            return None
        for found in page.entries:
            author = Author(found.resource, room.id_of(found.peer), found.peer)
            removed = is_tombstone(parse_stanza(found.body))
            return Entry(found.id, author, removed, found.body)
        return None
