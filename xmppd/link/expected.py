"""Domains that are to be served again soon after a router's start.

When a router starts anew the others connect one after the other, and what they have kept for each
other meanwhile comes before those are there whom it is for. A stanza that bounced then would tell
a room that its occupants are gone, or a sender that there is no such server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.queue import Bounds, Queue
from xmppd.link.receipts import is_counted
from xmppd.link.router import Router
from xmppd.link.routes import Port, Producer
from xmppd.link.trunk import Trunk

EXPECTED_SECONDS: Final = 10.0
"""How long: those who dial try again every few seconds."""


class Expected:
    """Stands in for the link of one domain: stanzas wait, and messages that somebody counts.

    Nobody has taken charge of those meanwhile. Other envelopes have rules of their own by which
    they are sent again.
    """

    def __init__(self, router: Router, clock: IReactorTime) -> None:
        self._router = router
        self._queue = Queue(
            clock, Bounds(absent=EXPECTED_SECONDS), router.bounce, _nothing, absent=True
        )

    def deliver(self, item: Item, producer: Producer | None = None) -> None:
        """Have an item wait."""
        if isinstance(item, Envelope) and not is_counted(item):
            self._router.bounce(item)
        else:
            self._queue.push(item)

    def give_way(self, port: Port) -> None:
        """The link is there: what has waited goes to it, before all that comes now."""
        waited = self._queue.empty()
        if not self._router.is_trusted(port):  # who is outside gets no envelopes
            for _, item in waited:
                if isinstance(item, Envelope):
                    self._router.bounce(item)
            waited = [each for each in waited if not isinstance(each[1], Envelope)]
        if isinstance(port, Trunk):
            port.inherit(waited)
        else:
            for _, item in waited:
                port.deliver(item)

    def end(self) -> None:
        """Nobody has come: refuse what waits."""
        self._queue.refuse_all("service-unavailable")


def expect(router: Router, clock: IReactorTime, domains: Iterable[str]) -> IDelayedCall:
    """Have what comes for domains that no link has wait for a while.

    Returns what ends it.
    """
    expected = []
    for domain in domains:
        if not router.serves(domain):
            expected.append(Expected(router, clock))
            router.expect(expected[-1], domain)

    def end() -> None:
        for each in expected:
            router.detach(each)
            each.end()

    return clock.callLater(EXPECTED_SECONDS, end)


def _nothing() -> None:
    """No producer was asked to pause."""
