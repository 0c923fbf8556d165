"""vCards of rooms, with their pictures (XEP-0054, XEP-0486)."""

from __future__ import annotations

from xmppd.chat.commands import SetCard
from xmppd.component.extension import ACCOUNT, iq
from xmppd.muc.decode import person_of
from xmppd.muc.house import House
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.vcards import VCARD, photo_hash

LARGEST = 102_400
"""Bytes of a vCard, which stays in memory with its room."""


class VCards:
    """Has owners give rooms a vCard, for anybody to read."""

    def __init__(self, rooms: House) -> None:
        self._rooms = rooms

    @iq("get", VCARD, "vCard", to=ACCOUNT)
    async def read_vcard(self, request: Stanza) -> Stanza:
        """The room's vCard (XEP-0486, 3.3)."""
        live = await self._rooms.in_room(request)
        if not live.room.saved.card:
            raise StanzaError("item-not-found", by=live.jid)
        return request.reply(live.room.saved.card)

    @iq("set", VCARD, "vCard", to=ACCOUNT)
    async def change_vcard(self, request: Stanza) -> Stanza:
        """Put another in its place; an empty one removes it (XEP-0486, 3.2)."""
        live = await self._rooms.in_room(request)
        vcard = request.payload()
        assert vcard is not None
        card = vcard.toXml().encode() if vcard.children else b""
        if len(card) > LARGEST:
            raise StanzaError("not-acceptable", "the vCard is too large", by=live.jid)
        picture = photo_hash(card) if card else ""
        return await self._rooms.done(
            request, live, SetCard(person_of(request.sender), card, picture)
        )
