"""A bound stream: the edge's end of a session's traffic (session protocol, 3.5 to 3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IReactorTime

from xmppd.c2s import elements
from xmppd.c2s.acking import ASK_EVERY, Acking
from xmppd.c2s.alive import Alive
from xmppd.c2s.ending import prefixed
from xmppd.c2s.phase import UNREAD, WINDOW
from xmppd.component import leg as component
from xmppd.component.leg import End, State
from xmppd.component.legs import number_of
from xmppd.component.report import NO_COUNT, Entry
from xmppd.component.session import REPORT_EVERY, WINDOW_BYTES, WINDOW_UP, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.acks import MODULUS
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, StreamClosed
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import SESSION_PROTOCOL, STREAMS
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS

if TYPE_CHECKING:
    from xmppd.c2s.connection import Connection

REPORT_BYTES: Final = 65_536
"""Bytes written after which the session manager is told at once."""


class Leg(component.Leg):
    """Counts and passes on what a session and its client say to each other.

    When its stream has ended it stays with the edge until its session has heard of that. `acking`
    is there while the client manages its stream, or has asked to.
    """

    __slots__ = ("_alive", "_bytes", "_connection", "_flight", "_waiting", "acking")

    def __init__(self, connection: Connection, session: Jid, manager: Jid, epoch: int) -> None:
        legs = connection.edge.legs
        super().__init__(legs.peer(manager), connection.address, session, epoch)
        self._connection = connection
        self._flight = self._bytes = 0
        self._alive = Alive()
        self._waiting: list[Event] | None = None  # read, and beyond the window
        self.acking: Acking | None = None
        legs.begin(self)

    @property
    def stream(self) -> str:
        """The number of its stream."""
        return number_of(self.address)

    # Up

    def receive(self, data: bytes) -> None:
        """Pass on what one read completes."""
        events = self._connection.stream.framer.feed(data)
        if events:
            self.take(events, len(data))

    def take(self, events: list[Event], size: int) -> None:
        """Pass on what the client has said: all of it in one envelope, as far as that may go."""
        if self._waiting is not None:
            self._waiting += events
            return
        room = WINDOW_UP - self.sent + self.done
        for count, event in enumerate(events):
            if type(event) is not Stanza or event.ns or event.name not in STANZAS:
                self._take_mixed(events, size)
                return
            if count >= room:
                self._waiting = events[count:]
                events = events[:count]
                break
        self._pass_on(events, size)

    def _take_mixed(self, events: list[Event], size: int) -> None:
        """Take stanzas and other things in their order, up to what ends the stream."""
        stanzas: list[Event] = []
        for place, event in enumerate(events):
            if isinstance(event, Stanza) and not event.ns and event.name in STANZAS:
                stanzas.append(event)
                continue
            if stanzas:
                self.take(stanzas, size)
                stanzas, size = [], 0
            if self._waiting is not None:
                self._waiting += events[place:]
                return
            if isinstance(event, Stanza) and elements.goes_up(event) and self._is_full():
                self._waiting = events[place:]
                return
            if not self._odd(event):
                return
        if stanzas:
            self.take(stanzas, size)

    def pass_on(self, item: Stanza) -> None:
        """Send up an element whose place among the stanzas counts."""
        self._pass_on([item], len(item.inner))

    def _pass_on(self, items: list[Event], size: int) -> None:
        if items:
            self._send(tuple(items))  # type: ignore[arg-type]
            self._flight += size
        if self._is_full():
            self._connection.hold(WINDOW)

    def _send(self, items: tuple[Stanza, ...]) -> None:
        edge = self._connection.edge
        if not edge.legs.lossless:
            edge.legs.keep(self, items)
        edge.send(self.number(items))

    def _odd(self, event: Event) -> bool:
        """Take what is no stanza. Returns whether the stream goes on."""
        if type(event) is StreamClosed:
            self._connection.end(b"", "clean")
        elif isinstance(event, StreamError):
            self.fail(event)
        elif isinstance(event, Stanza):
            return elements.take(self, event)
        else:
            self.fail(StreamError("unsupported-stanza-type"))
        return False

    def _is_full(self) -> bool:
        if self._waiting is not None or self._flight >= WINDOW_BYTES:
            return self.sent != self.done
        return self.sent - self.done >= WINDOW_UP

    def reported(self, manager: str, epoch: int, handled: int) -> None:
        """The session manager has handled so many; bytes still in flight are estimated."""
        before, left = self.sent - self.done, self.sent - handled
        if manager != self.peer.address or epoch != self.epoch or not 0 <= left < before:
            return
        self.settle(handled)
        self._flight = self._flight * left // before
        if self.state is not State.LIVE:
            return
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self.take(waiting, 0)
        if not self._is_full():
            self._connection.release(WINDOW)

    # Down

    def deliver(self, envelope: Envelope) -> None:
        """Write what the session says: one write for an envelope."""
        items = self.unknown(envelope)
        if not items:
            self._repeated()
            return
        if items[-1].ns == SESSION_PROTOCOL:
            self._ordered(items)
            return
        data = (
            items[0].to_bytes()
            if len(items) == 1
            else b"".join([item.to_bytes() for item in items])
        )
        connection = self._connection
        if self.acking is not None:
            data += self._asking(self.acking, items)
        connection.write(data)
        self.got += len(items)
        self._bytes += len(data)
        if not connection.slow:
            self.finished = self.got
        self._tell()

    def _asking(self, acking: Acking, items: tuple[Stanza, ...]) -> bytes:
        """What is written behind stanzas whose client is to say what it has handled."""
        edge = self._connection.edge
        if acking.sent(items, edge.wheel.now):
            return acking.request()
        if acking.waits:
            edge.legs.unasked.add(self)
        return b""

    def acknowledged(self, h: int) -> None:
        """The client has handled so many stanzas."""
        assert self.acking is not None
        self.acking.answered()
        self.h = h
        if (h - self.told_h) % MODULUS >= ASK_EVERY:  # others may wait for that
            self._connection.edge.legs.tell(self)
        elif not self.noted:
            self._connection.edge.legs.note(self)

    def _repeated(self) -> None:
        """Nothing new has come; after a gap that is told."""
        if self.mark:
            self._connection.edge.legs.note(self)

    def _ordered(self, items: tuple[Stanza, ...]) -> None:
        """The session ends the stream: what it said before goes out first."""
        self.got += len(items)
        data = b"".join([item.to_bytes() for item in items[:-1]])
        if data:
            self._connection.write(data)
        if not self._connection.slow:
            self.finished = self.got
        error = items[-1].child_bytes(STREAMS, "error")
        self._connection.end(b"" if error is None else prefixed(error), "clean")

    def caught_up(self) -> None:
        """All that was written is out."""
        self._connection.release(UNREAD)
        self.finished = self.got
        self._tell()

    def _tell(self) -> None:
        if self.got - self.told >= REPORT_EVERY or self._bytes >= REPORT_BYTES:
            self._connection.edge.legs.tell(self)
        elif not self.noted:
            self._connection.edge.legs.note(self)

    def entry(self) -> Entry:
        """What a report says of this leg; it counts as told."""
        self._bytes = 0
        return super().entry()

    # Ends and deadlines

    def ended(self, how: str, condition: str = "") -> None:
        """Send up what is left, and the close as its last item."""
        if self.acking is not None:
            self.acking.stop()
        if self.state is State.GONE:
            return
        left, has_closed = elements.left_of(self._waiting or ())
        if has_closed:
            how, condition = "clean", ""
        acknowledged = None if self.h == NO_COUNT else str(self.h)
        close = verb(
            "close",
            how=how,
            condition=condition or None,
            written=str(self.finished),
            a=acknowledged,
        )
        self._waiting = None
        self.after(End.CLOSED)
        self._send((*left, close))
        self._connection.edge.legs.closed(self)

    def fail(self, error: StreamError) -> None:
        """End the stream with an error."""
        self._connection.fail(error)

    def shut(self) -> None:
        """End the stream of a session that cannot be reached any more."""
        self.fail(StreamError("system-shutdown"))

    def write(self, data: bytes) -> None:
        """Write what is not the session's; while the client does not read, nor is it read."""
        self._connection.write(data)
        if self._connection.slow:
            self._connection.hold(UNREAD)

    @property
    def clock(self) -> IReactorTime:
        """The edge's."""
        return self._connection.edge.clock

    def stop_reading(self) -> None:
        """Take nothing more of the client."""
        self._connection.hold(WINDOW)

    def due(self, now: int) -> int:
        """Keep the connection alive, and ask a silent client for a sign of life."""
        return self._alive.due(self._connection, self.acking, now)
