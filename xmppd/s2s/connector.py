"""Connecting to a remote domain's server: where it is, and which of its places answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.error import ConnectError, TimeoutError
from twisted.internet.interfaces import IAddress, IProtocol, IReactorTime
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from xmppd.s2s.problem import Problem
from xmppd.s2s.race import Place, Race
from xmppd.s2s.resolver import NoAnswer, NotFound, Resolver
from xmppd.s2s.targets import MAX_ADDRESSES, MAX_TARGETS, Target, is_special

P = TypeVar("P", bound=IProtocol)


class Dial(Protocol):
    """Connects to an IP address and port; when cancelled, it stops."""

    def __call__(self, host: str, port: int, make: Callable[[], P]) -> Deferred[P]: ...


class Connector:
    """Finds servers and connects to them.

    `static` says by domain where it is, whatever DNS says; without `private`, addresses that are
    none of the public network are left out where DNS gives them.
    """

    def __init__(
        self,
        clock: IReactorTime,
        resolver: Resolver,
        dial: Dial,
        static: Mapping[Any, Any],
        private: bool,
    ) -> None:
        self._clock = clock
        self.resolver = resolver
        self._dial = dial
        self._static = static
        self._private = private

    async def attempts(self, domain: str, make: Callable[[bool], P]) -> AsyncIterator[P | Problem]:
        """Yield connections that are there, and why others are not; stop asking to stop trying.

        One connection at a time: the first that comes about of several tried (RFC 8305).

        :param make: makes a protocol; whether TLS begins with the first byte.
        """

        def dial(place: Place) -> Deferred[P]:
            return self._dial(place.host, place.port, lambda: make(place.direct))

        race = Race(self._clock, dial)
        finding = Deferred.fromCoroutine(self._find(domain, race))
        try:
            while (connected := await race.run()) is not None:
                for failed in _taken(race.failed):
                    yield failed
                yield connected
            for failed in _taken(race.failed):
                yield failed
            problem = await finding
            if problem is not None:
                yield problem
        finally:
            finding.cancel()

    async def places(self, domain: str) -> AsyncIterator[list[Place]]:
        """Yield the places of one server after the other. Raises NotFound, NoAnswer."""
        static = self._static.get(domain)
        if static is not None:
            host, _, port = static.connect.rpartition(":")
            yield [Place(host.strip("[]"), int(port), static.tls == "direct")]
            return
        found = False
        trouble: NotFound | NoAnswer = NotFound(f"{domain} has no address on the public network")
        for target in (await self.resolver.targets(domain))[:MAX_TARGETS]:
            try:
                addresses = await self._addresses(target)
            except (NotFound, NoAnswer) as problem:
                trouble = problem
                continue
            found = found or bool(addresses)
            yield [Place(each, target.port, target.direct, target.priority) for each in addresses]
        if not found:
            raise trouble

    async def _find(self, domain: str, race: Race[Any]) -> Problem | None:
        """Have all places tried; gives why there are none."""
        try:
            async for places in self.places(domain):
                race.add(places)
        except NotFound as problem:
            return Problem("remote-server-not-found", str(problem), unknown=True)
        except NoAnswer as problem:
            return Problem("remote-server-timeout", str(problem))
        except CancelledError:
            pass  # they are wanted no more
        finally:
            race.complete()
        return None

    async def _addresses(self, target: Target) -> list[str]:
        addresses = await self.resolver.addresses(target.host)
        allowed = [each for each in addresses if self._private or not is_special(each)]
        return allowed[:MAX_ADDRESSES]


def _taken(failed: list[tuple[Place, Failure]]) -> list[Problem]:
    """Why places could not be reached, said once."""
    problems = [_problem(place, failure) for place, failure in failed]
    failed.clear()
    return problems


def _problem(place: Place, failure: Failure) -> Problem:
    if failure.check(TimeoutError):
        return Problem("remote-server-timeout", f"{place} does not answer")
    failure.trap(ConnectError, OSError)
    return Problem("remote-server-not-found", f"{place}: {failure.getErrorMessage()}")


def tcp(reactor: Any, seconds: float) -> Dial:
    """Connects over TCP, within so many seconds."""

    def dial(host: str, port: int, make: Callable[[], P]) -> Deferred[P]:
        kind = TCP6ClientEndpoint if ":" in host else TCP4ClientEndpoint
        endpoint: Any = kind(reactor, host, port, seconds)
        connecting: Deferred[P] = endpoint.connect(_One(make))
        return connecting

    return dial


class _One(Factory):
    """Makes one protocol."""

    noisy = False

    def __init__(self, make: Callable[[], IProtocol]) -> None:
        self._make = make

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return self._make()
