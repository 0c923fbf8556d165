"""The role that keeps rooms: its stores, and its service of a domain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import deferLater

from xmppd.app.config_model import Config
from xmppd.app.linked import LinkedKeeper
from xmppd.app.room_options import room_options
from xmppd.chat.option import Option
from xmppd.component.session import boot_number
from xmppd.link.codec import attach
from xmppd.link.link import Link
from xmppd.muc.keeping import STORES, RoomStore
from xmppd.muc.service import Rooms
from xmppd.muc.settings import UNLIMITED, Limits, RoomSettings
from xmppd.storage.stores import StoreMap

FOLDER = "muc"
"""Where in the data directory rooms are kept: apart from accounts, so that in every layout the
process that keeps rooms is the only one that has these stores open."""


FAREWELL = 0.0
"""Seconds that what occupants are told in the end has to go out."""


def room_settings(config: Config, options: Iterable[type[Option]] = ()) -> RoomSettings:
    """What the configuration says of rooms, which may have `options` of the application's too.

    Raises ConfigError.
    """
    muc = config.muc
    told = attrs.asdict(muc.limits, filter=lambda field, _: field.name != "enabled")
    limited = muc.limits.enabled and config.c2s.limits.enabled
    limits = Limits(**told) if limited else UNLIMITED
    return RoomSettings(
        muc.name,
        muc.create,
        muc.most_rooms,
        muc.most_occupants,
        muc.message_bytes,
        muc.presence_bytes,
        float(muc.silence_seconds),
        float(muc.unload_seconds),
        float(muc.unopened_seconds),
        float(muc.gone_seconds),
        limits,
        muc.archive_days,
        muc.archive_messages,
        room_options(config, options),
        frozenset(config.admins),
        frozenset(config.domains),
        muc.after_restart,
    )


class RoomsRole(MultiService):
    """The rooms of one domain, which `config.muc` must name; `options` as in `room_settings`."""

    def __init__(self, config: Config, reactor: Any, options: Iterable[type[Option]] = ()) -> None:
        MultiService.__init__(self)
        assert config.muc.domain is not None
        domain = config.muc.domain
        self.config = config
        self._reactor = reactor
        self._options = tuple(options)
        self._folder = config.data / FOLDER
        names = {config.store(store, domain) for store in STORES}
        self._in_memory = names == {"memory"}
        self.stores = StoreMap(self._folder, reactor, names, config.store, lambda *_: None)
        store = RoomStore(self.stores.of(domain), domain)
        self.rooms = Rooms(domain, reactor, store, room_settings(config, self._options))
        self.opened: Deferred[Any] | None = None

    def serve(self, link: Link) -> None:
        """Serve the domain by a link."""
        self.rooms.attach(link)

    def startService(self) -> None:
        """Open the stores and learn which rooms there are; `opened` fires when that is done."""
        if not self._in_memory:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.opened = self.stores.open().addCallback(self._opened)

    def _opened(self, _: object) -> Deferred[None]:
        MultiService.startService(self)
        return Deferred.fromCoroutine(self.rooms.open()).addCallback(lambda _: self.rooms.start())

    def stopService(self) -> Deferred[object]:
        """Tell the occupants, then close the stores."""
        self.rooms.shut_down()
        stopped = maybeDeferred(MultiService.stopService, self)
        # what was said goes out at the end of this turn, and must do so before streams are closed
        stopped.addCallback(lambda _: deferLater(self._reactor, FAREWELL))
        return stopped.addCallback(lambda _: self.stores.close())

    def reload(self, config: Config) -> None:
        """Take other settings, and other options for rooms to come.

        Raises ConfigError before it does.
        """
        self.rooms.take_settings(room_settings(config, self._options))
        self.config = config


class LinkedRooms(LinkedKeeper):
    """Rooms in a process of their own."""

    def __init__(self, name: str, config: Config, reactor: Any) -> None:
        LinkedKeeper.__init__(self, name, config, reactor)
        self.role = RoomsRole(config, reactor)
        self.rooms = self.role.rooms
        self.stores = self.role.stores
        self._dialer.attach = attach(name, boot_number(), "muc", [self.rooms.name])
        self.role.serve(self._dialer)

    def stopService(self) -> Deferred[object]:
        """Take what is under way, tell the occupants, close the stores, then the link."""
        return self._leave(self.role, self._dialer)
