"""Roles in processes of their own, linked to a router elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred

from xmppd.app.config_endpoint import shows_certificate
from xmppd.app.config_key import ConfigError
from xmppd.app.config_model import Config
from xmppd.app.hosting import HostMaker
from xmppd.app.linking import dialable, secret_of
from xmppd.app.roles import ClientsRole, ServersRole, SessionsRole, stop
from xmppd.component.session import boot_number
from xmppd.link.acceptor import SERVERS, covers
from xmppd.link.codec import LINK
from xmppd.link.dialer import Dialer
from xmppd.link.shared import SharedLink
from xmppd.link.wire import WireSettings
from xmppd.protocol.markup import element
from xmppd.storage.stores import StoreMap


def uplink(name: str, config: Config, reactor: Any) -> Dialer:
    """The link of an instance to the configured router. Raises ConfigError where none is."""
    address, secret_file = config.router.address, config.router.secret_file
    if address is None or (secret_file is None and not shows_certificate(address)):
        raise ConfigError(
            f"{config.origin.name}: router: neither address nor secret_file may be missing here "
            "(name them, or give --router and --secret-file)"
        )
    settings = WireSettings(secret_of(secret_file), 5 * 1024 * 1024, trusted=True)
    return Dialer(name, dialable(address, reactor), settings, reactor)


def attach(name: str, boot: str, role: str, domains: Iterable[str] = ()) -> bytes:
    """What a trusted link says of itself, first of all."""
    said = {"name": name, "boot": boot, "role": role, "domains": " ".join(domains) or None}
    return element("route", None, {"from": name, "to": "router"}, element("attach", LINK, said))


class LinkedSessions(MultiService):
    """The session manager in a process of its own.

    It links only when its stores are open, so that nothing comes before it can be kept.
    """

    def __init__(
        self, name: str, config: Config, reactor: Any, stores: StoreMap, maker: HostMaker
    ) -> None:
        MultiService.__init__(self)
        self.config = config
        self.reactor = reactor
        self.stores = stores
        self.maker = maker
        self._instance = name
        self._dialer = uplink(name, config, reactor)
        self._link = SharedLink(self._dialer)
        self._sessions = SessionsRole(
            name, config, reactor, stores, maker, self._link, self._link.open
        )
        self.manager = self._sessions.manager
        self.opened: Deferred[Any] | None = None

    def startService(self) -> None:
        """Open the stores, then dial; `opened` fires when the stores are open."""
        self._sessions.startService()
        assert self._sessions.opened is not None
        self.opened = self._sessions.opened.addCallback(self._dial)

    def _dial(self, _: object) -> None:
        domains = [*self.config.domains, *self._link.domains]
        boot = str(self.manager.address.resource)
        self._dialer.changed = self._changed
        self._dialer.attach = attach(self._instance, boot, "sm", domains)
        self._dialer.startService()
        MultiService.startService(self)

    def _changed(self, up: bool) -> None:
        if up:
            self.manager.relinked()

    def stopService(self) -> Deferred[object]:
        """End the sessions, then the link, then close the stores."""
        stopped = maybeDeferred(MultiService.stopService, self)
        stopped.addCallback(stop, self._dialer)
        return stopped.addCallback(stop, self._sessions)

    @property
    def linked(self) -> bool:
        """Whether the link to the router is up."""
        return self._dialer.is_up

    def reload(self, config: Config) -> None:
        """Take other options of extensions. Raises ConfigError before anything has changed."""
        self._sessions.reload(config)
        self.config = config


class LinkedClients(MultiService):
    """The client edge in a process of its own. It listens once its link has been up."""

    def __init__(self, name: str, config: Config, reactor: Any) -> None:
        MultiService.__init__(self)
        self.config = config
        self.reactor = reactor
        self._dialer = uplink(name, config, reactor)
        self._clients = ClientsRole(name, config, reactor, self._dialer)
        self.edge = self._clients.edge
        self._dialer.attach = attach(name, str(self.edge.address.resource), "c2s")
        self.certificates = self._clients.certificates
        self.opened: Deferred[Any] | None = self._clients.opened

    def startService(self) -> None:
        """Dial; listen for clients when the link is up for the first time."""
        MultiService.startService(self)
        self._dialer.changed = self._changed
        self._dialer.startService()

    def _changed(self, up: bool) -> None:
        if up and not self._clients.running:
            self._clients.startService()
        elif up:
            self.edge.relinked()

    def stopService(self) -> Deferred[object]:
        """Close every stream, then the link."""
        stopped = maybeDeferred(MultiService.stopService, self)
        stopped.addCallback(stop, self._clients)
        return stopped.addCallback(stop, self._dialer)

    @property
    def linked(self) -> bool:
        """Whether the link to the router is up."""
        return self._dialer.is_up

    def reload(self, config: Config) -> None:
        """Take other limits and certificates."""
        self._clients.reload(config)
        self.config = config


class LinkedServers(MultiService):
    """The server edge in a process of its own. It listens once its link has been up."""

    def __init__(self, name: str, config: Config, reactor: Any) -> None:
        MultiService.__init__(self)
        self.config = config
        self.reactor = reactor
        self._dialer = uplink(name, config, reactor)
        self._dialer.attach = attach(name, boot_number(), SERVERS)
        served = routed_here(config)
        self.federation = ServersRole(
            config, reactor, self._dialer, lambda domain: covers(served, domain)
        )
        self.certificates = self.federation.certificates
        self.opened: Deferred[Any] | None = self.federation.opened

    def startService(self) -> None:
        """Dial; listen for servers when the link is up for the first time."""
        MultiService.startService(self)
        self._dialer.changed = self._changed
        self._dialer.startService()

    def _changed(self, up: bool) -> None:
        if up and not self.federation.running:
            self.federation.startService()

    def stopService(self) -> Deferred[object]:
        """Close every stream, then the link."""
        stopped = maybeDeferred(MultiService.stopService, self)
        stopped.addCallback(stop, self.federation)
        return stopped.addCallback(stop, self._dialer)

    def reload(self, config: Config) -> None:
        """Take what of the configuration can change; see `ServersRole.reload`."""
        self.federation.reload(config)
        self.config = config


def routed_here(config: Config) -> frozenset[str]:
    """The domains and wildcards that the router has routes for, as the configuration says."""
    routes = [route for place in config.router.listen for route in place.routes]
    rooms = [] if config.muc.domain is None else [config.muc.domain]
    return frozenset([*config.domains, *rooms, *routes])
