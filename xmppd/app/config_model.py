"""What the configuration file may say: one attrs class per table, one attribute per key.

The documentation of each key stands in its metadata: the reference is made from it.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NewType

import attrs

from xmppd.app.config_endpoint import (
    can_be_found,
    everywhere,
    is_private,
    on_loopback,
    reaches_privately,
    shows_certificate,
)
from xmppd.protocol.jid import Jid

Domain = NewType("Domain", str)
"""A domain name in its prepared form (RFC 7622, 3.2)."""

Endpoint = NewType("Endpoint", str)
"""A Twisted server endpoint string."""

LinkEndpoint = NewType("LinkEndpoint", str)
"""A Twisted server endpoint string, which may say `ssl:`."""

Pattern = NewType("Pattern", str)
"""A domain, or a wildcard for all below one: `*.example.com`."""

StoreName = NewType("StoreName", str)
"""The name of a storage back-end."""

Place = tuple[str | int, ...]
"""Keys, and places in lists, that lead to a value."""
HostPort = NewType("HostPort", str)
"""An IP address and a port: `192.0.2.1:5269`, `[2001:db8::1]:5269`."""

DEFAULT = Domain("default")
"""Stands for every domain that is not named."""

Policy = Literal["certificate", "dialback-over-tls", "plaintext-dialback"]
"""What proves a remote domain."""


class Wrong(ValueError):
    """A value that may not stand where it stands, with the path of keys that leads to it.

    `beside` leads to another one that it does not go together with.
    """

    def __init__(self, message: str, *path: str | int, beside: Place = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.beside = beside


class ConfigError(Exception):
    """The configuration cannot be used; the text is one line: file, key, what, remedy."""


def key(
    doc: str,
    default: Any = attrs.NOTHING,
    *,
    least: int | None = None,
    most: int | None = None,
    check: Callable[[Any], None] | None = None,
) -> Any:
    """Describe one key.

    :param default: the value when the key is absent; without one the key is mandatory.
    :param least: smallest number allowed.
    :param most: largest number allowed.
    :param check: raises `ValueError` for a value that may not be.
    """

    def validate(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if least is not None and value < least:
            raise Wrong(f"must be {least} or more (got {value})", attribute.name)
        if most is not None and value > most:
            raise Wrong(f"must be {most} or less (got {value})", attribute.name)
        if check is not None:
            try:
                check(value)
            except ValueError as problem:
                raise Wrong(str(problem), attribute.name) from None

    metadata = {"doc": doc, "least": least, "most": most}
    return attrs.field(default=default, validator=validate, metadata=metadata)


def table(doc: str, factory: Callable[[], Any]) -> Any:
    """Describe a key that holds a table or an array of tables."""
    return attrs.field(factory=factory, metadata={"doc": doc})


def internal(default: Any) -> Any:
    """Describe an attribute that no file can set."""
    return attrs.field(default=default, eq=False, repr=False, metadata={"internal": True})


def check_distinct(values: tuple[Any, ...]) -> None:
    """Refuse a list that is empty or names something twice."""
    if not values:
        raise ValueError("must name at least one")
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"names {value} twice (remove one)")


@attrs.frozen
class Listen:
    """One place to wait for clients."""

    endpoint: Endpoint = key("Twisted endpoint string: where to listen.")
    tls: Literal["none", "starttls", "direct"] = key(
        "`starttls`: TLS is asked for in the stream and required before login (RFC 6120, 5); "
        "`direct`: TLS from the first byte (XEP-0368); `none`: plain text.",
        "starttls",
    )
    plaintext_off_loopback: bool = key(
        'Allow `tls = "none"` on an address that other machines can reach.', False
    )

    def __attrs_post_init__(self) -> None:
        if self.tls == "none" and not self.plaintext_off_loopback and not self.is_private:
            raise Wrong(
                'tls = "none" lets passwords cross the network in the clear: add '
                ":interface=127.0.0.1 to the endpoint, use starttls, "
                "or say plaintext_off_loopback = true",
                "endpoint",
            )

    @property
    def is_private(self) -> bool:
        """Whether only this machine can connect."""
        return on_loopback(self.endpoint)


def _everywhere() -> tuple[Listen, ...]:
    """The standard ports on all addresses (RFC 6120, 14.7; XEP-0368)."""
    starttls = [Listen(Endpoint(place)) for place in everywhere(5222)]
    direct = [Listen(Endpoint(place), "direct") for place in everywhere(5223)]
    return (*starttls, *direct)


@attrs.frozen
class Limits:
    """What one client, or one address, may ask of the edge (XEP-0205)."""

    enabled: bool = key(
        "`false` lifts the limits per address and per second; those on sizes and the deadlines "
        "stay.",
        True,
    )
    connections_per_address: int = key(
        "Connections open at once from one IPv4 address or one IPv6 /64.", 250, least=1
    )
    login_attempts_per_address: int = key(
        "Attempts to log in per minute from one IPv4 address or one IPv6 /64.", 60, least=1
    )
    stanza_bytes_before_login: int = key(
        "Size of one element before login, in bytes (RFC 6120, 13.12: at least 10,000).",
        10_240,
        least=10_000,
        most=1_048_576,
    )
    stanza_bytes: int = key(
        "Size of one stanza after login, in bytes.", 262_144, least=10_000, most=16_777_216
    )
    bytes_per_second: int = key(
        "What one connection may send over time; reading slows down above it.", 65_536, least=1_000
    )
    login_seconds: int = key("Time from connecting to the end of login.", 60, least=1)
    keep_alive_seconds: int = key(
        "A space is sent after so long without a byte to send (RFC 6120, 4.6.1); 0: never.",
        240,
        least=0,
    )
    idle_ping_seconds: int = key(
        "A client silent for so long is asked for a sign of life, and closed if none comes in "
        "that time again (XEP-0198, XEP-0199); 0: never.",
        300,
        least=0,
    )


@attrs.frozen
class Clients:
    """The client edge."""

    listen: tuple[Listen, ...] = table(
        "Where to wait for clients; without any: on all addresses, port 5222 with STARTTLS and "
        "5223 with TLS from the first byte.",
        _everywhere,
    )
    limits: Limits = table("Limits on clients.", Limits)


@attrs.frozen
class Queue:
    """What may wait for a link that cannot take more, or is down."""

    stanzas: int = key("Most stanzas that wait.", 10_000, least=1)
    bytes: int = key("Most bytes that wait.", 16_777_216, least=1_000)
    seconds: int = key("How long a stanza waits for a link that is slow.", 30, least=1)
    absent_seconds: int = key(
        "How long a stanza waits for a link that is down; 0: it bounces at once.", 0, least=0
    )


@attrs.frozen
class LinkListen:
    """A place where components, or other processes of this server, connect (XEP-0114)."""

    endpoint: LinkEndpoint = key(
        "Twisted endpoint string: where to listen; with TLS as "
        "`ssl:5347:privateKey=key.pem:certKey=cert.pem`, or see `certificate`. Links with the very "
        "same endpoint share that place: the name that somebody comes with tells them apart."
    )
    secret_file: Path | None = key(
        "File that holds the secret they must prove; none is asked for without it, where there are "
        "`client_names`.",
        None,
    )
    name: str = key("What logs and commands call this link.", "")
    routes: tuple[Pattern, ...] = key(
        "Domains that it serves, and wildcards such as `*.example.com`. Without any, each "
        "component may take one name that is free.",
        (),
    )
    may_bind: tuple[Pattern, ...] = key(
        "Further domains and wildcards that it may be given, or take, while it runs.", ()
    )
    default: bool = key("Whether what has no other route goes here.", False)
    trusted: bool = key(
        "Whether processes of this very server connect here: they may speak for everybody.", False
    )
    instances: tuple[str, ...] = key(
        "Names that processes may have here; without any, every name.", ()
    )
    duplicates: Literal["reject", "replace", "pool"] = key(
        "When a name is connected already: refuse the newer, end the older, or share.", "reject"
    )
    balance: Literal["round-robin", "recipient", "sender", "domains"] = key(
        "How connections share: in turn, or always the same one for the same bare recipient, "
        "sender, or pair of domains.",
        "round-robin",
    )
    certificate: Path | None = key(
        "PEM file with a certificate, its chain and its key: TLS from the first byte. It is read "
        "at the start.",
        None,
    )
    client_ca: Path | None = key(
        "PEM file with the authorities by one of which the certificate of whoever connects must be "
        "signed.",
        None,
    )
    client_names: tuple[Domain, ...] = key(
        "Names of which the certificate of whoever connects must have one.", ()
    )
    lenient: bool = key("Stamp stanzas that come without `from`.", False)
    stanza_bytes: int = key("Size of one stanza, in bytes.", 5_242_880, least=10_000)
    ping_seconds: int = key("After so long in silence a link is asked for life.", 30, least=1)
    queue: Queue = table("What waits for it.", Queue)
    plaintext_off_loopback: bool = key(
        "Allow an address without TLS that other machines can reach.", False
    )
    secret: str = internal("")

    def __attrs_post_init__(self) -> None:
        self._check_proof()
        if not (self.certificate or self.plaintext_off_loopback or is_private(self.endpoint)):
            raise Wrong(
                "a link in the clear must stay on this machine: add :interface=127.0.0.1, use a "
                "unix: or an ssl: endpoint, or say plaintext_off_loopback = true",
                "endpoint",
            )

    def _check_proof(self) -> None:
        """Whoever connects has to prove by something who it is."""
        if self.certificate and self.endpoint.startswith("ssl:"):
            raise Wrong("is for a tcp: endpoint (write that, or leave it out)", "certificate")
        if self.client_ca and not self.certificate:
            raise Wrong("needs a certificate of ours, too (name one)", "client_ca")
        if self.client_names and not self.client_ca:
            raise Wrong("needs client_ca (name who signs these certificates)", "client_names")
        if not (self.secret_file or self.secret or self.client_names):
            raise Wrong("is missing (add it, or client_names)", "secret_file")

    @property
    def takes_any_name(self) -> bool:
        """Whether somebody may come with a name that is not in the configuration."""
        return not (self.instances if self.trusted else self.routes)


@attrs.frozen
class LinkConnect:
    """A link that this router dials: another router, or a component that listens."""

    name: str = key("What it calls itself there: a domain, as XEP-0114 has it.")
    endpoint: str = key("Twisted client endpoint string, such as `tcp:192.0.2.7:5347`.")
    secret_file: Path | None = key(
        "File that holds the secret to prove; not needed where the endpoint has a certificate to "
        "show.",
        None,
    )
    routes: tuple[Pattern, ...] = key("Domains, and wildcards, that are reached there.", ())
    default: bool = key("Whether what has no other route goes there.", False)
    stanza_bytes: int = key("Size of one stanza, in bytes.", 5_242_880, least=10_000)
    ping_seconds: int = key("After so long in silence the link is asked for life.", 30, least=1)
    queue: Queue = table("What waits for it.", Queue)

    def __attrs_post_init__(self) -> None:
        if self.secret_file is None and not shows_certificate(self.endpoint):
            raise Wrong("is missing (add it)", "secret_file")


@attrs.frozen
class RouterTable:
    """The router."""

    address: str | None = key(
        "Client endpoint at which the other processes of this server reach it, such as "
        "`tcp:127.0.0.1:5347`, `unix:/run/xmppd/router` or `tls:router.example.com:5347`.",
        None,
    )
    secret_file: Path | None = key("File with the secret that they prove there.", None)
    plaintext_off_loopback: bool = key(
        "Allow them to reach it without TLS over a network; passwords go there.", False
    )
    listen: tuple[LinkListen, ...] = table("Where links come.", tuple)
    connect: tuple[LinkConnect, ...] = table("Links that are dialed.", tuple)

    def __attrs_post_init__(self) -> None:
        if self.address is not None and not (
            self.plaintext_off_loopback or reaches_privately(self.address)
        ):
            raise Wrong(
                "passwords must not cross a network in the clear: use tls: or unix:, or say "
                "plaintext_off_loopback = true",
                "address",
            )
        claims: dict[str, Place] = {}
        for claim, where in self._claims():
            if claim in claims:
                raise Wrong("only one link can have that", *where, beside=claims[claim])
            claims[claim] = where
        self._check_shared_places()

    def _check_shared_places(self) -> None:
        """Links at one place have its TLS in common, and are told apart by names."""
        first: dict[str, int] = {}
        taken: dict[tuple[str, str | bool], Place] = {}
        for number, place in enumerate(self.listen):
            here = ("listen", number, "endpoint")
            beside = ("listen", first.setdefault(place.endpoint, number), "endpoint")
            other = self.listen[first[place.endpoint]]
            if (place.certificate, place.client_ca) != (other.certificate, other.client_ca):
                raise Wrong("one place has one certificate and client_ca", *here, beside=beside)
            if (place.endpoint, place.name) in taken:
                raise Wrong("links at one place need a name each", *here, beside=beside)
            taken[place.endpoint, place.name] = here
            if place.takes_any_name and (place.endpoint, place.trusted) in taken:
                wrong = "both would take any name there"
                raise Wrong(wrong, *here, beside=taken[place.endpoint, place.trusted])
            if place.takes_any_name:
                taken[place.endpoint, place.trusted] = here

    def _claims(self) -> Iterator[tuple[str, Place]]:
        """Yield the routes that only one link can have, the default as "", and who claims them."""
        for number, place in enumerate(self.listen):
            if place.default:
                yield "", ("listen", number, "default")
            if not place.trusted:  # else they are what several may say they serve
                for at, route in enumerate(place.routes):
                    yield route, ("listen", number, "routes", at)
        for number, dialed in enumerate(self.connect):
            if dialed.default:
                yield "", ("connect", number, "default")
            for at, route in enumerate(dialed.routes):
                yield route, ("connect", number, "routes", at)


@attrs.frozen
class ServerListen:
    """One place to wait for servers."""

    endpoint: Endpoint = key("Twisted endpoint string: where to listen.")
    tls: Literal["starttls", "direct"] = key(
        "`starttls`: TLS is asked for in the stream (RFC 6120, 5); `direct`: TLS from the first "
        "byte (XEP-0368).",
        "starttls",
    )


@attrs.frozen
class RoomDefaults:
    """What rooms are like whose owners have said nothing."""

    persistent: bool = key("They last when the last one leaves.", False)
    hidden: bool = key("They are not listed.", False)
    members_only: bool = key("Only members may enter.", False)
    moderated: bool = key("Only those with voice may speak.", False)
    open_topic: bool = key("Participants may change the subject.", False)
    identities: Literal["moderators", "everyone"] = key("Who sees real addresses.", "moderators")
    history: int = key("Messages that newcomers are sent.", 20, least=0, most=500)
    registration: Literal["open", "ask", "off"] = key(
        "Registration: `open` to anyone, by `ask`ing the admins, or `off`.", "ask"
    )


@attrs.frozen
class Static:
    """Where a remote domain is, whatever DNS says."""

    connect: HostPort = key(
        "Address and port, such as `192.0.2.1:5269`; also one of this machine or network."
    )
    tls: Literal["starttls", "direct"] = key("How TLS begins there.", "starttls")


@attrs.frozen
class ServerLimits:
    """What one server, or one address, may ask."""

    connections_per_address: int = key(
        "Connections open at once from one IPv4 address or one IPv6 /64.", 100, least=1
    )
    stanza_bytes_before_proof: int = key(
        "Size of one element of a server that has proved no domain, in bytes (RFC 6120, 13.12: at "
        "least 10,000).",
        10_240,
        least=10_000,
        most=1_048_576,
    )
    stanza_bytes: int = key(
        "Size of one stanza of a server that has proved its domain, in bytes.",
        524_288,
        least=10_000,
        most=16_777_216,
    )
    bytes_per_second: int = key(
        "What one stream may bring over time; reading slows down above it.", 262_144, least=1_000
    )
    proof_seconds: int = key("Time from connecting to the proof of a domain.", 30, least=1)
    verifications: int = key(
        "Dialback keys that may wait for their verification, by stream.", 8, least=1
    )
    connect_seconds: int = key("Time for one address to answer.", 10, least=1)
    idle_seconds: int = key(
        "A stream without a stanza for so long is closed; 0: never.", 900, least=0
    )
    queue_stanzas: int = key("Most stanzas that wait for one remote domain.", 1_000, least=1)
    queue_bytes: int = key("Most bytes that wait for one remote domain.", 4_194_304, least=10_000)
    queue_seconds: int = key(
        "How long a stanza waits for a remote domain before it bounces.", 30, least=1
    )


@attrs.frozen
class Federation:
    """Talking to other servers."""

    enabled: bool | None = key(
        "Whether to talk to other servers. When absent: if there is a `[[s2s.listen]]`, or one of "
        "the domains served could be found by others, which names such as `localhost`, "
        "`example.com` and `chat.test` cannot (RFC 6761).",
        None,
    )
    listen: tuple[ServerListen, ...] = table(
        "Where to wait for servers; without any: on all addresses, port 5269 with STARTTLS and "
        "5270 with TLS from the first byte.",
        tuple,
    )
    dns: tuple[HostPort, ...] = key(
        "DNS servers to ask, such as `192.0.2.53:53`; those of the system when absent.", ()
    )
    private_addresses: bool = key(
        "Connect also to addresses of this machine and of private networks where DNS gives them; "
        "those in `static` are always connected to.",
        False,
    )
    trust: Path | None = key(
        "PEM file of the authorities whose certificates are believed; those of the system when "
        "absent.",
        None,
    )
    dialback_secret_file: Path | None = key(
        "File with the secret of dialback keys, the same for all processes that serve a domain "
        "(XEP-0185). `dialback.secret` in the data directory, made when missing, when absent.",
        None,
    )
    policy: Mapping[Domain, Policy] = key(
        "What proves a remote domain, by its name, and `default` for all others: `certificate` "
        "alone; `dialback-over-tls`: a certificate or else dialback, within TLS; "
        "`plaintext-dialback`: also without TLS.",
        attrs.Factory(dict),
    )
    static: Mapping[Domain, Static] = table("Remote domains whose place is not left to DNS.", dict)
    limits: ServerLimits = table("Limits on servers.", ServerLimits)

    def __attrs_post_init__(self) -> None:
        if self.policy.get(DEFAULT) == "plaintext-dialback":
            raise Wrong("plaintext-dialback is for single domains (name them)", "policy", DEFAULT)

    def policy_of(self, domain: str) -> Policy:
        """Return what proves a remote domain."""
        return self.policy.get(Domain(domain)) or self.policy.get(DEFAULT) or "dialback-over-tls"


@attrs.frozen
class Muc:
    """Rooms (XEP-0045)."""

    domain: Domain | None = key(
        "Domain of the rooms, such as `conference.example.com`; without it there are none.", None
    )
    name: str = key("What people call the service.", "Chatrooms")
    create: Literal["anyone", "local", "admins"] = key(
        "Who may make rooms: anyone, accounts of `domains`, or `admins` only.", "anyone"
    )
    most_rooms: int = key("Most rooms at once.", 100_000, least=1)
    most_occupants: int = key("Most occupants of a room.", 5_000, least=1)
    silence_seconds: int = key(
        "An occupant silent for so long is asked for a sign of life, and removed where its "
        "server says that it is gone.",
        900,
        least=60,
    )
    defaults: RoomDefaults = table("What new rooms are like.", RoomDefaults)


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

    def store(self, name: str, domain: str | None = None) -> str:
        """Return the back-end of a store; what is said of a domain goes first."""
        own = self.host.get(Domain(domain or ""), Host()).storage
        return own.stores.get(name) or own.use or self.storage.stores.get(name, self.storage.use)
