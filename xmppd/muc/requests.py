"""Requests to rooms and to those inside (XEP-0045, 6 to 10; XEP-0410)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from xmppd.chat.commands import (
    Configure,
    Destroy,
    Register,
    Unregister,
)
from xmppd.chat.model import Affiliation, Person
from xmppd.chat.outcome import Reason, Refusal, Refused
from xmppd.chat.rights import Right
from xmppd.component.discovery import DISCO_INFO, DISCO_ITEMS, items_answer, node_of
from xmppd.component.dispatch import Handler
from xmppd.component.extension import ACCOUNT, HOST, iq
from xmppd.muc import names
from xmppd.muc.decode import person_of
from xmppd.muc.discovery import (
    RESERVED_NICK,
    reserved_nick,
    room_info,
    room_items,
    service_info,
    service_items,
)
from xmppd.muc.forms import config_form, read_config, register_form
from xmppd.muc.house import House
from xmppd.muc.lists import changes, read_list
from xmppd.muc.live import LiveRoom
from xmppd.muc.refusals import refusal
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Form, FormError, FormType
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import DATA_FORMS
from xmppd.protocol.stanza import Stanza


class RoomRequests(House):
    """Rooms that answer iqs."""

    def _handler(self, request: Stanza) -> Handler | None:
        if request.to is not None and request.to.local and request.to.resource:
            return lambda request, _: self._to_occupant(request)
        return super()._handler(request)

    async def _to_occupant(self, request: Stanza) -> Stanza:
        """Pass a request on to an occupant, without saying who asks (XEP-0045, 17.4)."""
        assert request.to is not None
        live = await self.in_room(request) if request.to.local in self.listed else None
        room = request.to.bare
        asker = None if live is None else live.room.occupant(person_of(request.sender))
        if live is None or asker is None:
            raise refusal(Reason.NOT_INSIDE, room)
        self.hear(live, person_of(request.sender))
        is_ping = request.type == "get" and request.has(names.PING, "ping")
        if is_ping and request.to.resource == asker.nick:
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
        if node:
            raise StanzaError("service-unavailable")
        return room_info(live.room, live.jid.local).answer(request)

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

    @iq("get", names.MUC_ADMIN, "query", to=ACCOUNT)
    async def read_admin(self, request: Stanza) -> Stanza:
        """A list of those who have a role or an affiliation."""
        live = await self.in_room(request)
        found = read_list(live.room, person_of(request.sender), request)
        if isinstance(found, Refused):
            raise refusal(found, live.jid)
        return request.reply(found)

    @iq("set", names.MUC_ADMIN, "query", to=ACCOUNT)
    async def change_admin(self, request: Stanza) -> Stanza:
        """Change roles or affiliations."""
        live = await self.in_room(request)
        try:
            command = changes(live.room, person_of(request.sender), request)
        except Refusal as problem:
            raise refusal(problem.refused, live.jid) from None
        return await self.done(request, live, command)

    @iq("get", names.MUC_OWNER, "query", to=ACCOUNT)
    async def read_config(self, request: Stanza) -> Stanza:
        """The form in which owners configure a room."""
        live = await self.in_room(request)
        self._check_owner(live, person_of(request.sender))
        return request.reply(element("query", names.MUC_OWNER, None, _form_of(live).to_xml()))

    def _check_owner(self, live: LiveRoom, person: Person) -> None:
        if not live.room.may(person, Right.CONFIGURE):
            raise refusal(Reason.FORBIDDEN, live.jid)

    @iq("set", names.MUC_OWNER, "query", to=ACCOUNT)
    async def change_config(self, request: Stanza) -> Stanza:
        """Configure a room, or destroy it."""
        live = await self.in_room(request)
        person = person_of(request.sender)
        self._check_owner(live, person)
        query = request.payload()
        assert query is not None
        for child in query.elements():
            if child.name == "destroy":
                return await self.done(request, live, _destruction(person, child))
            if (child.uri, child.name) == (DATA_FORMS, "x"):
                return await self._configure(request, live, person, child)
        raise StanzaError("bad-request")

    async def _configure(self, request: Stanza, live: LiveRoom, person: Person, x: Any) -> Stanza:
        try:
            form = Form.parse(x)
        except FormError as problem:
            raise StanzaError("bad-request", str(problem)) from None
        if form.type is FormType.CANCEL:
            if live.room.saved.locked:
                return await self.done(request, live, Destroy(person))
            return request.reply()
        try:
            wanted = read_config(_form_of(live), form)
        except FormError as problem:
            raise StanzaError("not-acceptable", str(problem)) from None
        command = Configure(person, wanted.values, wanted.owners, wanted.admins)
        return await self.done(request, live, command)

    @iq("get", names.REGISTER, "query", to=ACCOUNT)
    async def read_registration(self, request: Stanza) -> Stanza:
        """What to fill in to register with a room (XEP-0045, 7.10)."""
        live = await self.in_room(request)
        standing = live.room.saved.standings.get(person_of(request.sender).account)
        if standing is not None and standing.affiliation >= Affiliation.MEMBER:
            nick = element("username", None, None, standing.nick)
            content = element("registered") + (nick if standing.nick else b"")
        elif live.room.config["registration"] == "off":
            raise refusal(Reason.REGISTRATION_OFF, live.jid)
        else:
            content = register_form().to_xml()
        return request.reply(element("query", names.REGISTER, None, content))

    @iq("set", names.REGISTER, "query", to=ACCOUNT)
    async def register(self, request: Stanza) -> Stanza:
        """Register with a room, or no longer."""
        live = await self.in_room(request)
        person = person_of(request.sender)
        query = request.payload()
        assert query is not None
        for child in query.elements():
            if child.name == "remove":
                return await self.done(request, live, Unregister(person))
            if (child.uri, child.name) == (DATA_FORMS, "x"):
                return await self.done(request, live, Register(person, _wanted_nick(child)))
        raise StanzaError("bad-request")


def _form_of(live: LiveRoom) -> Form:
    rows = live.room.saved.standings.items()
    owners = [account for account, row in rows if row.affiliation is Affiliation.OWNER]
    admins = [account for account, row in rows if row.affiliation is Affiliation.ADMIN]
    return config_form(live.room, owners, admins)


def _wanted_nick(x: Any) -> str:
    try:
        nick = register_form().validate(Form.parse(x))["muc#register_roomnick"]
        return Jid.of("a", "b", str(nick)).resource
    except (FormError, InvalidJid) as problem:
        raise StanzaError("not-acceptable", str(problem)) from None


def _destruction(person: Person, destroy: Any) -> Destroy:
    said = {child.name: str(child) for child in destroy.elements()}
    alternate = destroy.getAttribute("jid", "")
    if alternate:
        try:
            alternate = Jid.parse(alternate)
        except InvalidJid:
            raise StanzaError("jid-malformed") from None
    return Destroy(person, said.get("reason", ""), alternate, said.get("password", ""))
