"""Putting a server together: the only place that knows which component runs in which process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from twisted.application.service import MultiService
from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger

from xmppd.accounts.edits import Edits
from xmppd.app.config_model import Config
from xmppd.app.hosting import HostMaker, MakePortal
from xmppd.app.linking import link_services
from xmppd.c2s.certificates import Certificates
from xmppd.c2s.edge import ClientEdge
from xmppd.c2s.service import ClientService
from xmppd.component.extension import Extension
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.sm.host import Host
from xmppd.sm.manager import SessionManager
from xmppd.storage.stores import StoreMap


class Server(MultiService):
    """A whole server in one process: router, session manager, client edge, storage.

    Starting it opens the stores and then listens; stopping it closes every stream, commits what
    waits and leaves nothing behind in the reactor. Several may live in one process.
    """

    log = Logger()

    def __init__(
        self, config: Config, reactor: Any, stores: StoreMap, maker: HostMaker, listening: bool
    ) -> None:
        MultiService.__init__(self)
        self.config = config
        self.reactor = reactor
        self.stores = stores
        self.maker = maker
        self.certificates = Certificates(config.certificates, config.domains)
        self.router = Router()
        link = self.router.link(config.domains, names=["sm-1"])
        self.manager = SessionManager("sm-1", link, reactor, stores, self._make_host)
        self.edge = ClientEdge(
            "c2s-1",
            self.router.link(names=["c2s-1"]),
            reactor,
            config.c2s.limits,
            Jid.parse(config.domains[0]),
            self.certificates,
        )
        self.links = link_services(config, self.router, reactor) if listening else []
        for service in self.links:
            self.addService(service)  # type: ignore[no-untyped-call]
        self.opened: Deferred[Any] | None = None
        listen = config.c2s.listen if listening else ()
        self.clients = ClientService(self.edge, listen, reactor)
        self.addService(self.clients)  # type: ignore[no-untyped-call]

    def startService(self) -> None:
        """Open the stores, then everything else; `opened` fires when clients can come."""
        self.opened = self.stores.open().addCallback(self._listen)

    def _listen(self, _: object) -> Any:
        for domain in self.maker.eager():
            self.manager.host(domain)
        MultiService.startService(self)
        return self.clients.started

    def stopService(self) -> Deferred[object]:
        """Close every stream, then the hosts, then the stores."""
        return maybeDeferred(MultiService.stopService, self).addCallback(self._stop_hosts)

    def _stop_hosts(self, _: object) -> Deferred[object]:
        for host in self.manager.hosts.values():
            host.stop()
        return self.stores.close().addCallback(lambda _: None)

    def reload(self, config: Config) -> None:
        """Take another configuration as far as that goes while running.

        Raises ConfigError, or CertificateError, before anything has changed.
        """
        self.certificates.check()
        self.maker.reload(config, self.manager.hosts)
        self.config = config
        self.edge.limits = config.c2s.limits

    def _make_host(self, domain: str) -> Host | None:
        return self.maker.make(domain, self.manager, self.router.link)


def back_ends(config: Config) -> set[str]:
    """The names of all back-ends that the configuration puts a store on."""
    names = {config.storage.use, *config.storage.stores.values()}
    for host in config.host.values():
        names |= {*host.storage.stores.values()}
        if host.storage.use is not None:
            names.add(host.storage.use)
    return set(names)


def assemble(
    config: Config,
    reactor: Any,
    *,
    listen: bool = True,
    checkers: Sequence[ICredentialsChecker] = (),
    make_portal: MakePortal | None = None,
    extensions: Iterable[type[Extension]] = (),
) -> Server:
    """Make a server of a configuration; nothing happens before it is started.

    `checkers` take the place of our own, for every domain; `make_portal` gives whole portals.
    `extensions` are added to those that come with xmppd. Raises ConfigError.
    """
    edits = Edits()
    stores = StoreMap(
        config.data, reactor, back_ends(config), lambda store, domain: config.store(store, domain),
        edits.edited,
    )
    maker = HostMaker(config, stores.of, edits, checkers, make_portal, extensions)
    return Server(config, reactor, stores, maker, listen)
