"""The router: moves what components send, looking only at `to` and `from`.

It knows no protocol but addresses. What finds no route bounces as RFC 6120, 8.3 and 10.4 say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from twisted.logger import Logger

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, LocalLink
from xmppd.link.receipts import is_counted, passed_on, refused
from xmppd.link.routes import Port, Producer, Routes
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


class Router(Routes):
    """Routes for the links of one process.

    What is sent while something else is being delivered waits its turn, so that a component is
    never entered twice and items between two components keep their order.
    """

    log = Logger()

    def __init__(self) -> None:
        super().__init__()
        self.watch: Callable[[Item], None] | None = None
        """Called with each stanza that has an address, before it goes on; never an envelope, but
        with what one holds that is for no stream."""
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
