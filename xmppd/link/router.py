"""The router: moves what components send, looking only at `to` and `from`.

It knows no protocol but addresses. Exact domains come first, then the longest wildcard, then the
default route; what finds none of them bounces as RFC 6120, 8.3 and 10.4 say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from twisted.logger import Logger

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, LocalLink
from xmppd.link.receipts import is_counted, passed_on, refused
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import CONTENT, STANZA_ERRORS
from xmppd.protocol.stanza import Stanza

_UNANSWERED = {
    "message": frozenset({"error"}),
    "presence": frozenset({"error", "unavailable", "probe"}),
    "iq": frozenset({"error", "result"}),
}
"""What never gets an error back (RFC 6120, 8.3.1); presence that asks for no answer too."""


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


class Router:
    """Routes for the links of one process.

    What is sent while something else is being delivered waits its turn, so that a component is
    never entered twice and items between two components keep their order.
    """

    log = Logger()

    def __init__(self) -> None:
        self.watch: Callable[[Item], None] | None = None
        """Called with each stanza that has an address, before it goes on; never an envelope, but
        with what one holds that is for no stream."""
        # None stands where a link has gone, so that nobody else is tried in its place.
        self._exact: dict[str, Port | None] = {}
        self._wild: dict[str, Port | None] = {}
        self._names: dict[str, Port | None] = {}
        self._default: Port | None = None
        self._outside: set[Port] = set()
        self._expected: dict[str, StandIn] = {}
        self._waiting: deque[tuple[Item, Producer | None]] = deque()
        self._busy = False

    def link(
        self, domains: Iterable[str] = (), names: Iterable[str] = (), default: bool = False
    ) -> LocalLink:
        """Make a link in this process and attach it; with `names` it gets envelopes. See
        `attach`."""
        link, names = LocalLink(self.route, self.detach), list(names)
        self.attach(link, domains, names, default, trusted=bool(names))
        return link

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
            (self._wild if domain.startswith("*.") else self._exact)[domain] = port
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

        It gets stanzas, never envelopes. Raises `RouteTaken`.
        """
        self.attach(port, [domain], trusted=False)
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
        table = self._wild if domain.startswith("*.") else self._exact
        if table.get(domain) is not port:
            raise KeyError(domain)
        table[domain] = None

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
        return self.explain(domain, default=False).table in ("exact", "wildcard")

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

    def _tables(self) -> tuple[dict[str, Port | None], ...]:
        return self._exact, self._wild, self._names

    def route(self, item: Item, producer: Producer | None = None) -> None:
        """Deliver one item, or bounce it. Never raises."""
        waiting = self._waiting
        waiting.append((item, producer))
        if self._busy:
            return
        self._busy = True
        exact, watch = self._exact, self.watch
        try:
            while waiting:
                item, producer = waiting.popleft()
                to = item.to
                try:
                    if type(item) is Envelope:
                        port = self.owner_of_envelopes(item.to.domain)
                        counted = is_counted(item)
                        if watch is not None and (counted or (item.number and not item.epoch)):
                            self._watch_custody(item, watch)
                        if port is None and counted:
                            self._pass_on(item, producer)
                            continue
                    elif to is None:
                        port = None
                    else:
                        if watch is not None:
                            watch(item)
                        port = exact.get(to.domain) or self.explain(to.domain).port
                    if port is None:
                        self.bounce(item)
                    else:
                        port.deliver(item, producer)
                except Exception:
                    self._failed(item)
        finally:
            self._busy = False

    def _pass_on(self, envelope: Envelope, producer: Producer | None) -> None:
        """Pass on messages that somebody counts to whoever has them without that very domain.

        Who is outside counts nothing: what they have been given has gone.
        """
        port = self.explain(envelope.to.domain).port
        if port is None:
            self.bounce(envelope)
        elif port not in self._outside:
            self._deliver(port, envelope, producer)
        else:
            for stanza in envelope.items:
                self._deliver(port, stanza, producer)
            self.route(passed_on(envelope))

    @staticmethod
    def _watch_custody(envelope: Envelope, watch: Callable[[Item], None]) -> None:
        """Stanzas in an envelope only because somebody counts them are there to be seen."""
        for item in envelope.items:
            watch(item)

    def _deliver(self, port: Port, item: Item, producer: Producer | None) -> None:
        try:
            port.deliver(item, producer)
        except Exception:
            self._failed(item)

    def _failed(self, item: Item) -> None:
        self.log.failure("A component failed at {item}", item=item)

    def _pattern(self, domain: str) -> str | None:
        """The longest wildcard that covers a domain."""
        rest = domain
        while rest and self._wild:
            _, _, rest = rest.partition(".")
            if (pattern := f"*.{rest}") in self._wild:
                return pattern
        return None

    def bounce(self, item: Item, condition: str = "") -> None:
        """Send an item back to its sender as an error; not if it is an answer itself.

        `condition` defaults to what the missing route means.
        """
        if isinstance(item, Envelope):
            if is_counted(item):
                self.route(refused(item, condition or self.condition(item.to)))
            elif item.type != "error":
                self.route(item.answer(self._refusal(item, condition), type="error"))
            return
        if item.ns == CONTENT and item.sender is not None and answers_error(item):
            error = item.error(condition or self.condition(item.to))
            if error.sender is None:  # it had no `to` that could be its sender
                error = error.readdressed(None, item.sender.host)
            self.route(error)

    def _refusal(self, item: Envelope, condition: str) -> Stanza:
        known = self.is_instance(item.to.domain)
        error = StanzaError(condition or ("recipient-unavailable" if known else "item-not-found"))
        inner = element(error.condition, STANZA_ERRORS)
        return Stanza(CONTENT, "error", {"type": error.type}, inner)

    def condition(self, to: Jid | None) -> str:
        """The stanza error of what is sent there while nobody is (RFC 6120, 8.3 and 10.4)."""
        if to is None:
            return "jid-malformed"
        if self.explain(to.domain).table in ("exact", "wildcard"):
            return "service-unavailable"  # only its link is not there
        return "remote-server-not-found"


def answers_error(item: Stanza) -> bool:
    """Whether an error goes back when a stanza cannot be delivered (RFC 6120, 8.3.1)."""
    unanswered = _UNANSWERED.get(item.name)
    return unanswered is not None and item.type not in unanswered
