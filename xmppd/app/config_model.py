"""What the configuration file may say: one attrs class per table, one attribute per key.

The documentation of each key stands in its metadata: the reference is made from it. The tables of
the roles stand in `config_clients`, `config_links`, `config_servers` and `config_rooms`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from xmppd.app.config_clients import Clients
from xmppd.app.config_endpoint import can_be_found, everywhere
from xmppd.app.config_key import (
    Domain,
    Endpoint,
    StoreName,
    Wrong,
    check_distinct,
    internal,
    key,
    table,
)
from xmppd.app.config_links import RouterTable
from xmppd.app.config_rooms import Muc
from xmppd.app.config_servers import Federation, ServerListen
from xmppd.protocol.jid import Jid


@attrs.frozen
class Tls:
    """Certificates of the served domains."""

    certificates: Path | None = key(
        "Directory of certificates: `DOMAIN/fullchain.pem` with `DOMAIN/privkey.pem`, as certbot "
        "keeps them, `DOMAIN.pem` or `DOMAIN.crt` with `DOMAIN.key`. Without one for a domain, "
        "one is made. `certificates` in the data directory when absent.",
        None,
    )


@attrs.frozen
class Storage:
    """Where data is kept."""

    use: StoreName = key(
        "Back-end of every store: `memory`, `directory`, `sqlite`, `postgresql` or one of a "
        "package in the entry-point group `xmppd.storage`.",
        StoreName("sqlite"),
    )
    stores: Mapping[str, StoreName] = key(
        'Back-ends of single stores, such as `archive = "postgresql"`.', attrs.Factory(dict)
    )


@attrs.frozen
class HostStorage:
    """Where the data of one domain is kept."""

    use: StoreName | None = key("Back-end of the domain's stores.", None)
    stores: Mapping[str, StoreName] = key(
        "Back-ends of single stores of the domain.", attrs.Factory(dict)
    )


@attrs.frozen
class Extension:
    """One `[extensions.NAME]` table; all keys but `enabled` belong to the extension itself."""

    enabled: bool | None = None
    options: Mapping[str, Any] = attrs.field(factory=dict)

    def overridden_by(self, other: "Extension") -> "Extension":
        """Return these settings with those that another table names put over them."""
        enabled = self.enabled if other.enabled is None else other.enabled
        return Extension(enabled, {**self.options, **other.options})


@attrs.frozen
class Host:
    """What differs for one domain."""

    extensions: Mapping[str, Extension] = table(
        "As `[extensions.NAME]`, key by key, for this domain.", dict
    )
    storage: HostStorage = table("As `[storage]`, for this domain.", HostStorage)


@attrs.frozen
class Log:
    """What is written to the log, and how."""

    format: Literal["human", "json"] = key("Lines to read, or one JSON object a line.", "human")
    level: Literal["debug", "info", "warn", "error", "critical"] = key(
        "The least important kind of event that is logged.", "info"
    )


@attrs.frozen
class Origin:
    """Where a configuration came from: for messages, and for the file names in it."""

    name: str = "defaults"
    folder: Path = Path()
    elsewhere: Mapping[tuple[str | int, ...], str] = attrs.field(factory=dict)
    """Keys set outside the file, with the environment variable or option that set them."""

    def of(self, path: tuple[str | int, ...]) -> str:
        """Return the name of the place that set a key."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.elsewhere:
                return self.elsewhere[path[:length]]
        return self.name


@attrs.frozen
class Config:
    """The whole configuration."""

    domains: tuple[Domain, ...] = key(
        "Domains served; the first is the one shown to clients that name none.",
        (Domain("localhost"),),
        check=check_distinct,
    )
    data: Path = key("Directory of everything the server keeps.", Path("data"))
    admins: tuple[Jid, ...] = key("Accounts that may administer the server.", ())
    resource_conflict: Literal["replace", "reject", "rename"] = key(
        "When a client asks for a resource in use (RFC 6120, 7.7.2.2): `replace` closes the older "
        "session, `reject` refuses the newer one, `rename` gives it another resource.",
        "replace",
    )
    c2s: Clients = table("Clients.", Clients)
    router: RouterTable = table("The router and its links.", RouterTable)
    s2s: Federation = table("Other servers.", Federation)
    muc: Muc = table("Rooms.", Muc)
    tls: Tls = table("TLS.", Tls)
    storage: Storage = table("Storage.", Storage)
    log: Log = table("Logging.", Log)
    extensions: Mapping[str, Extension] = table(
        "Settings of extensions: `enabled`, and keys of their own.", dict
    )
    host: Mapping[Domain, Host] = table("Settings of single domains.", dict)
    origin: Origin = internal(Origin())
    warnings: tuple[str, ...] = internal(())

    def __attrs_post_init__(self) -> None:
        if self.muc.domain in self.domains:
            raise Wrong("is one of domains (rooms need one of their own)", "muc", "domain")
        for name in self.host:
            if name not in self.domains:
                served = ", ".join(self.domains[:5])
                raise Wrong(f"not a domain served here (domains: {served})", "host", name)
        for number, place in enumerate(self.router.listen):
            for at, route in enumerate(place.routes):
                if Domain(route) in self.domains and not place.trusted:
                    wrong = "is a domain served here (no outside component can have it)"
                    raise Wrong(wrong, "router", "listen", number, "routes", at)

    @property
    def certificates(self) -> Path:
        """The directory of certificates."""
        return self.tls.certificates or self.data / "certificates"

    @property
    def federates(self) -> bool:
        """Whether this server talks to others."""
        if self.s2s.enabled is not None:
            return self.s2s.enabled
        return bool(self.s2s.listen) or any(map(can_be_found, self.domains))

    @property
    def server_places(self) -> tuple[ServerListen, ...]:
        """Where other servers come in (RFC 6120, 14.7; XEP-0368)."""
        if self.s2s.listen or not self.federates:
            return self.s2s.listen if self.federates else ()
        starttls = [ServerListen(Endpoint(place)) for place in everywhere(5269)]
        direct = [ServerListen(Endpoint(place), "direct") for place in everywhere(5270)]
        return (*starttls, *direct)

    @property
    def dialback_secret_file(self) -> Path:
        """The file with the secret of dialback keys."""
        return self.s2s.dialback_secret_file or self.data / "dialback.secret"

    def extension(self, name: str, domain: str | None = None) -> Extension:
        """Return the settings of an extension, as they stand for a domain or for all."""
        settings = self.extensions.get(name, Extension())
        host = self.host.get(Domain(domain or ""), Host())
        return settings.overridden_by(host.extensions.get(name, Extension()))

    @property
    def back_ends(self) -> set[str]:
        """The names of all back-ends that a store is put on."""
        names = {self.storage.use, *self.storage.stores.values()}
        for host in self.host.values():
            names |= {*host.storage.stores.values()}
            if host.storage.use is not None:
                names.add(host.storage.use)
        return set(names)

    def store(self, name: str, domain: str | None = None) -> str:
        """Return the back-end of a store; what is said of a domain goes first."""
        own = self.host.get(Domain(domain or ""), Host()).storage
        return own.stores.get(name) or own.use or self.storage.stores.get(name, self.storage.use)
