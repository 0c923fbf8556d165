"""From one of our domains to a remote one: what waits, and the stream that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.backlog import Backlog
from xmppd.s2s.dialback import Dialback
from xmppd.s2s.opening import Opening
from xmppd.s2s.outgoing import Outgoing
from xmppd.s2s.problem import Problem
from xmppd.s2s.resumption import Resumption
from xmppd.s2s.server_stream import ServerStream
from xmppd.s2s.session import Sent, Session
from xmppd.s2s.sharing import Sharing
from xmppd.s2s.surplus import Surplus
from xmppd.s2s.waiting_keys import WaitingKeys

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge


class Pair:
    """An ordered pair of domains, as long as there is something to carry.

    `stream` is the one that we have opened, None while there is none; `ways` are all streams that
    take stanzas, also those that the remote has opened and that go both ways (XEP-0288).
    """

    def __init__(self, edge: ServerEdge, local: Jid, remote: Jid) -> None:
        self.edge = edge
        self.local = local
        self.remote = remote
        self.stream: Outgoing | None = None
        self.ways: list[ServerStream] = []
        self.queue = Backlog(self)
        self.resumption = Resumption(edge.clock, self._go_on)
        self._keys = WaitingKeys()
        self.surplus = Surplus(self)
        self.sharing = Sharing(self)
        self._opening = Opening(self)

    @property
    def is_idle(self) -> bool:
        """Whether it might as well not be."""
        kept = self.stream is not None or self._opening.is_under_way or self.ways
        return not (kept or self.resumption.blocks or self.queue or self._keys)

    @property
    def way(self) -> ServerStream | None:
        """The stream that takes stanzas: one as long as it lasts, for they keep their order."""
        return None if self.resumption.blocks or not self.ways else self.ways[0]

    @property
    def streams(self) -> set[ServerStream]:
        """All that take its stanzas, or are to."""
        return {*self.ways, *([] if self.stream is None else [self.stream])}

    @property
    def state(self) -> str:
        """`up`: stanzas can go; `open`: keys can; `connecting`: it is tried; `none`."""
        stream = self.stream
        if self.way is not None:
            return "up"
        if stream is not None and stream.is_open:
            return "open"
        return "connecting" if self._opening.is_under_way or stream is not None else "none"

    # What the edge asks for

    def send(self, stanza: Stanza) -> None:
        """Carry a stanza, now or when that can be done."""
        way = self.way
        if way is not None and not way.full and not self.queue:
            way.carry(Sent(stanza, self))
            return
        if way is None and self._is_refused():
            self.edge.bounce(stanza, self.edge.backoffs.problem(self.remote).condition)
        else:
            self.queue.push(stanza)
            self.hurry()
        self.edge.look_at(self)

    def verify(self, request: Dialback) -> Deferred[str]:
        """Have the remote say whether it has made a key: gives `valid`, `invalid`, a condition.

        Also where it is left alone: somebody in its name has just come, so it may be back. Two
        servers that leave each other alone would else never find together again.
        """
        waiting: Deferred[str] = Deferred()
        seconds = self.edge.settings.limits.proof_seconds
        waiting.addTimeout(seconds, self.edge.clock, lambda *_: "remote-server-timeout")
        waiting.addBoth(self._no_longer, request)
        self._keys.add(request, waiting)
        self.sharing.hurry()
        self.hurry()
        return waiting

    def close(self, problem: Problem) -> None:
        """End what there is; what waits bounces."""
        self._opening.cancel()
        self._refuse(problem)
        if self.stream is not None:
            self.stream.end(reason=problem.text)

    # Having a stream

    def _is_refused(self) -> bool:
        busy = self.stream is not None or self._opening.is_under_way or self.resumption.blocks
        return not busy and self.edge.backoffs.holds(self.remote)

    def hurry(self) -> None:
        """Bring about what is missing for all that waits."""
        if self.way is not None:
            self._drain(self.way)
        if self._keys or self.lacks_way:
            self._use_stream()

    @property
    def lacks_way(self) -> bool:
        """Whether something waits for a stream that takes stanzas."""
        wanted = self.queue or self.resumption.session is not None
        return self.way is None and not self.resumption.waits and bool(wanted)

    @property
    def is_to_verify(self) -> bool:
        """Whether keys wait for a stream."""
        return bool(self._keys)

    def _go_on(self) -> None:
        self.hurry()
        self.edge.look_at(self)

    def _use_stream(self) -> None:
        stream = self.stream
        if stream is None or not stream.is_open:
            self._begin()
            return
        if stream.takes_verifications:
            self._keys.ask(stream)
        if self.lacks_way:
            stream.prove()

    def _begin(self) -> None:
        if self.stream is None and not self.edge.stopped:
            self._opening.begin()

    def found(self, problem: Problem | None) -> None:
        """There is an open stream now, or a problem."""
        if problem is None:
            self.hurry()
        elif not self.resumption.tries_again():
            self._refuse(problem)

    # What the stream tells

    def opened(self, stream: Outgoing) -> None:
        """It may carry verifications, and our proof."""
        if not self._opening.decided(None):
            self.hurry()

    def accepted(self, stream: Outgoing) -> None:
        """It may carry stanzas; where it has resumed another one, those behind what was lost."""
        self.join(stream, first=self.resumption.tried())

    def ended(self, stream: Outgoing, problem: Problem) -> None:
        """It is over: what waits may find another, unless this one was of no use."""
        resuming = False
        if self.stream is stream:
            self.stream = None
            resuming = self.resumption.tried()
        useless = stream.is_open and stream not in self.ways and not resuming
        if self._opening.decided(problem):
            pass  # it tries the next place
        elif useless and self.lacks_way:
            self.edge.backoffs.failed(self.remote, problem)
            self.found(problem)
        else:
            self.edge.turn.later(self.hurry)
        self.edge.look_at(self)

    def take_broken(self) -> Session | None:
        """The session of our last stream; nothing goes until the next one has resumed it."""
        return self.resumption.take()

    def interrupted(self, session: Session) -> None:
        """Resume it at once: until then nothing else goes."""
        self.resumption.session = session
        self.edge.turn.later(self.hurry)

    def resumed(self, over: ServerStream) -> None:
        """What waited for the remote goes over the stream by which it has resumed another."""
        if over in self.ways:
            self.ways.remove(over)
            self.ways.insert(0, over)

    def join(self, stream: ServerStream, first: bool = False) -> None:
        """Send over a stream from now on, after those that there are, or before them."""
        if stream not in self.ways:
            self.ways.insert(0 if first else len(self.ways), stream)
            stream.pairs.append(self)
            self.edge.backoffs.succeeded(self.remote)
            self.surplus.look()
            self.hurry()

    def leave(self, stream: ServerStream) -> None:
        """Send over a stream no longer."""
        self.ways.remove(stream)
        self.surplus.look()
        self.hurry()
        self.edge.look_at(self)

    def drained(self, stream: ServerStream) -> None:
        """A stream takes again."""
        if stream is self.way:
            self._drain(stream)

    # What waits

    def _drain(self, way: ServerStream) -> None:
        while self.queue and not way.full and not self.edge.stopped:
            way.carry(self.queue.pop())

    def _refuse(self, problem: Problem) -> None:
        self.edge.log.info(
            "{remote} cannot be reached from {local}: {problem}",
            remote=self.remote,
            local=self.local,
            problem=problem.text,
        )
        self.resumption.give_up()
        self.queue.refuse_all(problem.condition)
        self._keys.refuse(problem.dialback)
        self.edge.look_at(self)

    def _no_longer(self, result: str, request: Dialback) -> str:
        self._keys.forget(request)
        if self.stream is not None:
            self.stream.forget(request)
        self.eased()
        return result

    def eased(self) -> None:
        """Try no more places once nobody waits for one any longer, and leave the remote alone."""
        wanted = self.queue or self._keys or self.resumption.blocks
        if self._opening.is_under_way and not wanted:
            problem = Problem("remote-server-timeout", "it takes too long to connect")
            self.edge.backoffs.failed(self.remote, problem)
            self._opening.cancel()
        self.edge.look_at(self)
