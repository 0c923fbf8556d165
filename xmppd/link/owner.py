"""Whom the connections of links belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from xmppd.link.link import Item, Receiver

if TYPE_CHECKING:
    from xmppd.link.wire import Wire


class Owner(Protocol):
    """Whom a connection belongs to: an acceptor, or a dialer."""

    def up(self, wire: Wire) -> Receiver:
        """The handshake is done; gives what is to be called with what comes.

        That may raise `StreamError`, and so may this.
        """

    def drained(self, wire: Wire) -> None:
        """The connection takes again."""

    def down(self, wire: Wire) -> None:
        """A connection that was up carries nothing more."""

    def failed(self, wire: Wire, reason: str) -> None:
        """A connection ended before it was up."""


class Nobody:
    """The owner of a connection that has ended."""

    def up(self, wire: Wire) -> Receiver:
        return nowhere

    def drained(self, wire: Wire) -> None:
        pass

    def down(self, wire: Wire) -> None:
        pass

    def failed(self, wire: Wire, reason: str) -> None:
        pass


NOBODY: Final = Nobody()


def nowhere(item: Item) -> None:
    """Where things go before the link is up."""
