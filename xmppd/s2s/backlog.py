"""What waits for a pair of domains: what has come back first, then what has never gone."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from xmppd.link.queue import Bounds, Queue
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.session import Sent

if TYPE_CHECKING:
    from xmppd.s2s.pair import Pair


class Backlog:
    """Bounded as the limits say; what has come back was within them when it went."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._back: deque[Sent] = deque()
        edge, limits = pair.edge, pair.edge.settings.limits
        bounds = Bounds(limits.queue_stanzas, limits.queue_bytes, limits.queue_seconds)
        self._queue = Queue(edge.clock, bounds, edge.bounce, pair.eased)

    def __len__(self) -> int:
        return len(self._back) + len(self._queue)

    def push(self, stanza: Stanza) -> None:
        """Have a stanza wait, or refuse it."""
        self._queue.push(stanza)

    def put_back(self, sent: Sent) -> None:
        """Have a stanza wait before all that has not been sent yet."""
        self._back.append(Sent(sent.stanza, self._pair, again=True))

    def pop(self) -> Sent:
        """What is to go next."""
        if self._back:
            return self._back.popleft()
        item = self._queue.pop()[1]
        assert isinstance(item, Stanza)
        return Sent(item, self._pair)

    def refuse_all(self, condition: str) -> None:
        """Send all that waits back to its senders."""
        back, self._back = self._back, deque()
        for sent in back:
            self._pair.edge.bounce(sent.stanza, condition)
        self._queue.refuse_all(condition)
