"""Answers that wait until what their sessions wrote before is kept."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from xmppd.protocol.errors import StanzaError
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.sm.session import Session


class Held:
    """All of them, in their order."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Session, Stanza]] = deque()
        self._lost: set[int] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, session: Session, answer: Stanza) -> None:
        """Have an answer wait for the newest batch of its session."""
        self._waiting.append((session.ticket, session, answer))

    def lose(self, ticket: int) -> None:
        """That batch could not be kept."""
        self._lost.add(ticket)

    def deliver(self, kept: int) -> None:
        """Deliver what waits for batches up to that one; where they are lost, errors."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= kept:
            ticket, session, answer = waiting.popleft()
            if ticket in self._lost:
                error = StanzaError("resource-constraint", "what was sent before could not be kept")
                answer = _failed(answer, error)
            session.deliver(answer)
        if not waiting:
            self._lost.clear()

    def give_up(self) -> None:
        """Deliver all as errors: nobody knows whether what they would say is so."""
        waiting, self._waiting = self._waiting, deque()
        for _, session, answer in waiting:
            session.deliver(_failed(answer, StanzaError("internal-server-error")))


def _failed(answer: Stanza, error: StanzaError) -> Stanza:
    """Instead of a result."""
    if answer.type != "result":
        return answer
    return Stanza.make(
        "iq", error.to_bytes(), to=answer.to, sender=answer.sender, type="error", id=answer.id
    )
