"""The roles of a server: each a service that runs the same whoever its neighbours are."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.app.config import link_secret
from xmppd.app.config_model import Config
from xmppd.app.hosting import HostMaker
from xmppd.app.linking import link_services, uplinks
from xmppd.app.tracing import trace_router, traced
from xmppd.c2s.edge import ClientEdge
from xmppd.link.expected import expect
from xmppd.link.link import Link
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.s2s.connector import Connector, Dial, tcp
from xmppd.s2s.dialback import Keys
from xmppd.s2s.edge import ServerEdge
from xmppd.s2s.resolver import DnsResolver, Resolver
from xmppd.sm.host import Host
from xmppd.sm.manager import SessionManager
from xmppd.sm.traces import are_left
from xmppd.storage.stores import StoreMap
from xmppd.tls.certificates import Certificates
from xmppd.tls.context import peer_context
from xmppd.tls.listening import EdgeService
from xmppd.tls.trust import Trust

OpenLink = Callable[[list[str]], Link]
"""Makes a link that serves further domains."""


def stop(_: object, service: Any) -> Any:
    """A callback that stops a service which has been started."""
    return service.stopService() if service.running else None


class RouterRole(MultiService):
    """Moves what others send: the router, and the places where they connect."""

    def __init__(self, config: Config, reactor: Any, listening: bool = True) -> None:
        MultiService.__init__(self)
        self.config = config
        self.reactor = reactor
        self.router = Router()
        trace_router(self.router, config.log.level)
        self.links = link_services(config, self.router, reactor) if listening else []
        self.uplinks = uplinks(config, self.router, reactor) if listening else []
        for service in (*self.links, *self.uplinks):
            self.addService(service)  # type: ignore[no-untyped-call]
        self.opened: Deferred[Any] | None = None
        self.since: float = reactor.seconds()
        self._expecting: IDelayedCall | None = None

    def startService(self) -> None:
        """Listen for links; those of our own domains may have been here before."""
        self.since = self.reactor.seconds()
        if self.links:
            rooms = self.config.muc.domain
            domains = [*self.config.domains, *([rooms] if rooms else [])]
            self._expecting = expect(self.router, self.reactor, domains)
        MultiService.startService(self)
        self.opened = succeed(None)

    def stopService(self) -> Any:
        """End all links in order; fires when they have gone."""
        if self._expecting is not None and self._expecting.active():
            self._expecting.cancel()
        return MultiService.stopService(self)

    def reload(self, config: Config) -> None:
        """Nothing of a router changes while it runs but through commands."""
        self.config = config


class SessionsRole(MultiService):
    """Owns sessions and accounts: the stores, the hosts, the session manager."""

    log = Logger()

    def __init__(
        self,
        name: str,
        config: Config,
        reactor: Any,
        stores: StoreMap,
        maker: HostMaker,
        link: Link,
        open_link: OpenLink,
    ) -> None:
        MultiService.__init__(self)
        self.config = config
        self.reactor = reactor
        self.stores = stores
        self.maker = maker
        self._open_link = open_link
        link = traced(link, name, config.log.level)
        self.manager = SessionManager(name, link, reactor, stores, self._make_host)
        self.opened: Deferred[Any] | None = None

    def startService(self) -> None:
        """Open the stores, then everything else; `opened` fires when that is done."""
        self.opened = self.stores.open().addCallback(self._opened)

    def _opened(self, _: object) -> None:
        for domain in self.maker.eager():
            self.manager.host(domain)
        for domain in self.config.domains:
            if domain not in self.manager.hosts:
                left = are_left(self.stores.of(domain), domain)
                left.addCallback(self._left, domain).addErrback(self._unknown, domain)
        MultiService.startService(self)

    def _left(self, left: bool, domain: str) -> None:
        """Somebody at that domain has yet to hear how a former life of this process ended."""
        if left:
            self.manager.host(domain)

    def _unknown(self, failure: Failure, domain: str) -> None:
        self.log.failure("Cannot see what {domain} has left behind", failure, domain=domain)

    def stopService(self) -> Deferred[object]:
        """Stop the hosts, then close the stores."""
        return maybeDeferred(MultiService.stopService, self).addCallback(self._stop_hosts)

    def _stop_hosts(self, _: object) -> Deferred[object]:
        for host in self.manager.hosts.values():
            host.stop()
        return self.stores.close().addCallback(lambda _: None)

    def reload(self, config: Config) -> None:
        """Take other options of extensions. Raises ConfigError before anything has changed."""
        self.maker.reload(config, self.manager.hosts)
        self.config = config

    def _make_host(self, domain: str) -> Host | None:
        return self.maker.make(domain, self.manager, self._open_link)


class ClientsRole(MultiService):
    """Takes clients: the edge, its certificates, the places where it listens."""

    def __init__(
        self, name: str, config: Config, reactor: Any, link: Link, listening: bool = True
    ) -> None:
        MultiService.__init__(self)
        self.config = config
        self.certificates = Certificates(config.certificates, config.domains)
        hosts = [Jid.parse(domain) for domain in config.domains]
        self.edge = ClientEdge(
            name,
            traced(link, name, config.log.level),
            reactor,
            config.c2s.limits,
            hosts[0],
            self.certificates,
            hosts=hosts,
        )
        listen = config.c2s.listen if listening else ()
        self.clients = EdgeService(self.edge, listen, reactor)
        self.addService(self.clients)  # type: ignore[no-untyped-call]
        self.opened: Deferred[Any] = self.clients.started

    def startService(self) -> None:
        """Wait for clients."""
        self.edge.start()
        MultiService.startService(self)

    def reload(self, config: Config) -> None:
        """Take other limits and certificates.

        Raises CertificateError before anything has changed.
        """
        self.certificates.check()
        self.config = config
        self.edge.limits = config.c2s.limits


class ServersRole(MultiService):
    """Speaks with other servers: the edge towards them, the places where it listens.

    `serves` tells which domains are routed here; `resolver` takes the place of DNS.
    """

    def __init__(
        self,
        config: Config,
        reactor: Any,
        link: Link,
        serves: Callable[[str], bool],
        listening: bool = True,
        resolver: Resolver | None = None,
        dial: Dial | None = None,
    ) -> None:
        MultiService.__init__(self)
        self.config = config
        self.certificates = Certificates(
            config.certificates, config.domains, make_context=peer_context
        )
        settings = config.s2s
        self._reactor = reactor
        self._resolver, self._dial = resolver, dial
        self.edge = ServerEdge(
            link,
            reactor,
            settings,
            Jid.parse(config.domains[0]),
            self.certificates,
            Trust(settings.trust),
            Keys(secrets.token_hex()),
            self._connector(config, self._new_resolver(config)),
            serves,
        )
        places = config.server_places if listening else ()
        self.servers = EdgeService(self.edge, places, reactor)
        self.addService(self.servers)  # type: ignore[no-untyped-call]
        self.opened: Deferred[Any] = self.servers.started

    def prepare(self) -> None:
        """Read the secret of dialback keys; one is made if there is none. Raises ConfigError."""
        self.edge.keys = Keys(link_secret(self.config.dialback_secret_file))

    def startService(self) -> None:
        """Listen for other servers."""
        self.prepare()
        MultiService.startService(self)

    def check(self, config: Config) -> Trust:
        """The authorities of a configuration. Raises CertificateError if it cannot be taken."""
        self.certificates.check()
        return Trust(config.s2s.trust)

    def reload(self, config: Config) -> None:
        """Take other certificates, policies, limits, places, authorities and DNS servers.

        Streams that satisfy the policy go on. Raises CertificateError before anything has changed.
        """
        trust = self.check(config)
        resolver = self.edge.connector.resolver
        if config.s2s.dns != self.config.s2s.dns:
            resolver = self._new_resolver(config)
        self.edge.reconfigure(config.s2s, trust, self._connector(config, resolver))
        self.config = config

    def _new_resolver(self, config: Config) -> Resolver:
        servers = [_place(server) for server in config.s2s.dns]
        return self._resolver or DnsResolver(self._reactor, servers)

    def _connector(self, config: Config, resolver: Resolver) -> Connector:
        settings = config.s2s
        dial = self._dial or tcp(self._reactor, settings.limits.connect_seconds)
        return Connector(self._reactor, resolver, dial, settings.static, settings.private_addresses)


def _place(text: str) -> tuple[str, int]:
    """The address and port that a checked text names."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
