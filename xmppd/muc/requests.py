"""Requests to rooms and to those inside: what they are, and iqs passed on (XEP-0045, 6, 17.4)."""

from __future__ import annotations

from collections.abc import Awaitable

from xmppd.chat.outcome import Reason, Refusal
from xmppd.component.discovery import DISCO_INFO, DISCO_ITEMS, items_answer, node_of
from xmppd.component.dispatch import Handler
from xmppd.component.extension import ACCOUNT, HOST, iq
from xmppd.muc import names
from xmppd.muc.decode import person_of
from xmppd.muc.discovery import (
    RESERVED_NICK,
    TRAFFIC,
    reserved_nick,
    room_info,
    room_items,
    service_info,
    service_items,
)
from xmppd.muc.guard import Guarded
from xmppd.muc.live import LiveRoom
from xmppd.muc.refusals import refusal
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class RoomRequests(Guarded):
    """Rooms that say what they are, and pass requests on to those inside."""

    def _handler(self, request: Stanza) -> Handler | None:
        if request.to is not None and request.to.local and request.to.resource:
            return lambda request, _: self._to_occupant(request)
        return super()._handler(request)

    async def _to_occupant(self, request: Stanza) -> Stanza:
        """Pass a request on to an occupant, without saying who asks (XEP-0045, 17.4)."""
        assert request.to is not None
        live = await self.find(request.to.local)
        room = request.to.bare
        asker = None if live is None else live.room.occupant(person_of(request.sender))
        if live is None or asker is None:
            asks_what_it_is = request.has(DISCO_INFO, "query") or request.has(DISCO_ITEMS, "query")
            if asks_what_it_is:  # XEP-0045, 6.6
                raise StanzaError("bad-request", by=room)
            raise refusal(Reason.NOT_INSIDE, room)
        self.hear(live, person_of(request.sender))
        is_ping = request.type == "get" and request.has(names.PING, "ping")
        if is_ping and live.room.wears(person_of(request.sender), request.to.resource):
            return request.reply()
        try:
            target = live.room.named(request.to.resource)
        except Refusal as problem:
            raise refusal(problem.refused, room) from None
        return await self._relayed(request, live, asker.nick, target.shown.wire)

    async def _relayed(self, request: Stanza, live: LiveRoom, nick: str, to: Jid) -> Stanza:
        wanted = to.bare if request.has(names.VCARD, "vCard") else to
        asked = request.readdressed(wanted, live.jid.with_resource(nick))
        try:
            answer = await self.ask(asked)
        except StanzaError as error:  # made anew: its text or `by` may name a real address
            raise StanzaError(error.condition, type=error.type) from None
        return request.reply(answer.inner)

    @iq("get", names.PING, "ping", to=HOST | ACCOUNT)
    def pong(self, request: Stanza) -> Stanza | Awaitable[Stanza]:
        """XEP-0199: the service answers, and each of its rooms."""
        assert request.to is not None
        return self._pong(request) if request.to.local else request.reply()

    async def _pong(self, request: Stanza) -> Stanza:
        await self.in_room(request)
        return request.reply()

    @iq("get", DISCO_INFO, "query", to=HOST | ACCOUNT)
    async def _answer_info(self, request: Stanza) -> Stanza:
        assert request.to is not None
        node = node_of(request)
        if not request.to.local:
            if node:
                raise StanzaError("item-not-found")
            return service_info(self.settings.name).answer(request)
        live = await self.in_room(request)
        if node == RESERVED_NICK:
            return reserved_nick(live.room, person_of(request.sender)).answer(request)
        if node == TRAFFIC:  # of what others say nothing is discarded (17.1.1)
            raise StanzaError("service-unavailable")
        if node:
            raise StanzaError("item-not-found")
        return room_info(live.room, live.jid.local, person_of(request.sender)).answer(request)

    @iq("get", DISCO_ITEMS, "query", to=HOST | ACCOUNT)
    async def _answer_items(self, request: Stanza) -> Stanza:
        assert request.to is not None
        if node_of(request):
            raise StanzaError("item-not-found")
        if not request.to.local:
            try:
                return request.reply(service_items(request, self.listed, self.name))
            except ValueError as problem:
                raise StanzaError("bad-request", str(problem)) from None
        live = await self.in_room(request)
        return items_answer(request, room_items(live.room, person_of(request.sender), live.jid))
