"""What waits for a link: bounded in items, in bytes and in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item

_OVERHEAD = 200
"""Bytes that an item is counted with beside what it says."""


@attrs.frozen
class Bounds:
    """How much may wait for a link, and for how many seconds.

    `absent` holds while nobody is there, `seconds` while somebody is there and slow. `pause` is
    the share of `items` or `size` above which producers are asked to pause; they go on when the
    link has taken nothing for `patience` seconds, so that no link can hold up others for long.
    `envelopes`: they wait for somebody absent, too, though who sends one sends it again.
    """

    items: int = 10_000
    size: int = 16 * 1024 * 1024
    seconds: float = 30.0
    absent: float = 30.0
    pause: float = 0.5
    patience: float = 2.0
    envelopes: bool = True


def size_of(item: Item) -> int:
    """Bytes that an item is counted with: its attributes and content, and some for the rest."""
    if isinstance(item, Envelope):
        return _OVERHEAD + sum([size_of(stanza) for stanza in item.items])
    return _OVERHEAD + len(item.inner) + sum(map(len, item.attrs.values()))


class Queue:
    """Items in their order. What does not fit, or waits too long, is given to `refuse`.

    `refuse` is called with the item and the condition to refuse it with, `eased` when items have
    left because they waited too long. `absent` says that nobody is there to take them.
    """

    __slots__ = ("_bounds", "_clock", "_eased", "_refuse", "_seconds", "_timer", "size", "waiting")

    def __init__(
        self,
        clock: IReactorTime,
        bounds: Bounds,
        refuse: Callable[[Item, str], None],
        eased: Callable[[], None],
        absent: bool = False,
    ) -> None:
        self.waiting: deque[tuple[float, int, Item]] = deque()
        self.size = 0
        self._clock = clock
        self._bounds = bounds
        self._seconds = bounds.absent if absent else bounds.seconds
        self._refuse = refuse
        self._eased = eased
        self._timer: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self.waiting)

    @property
    def is_high(self) -> bool:
        """Whether producers should pause."""
        bounds = self._bounds
        return (
            len(self.waiting) > bounds.items * bounds.pause
            or self.size > bounds.size * bounds.pause
        )

    def push(self, item: Item, since: float | None = None) -> None:
        """Have an item wait, or refuse it. `since` is when it began to wait elsewhere."""
        bounds = self._bounds
        if not self._seconds:
            self._refuse(item, "service-unavailable")
            return
        size = size_of(item)
        if len(self.waiting) >= bounds.items or self.size + size > bounds.size:
            self._refuse(item, "resource-constraint")
            return
        now = self._clock.seconds()
        self.waiting.append((now if since is None else since, size, item))
        self.size += size
        if self._timer is None:
            waited = 0.0 if since is None else now - since
            self._timer = self._clock.callLater(max(0.0, self._seconds - waited), self._expire)

    def pop(self) -> tuple[float, Item]:
        """The item that has waited longest, and since when."""
        since, size, item = self.waiting.popleft()
        self.size -= size
        return since, item

    def empty(self) -> list[tuple[float, Item]]:
        """All that waits, each with the time since when; the queue ends."""
        self._stop_timer()
        return [self.pop() for _ in range(len(self.waiting))]

    def refuse_all(self, condition: str) -> None:
        """Refuse what waits."""
        for _, item in self.empty():
            self._refuse(item, condition)

    def _expire(self) -> None:
        self._timer = None
        late = self._clock.seconds() - self._seconds
        expired = []
        while self.waiting and self.waiting[0][0] <= late:
            expired.append(self.pop()[1])
        for item in expired:
            self._refuse(item, "remote-server-timeout")
        if self.waiting and self._timer is None:
            self._timer = self._clock.callLater(self.waiting[0][0] - late, self._expire)
        if expired:
            self._eased()

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
