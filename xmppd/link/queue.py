"""What waits for a link: bounded in items, in bytes and in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item


@attrs.frozen
class Bounds:
    """How much may wait for a link, and for how many seconds.

    `absent` holds while nobody is there, `seconds` while somebody is there and slow. `pause` is
    the share of `items` or `size` above which producers are asked to pause.
    """

    items: int = 10_000
    size: int = 16 * 1024 * 1024
    seconds: float = 30.0
    absent: float = 30.0
    pause: float = 0.5


def size_of(item: Item) -> int:
    """Bytes that an item is counted with: its content, and some for its addresses."""
    if isinstance(item, Envelope):
        return 200 + sum([len(stanza.inner) + 200 for stanza in item.items])
    return len(item.inner) + 200


class Queue:
    """Items in their order. What does not fit, or waits too long, is given to `refuse`.

    `refuse` is called with the item and the condition to refuse it with.
    """

    def __init__(
        self, clock: IReactorTime, bounds: Bounds, refuse: Callable[[Item, str], None]
    ) -> None:
        self._clock = clock
        self._bounds = bounds
        self._refuse = refuse
        self._items: deque[tuple[float, Item]] = deque()
        self._size = 0
        self._timer: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._size

    @property
    def is_high(self) -> bool:
        """Whether producers should pause."""
        bounds = self._bounds
        return (
            len(self._items) > bounds.items * bounds.pause
            or self._size > bounds.size * bounds.pause
        )

    def push(self, item: Item, absent: bool) -> None:
        """Have an item wait, or refuse it. `absent`: nobody is there who could take it."""
        bounds = self._bounds
        seconds = bounds.absent if absent else bounds.seconds
        if not seconds:
            self._refuse(item, "service-unavailable")
            return
        size = size_of(item)
        if len(self._items) >= bounds.items or self._size + size > bounds.size:
            self._refuse(item, "resource-constraint")
            return
        self._items.append((self._clock.seconds() + seconds, item))
        self._size += size
        if self._timer is None:
            self._timer = self._clock.callLater(seconds, self._expire)

    def pop(self) -> Item | None:
        """The item that has waited longest, or None."""
        if not self._items:
            return None
        _, item = self._items.popleft()
        self._size -= size_of(item)
        if not self._items:
            self._stop_timer()
        return item

    def close(self, condition: str) -> None:
        """Refuse all that waits."""
        while (item := self.pop()) is not None:
            self._refuse(item, condition)

    def _expire(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        while self._items and self._items[0][0] <= now:
            expired = self.pop()
            assert expired is not None
            self._refuse(expired, "remote-server-timeout")
        if self._items and self._timer is None:
            self._timer = self._clock.callLater(self._items[0][0] - now, self._expire)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
