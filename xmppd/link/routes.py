"""Who gets what is sent to a domain, or to an instance: the tables of a router.

Exact domains come first, then the longest wildcard, then the default route.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from xmppd.link.link import Item


class Producer(Protocol):
    """Whoever sends, and can be asked to send no more for a while."""

    def pause_for(self, why: object) -> None:
        """Stop sending while `why` cannot take more."""

    def resume_from(self, why: object) -> None:
        """`why` can take again."""


class Port(Protocol):
    """A router's end of a link."""

    def deliver(self, item: Item, producer: Producer | None = None) -> None:
        """Pass an item to the component. `producer` sent it, where it can be told to pause."""


class StandIn(Port, Protocol):
    """What stands in for a link that has not come yet."""

    def give_way(self, port: Port) -> None:
        """The link is there, and has the route."""


class RouteTaken(Exception):
    """A domain, or an instance name, that another link has already."""


class Route(NamedTuple):
    """Where something goes, and why.

    `table` is `exact`, `wildcard`, `default`, `instance` or `none`; `match` is the name or the
    pattern in it; `port` is None where nobody is there, and what is sent bounces.
    """

    table: str
    match: str
    port: Port | None


class Routes:
    """The routes of one process's links, by domain, wildcard and instance."""

    def __init__(self) -> None:
        # None stands where a link has gone, so that nobody else is tried in its place.
        self._exact: dict[str, Port | None] = {}
        self._wild: dict[str, Port | None] = {}
        self._names: dict[str, Port | None] = {}
        self._default: Port | None = None
        self._outside: set[Port] = set()
        self._expected: dict[str, StandIn] = {}

    def attach(
        self,
        port: Port,
        domains: Iterable[str] = (),
        names: Iterable[str] = (),
        default: bool = False,
        trusted: bool = True,
    ) -> None:
        """Give a link its routes.

        `domains` are exact names, or wildcards as `*.example.com`. `names` are those of
        instances: only envelopes reach them, and envelopes reach only links that are `trusted`.
        Raises `RouteTaken` before anything is bound.
        """
        domains, names = list(domains), list(names)
        self.check_free([*domains, *names], default)
        for table in self._tables():
            for name in [*domains, *names]:
                table.pop(name, None)
        for domain in domains:
            self._table(domain)[domain] = port
        self._names.update(dict.fromkeys(names, port))
        if default:
            self._default = port
        if not trusted:
            self._outside.add(port)
        for domain in domains:
            expected = self._expected.pop(domain, None)
            if expected is not None:
                expected.give_way(port)

    def expect(self, port: StandIn, domain: str) -> None:
        """Have something stand in for the link of a domain until that comes.

        Raises `RouteTaken`.
        """
        self.attach(port, [domain])
        self._expected[domain] = port

    def check_free(self, names: Iterable[str], default: bool = False) -> None:
        """Raise `RouteTaken` where one of the names, or the default route, is some link's."""
        for name in names:
            if name in self._expected:
                continue
            if any(table.get(name) is not None for table in self._tables()):
                raise RouteTaken(f"{name} is routed already")
        if default and self._default is not None:
            raise RouteTaken("there is a default route already")

    def bind(self, port: Port, domain: str) -> None:
        """Give an attached link one more domain or wildcard; raises `RouteTaken`."""
        self.attach(port, [domain])

    def unbind(self, port: Port, domain: str) -> None:
        """Take a domain or wildcard from its link: what comes for it bounces.

        Raises KeyError where it is not that link's.
        """
        if not self.has(port, domain):
            raise KeyError(domain)
        self._table(domain)[domain] = None

    def has(self, port: Port, domain: str) -> bool:
        """Whether that very domain or wildcard is that link's."""
        return self._table(domain).get(domain) is port

    def detach(self, port: Port) -> None:
        """Take all its routes from a link; what still comes for its domains bounces."""
        for table in self._tables():
            table.update({name: None for name, found in table.items() if found is port})
        if self._default is port:
            self._default = None
        self._outside.discard(port)
        self._expected = {
            name: found for name, found in self._expected.items() if found is not port
        }

    def serves(self, domain: str) -> bool:
        """Whether that very domain belongs to a link, be it there at present or not."""
        return domain in self._exact

    def owner(self, domain: str) -> Port | None:
        """The link whose domain that is, exactly or by wildcard; not the default route."""
        return self._exact.get(domain) or self.explain(domain, default=False).port

    def owner_of_envelopes(self, domain: str) -> Port | None:
        """The link that has that instance or that very domain, and is trusted."""
        port = self._names.get(domain) or self._exact.get(domain)
        return None if port in self._outside else port

    def is_local(self, domain: str) -> bool:
        """Whether that is the domain, or the instance, of a link, be it there or not."""
        return self.explain(domain, default=False).table != "none"

    def serves_address(self, domain: str) -> bool:
        """Whether a stanza to that domain goes to a link other than the default route.

        That does not hold of instances, which no stanza reaches.
        """
        return domain in self._exact or self._pattern(domain) is not None

    def is_trusted(self, port: Port) -> bool:
        """Whether that link may get envelopes."""
        return port not in self._outside

    def is_instance(self, name: str) -> bool:
        """Whether an instance has that name, or had it."""
        return name in self._names

    def explain(self, domain: str, default: bool = True) -> Route:
        """Where a stanza to that domain goes; without `default`, not by the default route."""
        if domain in self._names:
            return Route("instance", domain, None)
        if domain in self._exact:
            return Route("exact", domain, self._exact[domain])
        pattern = self._pattern(domain)
        if pattern is not None:
            return Route("wildcard", pattern, self._wild[pattern])
        if default and self._default is not None:
            return Route("default", "*", self._default)
        return Route("none", "", None)

    def is_expected(self, domain: str) -> bool:
        """Whether only something that stands in for its link has that domain."""
        return domain in self._expected

    def routes(self) -> list[Route]:
        """All routes, by table."""
        tables = (("exact", self._exact), ("wildcard", self._wild), ("instance", self._names))
        found = [Route(kind, name, port) for kind, table in tables for name, port in table.items()]
        return found if self._default is None else [*found, Route("default", "*", self._default)]

    def _table(self, domain: str) -> dict[str, Port | None]:
        return self._wild if domain.startswith("*.") else self._exact

    def _tables(self) -> tuple[dict[str, Port | None], ...]:
        return self._exact, self._wild, self._names

    def _pattern(self, domain: str) -> str | None:
        """The longest wildcard that covers a domain."""
        rest = domain
        while rest and self._wild:
            _, _, rest = rest.partition(".")
            if (pattern := f"*.{rest}") in self._wild:
                return pattern
        return None
