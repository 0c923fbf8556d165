"""Links: how a component and a router hand each other what they send, in order."""

from collections.abc import Callable, Iterable
from typing import Protocol

from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

Item = Stanza | Envelope
Receiver = Callable[[Item], None]


class Link(Protocol):
    """A component's way to its router. First in, first out, in both directions.

    `receiver` is called with what comes; `lossless` says that nothing sent can get lost while
    both ends live, so that nothing need be kept for sending again.
    """

    receiver: Receiver
    lossless: bool

    def send(self, item: Item) -> None:
        """Pass one item on; never raises."""

    def send_each(self, stanza: Stanza, addresses: Iterable[Jid]) -> None:
        """Send the stanza to each address; its content is shared."""

    def close(self) -> None:
        """End the link; what was sent before still arrives."""


class LocalLink:
    """Both ends of a link inside one process: the component's and the router's.

    The router calls `deliver`, the component sets `receiver`; nothing is copied or kept.
    """

    lossless = True

    def __init__(self, route: Receiver, detach: "Callable[[LocalLink], None]") -> None:
        self.send: Receiver = route
        self.receiver: Receiver = _nowhere
        self._detach = detach

    def deliver(self, item: Item, producer: object = None) -> None:
        """From the router to the component."""
        self.receiver(item)

    def send_each(self, stanza: Stanza, addresses: Iterable[Jid]) -> None:
        """Send the stanza to each address; its content is shared."""
        send = self.send
        for copy in stanza.copies(addresses):
            send(copy)

    def close(self) -> None:
        """Take the link off its router; what is sent after that goes nowhere."""
        self._detach(self)
        self.send = self.receiver = _nowhere


def _nowhere(item: Item) -> None:
    """Where things go before a receiver is set and after a link has closed."""
