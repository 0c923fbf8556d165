"""`[c2s]`: the client edge."""

from typing import Literal

import attrs

from xmppd.app.config_endpoint import everywhere, on_loopback
from xmppd.app.config_key import Endpoint, Wrong, key, table


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
        "`false` lifts the limits per address and per second, those of rooms and of registration "
        "too; those on sizes and the deadlines stay.",
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
