"""A router's end of a configured link: its live connections, and a queue while they cannot take.

A link may have several connections at once, which then share its routes as a pool.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.pool import Balance, RoundRobin
from xmppd.link.queue import Bounds, Queue
from xmppd.link.router import Producer
from xmppd.protocol.stanza import Stanza

MAX_UNANSWERED = 10_000
"""Idempotent requests that a pool remembers in order to give them to another member."""


class Carrier(Protocol):
    """A live connection, as a trunk sees it."""

    @property
    def name(self) -> str: ...

    @property
    def full(self) -> bool:
        """Whether more than it should waits in its transport."""

    def send(self, item: Item) -> None: ...


class Trunk:
    """One link as its router knows it, whether it is up or down.

    `bounce(item, condition)` is the router's; `retry` says that requests which change nothing
    (iq get) go to the next member when the one that had them is lost.
    """

    def __init__(
        self,
        name: str,
        clock: IReactorTime,
        bounce: Callable[[Item, str], None],
        balance: Balance | None = None,
        bounds: Bounds | None = None,
        retry: bool = True,
    ) -> None:
        self.name = name
        self.carriers: list[Carrier] = []
        self._balance = balance or RoundRobin()
        self._queue = Queue(clock, bounds or Bounds(), bounce)
        self._retry = retry
        self._paused: set[Producer] = set()
        self._open: dict[Carrier, dict[tuple[str, str], Stanza]] = {}

    @property
    def is_up(self) -> bool:
        """Whether somebody is there to take what comes."""
        return bool(self.carriers)

    @property
    def waiting(self) -> int:
        """Items in the queue."""
        return len(self._queue)

    def deliver(self, item: Item, producer: Producer | None = None) -> None:
        """Pass an item on, or have it wait."""
        carriers = self.carriers
        if len(carriers) == 1 and not self._queue and not carriers[0].full:
            carriers[0].send(item)
        elif carriers and not self._queue:
            self._choose(item)
        else:
            self._queue.push(item, not carriers)
        if self._queue.is_high and producer is not None and producer not in self._paused:
            self._paused.add(producer)
            producer.pause_for(self)

    def _choose(self, item: Item) -> None:
        carrier = self._balance.choose(self.carriers, item)
        if carrier.full:
            self._queue.push(item, False)
            return
        if self._retry and len(self.carriers) > 1 and _is_question(item):
            self._remember(carrier, item)
        carrier.send(item)

    # Members

    def join(self, carrier: Carrier) -> None:
        """A connection is up: what waited goes to it."""
        self.carriers.append(carrier)
        self.drain()

    def leave(self, carrier: Carrier) -> None:
        """A connection is lost. Questions that it left unanswered go to the others."""
        if carrier not in self.carriers:
            return
        self.carriers.remove(carrier)
        for question in self._open.pop(carrier, {}).values():
            self.deliver(question)

    def drain(self) -> None:
        """Pass on what waits, as far as it is taken; then let producers go on."""
        queue = self._queue
        while queue and self.carriers:
            carrier = self.carriers[0] if len(self.carriers) == 1 else None
            if carrier is None:
                if any(member.full for member in self.carriers):
                    return
                item = queue.pop()
                assert item is not None
                self._choose(item)
                continue
            if carrier.full:
                return
            item = queue.pop()
            assert item is not None
            carrier.send(item)
        if not queue.is_high:
            paused, self._paused = self._paused, set()
            for producer in paused:
                producer.resume_from(self)

    def close(self) -> None:
        """The link is gone for good: refuse what waits."""
        self._queue.close("service-unavailable")

    # Questions of a pool

    def answered(self, carrier: Carrier, answer: Stanza) -> None:
        """A member has sent an iq result or error."""
        questions = self._open.get(carrier)
        if questions and answer.to is not None:
            questions.pop((answer.to, answer.attrs.get("id", "")), None)

    def _remember(self, carrier: Carrier, item: Item) -> None:
        assert isinstance(item, Stanza)
        questions = self._open.setdefault(carrier, {})
        if len(questions) < MAX_UNANSWERED:
            questions[item.sender or "", item.attrs.get("id", "")] = item


def _is_question(item: Item) -> bool:
    return not isinstance(item, Envelope) and item.attrs.get("type") == "get"
