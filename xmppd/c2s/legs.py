"""The legs of a client edge (session protocol, 3.5 and 3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from twisted.internet.interfaces import IReactorTime

from xmppd.c2s.connection import Connection
from xmppd.c2s.leg import Leg
from xmppd.component.lease import EDGE_PATIENCE, Lease, Peer
from xmppd.component.leg import End, Kept, State
from xmppd.component.legs import Legs
from xmppd.component.report import NO_COUNT, Entry
from xmppd.link.envelope import Envelope
from xmppd.link.link import Link
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

REPORT_SECONDS: Final = 0.05
"""How long what has been written, or acknowledged, may stay untold on a lossless link: much less
than the session manager waits before it keeps a journal, for the client takes its time too."""
SPREAD_SECONDS: Final = 10.0
"""The streams of a session manager that cannot be reached end within that time."""


class EdgeLegs(Legs[Leg]):
    """The legs of the edge's streams, and of streams that ended while their sessions may not know.

    `streams` are the edge's connections.
    """

    def __init__(
        self, link: Link, address: Jid, clock: IReactorTime, streams: Mapping[str, Connection]
    ) -> None:
        super().__init__(link, address, clock, REPORT_SECONDS)
        self._streams = streams
        self.closing: dict[str, Leg] = {}
        self.unasked: set[Leg] = set()

    def begin(self, leg: Leg) -> None:
        """Take in a new leg, and tell its session manager that it is there."""
        self.attach(leg)
        if not self.lossless:
            self.note(leg)

    def find(self, instance: Jid, stream: str) -> Leg | None:
        """The leg that a stream of that number has with that instance."""
        leg = self.of(f"{self.address.resource}.{stream}")
        return leg if leg is not None and leg.peer.address == instance else None

    def of(self, stream: str) -> Leg | None:
        """The leg of a stream, by its resource."""
        connection = self._streams.get(stream)
        if connection is not None and isinstance(connection.phase, Leg):
            return connection.phase
        return self.closing.get(stream)

    def all(self) -> list[Leg]:
        """All legs."""
        phases = [connection.phase for connection in self._streams.values()]
        return [*[leg for leg in phases if isinstance(leg, Leg)], *self.closing.values()]

    def may_come(self, stream: str) -> bool:
        """Whether that stream is there: an answer that gives it a leg may be lost, or late."""
        return f"{self.address.resource}.{stream}" in self._streams

    def unwanted(self, envelope: Envelope) -> None:
        """Traffic for a stream that is not there: nothing for one that is closing."""
        if envelope.to.resource not in self.closing:
            self.stray(envelope, envelope.to)

    def keep(self, leg: Leg, items: tuple[Stanza, ...]) -> None:
        """Keep what is being sent until it is handled."""
        if leg.kept is None:
            leg.kept = Kept()
            self.await_news(leg)
        leg.kept.add(items)

    def settle(self, leg: Leg, entry: Entry) -> None:
        """The session manager has handled so many."""
        leg.reported(leg.peer.address, entry.epoch, entry.done)
        if leg.acking is not None and leg.state is State.LIVE and entry.h != NO_COUNT:
            leg.acking.stated(entry.h)
        if leg.state is State.CLOSING and entry.got == leg.sent:
            leg.after(End.TOLD)
            self._forget(leg)

    def closed(self, leg: Leg) -> None:
        """The last of a leg has been sent."""
        if self.lossless:
            leg.after(End.TOLD)
            self._forget(leg)
        else:
            self.closing[leg.address.resource] = leg

    def absent(self, leg: Leg) -> None:
        """The session has gone: so does its stream."""
        was, now = leg.state, leg.after(End.ABSENT)
        if was is not now:
            self._forget(leg)
        if was is State.LIVE:
            leg.shut()

    def _forget(self, leg: Leg) -> None:
        self.closing.pop(leg.address.resource, None)
        self.detach(leg)

    def look_after(self, leg: Leg, now: float) -> None:
        """Nothing: the connection watches over its client."""

    def ask_clients(self, now: int) -> None:
        """Ask clients what they have handled of iqs after which no more have come."""
        for leg in list(self.unasked):
            if leg.acking is None or leg.state is not State.LIVE or leg.acking.ask_if_quiet(now):
                self.unasked.discard(leg)

    def is_silent(self, lease: Lease, now: float) -> bool:
        """Whether nothing of ours has arrived for so long."""
        return now - lease.fresh >= EDGE_PATIENCE

    def is_due(self, lease: Lease, now: float) -> bool:
        """Every now and then, and more often when there is no sign that reports arrive."""
        return lease.is_due(now) or lease.is_urgent(now)

    def silent(self, peer: Peer) -> None:
        """End the streams one after the other; who is gone by then needs no more words."""
        legs = self.legs_to(peer)
        live = [leg for leg in legs if leg.state is State.LIVE]
        for leg in legs:
            if leg.state is State.CLOSING:
                self.absent(leg)
        for place, leg in enumerate(live):
            leg.stop_reading()
            self.clock.callLater(SPREAD_SECONDS * place / len(live), self._shut, leg)

    def _shut(self, leg: Leg) -> None:
        if leg.state is State.LIVE:
            leg.shut()
