"""Finding a domain's server by DNS (RFC 6120, 3.2; XEP-0368)."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred, DeferredList
from twisted.names import client, dns
from twisted.names.error import AuthoritativeDomainError, DNSNameError
from twisted.python.failure import Failure

from xmppd.s2s.targets import PORT, Record, Target, is_address, ordered
from xmppd.tls.certificate_names import ascii_name

LONGEST = 3_600
"""Seconds that an answer is kept at most, whatever its TTL."""
NOTHING = 30
"""Seconds that is kept that there is nothing."""
CACHED = 10_000
"""Answers kept at once."""
OTHER_SECONDS = 0.05
"""So long the addresses of one family wait for those of the other (RFC 8305, 3)."""
_TRIES = (2, 3, 5)
"""Seconds to wait for an answer, each time a question is asked."""


class NotFound(Exception):
    """DNS knows no server of that name."""


class NoAnswer(Exception):
    """DNS does not answer, or says that it cannot."""


class Resolver(Protocol):
    """What federation asks of DNS."""

    def targets(self, domain: str) -> Deferred[list[Target]]:
        """Where a domain's server is, in the order to try; fails with `NotFound`, `NoAnswer`."""

    def addresses(self, host: str) -> Deferred[list[str]]:
        """The IP addresses of a host; fails with `NotFound`, `NoAnswer`."""


@attrs.frozen
class _Kept:
    until: float
    found: list[Any]


class DnsResolver:
    """Asks the DNS servers given, else those of the system."""

    def __init__(self, reactor: Any, servers: Sequence[tuple[str, int]] = ()) -> None:
        self._reactor = reactor
        self._servers = list(servers)
        self.client: Any = None  # made when it is needed: that reads the system's settings
        self._cache: dict[tuple[str, str], _Kept] = {}

    def targets(self, domain: str) -> Deferred[list[Target]]:
        """See `Resolver`."""
        return Deferred.fromCoroutine(self._targets(ascii_name(domain).strip("[]")))

    def addresses(self, host: str) -> Deferred[list[str]]:
        """See `Resolver`."""
        return Deferred.fromCoroutine(self._addresses(host))

    async def _targets(self, name: str) -> list[Target]:
        if is_address(name):
            return [Target(name)]
        plain, direct = await _both(
            self._ask("service", f"_xmpp-server._tcp.{name}"),
            self._ask("service", f"_xmpps-server._tcp.{name}"),
        )
        records = [*_records(plain, False), *_records(direct, True)]
        offered = [record for record in records if record.target.host]
        if records and not offered:
            raise NotFound(f"{name} says that it has no server")
        return ordered(offered, random.random) or [Target(name, PORT)]

    async def _addresses(self, host: str) -> list[str]:
        if is_address(host):
            return [host]
        asked = [Deferred.fromCoroutine(self._ask(kind, host)) for kind in ("six", "four")]
        six, four = await _soon(self._reactor, asked)
        found = [record.dottedQuad() for record in four if record.TYPE == dns.A]
        newer = [socket.inet_ntop(socket.AF_INET6, record.address) for record in six]
        if not found and not newer:
            raise NotFound(f"{host} has no address")
        # one of each first, so that both families are tried
        return [*newer[:1], *found[:1], *newer[1:], *found[1:]]

    async def _ask(self, kind: str, name: str) -> list[Any]:
        now = self._reactor.seconds()
        kept = self._cache.get((kind, name))
        if kept is None or kept.until <= now:
            kept = await self._fetch(kind, name, now)
            if len(self._cache) >= CACHED:
                self._cache.clear()
            self._cache[kind, name] = kept
        return kept.found

    async def _fetch(self, kind: str, name: str, now: float) -> _Kept:
        wanted = {"service": dns.SRV, "four": dns.A, "six": dns.AAAA}[kind]
        try:
            answers, _, _ = await self._lookup(wanted)(name, _TRIES)
        except (AuthoritativeDomainError, DNSNameError):
            return _Kept(now + NOTHING, [])
        except Exception as problem:
            raise NoAnswer(f"DNS does not tell of {name}: {type(problem).__name__}") from None
        found = [header for header in answers if header.type == wanted]
        # an alias on the way may hold for less time than what it leads to
        seconds = min([header.ttl for header in answers], default=NOTHING) if found else NOTHING
        return _Kept(now + min(seconds, LONGEST), [header.payload for header in found])

    def _lookup(self, wanted: int) -> Any:
        if self.client is None:
            resolv = None if self._servers else "/etc/resolv.conf"
            self.client = client.Resolver(resolv, self._servers or None, reactor=self._reactor)
        names = {
            dns.SRV: self.client.lookupService,
            dns.A: self.client.lookupAddress,
            dns.AAAA: self.client.lookupIPV6Address,
        }
        return names[wanted]


async def _both(first: Any, second: Any) -> list[list[Any]]:
    """What two questions give; one that fails gives nothing, unless the other does too."""
    asked = [Deferred.fromCoroutine(each) for each in (first, second)]
    results = await DeferredList(asked, consumeErrors=True)
    return _found([result for _, result in results])


async def _soon(clock: Any, asked: list[Deferred[list[Any]]]) -> list[list[Any]]:
    """The same, but when one gives something the others have little time left."""
    results: list[Any] = [[] for _ in asked]
    ready: Deferred[None] = Deferred()

    def came(result: Any, number: int) -> None:
        results[number] = result
        missing.discard(number)
        if not missing:
            done()
        elif result and not isinstance(result, Failure) and not timers:
            timers.append(clock.callLater(OTHER_SECONDS, done))

    def done() -> None:
        if not ready.called:
            ready.callback(None)

    missing, timers = set(range(len(asked))), list[Any]()
    for number, each in enumerate(asked):
        each.addBoth(came, number)
    try:
        await ready
    finally:
        for timer in timers:
            if timer.active():
                timer.cancel()
    return _found(results)


def _found(results: list[Any]) -> list[list[Any]]:
    """Each list, or nothing in place of a failure; raises the first one if all are empty."""
    found = [[] if isinstance(result, Failure) else result for result in results]
    if not any(found):
        for result in results:
            if isinstance(result, Failure):
                result.raiseException()
    return found


def _records(payloads: list[Any], direct: bool) -> list[Record]:
    return [
        Record(
            payload.priority,
            payload.weight,
            Target(
                payload.target.name.decode("ascii", "replace").rstrip("."),
                payload.port,
                direct,
                payload.priority,
            ),
        )
        for payload in payloads
    ]
