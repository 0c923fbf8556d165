"""A bound stream: the edge's end of a session's traffic (session protocol, 3.5 to 3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xmppd.c2s.phase import WINDOW
from xmppd.component.session import REPORT_EVERY, WINDOW_BYTES, WINDOW_UP, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StreamError
from xmppd.protocol.framer import Event, StreamClosed
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


class Leg:
    """Counts and passes on what a session and its client say to each other.

    `manager` is the boot of the session manager; `noted` says that the next report will tell of
    this leg, `untold` that there is something to tell.
    """

    __slots__ = (
        "_bytes",
        "_connection",
        "_epoch",
        "_flight",
        "_got",
        "_handled",
        "_pinged",
        "_sent",
        "_session",
        "_told",
        "_told_written",
        "_waiting",
        "_written",
        "manager",
        "noted",
    )

    def __init__(self, connection: Connection, session: Jid, manager: Jid, epoch: int) -> None:
        self._connection = connection
        self._session = session
        self.manager = manager
        self._epoch = epoch
        self._sent = self._handled = self._flight = 0
        self._got = self._written = self._told = self._told_written = self._bytes = 0
        self._pinged = 0
        self._waiting: list[Event] | None = None  # read, and beyond the window
        self.noted = False

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
        room = WINDOW_UP - self._sent + self._handled
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
        number = self._sent + 1
        self._sent += len(items)
        connection = self._connection
        connection.edge.send(
            Envelope(self._session, connection.address, items, self._epoch, number)
        )

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
            return self._sent != self._handled
        return self._sent - self._handled >= WINDOW_UP

    def reported(self, manager: str, epoch: int, handled: int) -> None:
        """The session manager has handled so many; bytes still in flight are estimated."""
        before, left = self._sent - self._handled, self._sent - handled
        if manager != self.manager or epoch != self._epoch or not 0 <= left < before:
            return
        self._handled = handled
        self._flight = self._flight * left // before
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self.take(waiting, 0)
        if not self._is_full():
            self._connection.release(WINDOW)

    # Down

    def deliver(self, envelope: Envelope) -> None:
        """Write what the session says: one write for an envelope."""
        items = envelope.items
        if envelope.epoch != self._epoch or envelope.sender != self._session:
            return
        known = self._got + 1 - envelope.number
        if known:
            if known < 0 or known >= len(items):
                return
            items = items[known:]
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
        self._got += len(items)
        self._bytes += len(data)
        if not connection.slow:
            self._written = self._got
        self._tell()

    def _ordered(self, items: tuple[Stanza, ...]) -> None:
        """The session ends the stream: what it said before goes out first."""
        self._got += len(items)
        data = b"".join([item.to_bytes() for item in items[:-1]])
        if data:
            self._connection.write(data)
        if not self._connection.slow:
            self._written = self._got
        error = items[-1].child_bytes(STREAMS, "error")
        self._connection.end(b"" if error is None else _prefixed(error), "clean")

    def caught_up(self) -> None:
        """All that was written is out."""
        self._written = self._got
        self._tell()

    @property
    def untold(self) -> bool:
        return self._got != self._told or self._written != self._told_written

    def _tell(self) -> None:
        if self._got - self._told >= REPORT_EVERY or self._bytes >= REPORT_BYTES:
            self._connection.edge.reports.tell(self)
        elif not self.noted:
            self.noted = True
            self._connection.edge.reports.note(self)

    def entry(self) -> tuple[str, int, int, int]:
        """What a report says of this leg; it counts as told."""
        self._told, self._told_written, self._bytes = self._got, self._written, 0
        return self._number, self._epoch, self._got, self._written

    @property
    def _number(self) -> str:
        return self._connection.address.resource.partition(".")[2]

    # Ends and deadlines

    def ended(self, how: str, condition: str = "") -> None:
        """Send up what is left, and the close as its last item."""
        left = [event for event in self._waiting or () if isinstance(event, Stanza)]
        close = verb("close", how=how, condition=condition or None, written=str(self._written))
        self._waiting = None
        self._send((*left, close))

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
