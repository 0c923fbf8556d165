"""One live connection of a link, and what waits for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from xmppd.link.link import Item
from xmppd.link.queue import Queue
from xmppd.link.unanswered import Unanswered


class Carrier(Protocol):
    """A live connection, as a trunk sees it."""

    @property
    def full(self) -> bool:
        """Whether more than it should waits in its transport."""

    def send(self, item: Item) -> None: ...


class Member:
    """A connection, under the name by which a pool chooses it, with what waits for it.

    `carrier` takes what is for it: the connection itself, or what stands in its place while it is
    about to go.
    """

    __slots__ = ("carrier", "connection", "name", "queue", "unanswered")

    def __init__(self, name: str, connection: Carrier, queue: Queue) -> None:
        self.name = name
        self.connection = connection
        self.carrier = connection
        self.queue = queue
        self.unanswered = Unanswered()

    @property
    def is_ready(self) -> bool:
        """Whether it would take an item at once."""
        return not self.queue.waiting and not self.carrier.full

    @property
    def is_held(self) -> bool:
        """Whether it is about to go, and what comes for it waits until it has gone."""
        return isinstance(self.carrier, _Held)

    def hold(self, returned: Queue, since: float) -> None:
        """Have what comes wait from now on, and what is given back in `returned`."""
        if not self.is_held:
            self.carrier = _Held(returned, since)

    def take_back(self, item: Item) -> bool:
        """Have an item wait again that it has got; False where it is not about to go."""
        if self.is_held:
            self.unanswered.forget(item)
            self.carrier.send(item)
        return self.is_held

    def empty(self) -> list[tuple[float, Item]]:
        """All that waits, each with the time since when; what was given back goes first."""
        returned = self.carrier.returned.empty() if isinstance(self.carrier, _Held) else []
        return returned + self.queue.empty()


class _Held:
    """Takes no more; what it is sent all the same is what is given back, for that came before."""

    full = True

    def __init__(self, returned: Queue, since: float) -> None:
        self.returned = returned
        self._since = since

    def send(self, item: Item) -> None:
        self.returned.push(item, self._since)


def member_of(connection: Carrier, members: Iterable[Member]) -> Member | None:
    """The one among those which that connection is."""
    return next((member for member in members if member.connection is connection), None)
