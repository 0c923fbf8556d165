"""A session: a bound full JID, its queue to the client, and its leg to an edge."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from xmppd.component.leg import End
from xmppd.component.session import WINDOW_BYTES, WINDOW_DOWN, verb
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import STREAMS
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from collections.abc import Callable

    from xmppd.component.session import StreamFacts
    from xmppd.sm.user import User

CROWDED = 256
"""Stanzas that may wait for a client before those who send them are slowed down (3.6)."""
CROWDED_BYTES = 1024 * 1024
MAX_QUEUE = 1024
"""Stanzas that may wait for a slow client; past it the stream is closed."""
MAX_QUEUE_BYTES = 4 * 1024 * 1024
MAX_DIRECTED = 1_000
"""Addresses a session may have sent directed presence to (RFC 6121, 4.6), outside its roster."""


class Session:
    """One bound resource of an account.

    `presence` is what it last broadcast, None while it is not available. `interested`: it has
    asked for its roster (RFC 6121, 2.2). `notes` holds what extensions remember of it, one value
    per extension class. `ticket` is the newest batch that one of its stanzas wrote into.
    """

    __slots__ = (
        "_flush_later",
        "_given_up",
        "_queue",
        "_queue_bytes",
        "_watched",
        "address",
        "backlog",
        "closing",
        "directed",
        "facts",
        "interested",
        "jid",
        "leg",
        "notes",
        "presence",
        "priority",
        "since",
        "ticket",
        "user",
    )

    def __init__(
        self,
        user: User,
        jid: Jid,
        address: Jid,
        edge: Jid,
        facts: StreamFacts,
        flush_later: Callable[[Session], None],
        since: float,
    ) -> None:
        self.user = user
        self.jid = jid
        self.address = address
        self.leg = user.host.manager.edges.leg(address, edge)
        self.facts = facts
        self.since = since
        self.presence: Stanza | None = None
        self.priority = 0
        self.interested = False
        self.directed: set[Jid] | None = None
        self.notes: dict[type, Any] = {}
        self.ticket = 0
        self.closing = False
        self.backlog: deque[Stanza] | None = None  # held while a hook is awaited
        self._flush_later = flush_later
        self._queue: deque[Stanza] | None = None
        self._queue_bytes = 0
        self._watched: dict[Stanza, Callable[[], None]] | None = None
        self._given_up = False

    @property
    def available(self) -> bool:
        """Whether it has sent initial presence and not gone offline since."""
        return self.presence is not None

    @property
    def lang(self) -> str:
        """The language of its stream."""
        return self.facts.lang

    @property
    def handled(self) -> int:
        """How much of what it got it is done with."""
        got = self.leg.got
        return got if self.backlog is None else got - 1 - len(self.backlog)

    def deliver(self, stanza: Stanza) -> None:
        """Queue a stanza for the client; what one turn queues travels together."""
        if self.closing:
            return
        queue = self._queue
        if queue is None:
            queue = self._queue = deque()
            self._flush_later(self)
        queue.append(stanza)
        self._queue_bytes += len(stanza.inner)
        if len(queue) > CROWDED or self._queue_bytes > CROWDED_BYTES:
            self._is_behind(stanza)

    def _is_behind(self, stanza: Stanza) -> None:
        """Slow down whoever sends faster than the client reads, and in the end give up."""
        self.flush()  # much in one turn is not yet more than the window takes
        if len(self._queue or ()) > MAX_QUEUE or self._queue_bytes > MAX_QUEUE_BYTES:
            self.close(StreamError("policy-violation", "too slow in reading"))
        elif self._is_crowded():
            # Whose fault an answer is: of the client itself, which asks faster than it reads.
            asker = self.jid if stanza.type in ("result", "error") else stanza.sender
            self.user.host.manager.reports.delay(asker, self)

    def _is_crowded(self) -> bool:
        return len(self._queue or ()) > CROWDED or self._queue_bytes > CROWDED_BYTES

    def deliver_watched(self, stanza: Stanza, written: Callable[[], None]) -> None:
        """Deliver a stanza that somebody else keeps until the client has it.

        `written` is called then. If the session ends before, `undelivered` leaves it out.
        """
        if self._watched is None:
            self._watched = {}
        self._watched[stanza] = written
        self.deliver(stanza)

    def close(self, error: StreamError) -> None:
        """End the client's stream with that error; the session ends when its edge says so."""
        if self.closing:
            return
        self.flush()
        self.closing = True
        self.leg.after(End.CLOSED)
        reason = element("error", STREAMS, None, error.to_bytes()[len("<stream:error>") : -15])
        self._flush([verb("close", reason, how="kick")])

    def flush(self) -> None:
        """Send what the window allows."""
        if not self.closing:
            self._flush(self._taken_for_sending(*self.leg.room(WINDOW_DOWN, WINDOW_BYTES)))

    def _taken_for_sending(self, room: int, room_bytes: int) -> list[Stanza]:
        queue = self._queue
        if queue is None:
            return []
        if len(queue) <= room and self._queue_bytes <= room_bytes:
            self._queue = None
            self._queue_bytes = 0
            return list(queue)
        taken: list[Stanza] = []
        while queue and len(taken) < room and room_bytes > 0:
            taken.append(queue.popleft())
            room_bytes -= len(taken[-1].inner)
        self._queue_bytes -= sum([len(stanza.inner) for stanza in taken])
        if not queue:
            self._queue = None
        return taken

    def _flush(self, items: list[Stanza]) -> None:
        if items:
            self.user.host.manager.edges.carry(self.leg, items)

    def written(self, count: int) -> None:
        """The edge has written that many of what was sent, counted from the leg's first."""
        leg = self.leg
        if count > leg.done:
            written = leg.settle(min(count, leg.sent))
            if self._watched:
                self._tell_watchers(self._watched, written)
        if self._queue is not None:
            self.flush()
            if not self._is_crowded():
                self.user.host.manager.reports.go_on(self)

    @staticmethod
    def _tell_watchers(watched: dict[Stanza, Callable[[], None]], written: list[Stanza]) -> None:
        for stanza in written:
            if stanza in watched:
                watched.pop(stanza)()

    def undelivered(self) -> list[Stanza]:
        """What was accepted for the client and not written, oldest first; forgets it."""
        watched, self._watched = self._watched or (), None
        kept = self.leg.kept
        left = [] if kept is None or self._given_up else [*kept.items]
        left += self._queue or ()
        self._given_up = True
        self._queue = None
        self._queue_bytes = 0
        return [stanza for stanza in left if stanza not in watched]
