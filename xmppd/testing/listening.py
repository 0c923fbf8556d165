"""A whole server on a free port of this machine, for programs that connect by TCP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet import reactor as default_reactor
from twisted.internet.defer import Deferred, maybeDeferred

from xmppd.app.assemble import assemble
from xmppd.app.hosting import MakePortal
from xmppd.component.extension import Extension
from xmppd.testing.client import PLAIN_TEXT, Client
from xmppd.testing.settings import DOMAINS, address_of, memory_config
from xmppd.tls.listening import place_factory

LOOPBACK = "127.0.0.1"


class ListeningServer:
    """A server in memory that listens on loopback in plain text, once it has been started.

    Programs connect to `address` and `port`; `service` is the server itself. `async with` starts
    and stops it, and so do `await server.start()` and `server.stop`.
    """

    address = LOOPBACK

    def __init__(
        self,
        domains: Sequence[str] = DOMAINS,
        accounts: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
        extensions: Iterable[type[Extension]] = (),
        *,
        checkers: Sequence[ICredentialsChecker] = (),
        make_portal: MakePortal | None = None,
        reactor: Any = default_reactor,
    ) -> None:
        """
        :param reactor: whose sockets and time are used; the rest as for `TestServer`.
        :raises ConfigError: for a configuration that cannot be used.
        """
        self._reactor = reactor
        self.service = assemble(
            memory_config(domains, config),
            self._reactor,
            listen=False,
            checkers=checkers,
            make_portal=make_portal,
            extensions=extensions,
        )
        self._passwords = dict(accounts or {})
        self._port: Any = None

    @property
    def port(self) -> int:
        """The number of the port. Raises RuntimeError while it does not listen."""
        if self._port is None:
            raise RuntimeError("this server does not run")
        return int(self._port.getHost().port)

    async def start(self) -> ListeningServer:
        """Start, listen, make the accounts; gives itself. Where that fails it stops again."""
        self.service.startService()
        try:
            assert self.service.opened is not None
            await self.service.opened
            for name, password in self._passwords.items():
                await self._add_account(name, password)
            factory = place_factory(self.service.edge, PLAIN_TEXT)
            self._port = self._reactor.listenTCP(0, factory, interface=LOOPBACK)
        except BaseException:
            await self._stop()
            raise
        return self

    def stop(self) -> Deferred[Any]:
        """Stop; fires when nothing of the server is left in the reactor. For `addCleanup`."""
        return Deferred.fromCoroutine(self._stop())

    async def __aenter__(self) -> ListeningServer:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def client(self, name: str, resource: str = "", password: str | None = None) -> Client:
        """Log a scripted client in, as `TestServer.client` does; ask it by `Client.wait`."""
        config, edge = self.service.config, self.service.edge
        jid = address_of(config, name)
        secret = self._passwords[name] if password is None else password
        clock: Any = self._reactor
        client = Client(edge, clock, _reactor_does, jid.domain)
        await client.log_in(jid.local, secret, resource)
        client.send("<presence/>")
        return client

    async def _add_account(self, name: str, password: str) -> None:
        jid = address_of(self.service.config, name)
        host = self.service.manager.host(jid.domain)
        if host is None or host.accounts is None:
            raise LookupError(f"{jid.domain} is not served here")
        await host.accounts.create(jid.local, password)

    async def _stop(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            await maybeDeferred(port.stopListening)
        if self.service.running:
            await self.service.stopService()


def _reactor_does() -> None:
    """Where a reactor runs, things happen without a test's help."""
