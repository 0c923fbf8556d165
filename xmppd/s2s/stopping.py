"""The end of an edge: its streams close, and what has gone to nobody goes back to the router."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed

from xmppd.protocol.errors import StreamError
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.problem import Problem

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge


class Stopping:
    """`give_back`, where it is set before the end, takes what no other server has been sent.

    So another life of this process may send it, in its order: that is known when all connections
    have gone, for only then it is clear what has not left. Without it what waits bounces.
    """

    def __init__(self, edge: ServerEdge) -> None:
        self.has_begun = False
        self.give_back: Callable[[Stanza], None] | None = None
        self._edge = edge
        self._emptied: list[Deferred[None]] = []

    @property
    def keeps(self) -> bool:
        """Whether what was not sent is kept, to go back."""
        return self.has_begun and self.give_back is not None

    def begin(self) -> Deferred[None]:
        """Close all streams; fires when the connections have gone."""
        edge = self._edge
        self.has_begun = True
        for pair in list(edge.pairs.values()):
            pair.close(Problem("remote-server-not-found", "this server goes down"))
        for wire in [each for each in edge.live if not each.over]:
            wire.fail(StreamError("system-shutdown"))
        edge.sessions.stop()
        if not edge.live:
            self._finish()
            return succeed(None)
        emptied: Deferred[None] = Deferred()
        self._emptied.append(emptied)
        return emptied

    def emptied(self) -> None:
        """The last connection has gone."""
        if self.has_begun:
            self._finish()
        emptied, self._emptied = self._emptied, []
        for waiting in emptied:
            waiting.callback(None)

    def _finish(self) -> None:
        for pair in list(self._edge.pairs.values()):
            pair.queue.give_back(self.give_back)
            self._edge.look_at(pair)
