"""A session: a bound full JID, its queue to the client, and its leg to an edge."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from xmppd.component.leg import State
from xmppd.component.session import WINDOW_BYTES, WINDOW_DOWN
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza
from xmppd.sm.managed import NOT_YET, Managed
from xmppd.sm.queue import Queue
from xmppd.sm.waiting import CROWDED, CROWDED_BYTES, Inherited, is_crowded, is_too_much
from xmppd.sm.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from xmppd.component.session import StreamFacts
    from xmppd.sm.user import User

MAX_DIRECTED = 1_000
"""Addresses a session may have sent directed presence to (RFC 6121, 4.6), outside its roster."""


class Gate(Protocol):
    """Has some stanzas wait that are for a session, such as what is not urgent."""

    def takes(self, stanza: Stanza) -> bool:
        """Whether it takes a stanza; if not, that is queued now."""

    def flush(self) -> None:
        """Deliver what waits, in its order."""

    def left(self) -> list[Stanza]:
        """What waits; it is forgotten."""


class Session:
    """One bound resource of an account.

    `presence` is what it last broadcast, None while it is not available. `interested`: it has
    asked for its roster (RFC 6121, 2.2). `notes` holds what extensions remember of it, one value
    per extension class. `ticket` is the newest batch that one of its stanzas wrote into.
    `managed` is there where the client manages its stream (XEP-0198). `gate` is there where some
    of what it is to get waits before it is queued, and so before anybody counts it. `full`: it is
    detached, and has as much to send as it may have.
    """

    __slots__ = (
        "_flush_later",
        "_given_up",
        "_inherited",
        "_queue",
        "_watching",
        "address",
        "backlog",
        "closing",
        "directed",
        "facts",
        "full",
        "gate",
        "interested",
        "jid",
        "leg",
        "managed",
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
        self.leg = user.host.manager.edges.leg(self, edge)
        self.facts = facts
        self.since = since
        self.presence: Stanza | None = None
        self.priority = 0
        self.interested = False
        self.directed: set[Jid] | None = None
        self.notes: dict[type, Any] = {}
        self.ticket = 0
        self.closing = self.full = False
        self.gate: Gate | None = None
        self.managed: Managed | None = None
        self.backlog: deque[Stanza] | None = None  # held while a hook is awaited
        self._flush_later = flush_later
        self._queue: Queue | None = None
        self._watching: Watching | None = None
        self._inherited: Inherited | None = None
        self._given_up = False

    @property
    def attached(self) -> bool:
        """Whether it has a stream, whose edge knows of that."""
        managed = self.managed
        return self.leg.state is State.LIVE and (managed is None or not managed.draining)

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
        if self.managed is not None:
            return self.managed.settled
        got = self.leg.got
        return got if self.backlog is None else got - 1 - len(self.backlog)

    def deliver(self, stanza: Stanza) -> None:
        """Queue a stanza for the client; what one turn queues travels together."""
        if self.closing:
            return
        if self.gate is not None and self.gate.takes(stanza):
            return
        managed = self.managed
        if managed is not None and stanza.name == "message":
            stanza.since = self.user.host.clock.seconds()
        queue = self._queue
        if queue is None:
            queue = self._queue = Queue()
            self._flush_later(self)
        queue.items.append(stanza)
        queue.size += len(stanza.inner)
        if (
            len(queue.items) > CROWDED
            or queue.size > CROWDED_BYTES
            or (managed is not None and (self.leg.state is not State.LIVE or self._is_crowded()))
        ):
            self._is_behind(stanza)

    def _is_behind(self, stanza: Stanza) -> None:
        """Slow down whoever sends faster than the client reads, and in the end give up."""
        self.flush()  # much in one turn is not yet more than the window takes
        if self._has_too_much() and not self._makes_room():
            self.user.host.manager.detached.overflowing(self)
        elif self._is_crowded():
            # Whose fault an answer is: of the client itself, which asks faster than it reads.
            asker = self.jid if stanza.type in ("result", "error") else stanza.sender
            self.user.host.manager.reports.delay(asker, self)
        if self.leg.state is not State.LIVE:
            self.user.host.manager.detached.grew(self)

    @property
    def load(self) -> tuple[int, int]:
        """How many stanzas, and bytes, wait for the client or, where it manages its stream, for
        its acknowledgement."""
        queue, managed = self._queue, self.managed
        count, size = (0, 0) if queue is None else (len(queue.items), queue.size)
        return (
            (count, size)
            if managed is None
            else (count + len(managed.out), size + managed.out.size)
        )

    @property
    def pending(self) -> list[Stanza]:
        """The stanzas that wait for the client or for its acknowledgement, the oldest first."""
        queue, managed = self._queue, self.managed
        found = [] if managed is None else managed.out.items
        return found if queue is None else [*found, *queue.items]

    def _is_crowded(self) -> bool:
        return is_crowded(*self.load)

    def _has_too_much(self) -> bool:
        return is_too_much(*self.load, self._inherited)

    def _makes_room(self) -> bool:
        """Drop presence that newer presence takes the place of. Whether that is enough."""
        queue = self._queue
        return queue is not None and queue.drop_replaced() and not self._has_too_much()

    def inherits(self, stanza: Stanza) -> bool:
        """Whether there is room for what another session of the account has left.

        A client that reads has as much room for that as for all else, lest it be taken for one
        that does not. What waits without a stream has no more room than usual.
        """
        if not self.attached:
            count, size = self.load
            return not is_too_much(count + 1, size, self._inherited)
        if self._inherited is None:
            self._inherited = Inherited()
        return self._inherited.takes(stanza)

    def deliver_watched(self, stanza: Stanza, written: Callable[[], None]) -> None:
        """Deliver a stanza that somebody else keeps until the client has it.

        `written` is called then. If the session ends before, `undelivered` leaves it out.
        """
        self.watching.keeps_elsewhere(stanza, written)
        self.deliver(stanza)

    @property
    def watching(self) -> Watching:
        """Who waits until the client has a stanza: it was written or, where the client manages
        its stream, acknowledged."""
        if self._watching is None:
            self._watching = Watching()
        return self._watching

    def close(self, error: StreamError) -> None:
        """End the client's stream with that error; the session ends when its edge says so."""
        if self.closing:
            return
        self.flush()
        attached, self.closing = self.attached, True
        if attached:
            self.user.host.manager.edges.kick(self.leg, error)

    def flush(self) -> None:
        """Send what the window allows."""
        queue, leg, managed = self._queue, self.leg, self.managed
        if queue is None or leg.state is not State.LIVE:
            return
        if managed is None:
            items = queue.take(*leg.room(WINDOW_DOWN, WINDOW_BYTES))
        elif managed.draining:
            return
        else:
            items = queue.take(*managed.room())
            managed.sending(items, leg.sent)
        if not queue.items:
            self._queue = None
        if items:
            if managed is not None and managed.resumed is not None:
                items = managed.say_since(items)
            self.user.host.manager.edges.carry(leg, items)

    def written(self, count: int) -> None:
        """The edge has written that many of what was sent, counted from the leg's first."""
        leg, managed = self.leg, self.managed
        if count > leg.done:
            done = leg.done
            written = leg.settle(min(count, leg.sent))
            if managed is not None:
                written = managed.early_in(written, done)
            if self._watching is not None:
                self._watching.got(written)
        if self._queue is not None:
            self._move_on()

    def acknowledged(self, h: int) -> None:
        """The client has handled so many stanzas. Raises TooHigh."""
        managed = self.managed
        if managed is None or managed.since == NOT_YET:
            return
        got = managed.out.settle(h)
        if self._watching is not None:
            self._watching.got(got)
        self._move_on()

    def _move_on(self) -> None:
        self.flush()
        if not self._is_crowded():
            self._inherited = None
            self.user.host.manager.reports.go_on(self)

    def queue_again(self, stanzas: list[Stanza]) -> None:
        """Send these again over a new leg, before all others."""
        queue = self._queue = self._queue or Queue()
        queue.put_back(stanzas)
        self.full = False
        self.flush()

    def undelivered(self, reached_nobody: Collection[Stanza] = ()) -> list[Stanza]:
        """What was accepted for the client and has not reached it, oldest first; forgets it.

        What others keep is left out, unless it is among what they keep no more.
        """
        if self._given_up:
            return []
        self._given_up = True
        left = self._sent_in_vain()
        left += () if self._queue is None else self._queue.items
        left += () if self.gate is None else self.gate.left()
        self._queue = None
        stanzas = [stanza for stanza in left if stanza.ns == CONTENT]
        if self._watching is None:
            return stanzas
        return self._watching.only_here(stanzas, reached_nobody)

    def _sent_in_vain(self) -> list[Stanza]:
        if self.managed is not None:
            return self.managed.sent_in_vain()
        return [] if self.leg.kept is None else [*self.leg.kept.items]
