"""Making hosts: a domain's accounts, checkers and extensions, as the configuration says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import IRealm, Portal

from xmppd.accounts.edits import Edits
from xmppd.accounts.realm import StoredKeysChecker, StoredRealm
from xmppd.accounts.registry import Accounts
from xmppd.accounts.stored import Stores
from xmppd.app.config import check_extensions, options_for
from xmppd.app.config_key import ConfigError
from xmppd.app.config_model import Config
from xmppd.component.discovery import Item
from xmppd.component.dispatch import check_needs
from xmppd.component.extension import Extension
from xmppd.extensions.builtin import BUILTIN
from xmppd.link.link import Link
from xmppd.protocol.jid import Jid
from xmppd.sm.host import Host, Perform
from xmppd.sm.manager import SessionManager

MakePortal = Callable[[str, Accounts, IRealm], Portal]
"""Gives the portal of a domain; it may ignore the realm and the accounts that are ours."""


def extension_classes(
    config: Config, more: Iterable[type[Extension]] = ()
) -> dict[str, type[Extension]]:
    """The extensions to choose from: ours, `more`, and of the entry points those the config names.

    Raises ConfigError for a table of an extension that does not exist.
    """
    found = {cls.title(): cls for cls in (*BUILTIN, *more)}
    named = set(config.extensions)
    for host in config.host.values():
        named |= set(host.extensions)
    for entry in entry_points(group="xmppd.extensions"):
        if entry.name in named and entry.name not in found:
            found[entry.name] = entry.load()
    check_extensions(config, found)
    return found


def services(config: Config) -> tuple[Item, ...]:
    """What all hosts list beside themselves."""
    muc = config.muc
    return () if muc.domain is None else (Item(Jid.of("", muc.domain), None, muc.name),)


class HostMaker:
    """Makes the host of a domain at its first use.

    `perform` carries out administrative verbs for the hosts; whoever makes the process sets it.
    """

    def __init__(
        self,
        config: Config,
        stores_of: Callable[[str], Stores],
        edits: Edits,
        checkers: Sequence[ICredentialsChecker] = (),
        make_portal: MakePortal | None = None,
        more: Iterable[type[Extension]] = (),
    ) -> None:
        self.config = config
        self.perform: Perform | None = None
        self._stores_of = stores_of
        self._edits = edits
        self._checkers = checkers
        self._make_portal = make_portal or self._portal
        self._classes = extension_classes(config, more)
        for domain in config.domains:
            self._check_options(domain)
            self._check_needs(domain)

    def eager(self) -> list[str]:
        """The domains whose hosts must be made when the server starts."""
        return [
            domain
            for domain in self.config.domains
            if any(cls.eager for cls in self._enabled(domain))
        ]

    def make(
        self, domain: str, manager: SessionManager, open_link: Callable[[list[str]], Link]
    ) -> Host | None:
        """The host, started; None for a domain that is not ours."""
        if domain not in self.config.domains:
            return None
        stores = self._stores_of(domain)
        accounts = Accounts(domain, stores)
        realm = StoredRealm(accounts, stores, self._edits)
        portal = self._make_portal(domain, accounts, realm)
        host = Host(domain, manager, portal, stores, accounts, self.config.admins)
        host.resource_conflict = self.config.resource_conflict
        host.is_limited = self.config.c2s.limits.enabled
        host.open_link = open_link
        host.services = services(self.config)
        host.perform = self.perform or host.perform
        host.start(self._makers(domain))
        return host

    def reload(self, config: Config, hosts: Mapping[str, Host]) -> None:
        """Give running hosts the options of another configuration.

        Raises ConfigError before anything has changed.
        """
        old, self.config = self.config, config
        try:
            for domain in config.domains:
                self._check_options(domain)
        except Exception:
            self.config = old
            raise
        for name, host in hosts.items():
            host.is_limited = config.c2s.limits.enabled
            for extension in host.dispatch.extensions:
                extension.reload(self._options(type(extension), name))

    def _portal(self, domain: str, accounts: Accounts, realm: IRealm) -> Portal:
        return Portal(realm, list(self._checkers) or [StoredKeysChecker(accounts)])

    def _makers(self, domain: str) -> list[Callable[[Host], Extension]]:
        return [self._maker(cls, domain) for cls in self._enabled(domain)]

    def _enabled(self, domain: str) -> list[type[Extension]]:
        enabled = []
        for name, cls in self._classes.items():
            wanted = self.config.extension(name, domain).enabled
            if cls.default if wanted is None else wanted:
                enabled.append(cls)
        return enabled

    def _maker(self, cls: type[Extension], domain: str) -> Callable[[Host], Extension]:
        options = self._options(cls, domain)
        return lambda host: cls(host, options)

    def _options(self, cls: type[Extension], domain: str) -> Any:
        settings = self.config.extension(cls.title(), domain)
        origin = self.config.origin
        where = f"{origin.name}: extensions.{cls.title()}"
        return options_for(settings.options, cls.Options, where, origin.folder)

    def _check_needs(self, domain: str) -> None:
        try:
            check_needs(self._enabled(domain))
        except ValueError as problem:
            raise ConfigError(f"{self.config.origin.name}: extensions: {problem}") from None

    def _check_options(self, domain: str) -> None:
        if domain in self.config.host or domain == self.config.domains[0]:
            for cls in self._classes.values():
                self._options(cls, domain)
