"""The legs of a session manager to its edges (session protocol, 3.5 and 3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from xmppd.component.lease import MANAGER_PATIENCE, Lease, Peer
from xmppd.component.leg import ROUTE_BYTES, End, Kept, Leg, State, portions
from xmppd.component.legs import Legs, number_of
from xmppd.component.report import NO_COUNT, Entry
from xmppd.component.session import instance_of, kick
from xmppd.link.envelope import Envelope
from xmppd.link.link import Link
from xmppd.protocol.acks import TooHigh
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.sm.manager import SessionManager
    from xmppd.sm.session import Session

REPORT_SECONDS: Final = 0.02
"""How long what has been handled may stay untold; an edge may wait for it with a full window."""
UNUSED_SECONDS: Final = 10.0
"""A session of which its edge has said nothing for so long ends: its answer never arrived."""
PROGRESS_SECONDS: Final = 60.0
"""So long what has been written may stand still while something waits to be."""


class EdgeLeg(Leg):
    """A session's end of its leg, or that of a leg it had before."""

    __slots__ = ("_session",)

    def __init__(self, session: Session, peer: Peer, stream: Jid, epoch: int) -> None:
        super().__init__(peer, session.address, stream, epoch)
        self._session: Session | None = session

    @property
    def session(self) -> Session:
        """Whose leg it is."""
        assert self._session is not None, "the leg has been forgotten"
        return self._session

    def forget(self) -> None:
        """It is no more."""
        self._session = None

    @property
    def is_former(self) -> bool:
        """Whether its session has another one now, or none."""
        return self.session.leg is not self or self.state is not State.LIVE

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

    def leg(self, session: Session, stream: Jid, epoch: int = 1) -> EdgeLeg:
        """A leg from a session to a stream."""
        former = self._manager.legs.get(stream)
        if former is not None:  # of a session that the stream has never heard of
            self.absent(former)
        leg = EdgeLeg(session, self.peer(instance_of(stream)), stream, epoch)
        self._manager.legs[stream] = leg
        self.attach(leg)
        if not self.lossless:
            self._unused[leg] = self.clock.seconds()
        return leg

    def find(self, instance: Jid, stream: str) -> EdgeLeg | None:
        """The leg that a stream of that number has."""
        return self._manager.legs.get(f"{instance}.{stream}")

    def all(self) -> list[EdgeLeg]:
        """All legs."""
        return list(self._manager.legs.values())

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
            self.unwanted(envelope)
            return
        leg.peer.lease.heard = self.clock.seconds()
        self._used(leg)
        if leg.mark:
            self.note(leg)

    def unwanted(self, envelope: Envelope) -> None:
        """Traffic over a leg that has ended."""
        leg = self._manager.legs.get(envelope.sender)
        if leg is not None and leg.address == envelope.to and leg.epoch == envelope.epoch:
            if envelope.items[-1].name != "close":
                return  # sent before it heard of the end
            leg.after(End.ANSWERED)
            self._forget(leg)
        self.stray(envelope, envelope.sender)

    def settle(self, leg: EdgeLeg, entry: Entry) -> None:
        """The edge has written so many, and what its client has acknowledged."""
        self._used(leg)
        session = leg.session
        if session.leg is leg:
            session.written(entry.done)
            self._acknowledged(session, entry.h)
        else:
            leg.settle(entry.done)
        if leg.state is State.CLOSING and entry.got == leg.sent:
            self.ended(leg, End.TOLD)

    def _acknowledged(self, session: Session, h: int) -> None:
        if h == NO_COUNT:
            return
        try:
            session.acknowledged(h)
        except TooHigh as error:
            session.close(error)

    def _used(self, leg: EdgeLeg) -> None:
        """Its edge knows of that leg."""
        if self._unused.pop(leg, None) is not None:
            self._manager.logins.bound(leg.other)

    # Ends

    def kick(self, leg: EdgeLeg, error: StreamError) -> None:
        """End the stream of a leg with that error."""
        leg.after(End.CLOSED)
        self.carry(leg, [kick(error)])

    def ended(self, leg: EdgeLeg, how: End) -> None:
        """A session has ended; where it ended first its edge has yet to hear of it."""
        if leg.after(how) is State.CLOSING and self.lossless:
            leg.after(End.TOLD)
        if leg.state is State.GONE:
            self._forget(leg)

    def absent(self, leg: EdgeLeg) -> None:
        """The stream has gone, or its edge has: the session is lost."""
        session = leg.session
        if session.leg is leg and session.address in self._manager.sessions:
            self._manager.detached.lost(session, End.ABSENT)
        leg.after(End.ABSENT)
        self._forget(leg)

    def _forget(self, leg: EdgeLeg) -> None:
        if self._unused.pop(leg, None) is None:
            self._manager.logins.over(leg.other)
        if self._manager.legs.pop(leg.other, None) is not None:
            self.detach(leg)
            leg.forget()

    # Time

    def look_after(self, leg: EdgeLeg, now: float) -> None:
        """End what is not used, and the stream of a client that takes nothing."""
        if now - self._unused.get(leg, now) >= UNUSED_SECONDS:
            self._manager.logins.unheard(leg.other)
            self.absent(leg)
        elif leg.is_former or leg.kept is None:
            return
        elif leg.kept.stands_still(leg.done, now) >= PROGRESS_SECONDS:
            self._manager.detached.overflowing(leg.session)

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
