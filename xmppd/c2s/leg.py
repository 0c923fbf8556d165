"""A bound stream: the edge's end of a session's traffic (session protocol, 3.5 to 3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xmppd.c2s.phase import WINDOW
from xmppd.component import leg as component
from xmppd.component.leg import End, State
from xmppd.component.legs import number_of
from xmppd.component.session import REPORT_EVERY, WINDOW_BYTES, WINDOW_UP, Entry, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, StreamClosed
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SESSION_PROTOCOL, STREAMS
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS

if TYPE_CHECKING:
    from xmppd.c2s.connection import Connection

PING: Final = "urn:xmpp:ping"
REPORT_BYTES: Final = 65_536
"""Bytes written after which the session manager is told at once."""


class Leg(component.Leg):
    """Counts and passes on what a session and its client say to each other.

    When its stream has ended it stays with the edge until its session has heard of that.
    """

    __slots__ = ("_bytes", "_connection", "_flight", "_pinged", "_waiting")

    def __init__(self, connection: Connection, session: Jid, manager: Jid, epoch: int) -> None:
        legs = connection.edge.legs
        super().__init__(legs.peer(manager), connection.address, session, epoch)
        self._connection = connection
        self._flight = self._bytes = self._pinged = 0
        self._waiting: list[Event] | None = None  # read, and beyond the window
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
                self._pass_on(events[:count], size)
                self._odd(event)
                return
            if count == room:
                self._waiting = events[count:]
                events = events[:count]
                break
        self._pass_on(events, size)

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

    def _odd(self, event: Event) -> None:
        """Anything but a stanza ends the stream."""
        if type(event) is StreamClosed:
            self._connection.end(b"", "clean")
        elif isinstance(event, StreamError):
            self._connection.fail(event)
        else:
            self._connection.fail(StreamError("unsupported-stanza-type"))

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
        connection.write(data)
        self.got += len(items)
        self._bytes += len(data)
        if not connection.slow:
            self.finished = self.got
        self._tell()

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
        self._connection.end(b"" if error is None else _prefixed(error), "clean")

    def caught_up(self) -> None:
        """All that was written is out."""
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
        if self.state is State.GONE:
            return
        left = [event for event in self._waiting or () if isinstance(event, Stanza)]
        close = verb("close", how=how, condition=condition or None, written=str(self.finished))
        self._waiting = None
        self.after(End.CLOSED)
        self._send((*left, close))
        self._connection.edge.legs.closed(self)

    def shut(self) -> None:
        """End the stream of a session that cannot be reached any more."""
        self._connection.fail(StreamError("system-shutdown"))

    def stop_reading(self) -> None:
        """Take nothing more of the client."""
        self._connection.hold(WINDOW)

    def due(self, now: int) -> int:
        """Keep the connection alive, and ask a silent client for a sign of life."""
        connection, limits = self._connection, self._connection.edge.limits
        checks = [now + 3600]
        if limits.keep_alive_seconds:
            if now - connection.wrote >= limits.keep_alive_seconds:
                connection.write(b" ")
            checks.append(connection.wrote + limits.keep_alive_seconds)
        if limits.idle_ping_seconds:
            checks.append(self._ask_for_life(now, limits.idle_ping_seconds))
        return min(checks)

    def _ask_for_life(self, now: int, patience: int) -> int:
        connection = self._connection
        if self._pinged > connection.heard:
            if now - self._pinged >= patience:
                connection.fail(StreamError("connection-timeout"))
            return self._pinged + patience
        if now - connection.heard < patience:
            return connection.heard + patience
        self._pinged = now
        host = connection.stream.host
        ping = element("ping", PING)
        connection.write(
            Stanza.make("iq", ping, sender=host, type="get", id=f"alive-{now}").to_bytes()
        )
        return now + patience


def _prefixed(error: bytes) -> bytes:
    """A stream error that declares its namespace, as it is written in a stream of ours."""
    start, stop = error.index(b">") + 1, error.rindex(b"</")
    return b"<stream:error>%b</stream:error>" % error[start:stop]
