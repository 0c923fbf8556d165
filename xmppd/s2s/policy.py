"""Whether what a stream has proved is enough for the policy of a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xmppd.s2s.server_stream import ServerStream

ADDRESS: Final = "address"
"""What proves a server that we have found by DNS, where no certificate does."""

BY_KEY: Final = "dialback"
"""What proves a domain whose own server knows the key that was sent."""

_WEAKER: Final = frozenset({BY_KEY, ADDRESS})


def fits(stream: ServerStream, domain: str) -> bool:
    """Whether a stream of ours is as the policy of a domain wants it that is sent to over it."""
    policy = stream.edge.settings.policy_of(domain)
    if policy == "certificate":
        return stream.has_certificate(domain)
    return stream.is_secure or policy == "plaintext-dialback"


def satisfies(stream: ServerStream, domain: str) -> bool:
    """Whether a domain that has proved itself has done so as it would have to now."""
    policy = stream.edge.settings.policy_of(domain)
    if policy == "certificate" or stream.how.get(domain) not in _WEAKER:
        return stream.has_certificate(domain)
    return stream.is_secure or policy == "plaintext-dialback"
