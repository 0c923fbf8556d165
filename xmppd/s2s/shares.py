"""What a remote domain may do on all its streams together, whatever addresses it comes from."""

from __future__ import annotations

from collections import Counter
from typing import Final, TypeAlias, TypeVar

from twisted.internet.interfaces import IReactorTime

from xmppd.component.allowance import Allowance
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.settings import Limits

Pair: TypeAlias = tuple[str, str]
"""A remote domain and one of ours."""
K = TypeVar("K")
V = TypeVar("V")

BURST_SECONDS: Final = 4
"""So many seconds' worth is taken at once from who was quiet before."""
MAX_DOMAINS: Final = 10_000
"""Domains whose traffic is counted at once, and addresses; beyond them the oldest begin anew."""
ASKS_A_SECOND: Final = 20
"""So often others are asked about the keys that come from one address, over time."""
ASKS: Final = 500
"""So often at once, for an address that was quiet before."""


class Shares:
    """Counts by domain, as far as the domain has proved who it is; and keys that wait for that."""

    def __init__(self, clock: IReactorTime, limits: Limits) -> None:
        self._clock = clock
        self._streams: Counter[Pair] = Counter()
        self._keys: Counter[str] = Counter()
        self._traffic: dict[str, tuple[Allowance, Allowance]] = {}
        self._askers: dict[str, Allowance] = {}
        self.limit(limits)

    def limit(self, limits: Limits) -> None:
        """Have other limits; all traffic is counted anew."""
        self._limits = limits
        self._traffic.clear()

    def proved(self, pair: Pair) -> bool:
        """Count a stream on which a domain has proved itself to one of ours. False: too many."""
        return _count(self._streams, pair, self._limits.connections_per_domain)

    def left(self, pair: Pair) -> None:
        """Count a stream no more."""
        _discount(self._streams, pair)

    def asked(self, domain: str) -> bool:
        """Count a key whose verification begins. False: it is one too many."""
        return _count(self._keys, domain, self._limits.verifications_per_domain)

    def answered(self, domain: str) -> None:
        """Count a key no more."""
        _discount(self._keys, domain)

    def asks(self, address: str) -> float:
        """Count a question on behalf of an address; gives the seconds until more should come."""
        asker = self._askers.get(address)
        if asker is None:
            _make_room(self._askers)
            asker = self._askers[address] = Allowance(self._clock, ASKS_A_SECOND, ASKS)
        return asker.spend(1)

    def came(self, stanza: Stanza, domain: str) -> float:
        """Count a stanza of a domain; gives the seconds until more should come."""
        traffic = self._traffic.get(domain)
        if traffic is None:
            traffic = self._begin(domain)
        stanzas, size = traffic
        return max(stanzas.spend(1), size.spend(len(stanza.inner)))

    def _begin(self, domain: str) -> tuple[Allowance, Allowance]:
        _make_room(self._traffic)
        limits = self._limits
        rates = (limits.domain_stanzas_per_second, limits.domain_bytes_per_second)
        one, two = (Allowance(self._clock, rate, BURST_SECONDS * rate) for rate in rates)
        self._traffic[domain] = one, two
        return one, two


def _make_room(counted: dict[str, V]) -> None:
    if len(counted) >= MAX_DOMAINS:
        del counted[next(iter(counted))]


def _count(counter: Counter[K], key: K, most: int) -> bool:
    if counter[key] >= most:
        return False
    counter[key] += 1
    return True


def _discount(counter: Counter[K], key: K) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
