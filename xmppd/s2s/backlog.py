"""What waits for a pair of domains: what has come back first, then what has never gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from xmppd.link.queue import Bounds, Queue
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.session import Sent

if TYPE_CHECKING:
    from xmppd.s2s.pair import Pair


class Backlog:
    """Bounded as the limits say; what has come back was within them when it went.

    Once the server goes down nothing is popped any more.
    """

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._back: deque[Sent] = deque()
        self._unsent: list[Stanza] = []
        edge, limits = pair.edge, pair.edge.settings.limits
        bounds = Bounds(limits.queue_stanzas, limits.queue_bytes, limits.queue_seconds)
        self._queue = Queue(edge.clock, bounds, edge.bounce, pair.eased)

    def __len__(self) -> int:
        return len(self._back) + len(self._unsent) + len(self._queue)

    def push(self, stanza: Stanza) -> None:
        """Have a stanza wait, or refuse it."""
        self._queue.push(stanza)

    def take_back(self, sent: Sent) -> None:
        """Have a stanza go again that a stream has not carried; but not a third time.

        It goes before all that has not been sent yet.
        """
        edge = self._pair.edge
        if sent.again or edge.stopped:
            edge.bounce(sent.stanza, "remote-server-timeout")
        else:
            self._back.append(Sent(sent.stanza, self._pair, again=True))
            edge.turn.later(self._pair.hurry)

    def take_unsent(self, sent: Sent) -> None:
        """The same where nothing of it has left: that may go back to the router."""
        if self._pair.edge.stopping.keeps and not sent.again:
            self._unsent.append(sent.stanza)
        else:
            self.take_back(sent)

    def pop(self) -> Sent:
        """What is to go next."""
        if self._back:
            return self._back.popleft()
        item = self._queue.pop()[1]
        assert isinstance(item, Stanza)
        return Sent(item, self._pair)

    def refuse_all(self, condition: str) -> None:
        """Send all that waits back to its senders, but keep what goes back to the router."""
        back, self._back = self._back, deque()
        for sent in back:
            self._pair.edge.bounce(sent.stanza, condition)
        if not self._pair.edge.stopping.keeps:
            self._queue.refuse_all(condition)

    def give_back(self, take: Callable[[Stanza], None] | None) -> None:
        """Have the router take what no other server has been sent, in its order.

        What somebody counts is sent again by them once our next life tells of itself.
        """
        if take is None:
            return
        unsent, self._unsent = self._unsent, []
        for stanza in unsent:
            take(stanza)
        for _, item in self._queue.empty():
            assert isinstance(item, Stanza)
            if not self._pair.edge.is_owed(item):
                take(item)
