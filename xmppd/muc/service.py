"""A domain of rooms (XEP-0045)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from secrets import token_hex
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from xmppd.chat.commands import (
    Command,
    Configure,
    Destroy,
    Leave,
    Register,
    Rename,
    ShowPresence,
    Shutdown,
    Unregister,
)
from xmppd.chat.model import Affiliation, Person, Saved, Standing, Why
from xmppd.chat.options.core import CORE
from xmppd.chat.outcome import Reason, Refusal, Refused
from xmppd.chat.rights import Right
from xmppd.chat.room import Room
from xmppd.component.component import Component
from xmppd.component.discovery import DISCO_INFO, DISCO_ITEMS, items_answer, node_of
from xmppd.component.dispatch import Handler
from xmppd.component.extension import ACCOUNT, HOST, iq
from xmppd.component.requests import condition_of
from xmppd.muc import names
from xmppd.muc.content import StanzaContent, cleaned, presence_of
from xmppd.muc.decode import entering, message_command, person_of
from xmppd.muc.discovery import (
    RESERVED_NICK,
    reserved_nick,
    room_info,
    room_items,
    service_info,
    service_items,
)
from xmppd.muc.encode import outsider
from xmppd.muc.forms import config_form, read_config, register_form
from xmppd.muc.keeping import Listed, RoomStore
from xmppd.muc.lists import changes, read_list
from xmppd.muc.live import LiveRoom
from xmppd.muc.refusals import refusal, refused_presence
from xmppd.muc.settings import RoomSettings
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Form, FormError, FormType
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import DATA_FORMS
from xmppd.protocol.stanza import Stanza

T = TypeVar("T")

GHOSTS = frozenset(
    {
        "gone",
        "item-not-found",
        "jid-malformed",
        "recipient-unavailable",
        "redirect",
        "remote-server-not-found",
        "remote-server-timeout",
    }
)
"""Errors that say that a session is no more."""

ROUND = 60.0
"""Seconds between two looks for silent occupants."""
PINGS = 20
"""Silent occupants pinged each second, so that no round is a storm."""


class Rooms(Component):
    """Serves a domain of rooms."""

    def __init__(
        self, name: str, clock: IReactorTime, store: RoomStore, settings: RoomSettings
    ) -> None:
        super().__init__(name, clock)
        self.settings = settings
        self.live: dict[str, LiveRoom] = {}
        self.listed: dict[str, Listed] = {}
        self._clock = clock
        self._store = store
        self._loading: dict[str, list[tuple[Callable[..., Any], Deferred[Any]]]] = {}
        self._ids = count(1)
        self._rounds = LoopingCall(self._look_for_ghosts)
        self._rounds.clock = clock

    # Its life

    async def open(self) -> None:
        """Learn which rooms there are. Fails with `StorageError`."""
        self.listed = await self._store.listed()

    def start(self) -> None:
        """Begin to look for occupants who are gone without a word."""
        self._rounds.start(ROUND, now=False).addErrback(
            lambda failure: self.log.failure("{name} looks for ghosts no more", failure)
        )

    def shut_down(self) -> None:
        """Tell all occupants that the service ends."""
        if self._rounds.running:
            self._rounds.stop()
        for live in list(self.live.values()):
            live.do(Shutdown())

    # Rooms

    def at(self, local: str, call: Callable[[LiveRoom | None], T]) -> T | Deferred[T]:
        """Call with a room once it is in memory, in the order of the calls; None: there is none."""
        live = self.live.get(local)
        if live is not None or local not in self.listed:
            return call(live)
        done: Deferred[T] = Deferred()
        waiting = self._loading.setdefault(local, [])
        waiting.append((call, done))
        if len(waiting) == 1:
            Deferred.fromCoroutine(self._store.load(local)).addBoth(self._loaded, local)
        return done

    def _loaded(self, result: Saved | Failure | None, local: str) -> None:
        waiting = self._loading.pop(local)
        if isinstance(result, Failure):
            self.log.failure("{room} cannot be read", result, room=local)
            for _, done in waiting:
                done.errback(StanzaError("resource-constraint"))
            return
        live = None if result is None else self._put(result, stored=True)
        for call, done in waiting:
            maybeDeferred(call, live).chainDeferred(done)

    def _put(self, saved: Saved, stored: bool = False) -> LiveRoom:
        settings = self.settings
        room = Room(
            saved,
            CORE,
            self._clock.seconds,
            self._next_id,
            most_occupants=settings.most_occupants,
            defaults=settings.defaults,
        )
        live = LiveRoom(room, self._store, self._send_each, self._forget, stored)
        self.live[live.jid.local] = live
        self.listed[live.jid.local] = live.listed
        return live

    def _next_id(self) -> str:
        return f"{next(self._ids):016x}"

    def _send_each(self, stanza: Stanza, to: Iterable[Jid]) -> None:
        if self._link is not None:
            self._link.send_each(stanza, to)

    def _forget(self, live: LiveRoom) -> None:
        self.live.pop(live.jid.local, None)
        self.listed.pop(live.jid.local, None)

    def create(self, jid: Jid, creator: str, locked: bool = True) -> LiveRoom:
        """Make a room; until it is configured only its owner gets in (XEP-0045, 10.1)."""
        now = self._clock.seconds()
        saved = Saved(jid.bare, creator, token_hex(32), now, locked)
        saved.standings[creator] = Standing(Affiliation.OWNER, at=now)
        return self._put(saved)

    def _may_create(self, person: Person) -> bool:
        rule, admins = self.settings.create, self.settings.admins
        if person.account in admins:
            return True
        if len(self.listed) >= self.settings.most_rooms or rule == "admins":
            return False
        return rule == "anyone" or person.domain in self.settings.local

    def do(self, live: LiveRoom, command: Command) -> Deferred[None] | None:
        """Carry out a command in a room."""
        done = live.do(command)
        if live.jid.local in self.live:
            self.listed[live.jid.local] = live.listed
        return done

    # Presence

    def presence(self, presence: Stanza) -> Awaitable[object] | None:
        """Come, show something else, take another nick, go."""
        to = presence.to
        if to is None or not to.local or presence.type not in (None, "unavailable"):
            return None
        done = maybeDeferred(self.at, to.local, lambda live: self._take_presence(live, presence))
        return done.addErrback(self._refuse_presence, presence)

    def _refuse_presence(self, failure: Failure, presence: Stanza) -> None:
        failure.trap(StanzaError)
        error: Any = failure.value
        if presence.type is None:
            self._send_late(refused_presence(presence, error))

    def _take_presence(self, live: LiveRoom | None, presence: Stanza) -> Deferred[None] | None:
        assert presence.to is not None
        room = presence.to.bare
        person = person_of(presence.sender)
        if presence.type == "unavailable":
            return None if live is None else self._leave(live, person, presence)
        if not presence.to.resource:
            raise refusal(Reason.NO_NICK, room)
        inside = None if live is None else live.room.occupant(person)
        if presence.has(names.MUC, "x"):
            return self._enter(live, presence, person)
        if live is None or inside is None:
            self.send(outsider(presence))
            return None
        self._hear(live, person)
        shown = presence_of(presence, room)
        nick = presence.to.resource
        same = nick == inside.nick
        return self.do(live, ShowPresence(person, shown) if same else Rename(person, nick, shown))

    def _leave(self, live: LiveRoom, person: Person, presence: Stanza) -> Deferred[None] | None:
        live.heard.pop(person, None)
        return self.do(live, Leave(person, StanzaContent(cleaned(presence, live.jid))))

    def _enter(
        self, live: LiveRoom | None, presence: Stanza, person: Person
    ) -> Deferred[None] | None:
        assert presence.to is not None
        made = live is None
        if live is None:
            if not self._may_create(person):
                raise refusal(Reason.CREATION_CLOSED, presence.to.bare)
            live = self.create(presence.to, person.account)
        try:
            done = self.do(live, entering(presence, live.jid))
        except StanzaError:
            if made:
                self._forget(live)
            raise
        self._hear(live, person)
        return done

    def _hear(self, live: LiveRoom, person: Person) -> None:
        live.heard[person] = self._clock.seconds()

    # Messages

    def message(self, message: Stanza) -> Awaitable[object] | None:
        """Say something, or one of the things that XEP-0045 does by message."""
        to = message.to
        if to is None or not to.local:
            raise StanzaError("service-unavailable")
        live = self.live.get(to.local)
        if live is not None:  # the hot path
            return self._take_message(live, message)
        done = self.at(to.local, lambda live: self._take_message(live, message))
        return done if isinstance(done, Deferred) else None

    def _take_message(self, live: LiveRoom | None, message: Stanza) -> Deferred[None] | None:
        assert message.to is not None
        command = message_command(message, message.to.bare)
        if live is None:
            raise refusal(Reason.NO_ROOM, message.to.bare)
        if command is None:
            return None
        self._hear_from(live, command.person)
        return self.do(live, command)

    def _hear_from(self, live: LiveRoom, person: Person) -> None:
        if person in live.heard:
            self._hear(live, person)

    # Ghosts

    def bounced(self, error: Stanza) -> Awaitable[object] | None:
        """An occupant whose session is no more is taken out."""
        to = error.to
        live = None if to is None else self.live.get(to.local)
        if live is None or error.sender is None:
            return None
        condition = condition_of(error)
        of_all = condition == "service-unavailable" and error.name == "message"
        if condition in GHOSTS or (of_all and not (to and to.resource)):
            return self._remove_ghost(live, person_of(error.sender))
        return None

    def _remove_ghost(self, live: LiveRoom, person: Person) -> Deferred[None] | None:
        live.heard.pop(person, None)
        return self.do(live, Leave(person, None, Why.LOST))

    def _look_for_ghosts(self) -> None:
        """Ping those who have been silent for long, a few each second."""
        latest = self._clock.seconds() - self.settings.silence
        number = 0
        for live in self.live.values():
            for person, heard in live.heard.items():
                if heard <= latest:
                    self._clock.callLater(number / PINGS, self._ping, live, person)
                    number += 1

    def _ping(self, live: LiveRoom, person: Person) -> None:
        occupant = live.room.occupant(person)
        if occupant is None or self._link is None:
            return
        self._hear(live, person)
        stays = live.room.stays[live.room.sessions[person]]
        ping = element("ping", names.PING)
        asked = Stanza.make("iq", ping, to=stays[person].wire, sender=live.jid, type="get")
        self.ask(asked).addCallbacks(lambda _: None, self._pinged, errbackArgs=(live, person))

    def _pinged(self, failure: Failure, live: LiveRoom, person: Person) -> None:
        error: Any = failure.value
        # service-unavailable is also what clients say that know no ping
        ghosts = GHOSTS - {"remote-server-timeout"}  # which is also what our own waiting ends with
        if isinstance(error, StanzaError) and error.condition in ghosts:
            self._remove_ghost(live, person)

    # Iqs

    def _handler(self, request: Stanza) -> Handler | None:
        if request.to is not None and request.to.local and request.to.resource:
            return lambda request, _: self._to_occupant(request)
        return super()._handler(request)

    async def _in_room(self, request: Stanza) -> LiveRoom:
        assert request.to is not None
        found = self.at(request.to.local, lambda live: live)
        live = await found if isinstance(found, Deferred) else found
        if live is None:
            raise refusal(Reason.NO_ROOM, request.to.bare)
        return live

    async def _done(self, request: Stanza, live: LiveRoom, command: Command) -> Stanza:
        """Carry out what a request asks, and say so when everybody has been told."""
        done = self.do(live, command)
        if done is not None:
            await done
        return request.reply()

    async def _to_occupant(self, request: Stanza) -> Stanza:
        """Pass a request on to an occupant, without saying who asks (XEP-0045, 17.4)."""
        assert request.to is not None
        live = await self._in_room(request) if request.to.local in self.listed else None
        room = request.to.bare
        asker = None if live is None else live.room.occupant(person_of(request.sender))
        if live is None or asker is None:
            raise refusal(Reason.NOT_INSIDE, room)
        self._hear(live, person_of(request.sender))
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
        await self._in_room(request)
        return request.reply()

    @iq("get", DISCO_INFO, "query", to=HOST | ACCOUNT)
    async def _answer_info(self, request: Stanza) -> Stanza:
        assert request.to is not None
        node = node_of(request)
        if not request.to.local:
            if node:
                raise StanzaError("item-not-found")
            return service_info(self.settings.name).answer(request)
        live = await self._in_room(request)
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
        live = await self._in_room(request)
        return items_answer(request, room_items(live.room, person_of(request.sender), live.jid))

    @iq("get", names.MUC_ADMIN, "query", to=ACCOUNT)
    async def read_admin(self, request: Stanza) -> Stanza:
        """A list of those who have a role or an affiliation."""
        live = await self._in_room(request)
        found = read_list(live.room, person_of(request.sender), request)
        if isinstance(found, Refused):
            raise refusal(found, live.jid)
        return request.reply(found)

    @iq("set", names.MUC_ADMIN, "query", to=ACCOUNT)
    async def change_admin(self, request: Stanza) -> Stanza:
        """Change roles or affiliations."""
        live = await self._in_room(request)
        try:
            command = changes(live.room, person_of(request.sender), request)
        except Refusal as problem:
            raise refusal(problem.refused, live.jid) from None
        return await self._done(request, live, command)

    @iq("get", names.MUC_OWNER, "query", to=ACCOUNT)
    async def read_config(self, request: Stanza) -> Stanza:
        """The form in which owners configure a room."""
        live = await self._in_room(request)
        self._check_owner(live, person_of(request.sender))
        return request.reply(element("query", names.MUC_OWNER, None, _form_of(live).to_xml()))

    def _check_owner(self, live: LiveRoom, person: Person) -> None:
        if not live.room.may(person, Right.CONFIGURE):
            raise refusal(Reason.FORBIDDEN, live.jid)

    @iq("set", names.MUC_OWNER, "query", to=ACCOUNT)
    async def change_config(self, request: Stanza) -> Stanza:
        """Configure a room, or destroy it."""
        live = await self._in_room(request)
        person = person_of(request.sender)
        self._check_owner(live, person)
        query = request.payload()
        assert query is not None
        for child in query.elements():
            if child.name == "destroy":
                return await self._done(request, live, _destruction(person, child))
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
                return await self._done(request, live, Destroy(person))
            return request.reply()
        try:
            wanted = read_config(_form_of(live), form)
        except FormError as problem:
            raise StanzaError("not-acceptable", str(problem)) from None
        command = Configure(person, wanted.values, wanted.owners, wanted.admins)
        return await self._done(request, live, command)

    @iq("get", names.REGISTER, "query", to=ACCOUNT)
    async def read_registration(self, request: Stanza) -> Stanza:
        """What to fill in to register with a room (XEP-0045, 7.10)."""
        live = await self._in_room(request)
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
        live = await self._in_room(request)
        person = person_of(request.sender)
        query = request.payload()
        assert query is not None
        for child in query.elements():
            if child.name == "remove":
                return await self._done(request, live, Unregister(person))
            if (child.uri, child.name) == (DATA_FORMS, "x"):
                return await self._done(request, live, Register(person, _wanted_nick(child)))
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
