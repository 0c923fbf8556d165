"""Keys of others that a remote is to be asked about, once there is a stream to it."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from xmppd.s2s.dialback import Dialback
from xmppd.s2s.outgoing import Outgoing


class WaitingKeys:
    """Those of one pair of domains, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Dialback, Deferred[str]]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, request: Dialback, answered: Deferred[str]) -> None:
        """`answered` gets what the answer says."""
        self._waiting.append((request, answered))

    def ask(self, stream: Outgoing) -> None:
        """Ask about them all."""
        for request, answered in self._take():
            stream.verify(request, answered)

    def forget(self, request: Dialback) -> None:
        """Ask about a key no more."""
        self._waiting = [each for each in self._waiting if each[0] is not request]

    def refuse(self, condition: str) -> None:
        """Tell all who wait that there is no answer."""
        for _, answered in self._take():
            answered.callback(condition)

    def _take(self) -> list[tuple[Dialback, Deferred[str]]]:
        waiting, self._waiting = self._waiting, []
        return waiting
