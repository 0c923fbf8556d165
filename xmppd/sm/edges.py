"""The legs of a session manager to its edges (session protocol, 3.5 and 3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from xmppd.component.lease import MANAGER_PATIENCE, Lease, Peer
from xmppd.component.leg import ROUTE_BYTES, End, Kept, Leg, State, portions
from xmppd.component.legs import Legs, number_of
from xmppd.component.session import Entry, instance_of
from xmppd.link.envelope import Envelope
from xmppd.link.link import Link
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm import ending

if TYPE_CHECKING:
    from xmppd.sm.manager import SessionManager

REPORT_SECONDS: Final = 0.02
"""How long what has been handled may stay untold; an edge may wait for it with a full window."""
UNUSED_SECONDS: Final = 10.0
"""A session of which its edge has said nothing for so long ends: its answer never arrived."""
PROGRESS_SECONDS: Final = 60.0
"""So long what has been written may stand still while something waits to be."""


class EdgeLeg(Leg):
    """A session's end of its leg."""

    __slots__ = ()

    @property
    def stream(self) -> str:
        """The number of its stream at the edge."""
        return number_of(self.other)


class Edges(Legs[EdgeLeg]):
    """The legs of sessions, and of sessions that ended while their edges may not know."""

    def __init__(self, manager: SessionManager, link: Link) -> None:
        super().__init__(link, manager.address, manager.clock, REPORT_SECONDS)
        self._manager = manager
        self._unused: dict[EdgeLeg, float] = {}  # of which its edge has not spoken, since when

    def leg(self, address: Jid, stream: Jid) -> EdgeLeg:
        """A leg from a session to a stream."""
        leg = EdgeLeg(self.peer(instance_of(stream)), address, stream, 1)
        self.attach(leg)
        if not self.lossless:
            self._unused[leg] = self.clock.seconds()
        return leg

    def find(self, instance: Jid, stream: str) -> EdgeLeg | None:
        """The leg that a stream of that number has."""
        session = self._manager.legs.get(f"{instance}.{stream}")
        return None if session is None else session.leg

    def all(self) -> list[EdgeLeg]:
        """All legs."""
        return [session.leg for session in self._manager.legs.values()]

    def may_come(self, stream: str) -> bool:
        """Never: an edge hears of a session only when it is there."""
        return False

    # Traffic

    def carry(self, leg: EdgeLeg, items: Sequence[Stanza]) -> None:
        """Send what goes to the client, and keep it until it is written."""
        kept = leg.kept
        if kept is None:
            kept = leg.kept = Kept()
            if not self.lossless:
                self.await_news(leg)
        size = kept.add(items)
        if size <= ROUTE_BYTES:
            self._send(leg.number(tuple(items)))
            return
        for portion in portions(items):
            self._send(leg.number(portion))

    def came(self, leg: EdgeLeg, envelope: Envelope) -> None:
        """Traffic of an edge that may be another's, or have left something out."""
        if envelope.sender != leg.other or envelope.epoch != leg.epoch:
            self.stray(envelope, envelope.sender)
            return
        leg.peer.lease.heard = self.clock.seconds()
        self._used(leg)
        if leg.mark:
            self.note(leg)

    def unwanted(self, envelope: Envelope) -> None:
        """Traffic for a session that has ended."""
        session = self._manager.legs.get(envelope.sender)
        if session is not None and session.address == envelope.to:
            if envelope.items[-1].name != "close":
                return  # sent before it heard of the end
            session.leg.after(End.ANSWERED)
            self._forget(session.leg)
        self.stray(envelope, envelope.sender)

    def settle(self, leg: EdgeLeg, entry: Entry) -> None:
        """The edge has written so many."""
        self._used(leg)
        self._manager.legs[leg.other].written(entry.done)
        if leg.state is State.CLOSING and entry.got == leg.sent:
            self.ended(leg, End.TOLD)

    def _used(self, leg: EdgeLeg) -> None:
        """Its edge knows of that leg."""
        if self._unused.pop(leg, None) is not None:
            self._manager.logins.bound(leg.other)

    # Ends

    def ended(self, leg: EdgeLeg, how: End) -> None:
        """A session has ended; where it ended first its edge has yet to hear of it."""
        if leg.after(how) is State.CLOSING and self.lossless:
            leg.after(End.TOLD)
        if leg.state is State.GONE:
            self._forget(leg)

    def absent(self, leg: EdgeLeg) -> None:
        """The stream has gone, or its edge has: the session is lost."""
        session = self._manager.legs[leg.other]
        if session.address in self._manager.sessions:
            ending.end(self._manager, session, End.ABSENT)
        else:
            leg.after(End.ABSENT)
            self._forget(leg)

    def _forget(self, leg: EdgeLeg) -> None:
        self._unused.pop(leg, None)
        if self._manager.legs.pop(leg.other, None) is not None:
            self.detach(leg)

    # Time

    def look_after(self, leg: EdgeLeg, now: float) -> None:
        """End what is not used, and the stream of a client that takes nothing."""
        if now - self._unused.get(leg, now) >= UNUSED_SECONDS:
            self._manager.logins.unheard(leg.other)
            self.absent(leg)
        elif leg.kept is not None and leg.kept.stands_still(leg.done, now) >= PROGRESS_SECONDS:
            error = StreamError("policy-violation", "too slow in reading")
            self._manager.legs[leg.other].close(error)

    def is_silent(self, lease: Lease, now: float) -> bool:
        """Whether nothing has come for so long."""
        return now - lease.heard >= MANAGER_PATIENCE

    def is_due(self, lease: Lease, now: float) -> bool:
        """Every now and then; edges ask when they miss that."""
        return lease.is_due(now)

    def silent(self, peer: Peer) -> None:
        """All sessions of that edge are lost."""
        for leg in self.legs_to(peer):
            self.absent(leg)
