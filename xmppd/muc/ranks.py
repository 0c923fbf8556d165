"""Roles and affiliations by request (XEP-0045, 8 to 10)."""

from __future__ import annotations

from xmppd.chat.commands import SetStandings
from xmppd.chat.outcome import Refusal, Refused
from xmppd.component.extension import ACCOUNT, iq
from xmppd.muc import names
from xmppd.muc.decode import person_of
from xmppd.muc.guard import Guarded
from xmppd.muc.lists import changes, read_list
from xmppd.muc.refusals import echoing, refusal
from xmppd.protocol.stanza import Stanza


class RankRequests:
    """Has lists of roles and affiliations read and changed."""

    def __init__(self, rooms: Guarded) -> None:
        self._rooms = rooms

    @iq("get", names.MUC_ADMIN, "query", to=ACCOUNT)
    async def read_admin(self, request: Stanza) -> Stanza:
        """A list of those who have a role or an affiliation."""
        live = await self._rooms.in_room(request)
        found = read_list(live.room, person_of(request.sender), request)
        if isinstance(found, Refused):
            raise refusal(found, live.jid)
        return request.reply(found)

    @iq("set", names.MUC_ADMIN, "query", to=ACCOUNT)
    @echoing
    async def change_admin(self, request: Stanza) -> Stanza:
        """Change roles or affiliations."""
        live = await self._rooms.in_room(request)
        try:
            command = changes(live.room, person_of(request.sender), request)
        except Refusal as problem:
            raise refusal(problem.refused, live.jid) from None
        if isinstance(command, SetStandings):
            command = self._rooms.quietened(live, command)
        return await self._rooms.done(request, live, command)
