"""How many may be connected to a router that have not yet shown who they are (XEP-0205)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.protocol import Protocol
from twisted.logger import Logger

from xmppd.link.addresses import AddressLimits, address_key, shown_address
from xmppd.link.handshake import Accepted

MOST: Final = 500
MOST_PER_ADDRESS: Final = 100


class Newcomers:
    """Counts connections until their handshake is done, or they have gone.

    `most` may be there in all, `per_address` from one IPv4 address or one IPv6 /64.
    """

    log = Logger()

    def __init__(self, most: int = MOST, per_address: int = MOST_PER_ADDRESS) -> None:
        self._most = most
        self._addresses = AddressLimits(per_address)
        self._count = 0
        self._refusing = False

    def admit(self, address: IAddress | None, accept: Callable[[], Accepted]) -> IProtocol:
        """What `accept` makes for a connection from there, or what ends one that is too many."""
        key = address_key(address)
        if self._count >= self._most or not self._addresses.connected(key):
            self._warn(address)
            return Refused()
        self._count += 1
        wire = accept()
        wire.known.addCallback(lambda _: self._known(key))
        return wire

    def _warn(self, address: IAddress | None) -> None:
        """Once for a flood: who makes one does not fill the log, too."""
        if not self._refusing:
            self.log.warn(
                "too many connections have not shown who they are: from {address} none is taken",
                address=shown_address(address),
            )
        self._refusing = True

    def _known(self, key: str) -> None:
        self._count -= 1
        self._addresses.disconnected(key)
        self._refusing = self._refusing and self._count > 0


class Refused(Protocol):
    """A connection that is not wanted; also one inside TLS, which needs a protocol to end it."""

    def connectionMade(self) -> None:
        """End it without a word."""
        transport: Any = self.transport
        transport.abortConnection()
