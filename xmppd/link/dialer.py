"""The dialing side of a link: connects, and connects again with a growing, jittered delay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.application.internet import ClientService, backoffPolicy
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from xmppd.link.link import Item, Receiver
from xmppd.link.queue import Bounds
from xmppd.link.trunk import Trunk
from xmppd.link.turn import Turn
from xmppd.link.wire import Dialed, Wire, WireSettings
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

FIRST_DELAY, MOST_DELAY = 0.5, 15.0
"""Seconds before dialing again: the first time, and at most."""


class Dialer(Service):
    """A link that is dialed; also, for a component, its `Link`.

    `receiver` is called with what comes. While the connection is down what is sent waits within
    `bounds`. `attach` is what a trusted link says of itself once it is up. `changed`, where set, is called with True and False as the link comes and goes.
    """

    lossless = False
    log = Logger()

    name: str

    def __init__(
        self,
        name: str,
        endpoint: str,
        settings: WireSettings,
        reactor: Any,
        attach: bytes = b"",
        bounds: Bounds | None = None,
    ) -> None:
        self.name = name
        self.receiver: Receiver = _nowhere
        self.changed: Callable[[bool], None] = _nothing
        self.trunk = Trunk(name, reactor, self._refused, bounds=bounds, retry=False)
        self.send: Receiver = self.trunk.deliver
        self._endpoint = endpoint
        self._settings = settings
        self._reactor = reactor
        self._turn = Turn(reactor)
        self.attach = attach
        self._client: ClientService | None = None
        self._wire: Wire | None = None

    def startService(self) -> None:
        """Begin to dial."""
        Service.startService(self)
        factory = Factory.forProtocol(self._protocol)
        factory.noisy = False
        endpoint = clientFromString(self._reactor, self._endpoint)
        policy = backoffPolicy(FIRST_DELAY, MOST_DELAY)
        self._client = ClientService(endpoint, factory, policy, self._reactor)
        self._client.startService()

    def stopService(self) -> Deferred[None]:
        """Close the connection, after what was sent before."""
        Service.stopService(self)
        if self._wire is not None:
            self._wire.close()
        assert self._client is not None
        return self._client.stopService()

    def _protocol(self) -> Any:
        return Dialed(
            self, self.name, self._settings, self._turn, self._reactor, self.attach
        )

    # Link

    def send_each(self, stanza: Stanza, addresses: Iterable[Jid]) -> None:
        """Send the stanza to each address; its content is shared."""
        for address in addresses:
            self.send(stanza.readdressed(address))

    def close(self) -> None:
        """End the link."""
        self.stopService()

    def _refused(self, item: Item, condition: str) -> None:
        """What could not be sent comes back as the router would bounce it."""
        if isinstance(item, Stanza):
            if item.type not in ("error", "result") and item.sender is not None:
                self.receiver(item.error(condition))
        elif item.type != "error":
            self.receiver(item.answer(type="error"))

    # What the connection tells

    def up(self, wire: Wire) -> None:
        """The connection may carry stanzas now."""
        self._wire = wire
        self.log.info("link {name} is up", name=self.name)
        self.changed(True)
        self.trunk.join(wire)

    def received(self, wire: Wire, item: Item) -> None:
        """Pass on what comes."""
        self.receiver(item)

    def drained(self, wire: Wire) -> None:
        """The connection takes again."""
        self.trunk.drain()

    def down(self, wire: Wire) -> None:
        """The connection is lost."""
        self._wire = None
        self.log.info("link {name} is down", name=self.name)
        self.trunk.leave(wire)
        self.changed(False)

    def failed(self, wire: Wire) -> None:
        """A connection ended before it was up; the next attempt follows by itself."""


def _nowhere(item: Item) -> None:
    """Where things go before a receiver is set."""


def _nothing(up: bool) -> None:
    """Nobody wants to know."""
