"""The router: moves what components send, looking only at `to` and `from`.

It knows no protocol but addresses. Exact domains come first, then the longest wildcard, then the
default route; what finds none of them bounces as RFC 6120, 8.3 and 10.4 say.
"""

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from twisted.logger import Logger

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, LocalLink
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT
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


class RouteTaken(Exception):
    """A domain, or an instance name, that another link has already."""


class Router:
    """Routes for the links of one process.

    What is sent while something else is being delivered waits its turn, so that a component is
    never entered twice and items between two components keep their order.
    """

    log = Logger()

    def __init__(self) -> None:
        # None stands where a link has gone, so that nobody else is tried in its place.
        self._exact: dict[str, Port | None] = {}
        self._wild: dict[str, Port | None] = {}
        self._names: dict[str, Port | None] = {}
        self._default: Port | None = None
        self._waiting: deque[tuple[Item, Producer | None]] = deque()
        self._busy = False

    def link(
        self, domains: Iterable[str] = (), names: Iterable[str] = (), default: bool = False
    ) -> LocalLink:
        """Make a link in this process and attach it. See `attach`."""
        link = LocalLink(self.route, self.detach)
        self.attach(link, domains, names, default)
        return link

    def attach(
        self,
        port: Port,
        domains: Iterable[str] = (),
        names: Iterable[str] = (),
        default: bool = False,
    ) -> None:
        """Give a link its routes.

        `domains` are exact names, or wildcards as `*.example.com`. `names` are those of
        instances: only envelopes reach them. Raises `RouteTaken` before anything is bound.
        """
        domains, names = list(domains), list(names)
        for name in [*domains, *names]:
            if any(table.get(name) is not None for table in self._tables()):
                raise RouteTaken(f"{name} is routed already")
        if default and self._default is not None:
            raise RouteTaken("there is a default route already")
        for table in self._tables():
            for name in [*domains, *names]:
                table.pop(name, None)
        for domain in domains:
            (self._wild if domain.startswith("*.") else self._exact)[domain] = port
        self._names.update(dict.fromkeys(names, port))
        if default:
            self._default = port

    def detach(self, port: Port) -> None:
        """Take all its routes from a link; what still comes for its domains bounces."""
        for table in self._tables():
            table.update({name: None for name, found in table.items() if found is port})
        if self._default is port:
            self._default = None

    def serves(self, domain: str) -> bool:
        """Whether that very domain belongs to a link, be it there at present or not."""
        return domain in self._exact

    def _tables(self) -> tuple[dict[str, Port | None], ...]:
        return self._exact, self._wild, self._names

    def route(self, item: Item, producer: Producer | None = None) -> None:
        """Deliver one item, or bounce it. Never raises."""
        waiting = self._waiting
        waiting.append((item, producer))
        if self._busy:
            return
        self._busy = True
        exact = self._exact
        try:
            while waiting:
                item, producer = waiting.popleft()
                to = item.to
                if to is not None and type(item) is Stanza:
                    port = exact.get(to.domain) or self._elsewhere(to.domain)
                elif type(item) is Envelope:
                    port = self._names.get(item.to.domain) or exact.get(item.to.domain)
                else:
                    port = None
                if port is None:
                    self.bounce(item)
                else:
                    self._deliver(port, item, producer)
        finally:
            self._busy = False

    def _deliver(self, port: Port, item: Item, producer: Producer | None) -> None:
        try:
            port.deliver(item, producer)
        except Exception:
            self.log.failure("A component failed at {item}", item=item)

    def _elsewhere(self, domain: str) -> Port | None:
        """The longest wildcard, else the default route; neither for what is a link's own."""
        if domain in self._names or domain in self._exact:
            return None
        pattern = self._pattern(domain)
        return self._default if pattern is None else self._wild[pattern]

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
            if item.type != "error":
                self.route(item.answer(type="error"))
            return
        if item.ns != CONTENT or item.sender is None:
            return
        unanswered = _UNANSWERED.get(item.name)
        if unanswered is not None and item.type not in unanswered:
            self.route(item.error(condition or self._condition(item.to)))

    def _condition(self, to: Jid | None) -> str:
        if to is None:
            return "jid-malformed"
        if to.domain not in self._names and (
            to.domain in self._exact or self._pattern(to.domain) is not None
        ):
            return "service-unavailable"  # only its link is not there
        return "remote-server-not-found"
