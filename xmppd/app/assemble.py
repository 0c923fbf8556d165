"""Putting a server together: the only place that knows which role runs in which process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from twisted.application.service import MultiService
from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred

from xmppd.accounts.edits import Edits
from xmppd.app.config_model import Config
from xmppd.app.ctl.verbs import perform
from xmppd.app.hosting import HostMaker, MakePortal
from xmppd.app.roles import ClientsRole, RouterRole, ServersRole, SessionsRole, stop
from xmppd.app.rooms import RoomsRole
from xmppd.chat.option import Option
from xmppd.component.extension import Extension
from xmppd.link.own_time import OwnTime
from xmppd.protocol.jid import Jid
from xmppd.s2s.connector import Dial
from xmppd.s2s.resolver import Resolver
from xmppd.storage.stores import StoreMap

SM, C2S, S2S = "sm-1", "c2s-1", "s2s-1"
"""Names of the instances where there is one of each."""


class Server(MultiService):
    """A whole server in one process: router, session manager, client edge, storage.

    Starting it opens the stores and then listens; stopping it closes every stream, commits what
    waits and leaves nothing behind in the reactor. Several may live in one process.
    """

    def __init__(
        self,
        config: Config,
        reactor: OwnTime,
        stores: StoreMap,
        maker: HostMaker,
        listening: bool,
        resolver: Resolver | None = None,
        dial: Dial | None = None,
        room_options: Iterable[type[Option]] = (),
    ) -> None:
        MultiService.__init__(self)
        self.config = config
        self.reactor = reactor
        self.stores = stores
        self.maker = maker
        self._routing = RouterRole(config, reactor, listening)
        self.router = router = self._routing.router
        self.links = self._routing.links
        sessions_link = router.link(config.domains, names=[SM])
        self._sessions = SessionsRole(
            SM, config, reactor, stores, maker, sessions_link, router.link
        )
        self._clients = ClientsRole(C2S, config, reactor, router.link(names=[C2S]), listening)
        self.federation: ServersRole | None = None
        if config.federates:
            self.federation = self._servers(listening, resolver, dial)
        self._rooms: RoomsRole | None = None
        if config.muc.domain is not None:
            self._rooms = RoomsRole(config, reactor, room_options)
        self.rooms = self.room_stores = None
        if self._rooms is not None:
            self.rooms, self.room_stores = self._rooms.rooms, self._rooms.stores
            self._rooms.serve(router.link([self.rooms.name]))
        self.manager = self._sessions.manager
        self.edge = self._clients.edge
        self.clients = self._clients.clients
        self.certificates = self._clients.certificates
        self.opened: Deferred[Any] | None = None

    @property
    def since(self) -> float:
        """When it was started, by its reactor."""
        return self._routing.since

    def startService(self) -> None:
        """Open the stores, then everything else; `opened` fires when clients can come."""
        self._sessions.startService()
        assert self._sessions.opened is not None
        self.opened = self._sessions.opened.addCallback(self._open_rooms)
        self.opened.addCallback(self._listen)

    def _open_rooms(self, _: object) -> Any:
        if self._rooms is None:
            return None
        self._rooms.startService()
        return self._rooms.opened

    def _listen(self, _: object) -> Any:
        self._routing.startService()
        self._clients.startService()
        MultiService.startService(self)
        if self.federation is None:
            return self._clients.opened
        self.federation.startService()
        return gatherResults([self._clients.opened, self.federation.opened], consumeErrors=True)

    def _servers(
        self, listening: bool, resolver: Resolver | None, dial: Dial | None
    ) -> ServersRole:
        link = self.router.link(names=[S2S], default=True)
        role = ServersRole(
            self.config, self.reactor, link, self.router.serves_address, listening, resolver, dial
        )
        role.edge.take_charge(Jid.of("", S2S))
        return role

    def stopService(self) -> Deferred[object]:
        """Close every stream, then the links, then the stores."""
        stopped = maybeDeferred(MultiService.stopService, self)
        for role in (self._rooms, self._clients, self.federation, self._routing, self._sessions):
            if role is not None:
                stopped.addCallback(stop, role)
        return stopped.addCallback(lambda _: self.reactor.forget())

    def reload(self, config: Config) -> None:
        """Take another configuration as far as that goes while running.

        Raises ConfigError, or CertificateError, before anything has changed.
        """
        self.certificates.check()
        if self.federation is not None:
            self.federation.check(config)
        self._sessions.reload(config)
        self._clients.reload(config)
        if self.federation is not None:
            self.federation.reload(config)
        if self._rooms is not None:
            self._rooms.reload(config)
        self.config = config


def assemble(
    config: Config,
    reactor: Any,
    *,
    listen: bool = True,
    checkers: Sequence[ICredentialsChecker] = (),
    make_portal: MakePortal | None = None,
    extensions: Iterable[type[Extension]] = (),
    resolver: Resolver | None = None,
    dial: Dial | None = None,
    room_options: Iterable[type[Option]] = (),
) -> Server:
    """Make a server of a configuration; nothing happens before it is started.

    `checkers` take the place of our own, for every domain; `make_portal` gives whole portals.
    `extensions` and `room_options` are added to those that come with xmppd. `resolver` and `dial`
    find and reach other servers in place of DNS and TCP. Raises ConfigError.
    """
    own = OwnTime(reactor)
    stores, maker = storing(config, own, checkers, make_portal, extensions)
    server = Server(config, own, stores, maker, listen, resolver, dial, room_options)
    maker.perform = partial(perform, server)
    return server


def storing(
    config: Config,
    reactor: Any,
    checkers: Sequence[ICredentialsChecker] = (),
    make_portal: MakePortal | None = None,
    extensions: Iterable[type[Extension]] = (),
) -> tuple[StoreMap, HostMaker]:
    """The stores, and who makes hosts on them; see `assemble`."""
    edits = Edits()
    stores = StoreMap(config.data, reactor, config.back_ends, config.store, edits.edited)
    return stores, HostMaker(config, stores.of, edits, checkers, make_portal, extensions)
