"""Keys of others whose verification is under way on one stream (XEP-0220, 2.1.2)."""

from twisted.internet.defer import Deferred

from xmppd.s2s.dialback import Dialback


class Questions:
    """What has been asked and not been answered."""

    def __init__(self) -> None:
        self._open: list[tuple[Dialback, Deferred[str]]] = []

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, request: Dialback, waiting: Deferred[str]) -> None:
        """`waiting` gets what the answer to a request says: its type, or its condition."""
        self._open.append((request, waiting))

    def answered(self, answer: Dialback) -> bool:
        """Tell who waits for that answer; whether anybody does (XEP-0220, 3.1)."""
        for request, waiting in self._open:
            if answer.answers(request):
                self.forget(request)
                waiting.callback(answer.condition or answer.type)
                return True
        return False

    def forget(self, request: Dialback) -> None:
        """Wait for an answer no longer."""
        self._open = [each for each in self._open if each[0] is not request]

    def fail(self, condition: str) -> None:
        """Tell all who wait that there is no answer."""
        failed, self._open = self._open, []
        for _, waiting in failed:
            waiting.callback(condition)
