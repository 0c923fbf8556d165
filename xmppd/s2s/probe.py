"""Trying a remote domain's server, to tell what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from twisted.internet.defer import Deferred

from xmppd.protocol.jid import Jid
from xmppd.s2s.outgoing import Outgoing
from xmppd.s2s.problem import Problem
from xmppd.s2s.session import Session

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge


@attrs.define
class Report:
    """What was found: how the stream is secured, in words; what went wrong before or instead."""

    about: dict[str, str] = attrs.field(factory=dict)
    problems: list[str] = attrs.field(factory=list)


class Probe:
    """One stream that proves our domain and carries nothing."""

    def __init__(self, edge: ServerEdge, local: Jid, remote: Jid) -> None:
        self._edge = edge
        self._local = local
        self._remote = remote
        self._done: Deferred[Problem | None] = Deferred()

    async def run(self) -> Report:
        """Try one place after the other."""
        report = Report()
        async for attempt in self._edge.connector.attempts(self._remote, self._new_stream):
            problem = await self._outcome(attempt, report)
            if problem is None:
                break
            report.problems.append(problem.text)
        return report

    async def _outcome(self, attempt: Outgoing | Problem, report: Report) -> Problem | None:
        if isinstance(attempt, Problem):
            return attempt
        report.about = attempt.about
        problem = await self._done
        attempt.end(reason="only tried")
        return problem

    def _new_stream(self, direct: bool) -> Outgoing:
        self._done = Deferred()
        stream = Outgoing(self._edge, self, self._local, self._remote, direct)
        stream.carries = False
        return stream

    # What the stream tells

    def opened(self, stream: Outgoing) -> None:
        """Go on to the proof."""
        stream.prove()

    def accepted(self, stream: Outgoing) -> None:
        """All is well."""
        self._tell(None)

    def take_broken(self) -> Session | None:
        """Nothing is to go on."""
        return None

    def interrupted(self, session: Session) -> None:
        """Nothing is lost by that."""

    def ended(self, stream: Outgoing, problem: Problem) -> None:
        """It has come to nothing, or to its end."""
        self._tell(problem)

    def _tell(self, problem: Problem | None) -> None:
        if not self._done.called:
            self._done.callback(problem)
