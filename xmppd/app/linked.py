"""Roles in processes of their own, linked to a router elsewhere."""

from __future__ import annotations

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
from xmppd.link.codec import attach
from xmppd.link.dialer import Dialer
from xmppd.link.rules import SERVERS, covers
from xmppd.link.shared import SharedLink
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.jid import Jid
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


class Linked(MultiService):
    """A role in a process of its own, with a link to a router elsewhere.

    `role` is what it does, `linked` whether its link to the router is up, `gives_back` whether it
    would give the router back what it has not passed on before its end.
    """

    role: Any
    gives_back = False

    def __init__(self, name: str, config: Config, reactor: Any) -> None:
        MultiService.__init__(self)
        self.config = config
        self.reactor = reactor
        self.since = reactor.seconds()
        self.opened: Deferred[Any] | None = None
        self._instance = name
        self._dialer = uplink(name, config, reactor)

    @property
    def linked(self) -> bool:
        """Whether the link to the router is up."""
        return self._dialer.is_up

    def reload(self, config: Config) -> None:
        """Take what the role can change while it runs.

        Raises ConfigError, or CertificateError, before anything has changed.
        """
        self.role.reload(config)
        self.config = config

    def _stop(self, *services: Any) -> Deferred[object]:
        """Stop what has been added, then those services, one after the other."""
        stopped = maybeDeferred(MultiService.stopService, self)
        for service in services:
            stopped.addCallback(stop, service)
        return stopped

    def _leave(self, *services: Any) -> Deferred[object]:
        """The same once the router sends no more: so what it has sent is not lost in here."""
        if not self._dialer.running:
            return self._stop(*services)
        left = self._dialer.leave(self.gives_back).addCallback(self._left)
        return left.addCallback(lambda _: self._stop(*services))

    def _left(self, may_return: bool) -> None:
        """The router sends no more; it takes back what has come, or does not."""


class LinkedKeeper(Linked):
    """A role that has stores.

    It links only when they are open, so that nothing comes before it can be kept.
    """

    def startService(self) -> None:
        """Open the stores, then dial; `opened` fires when the stores are open."""
        self.role.startService()
        self.opened = self.role.opened.addCallback(self._dial)

    def _dial(self, _: object) -> None:
        self._dialer.startService()
        MultiService.startService(self)


class LinkedEdge(Linked):
    """A role with places where it listens: it does so once its link has been up."""

    def startService(self) -> None:
        """Dial; listen when the link is up for the first time."""
        self.opened = self.role.opened
        MultiService.startService(self)
        self._dialer.changed = self._changed
        self._dialer.startService()

    def _changed(self, up: bool) -> None:
        if up and not self.role.running:
            self.role.startService()
        elif up:
            self._relinked()

    def _relinked(self) -> None:
        """The link is up again."""

    def stopService(self) -> Deferred[object]:
        """Close every stream, then the link."""
        return self._stop(self.role, self._dialer)


class LinkedSessions(LinkedKeeper):
    """The session manager in a process of its own."""

    def __init__(
        self, name: str, config: Config, reactor: Any, stores: StoreMap, maker: HostMaker
    ) -> None:
        LinkedKeeper.__init__(self, name, config, reactor)
        self.stores = stores
        self._link = SharedLink(self._dialer, reactor)
        self.role = SessionsRole(name, config, reactor, stores, maker, self._link, self._link.open)
        self.manager = self.role.manager

    def _dial(self, _: object) -> None:
        domains = [*self.config.domains, *self._link.domains]
        boot = str(self.manager.address.resource)
        self._dialer.changed = self._changed
        self._dialer.attach = attach(self._instance, boot, "sm", domains)
        LinkedKeeper._dial(self, _)

    def _changed(self, up: bool) -> None:
        if up:
            self.manager.relinked()

    def stopService(self) -> Deferred[object]:
        """Take what is under way, end the link, then the sessions, and close the stores."""
        return self._leave(self._dialer, self.role)


class LinkedClients(LinkedEdge):
    """The client edge in a process of its own."""

    def __init__(self, name: str, config: Config, reactor: Any) -> None:
        LinkedEdge.__init__(self, name, config, reactor)
        self.role = ClientsRole(name, config, reactor, self._dialer)
        self.edge = self.role.edge
        self.certificates = self.role.certificates
        self._dialer.attach = attach(name, str(self.edge.address.resource), "c2s")

    def _relinked(self) -> None:
        self.edge.relinked()


class LinkedServers(LinkedEdge):
    """The server edge in a process of its own."""

    gives_back = True

    def __init__(self, name: str, config: Config, reactor: Any) -> None:
        LinkedEdge.__init__(self, name, config, reactor)
        served = routed_here(config)
        self.role = self.federation = ServersRole(
            config, reactor, self._dialer, lambda domain: covers(served, domain)
        )
        self.certificates = self.role.certificates
        self.role.edge.take_charge(Jid.of("", name))
        self._dialer.attach = attach(name, boot_number(), SERVERS)

    def stopService(self) -> Deferred[object]:
        """Take what is under way; what comes then waits at the router. Close the streams.

        The router takes back what no other server has been sent.
        """
        return self._leave(self.role, self._dialer)

    def _left(self, may_return: bool) -> None:
        if may_return:
            self.role.edge.stopping.give_back = self._dialer.give_back


def routed_here(config: Config) -> frozenset[str]:
    """The domains and wildcards that the router has routes for, as the configuration says."""
    routes = [route for place in config.router.listen for route in place.routes]
    rooms = [] if config.muc.domain is None else [config.muc.domain]
    return frozenset([*config.domains, *rooms, *routes])
