"""Connecting to a remote domain's server: one place after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.error import ConnectError, ConnectingCancelledError, TimeoutError
from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.protocol import Factory

from xmppd.s2s.problem import Problem
from xmppd.s2s.resolver import NoAnswer, NotFound, Resolver
from xmppd.s2s.targets import MAX_ADDRESSES, MAX_TARGETS, Target, is_special

P = TypeVar("P", bound=IProtocol)


class Dial(Protocol):
    """Connects to an IP address and port."""

    def __call__(self, host: str, port: int, make: Callable[[], P]) -> Deferred[P]: ...


class Connector:
    """Finds servers and connects to them.

    `static` says by domain where it is, whatever DNS says; without `private`, addresses that are
    none of the public network are left out where DNS gives them.
    """

    def __init__(
        self, resolver: Resolver, dial: Dial, static: Mapping[Any, Any], private: bool
    ) -> None:
        self.resolver = resolver
        self._dial = dial
        self._static = static
        self._private = private

    async def attempts(self, domain: str, make: Callable[[bool], P]) -> AsyncIterator[P | Problem]:
        """Yield connections that are there, and why others are not; stop asking to stop trying.

        :param make: makes a protocol; whether TLS begins with the first byte.
        """
        try:
            places = self.places(domain)
            async for host, port, direct in places:
                yield await self._try(host, port, lambda direct=direct: make(direct))  # type: ignore[misc]
        except NotFound as problem:
            yield Problem("remote-server-not-found", str(problem), unknown=True)
        except NoAnswer as problem:
            yield Problem("remote-server-timeout", str(problem))

    async def places(self, domain: str) -> AsyncIterator[tuple[str, int, bool]]:
        """Yield address, port, and whether TLS is direct. Raises NotFound, NoAnswer."""
        static = self._static.get(domain)
        if static is not None:
            host, _, port = static.connect.rpartition(":")
            yield host.strip("[]"), int(port), static.tls == "direct"
            return
        targets = await self.resolver.targets(domain)
        found = False
        trouble: NotFound | NoAnswer = NotFound(f"{domain} has no address on the public network")
        for target in targets[:MAX_TARGETS]:
            try:
                addresses = await self._addresses(target)
            except (NotFound, NoAnswer) as problem:
                trouble = problem
                continue
            for address in addresses:
                found = True
                yield address, target.port, target.direct
        if not found:
            raise trouble

    async def _addresses(self, target: Target) -> list[str]:
        addresses = await self.resolver.addresses(target.host)
        allowed = [each for each in addresses if self._private or not is_special(each)]
        return allowed[:MAX_ADDRESSES]

    async def _try(self, host: str, port: int, make: Callable[[], P]) -> P | Problem:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            return await self._dial(host, port, make)
        except TimeoutError:
            return Problem("remote-server-timeout", f"{where} does not answer")
        except ConnectingCancelledError:
            raise
        except ConnectError as problem:
            return Problem("remote-server-not-found", f"{where}: {problem}")


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
