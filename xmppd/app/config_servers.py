"""`[s2s]`: talking to other servers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import attrs

from xmppd.app.config_key import DEFAULT, Domain, Endpoint, HostPort, Wrong, key, table

Policy = Literal["certificate", "dialback-over-tls", "plaintext-dialback"]
"""What proves a remote domain."""


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
class Static:
    """Where a remote domain is, whatever DNS says."""

    connect: HostPort = key(
        "Address and port, such as `192.0.2.1:5269`; also one of this machine or network."
    )
    tls: Literal["starttls", "direct"] = key("How TLS begins there.", "starttls")


@attrs.frozen
class ServerLimits:
    """What one server, one domain or one address may ask."""

    connections_per_address: int = key(
        "Connections open at once from one IPv4 address or one IPv6 /64.", 100, least=1
    )
    connections_per_domain: int = key(
        "Streams open at once on which one remote domain has proved itself to one of ours.",
        20,
        least=1,
    )
    unproved_connections: int = key(
        "Connections of other servers open at once, from all addresses together, that have not "
        "proved a domain. For one more, the oldest of the address that has most of them ends.",
        1_000,
        least=1,
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
    domain_bytes_per_second: int = key(
        "What all streams of one remote domain may bring together over time.",
        1_048_576,
        least=1_000,
    )
    domain_stanzas_per_second: int = key(
        "How many stanzas they may bring together over time.", 1_000, least=1
    )
    proof_seconds: int = key("Time from connecting to the proof of a domain.", 30, least=1)
    verifications: int = key(
        "Dialback keys that may wait for their verification, by stream.", 8, least=1
    )
    verifications_per_domain: int = key(
        "Dialback keys of one remote domain that may wait for their verification, on all streams "
        "together.",
        100,
        least=1,
    )
    connect_seconds: int = key("Time for one address to answer.", 10, least=1)
    idle_seconds: int = key(
        "A stream without a stanza for so long is closed; 0: never.", 900, least=0
    )
    resume_seconds: int = key(
        "How long another server may resume a stream that broke (XEP-0198); 0: not at all.",
        20,
        least=0,
        most=600,
    )
    queue_stanzas: int = key(
        "Most stanzas that wait for one remote domain, and most that one stream has sent and not "
        "had acknowledged.",
        1_000,
        least=1,
    )
    queue_bytes: int = key("The same in bytes.", 4_194_304, least=10_000)
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
    bidirectional: bool = key(
        "Whether one stream goes both ways with servers that can (XEP-0288); else each side opens "
        "one of its own.",
        True,
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
