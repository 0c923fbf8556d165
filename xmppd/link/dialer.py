"""The dialing side of a link: connects, and connects again with a growing, jittered delay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.application.internet import backoffPolicy
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocol
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.link.handshake import Dialed
from xmppd.link.link import Item, Receiver
from xmppd.link.parting import Parting, leave, returned
from xmppd.link.queue import Bounds
from xmppd.link.receipts import is_counted, refused
from xmppd.link.router import answers_error
from xmppd.link.trunk import Trunk
from xmppd.link.turn import Turn
from xmppd.link.wire import Wire
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

FIRST_DELAY, MOST_DELAY = 0.5, 3.5
"""Seconds before dialing again: the first time, and at most; up to one more is added by chance."""
STABLE_SECONDS = 5.0
"""A link that was up for less counts as one that failed: so a router that takes a secret and then
refuses what the link is does not see it again at once."""


class Dialer(Service):
    """A link that is dialed; also, for a component, its `Link`.

    `receiver` is called with what comes. While the connection is down what is sent waits within
    `bounds`, and comes back as an error where it does not fit. `changed` is called with True and
    False as the link comes and goes. `attach` is what a trusted link says of itself (`codec`).
    """

    lossless = False
    forwards = False
    """Whether what comes is only passed on, so that nobody looks at it."""
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
        trunk: Trunk | None = None,
    ) -> None:
        self.name = name
        self.receiver: Receiver = _nowhere
        self.changed: Callable[[bool], None] = _nothing
        self.trunk = trunk or Trunk(name, reactor, self._refused, bounds=bounds, watch=False)
        self.send: Receiver = self.trunk.deliver
        self._endpoint = clientFromString(reactor, endpoint)
        self._factory = _Wires(self._new_wire)
        self._delay = backoffPolicy(FIRST_DELAY, MOST_DELAY)
        self._failures = 0
        self._up_since = 0.0
        self._settings = settings
        self._reactor = reactor
        self._turn = Turn(reactor)
        self.attach = attach
        self._wire: Dialed | None = None
        self._dialing: Deferred[IProtocol] | None = None
        self._timer: IDelayedCall | None = None
        self._parting: Parting | None = None

    @property
    def is_up(self) -> bool:
        """Whether the link carries stanzas now."""
        return self.trunk.is_up

    def startService(self) -> None:
        """Begin to dial."""
        Service.startService(self)
        self._parting = None
        self._dial()

    def stopService(self) -> Deferred[None]:
        """Close the connection, after what was sent before; fires when it is gone."""
        Service.stopService(self)
        self._stop_dialing()
        self.trunk.flush()
        self.trunk.close()
        if self._wire is None:
            return succeed(None)
        gone: Deferred[None] = Deferred()
        self._wire.gone.addCallback(lambda _: gone.callback(None))
        self._wire.close()
        return gone

    def leave(self, returns: bool = False) -> Deferred[bool]:
        """Have the router of a trusted link send no more, before a planned end.

        Fires when nothing more comes, with whether what came may be given back. What is sent still
        goes out until the service is stopped; nobody dials again.

        :param returns: that is wanted.
        """
        parting = self._parting = Parting(self.receiver, self._reactor)
        self._stop_dialing()
        if self.is_up:
            self.receiver = parting.received
            self.send(leave(self.name, returns))
        else:
            if self._wire is not None:
                self._wire.close()
            parting.end()
        return parting.over

    def give_back(self, item: Stanza) -> None:
        """Give the router back what has not been passed on, as `leave` has told that it may be."""
        self.send(returned(self.name, item))

    # Dialing

    def _stop_dialing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._dialing is not None:
            self._dialing.cancel()

    def _dial(self) -> None:
        self._timer = None
        self._dialing = self._endpoint.connect(self._factory)
        self._dialing.addCallbacks(self._reached, self._unreachable)

    def _new_wire(self) -> Dialed:
        wire = Dialed(
            self, self.name, self._settings, self._turn, self._reactor, self.attach, self.forwards
        )
        wire.gone.addCallback(lambda _: self._gone(wire))
        self._wire = wire
        return wire

    def _reached(self, protocol: IProtocol) -> None:
        self._dialing = None

    def _unreachable(self, failure: Failure) -> None:
        self._dialing = None
        self._again(failure.getErrorMessage())

    def _gone(self, wire: Dialed) -> None:
        if self._wire is wire:
            self._wire = None

    def _again(self, reason: str) -> None:
        if not self.running or self._parting is not None or self._timer is not None:
            return
        if not self._failures:
            self.log.warn("link {name}: {reason}; dialing again", name=self.name, reason=reason)
        self._failures += 1
        self._timer = self._reactor.callLater(self._delay(self._failures), self._dial)

    # Link

    def send_each(self, stanza: Stanza, addresses: Iterable[Jid]) -> None:
        """Send the stanza to each address; its content is shared."""
        for copy in stanza.copies(addresses):
            self.send(copy)

    def close(self) -> None:
        """End the link for good; what was sent before still goes out."""
        if self.running:
            self.stopService()
        self.send = self.receiver = _nowhere

    def _refused(self, item: Item, condition: str) -> None:
        """What could not be sent comes back as the router would bounce it.

        That comes in a turn of its own, so that who sends is not entered in the midst of it.
        """
        error: Item
        if isinstance(item, Stanza):
            if not answers_error(item) or item.sender is None:
                return
            error = item.error(condition)
        elif is_counted(item):
            error = refused(item, condition)
        elif item.type != "error":
            error = item.answer(type="error")
        else:
            return
        if self.running:
            self._turn.later(lambda: self._pass_on(error))
        else:
            self._pass_on(error)

    def _pass_on(self, item: Item) -> None:
        try:
            self.receiver(item)
        except Exception:
            self.log.failure("A component failed at {item}", item=item)

    def _tell(self, up: bool) -> None:
        try:
            self.changed(up)
        except Exception:
            self.log.failure("link {name}: who was told of it failed", name=self.name)

    # What the connection tells

    def up(self, wire: Wire) -> Receiver:
        """The connection may carry stanzas now."""
        self._up_since = self._reactor.seconds()
        self.log.info("link {name} is up", name=self.name)
        self.trunk.join(wire)
        self._tell(True)
        return self.receives(wire)

    def receives(self, wire: Wire) -> Receiver:
        """What is called with what comes; it may raise `StreamError`."""
        return self._pass_on

    def drained(self, wire: Wire) -> None:
        """The connection takes again."""
        self.trunk.drain()

    def down(self, wire: Wire) -> None:
        """The connection is lost."""
        self.log.info("link {name} is down", name=self.name)
        self.trunk.leave(wire)
        self._tell(False)
        if self._parting is not None:
            self._parting.end()
        if self._reactor.seconds() - self._up_since >= STABLE_SECONDS:
            self._failures = 0
        self._again("connection lost")

    def failed(self, wire: Wire, reason: str) -> None:
        """A connection ended before it was up."""
        self._again(reason)


class _Wires(Factory):
    """Makes the protocol of each connection."""

    noisy = False

    def __init__(self, make: Callable[[], Dialed]) -> None:
        self._make = make

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return self._make()


def _nowhere(item: Item) -> None:
    """Where things go before a receiver is set."""


def _nothing(up: bool) -> None:
    """Nobody wants to know."""
