"""A domain of rooms: which there are, and what happens to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from secrets import token_hex
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from xmppd.chat.commands import Command, Configure, Destroy, Readmit, Shutdown
from xmppd.chat.model import Affiliation, Person, Saved, Standing, Stay
from xmppd.chat.outcome import Reason
from xmppd.chat.room import Room
from xmppd.component.component import ANSWERED, Component
from xmppd.link.link import Item
from xmppd.link.router import answers_error
from xmppd.muc.directory import Directory
from xmppd.muc.graves import grave_of
from xmppd.muc.keeping import RoomStore
from xmppd.muc.live import LiveRoom
from xmppd.muc.pace import ServicePaces
from xmppd.muc.refusals import refusal
from xmppd.muc.returning import Returning
from xmppd.muc.settings import RoomSettings
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

T = TypeVar("T")


class House(Component):
    """A domain, its rooms in memory and in the store, and the one way to change them."""

    def __init__(
        self, name: str, clock: IReactorTime, store: RoomStore, settings: RoomSettings
    ) -> None:
        super().__init__(name, clock)
        self.store = store
        self.live: dict[str, LiveRoom] = {}
        self.paces = ServicePaces(settings.limits)
        self.take_settings(settings)
        self.listed = Directory()
        self._clock = clock
        self._returning = Returning(store.stays, clock, self._send_late, self._wake)
        self._ended = False
        self._waiting: dict[str, list[tuple[Callable[..., Any], Deferred[Any]]]] = {}

    # Its life

    async def open(self) -> None:
        """Learn which rooms there are, and tell those who were inside when a process died.

        Fails with `StorageError`.
        """
        self.listed = Directory(await self.store.listed())
        await self.store.graves.open()
        await self.store.clear_left()
        await self._returning.open(frozenset(self.listed if self.settings.readmits else ()))

    def take_settings(self, settings: RoomSettings) -> None:
        """Let other settings hold from now on; rooms in memory keep the options they have."""
        self.settings = settings
        self.paces.change(settings.limits)
        for live in self.live.values():
            live.paces.change(settings.limits)
            live.room.most_occupants = settings.most_occupants
        stays = self.store.stays
        was_whole, stays.whole = stays.whole, settings.readmits
        if stays.whole and not was_whole:
            for local, live in self.live.items():
                stays.all_of(local, live.room)

    def shut_down(self) -> None:
        """Tell occupants that the service ends, or note that they are to be there again.

        From now on nothing happens in rooms.
        """
        for live in list(self.live.values()):
            live.do(Shutdown(restore=self.settings.readmits))
            if live.stored:
                self.store.histories.put(live.jid.local, live.room)
        self.store.stays.flush()
        self._ended = True

    def receive(self, item: Item) -> None:
        """Take a stanza; once the service has ended, say that it is too late."""
        if not self._ended:
            super().receive(item)
        elif isinstance(item, Stanza) and answers_error(item):
            self._send_late(item.error("resource-constraint"))

    # Rooms

    def at(self, local: str, call: Callable[[LiveRoom | None], T]) -> T | Deferred[T]:
        """Call with a room once it is in memory, in the order of the calls; None: there is none.

        Where one of that name has ended, once all have been told so.
        """
        live, waiting = self.live.get(local), self._waiting.get(local)
        if live is not None or (waiting is None and local not in self.listed):
            return call(live)
        done: Deferred[T] = Deferred()
        self._waiting.setdefault(local, []).append((call, done))
        if waiting is None:
            Deferred.fromCoroutine(self._load(local)).addBoth(self._loaded, local)
        return done

    def _wake(self, local: str) -> None:
        """Load a room in which people are."""
        woken = self.at(local, lambda live: None)
        if isinstance(woken, Deferred):
            woken.addErrback(lambda failure: failure.trap(StanzaError))  # has been logged

    async def _load(self, local: str) -> tuple[LiveRoom, list[Stay]] | None:
        saved = await self.store.load(local)
        if saved is None:
            await self._returning.lost(local)
            return None
        live = self._make(saved, stored=True)
        stays = await self._returning.of(local)
        for message in await self.store.told(local, live.room):
            live.room.remember(message)
        self._returning.back(local)
        return live, stays

    def _loaded(self, result: tuple[LiveRoom, list[Stay]] | Failure | None, local: str) -> None:
        if isinstance(result, Failure):
            self.log.failure("{room} cannot be read", result, room=local)
            for _, done in self._waiting.pop(local):
                done.errback(StanzaError("resource-constraint"))
            return
        if result is None:
            self.listed.remove(local)
        else:
            live, stays = result
            self.readmit(self._put(live), stays)
        self._go_on(local)

    def _go_on(self, local: str) -> None:
        """Let those go on who have waited; an earlier one may end the room, or make it."""
        for call, done in self._waiting.pop(local, ()):
            maybeDeferred(self.at, local, call).chainDeferred(done)

    def _await_end(self, local: str, told: Deferred[None]) -> None:
        """Have who comes wait until all have been told that a room has ended."""
        self._waiting.setdefault(local, [])

        def over(result: T) -> T:
            self._go_on(local)
            return result

        told.addBoth(over)

    def readmit(self, live: LiveRoom, stays: Sequence[Stay]) -> None:
        """Let those be inside again who were when the service ended."""
        if stays:
            self.have(live, Readmit(tuple(stays)))

    def _make(self, saved: Saved, stored: bool = False) -> LiveRoom:
        settings = self.settings
        room = Room(
            saved,
            settings.options,
            self._clock.seconds,
            self.store.new_id,
            most_occupants=settings.most_occupants,
            unopened=settings.unopened,
        )
        limits = settings.limits
        return LiveRoom(room, self.store, self._send_each, self.forget, stored, limits)

    def _put(self, live: LiveRoom) -> LiveRoom:
        self.live[live.jid.local] = live
        self.listed.put(live.jid.local, live.listed)
        return live

    def _send_each(self, stanza: Stanza, to: Iterable[Jid]) -> None:
        if self._link is not None:
            self._link.send_each(stanza, to)

    def forget(self, live: LiveRoom) -> None:
        """A room is no more."""
        self.live.pop(live.jid.local, None)
        self.listed.remove(live.jid.local)

    def unload(self, live: LiveRoom) -> None:
        """Let a room be in the store alone, with what newcomers are told of."""
        self.store.histories.put(live.jid.local, live.room)
        del self.live[live.jid.local]

    def create(self, jid: Jid, creator: str) -> LiveRoom:
        """Make a room; until it is configured only its owner gets in (XEP-0045, 10.1).

        Of an earlier one of that name `Graves` still knows.
        """
        now = self._clock.seconds()
        saved = Saved(jid.bare, creator, token_hex(32), now, locked=True)
        saved.standings[creator] = Standing(Affiliation.OWNER, at=now)
        return self._put(self._make(saved))

    def missing(self, room: Jid) -> StanzaError:
        """The answer to who looks for a room that is not there."""
        grave = self.store.graves.of(room.local, self._clock.seconds())
        return refusal(Reason.NO_ROOM, room) if grave is None else grave.error(room)

    def do(
        self, live: LiveRoom, command: Command, answer: Stanza | None = None
    ) -> Deferred[None] | None:
        """Carry out a command in a room; `answer` goes to who asked, see `LiveRoom.do`."""
        local = live.jid.local
        done = live.do(command, answer)
        if isinstance(command, Configure) and local in self.live:
            self.listed.put(local, live.listed)
        elif isinstance(command, Destroy):
            self._bury(live, command)
        if done is not None and self.live.get(local) is not live:
            self._await_end(local, done)
        if not live.room.sessions:
            live.touched = self._clock.seconds()
        return done

    def have(self, live: LiveRoom, command: Command) -> None:
        """Carry out what nobody waits for."""
        maybeDeferred(self.do, live, command).addErrback(self._not_done, live)

    def _not_done(self, failure: Failure, live: LiveRoom) -> None:
        if not failure.check(StanzaError):  # which has been logged
            self.log.failure("A command has failed in {room}", failure, room=live.jid)

    def _bury(self, live: LiveRoom, command: Destroy) -> None:
        until = self._clock.seconds() + self.settings.gone
        grave = grave_of(live.room, command, until)
        if grave is not None and self.settings.gone:
            self.store.graves.bury(live.jid.local, grave)

    def hear(self, live: LiveRoom, person: Person) -> None:
        """Note a sign of life of somebody inside."""
        if person in live.room.sessions:
            live.heard[person] = self._clock.seconds()

    async def in_room(self, request: Stanza) -> LiveRoom:
        """The room that a request is for. Raises `StanzaError`."""
        assert request.to is not None and request.sender is not None
        live = await self.find(request.to.local)
        if live is None or not live.exists_for(request.sender):
            raise self.missing(request.to.bare)
        return live

    async def find(self, local: str) -> LiveRoom | None:
        """The room of that name, if there is one."""
        found = self.at(local, lambda live: live)
        return await found if isinstance(found, Deferred) else found

    async def done(self, request: Stanza, live: LiveRoom, command: Command) -> Stanza:
        """Carry out what a request asks, and say so in the midst of what others are told."""
        done = self.do(live, command, request.reply())
        if done is not None:
            await done
        return ANSWERED
