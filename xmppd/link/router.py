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
from xmppd.protocol.stanza import Stanza

_UNANSWERED = frozenset({"error", "result", "unavailable", "probe"})
"""Types that never get an error back (RFC 6120, 8.3.1); presence that asks for no answer too."""


class Port(Protocol):
    """A router's end of a link."""

    def deliver(self, item: Item) -> None:
        """Pass an item to the component."""


class RouteTaken(Exception):
    """A domain, or an instance name, that another link has already."""


class Router:
    """Routes for the links of one process.

    What is sent while something else is being delivered waits its turn, so that a component is
    never entered twice and items between two components keep their order.
    """

    log = Logger()

    def __init__(self) -> None:
        self._exact: dict[str, Port] = {}
        self._wild: dict[str, Port] = {}
        self._names: dict[str, Port] = {}
        self._default: Port | None = None
        self._absent: set[str] = set()  # domains whose link has gone
        self._waiting: deque[Item] = deque()
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
            if name in self._exact or name in self._wild or name in self._names:
                raise RouteTaken(f"{name} is routed already")
        if default and self._default is not None:
            raise RouteTaken("there is a default route already")
        self._absent.difference_update(domains)
        for domain in domains:
            (self._wild if domain.startswith("*.") else self._exact)[domain] = port
        self._names.update(dict.fromkeys(names, port))
        if default:
            self._default = port

    def detach(self, port: Port) -> None:
        """Take all its routes from a link; what still comes for its domains bounces."""
        self._absent.update(name for name, found in self._exact.items() if found is port)
        for table in (self._exact, self._wild, self._names):
            for name in [name for name, found in table.items() if found is port]:
                del table[name]
        if self._default is port:
            self._default = None

    def serves(self, domain: str) -> bool:
        """Whether a link of ours has exactly that domain."""
        return domain in self._exact

    def route(self, item: Item) -> None:
        """Deliver one item, or bounce it. Never raises."""
        waiting = self._waiting
        waiting.append(item)
        if self._busy:
            return
        self._busy = True
        exact = self._exact
        try:
            while waiting:
                item = waiting.popleft()
                to = item.to
                if to is not None and type(item) is Stanza:
                    port = exact.get(to.domain) or self._elsewhere(to.domain)
                elif type(item) is Envelope:
                    port = self._names.get(item.to.domain) or exact.get(item.to.domain)
                else:
                    port = None
                if port is None:
                    self._bounce(item)
                else:
                    self._deliver(port, item)
        finally:
            self._busy = False

    def _deliver(self, port: Port, item: Item) -> None:
        try:
            port.deliver(item)
        except Exception:
            self.log.failure("A component failed at {item}", item=item)

    def _elsewhere(self, domain: str) -> Port | None:
        """The longest wildcard, else the default route, which instance names never take."""
        if domain in self._names:
            return None
        rest = domain
        while rest and self._wild:
            _, _, rest = rest.partition(".")
            if (port := self._wild.get(f"*.{rest}")) is not None:
                return port
        return self._default

    def _bounce(self, item: Item) -> None:
        if isinstance(item, Envelope):
            if item.type != "error":
                self.route(item.answer(type="error"))
            return
        if item.type in _UNANSWERED or item.sender is None:
            return
        self.route(item.error(self._condition(item.to)))

    def _condition(self, to: Jid | None) -> str:
        if to is None:
            return "jid-malformed"
        if to.domain in self._absent:
            return "service-unavailable"
        return "remote-server-not-found"
