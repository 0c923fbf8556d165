"""Opening a stream to a remote domain: one place after the other, until one takes us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectingCancelledError
from twisted.python.failure import Failure

from xmppd.s2s.outgoing import Outgoing
from xmppd.s2s.problem import Problem

if TYPE_CHECKING:
    from xmppd.s2s.pair import Pair


class Opening:
    """What a pair does to have a stream; `is_under_way` until the pair is told of the outcome."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self.is_under_way = False
        self._wanted = False
        self._attempt: Deferred[None] | None = None
        self._open: Deferred[Problem | None] | None = None

    def begin(self) -> None:
        """Try, unless that is under way."""
        if not self.is_under_way:
            self.is_under_way = self._wanted = True
            self._attempt = Deferred.fromCoroutine(self._connect()).addErrback(self._broken)

    def cancel(self) -> None:
        """Try no further place."""
        self._wanted = False
        if self.is_under_way and self._attempt is not None:
            self._attempt.cancel()

    def decided(self, problem: Problem | None) -> bool:
        """The stream is open, or has ended; whether that was waited for."""
        waiting, self._open = self._open, None
        if waiting is not None:
            waiting.callback(problem)
        return waiting is not None

    async def _connect(self) -> None:
        problem = None if await self._pair.sharing.join() else await self._try_all()
        self.is_under_way = False
        if problem is not None:
            self._pair.edge.backoffs.failed(self._pair.remote, problem)
        self._pair.found(problem)

    async def _try_all(self) -> Problem | None:
        pair = self._pair
        problem = Problem("remote-server-not-found", "no address could be tried")
        async for attempt in pair.edge.connector.attempts(pair.remote, self._new_stream):
            if isinstance(attempt, Problem):
                problem = attempt
                continue
            found = await self._opened_or_not(attempt)
            if found is None:
                return None
            problem = found
            if not self._wanted:
                break
        return problem

    def _new_stream(self, direct: bool) -> Outgoing:
        pair = self._pair
        return Outgoing(pair.edge, pair, pair.local, pair.remote, direct)

    def _opened_or_not(self, stream: Outgoing) -> Deferred[Problem | None]:
        """Fires when the stream is open, with None, or has ended, with why."""
        waiting: Deferred[Problem | None] = Deferred(lambda _: stream.drop("no longer wanted"))
        if stream.over:
            waiting.callback(stream.problem)
            return waiting
        self._pair.stream, self._open = stream, waiting
        return waiting

    def _broken(self, failure: Failure) -> None:
        self.is_under_way = False
        if failure.check(CancelledError, ConnectingCancelledError) is None:
            self._pair.edge.log.failure(
                "Connecting to {remote} failed", failure, remote=self._pair.remote
            )
        self._pair.found(Problem("remote-server-not-found", "connecting failed"))
