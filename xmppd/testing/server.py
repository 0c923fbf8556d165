"""A whole server in memory: no sockets, no files, no reactor; time passes when the test says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from xmppd.app.assemble import assemble
from xmppd.app.hosting import MakePortal
from xmppd.chat.option import Option
from xmppd.component.extension import Extension
from xmppd.sm.host import Host
from xmppd.testing.client import Client
from xmppd.testing.links import Elsewhere
from xmppd.testing.settings import DOMAINS, address_of, memory_config

START = 1_800_000_000
"""When the clock of a server begins, in seconds since 1970."""


class TestServer:
    """A server with its accounts, built by the same `assemble` as that of `twistd` and started.

    Use it as a context manager, or have `stop` called at the end of the test. `service` is the
    server itself, `clock` its time.
    """

    __test__ = False  # it is no test, whatever collectors think of its name

    def __init__(
        self,
        domains: Sequence[str] = DOMAINS,
        accounts: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
        extensions: Iterable[type[Extension]] = (),
        *,
        checkers: Sequence[ICredentialsChecker] = (),
        make_portal: MakePortal | None = None,
        room_options: Iterable[type[Option]] = (),
    ) -> None:
        """
        :param accounts: passwords by name; a name without a domain is of the first.
        :param config: what the configuration file would say, as nested mappings. Where it says
            nothing, data is kept in memory and rates have no limits.
        :param extensions, room_options: added to those that come with xmppd.
        :param checkers, make_portal: as for `assemble`.
        :raises ConfigError: for a configuration that cannot be used.
        """
        self.clock = Clock()
        self.clock.advance(START)
        self.service = assemble(
            memory_config(domains, config),
            self.clock,
            listen=False,
            checkers=checkers,
            make_portal=make_portal,
            extensions=extensions,
            room_options=room_options,
        )
        self._passwords: dict[str, str] = {}
        self.service.startService()
        assert self.service.opened is not None
        self.result(self.service.opened)
        for name, password in (accounts or {}).items():
            self.add_account(name, password)

    def stop(self) -> None:
        """Close every stream and stop the server; harmless where that has been done."""
        if self.service.running:
            self.result(self.service.stopService())

    def __enter__(self) -> TestServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # Who is there

    def host(self, domain: str = "") -> Host:
        """The host of a domain, of the first unless named. Raises LookupError."""
        host = self.service.manager.host(domain or self.service.config.domains[0])
        if host is None:
            raise LookupError(f"{domain} is not served here")
        return host

    def add_account(self, name: str, password: str) -> None:
        """Add an account; a name without a domain is of the first."""
        jid = address_of(self.service.config, name)
        accounts = self.host(jid.domain).accounts
        assert accounts is not None
        self.result(accounts.create(jid.local, password))
        self._passwords[jid] = password

    def client(
        self, name: str, resource: str = "", *, password: str | None = None, available: bool = True
    ) -> Client:
        """Log a client in.

        :param password: of the account; not needed where this server was told it before.
        :param available: whether it sends its initial presence.
        :raises LoginRefused: where the server does not let it in.
        """
        jid = address_of(self.service.config, name)
        secret = self._passwords[jid] if password is None else password
        client = self.connect(jid.domain)
        self.result(Deferred.fromCoroutine(client.log_in(jid.local, secret, resource)))
        if available:
            client.send("<presence/>")
        return client

    def connect(self, domain: str = "") -> Client:
        """Connect a client that says nothing by itself; see `Client.open`."""
        config = self.service.config
        return Client(self.service.edge, self.clock, self.settle, domain or config.domains[0])

    def elsewhere(self, domain: str) -> Elsewhere:
        """Play a domain that is not served here: another server, or a component."""
        return Elsewhere(self.clock, self.service.router.link([domain]), self.settle)

    # Time

    def settle(self) -> None:
        """Let everything happen that is due."""
        self.clock.advance(0)

    def advance(self, seconds: float) -> None:
        """Let time pass, in steps of a second at most, and everything happen that is due."""
        while seconds > 0:
            self.clock.advance(min(seconds, 1.0))
            seconds -= 1.0

    def result(self, waited: Deferred[Any]) -> Any:
        """Let everything happen that is due, and give what a Deferred then holds.

        Raises what it failed with, or AssertionError where it is still waiting.
        """
        found: list[Any] = []
        waited.addBoth(found.append)
        self.settle()
        if not found:
            raise AssertionError("still waiting, though nothing is due")
        if isinstance(found[0], Failure):
            found[0].raiseException()
        return found[0]
