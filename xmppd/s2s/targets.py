"""Where a domain's server may be: what DNS says, in the order in which it is tried."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

import attrs

PORT: Final = 5269
MAX_TARGETS: Final = 4
"""So many are tried, whatever DNS lists."""
MAX_ADDRESSES: Final = 2
"""So many of each are tried."""


_TRANSLATED: Final = ip_network("64:ff9b::/96")  # RFC 6052: IPv4 behind a translator
_NOBODYS: Final = (
    ip_network("::/96"),  # RFC 4291, 2.5.5.1: IPv4 once more
    ip_network("64:ff9b:1::/48"),  # RFC 8215: translators of this network
    ip_network("fec0::/10"),  # RFC 3879: sites
)
"""What the standard library counts as public, and is not."""


@attrs.frozen
class Target:
    """A host and port; `direct` says that TLS begins with the first byte (XEP-0368).

    Those of a lower `priority` are to be tried first, as in the record (RFC 2782).
    """

    host: str
    port: int = PORT
    direct: bool = False
    priority: int = attrs.field(default=0, eq=False)


@attrs.frozen
class Record:
    """An SRV record (RFC 2782)."""

    priority: int
    weight: int
    target: Target


def ordered(records: Iterable[Record], random: Callable[[], float]) -> list[Target]:
    """As many as are tried, as RFC 2782 says: lower priorities first, heavier ones more often.

    Those of both services are mixed, as XEP-0368 says. `random` gives numbers from 0 to 1.
    """
    left = sorted(records, key=lambda record: (record.priority, record.weight))
    targets: list[Target] = []
    while left and len(targets) < MAX_TARGETS:
        same = [record for record in left if record.priority == left[0].priority]
        chosen = _chosen(same, random())
        left.remove(chosen)
        targets.append(chosen.target)
    return targets


def _chosen(records: list[Record], random: float) -> Record:
    """One of those, the likelier the heavier; they are sorted by weight."""
    mark = random * sum(record.weight for record in records)
    for record in records:
        mark -= record.weight
        if mark <= 0:
            return record
    return records[-1]


def is_special(address: str) -> bool:
    """Whether an address is none of the public network: of this machine, this network, no host."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is not None:
            return is_special(str(inner))
        if found in _TRANSLATED:
            return is_special(str(IPv4Address(int(found) & 0xFFFFFFFF)))
        if any(found in network for network in _NOBODYS):
            return True
    return not found.is_global or found.is_multicast


def is_address(host: str) -> bool:
    """Whether that is an IP address rather than a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
