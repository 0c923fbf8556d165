"""Links that a test holds the other end of: for components alone, and for other domains."""

from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IReactorTime

from xmppd.link.link import Item, Link, Receiver
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.testing.inbox import Inbox


class FakeLink:
    """A link without a router behind it: what the component under test sends is in `sent`."""

    def __init__(self, lossless: bool = True) -> None:
        self.lossless = lossless
        self.sent: list[Item] = []
        self.closed = False
        self.receiver: Receiver = lambda item: None

    def send(self, item: Item) -> None:
        """From the component; lost once the link has closed."""
        if not self.closed:
            self.sent.append(item)

    def send_each(self, stanza: Stanza, addresses: Iterable[Jid]) -> None:
        """From the component, to many."""
        for copy in stanza.copies(addresses):
            self.send(copy)

    def close(self) -> None:
        """The component ends the link."""
        self.closed = True

    def deliver(self, item: Item | str) -> None:
        """Bring an item, or the stanza that a text is, to the component."""
        self.receiver(parse_stanza(item.encode()) if isinstance(item, str) else item)


class Elsewhere(Inbox):
    """A domain of somebody else, with all its accounts, played by the test."""

    def __init__(self, clock: IReactorTime, link: Link, settle: Callable[[], None]) -> None:
        super().__init__(clock)
        self._link = link
        self._settle = settle
        link.receiver = self._receive

    def send(self, *xml: str) -> None:
        """Send stanzas, each with its `to` and `from`."""
        for text in xml:
            self._link.send(parse_stanza(text.encode()))
        self._settle()

    def close(self) -> None:
        """Go away: what is sent to the domain comes back as an error."""
        self._link.close()

    def _receive(self, item: Item) -> None:
        if isinstance(item, Stanza):
            self._put(item)
