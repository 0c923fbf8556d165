"""`[router]`: the router and its links."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import attrs

from xmppd.app.config_endpoint import is_private, reaches_privately, shows_certificate
from xmppd.app.config_key import Domain, LinkEndpoint, Pattern, Place, Wrong, internal, key, table


@attrs.frozen
class Queue:
    """What may wait for a link that cannot take more, or is down."""

    stanzas: int = key("Most stanzas that wait.", 10_000, least=1)
    bytes: int = key("Most bytes that wait.", 16_777_216, least=1_000)
    seconds: int = key("How long a stanza waits for a link that is slow.", 30, least=1)
    absent_seconds: int | None = key(
        "How long a stanza waits for a link that is down; 0: it bounces at once. 10 for processes "
        "of this server, else 0, when absent.",
        None,
        least=0,
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
    unproved: int = key(
        "Connections at once, in all places where links come, that have not yet proved a secret; "
        "each has half a minute for that.",
        500,
        least=1,
    )
    unproved_per_address: int = key("The same from one IPv4 address or one IPv6 /64.", 100, least=1)
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
