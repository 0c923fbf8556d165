"""One listening place of several links, each with a name, a secret and rules of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from xmppd.link.acceptor import Acceptor
from xmppd.link.newcomers import Newcomers


class Entrance(Factory):
    """Leaves each connection to the link that fits best the name in its stream header.

    That is chosen before anything else, so that each link asks for its own secret. `newcomers`
    bounds how many there may be that have not proved one; several places can have it in common.
    """

    noisy = False

    def __init__(self, acceptors: Sequence[Acceptor], newcomers: Newcomers | None = None) -> None:
        self.acceptors = acceptors
        self._newcomers = newcomers or Newcomers()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A connection that has said nothing yet, or one that is ended at once."""
        return self._newcomers.admit(addr, lambda: self.acceptors[0].accept(self._choose))

    def _choose(self, name: str) -> Acceptor:
        return max(self.acceptors, key=lambda acceptor: acceptor.rules.fit(name))

    def stop(self) -> Deferred[Any]:
        """End all connections in order, and refuse what waits; fires when they are gone."""
        return DeferredList([acceptor.stop() for acceptor in self.acceptors])
