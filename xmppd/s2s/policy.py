"""Whether what a stream has proved is enough for the policy of a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xmppd.s2s.server_stream import ServerStream

ADDRESS: Final = "address"
"""What proves a server that we have found by DNS, where no certificate does."""

_WEAKER: Final = frozenset({"dialback", ADDRESS})


def satisfies(stream: ServerStream, domain: str) -> bool:
    """Whether a domain that has proved itself has done so as it would have to now."""
    policy = stream.edge.settings.policy_of(domain)
    if policy == "certificate" or not stream.how & _WEAKER:
        return stream.has_certificate(domain)
    return stream.is_secure or policy == "plaintext-dialback"
