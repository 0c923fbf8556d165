"""What was written to a connection and cannot have left, should the connection break."""

from __future__ import annotations

from collections import deque

from xmppd.s2s.session import Sent


class Unsent:
    """Tells by the bytes in a transport's buffer which stanzas have not left, not even in part.

    With TLS, bytes in the buffer are not those of stanzas; but what one turn writes comes behind
    all that is there, so a turn has not left while anything from before it is still there.
    """

    def __init__(self) -> None:
        self._written = 0
        self._pending: list[Sent] = []
        self._turns: deque[tuple[int, list[Sent]]] = deque()

    def add(self, sent: Sent) -> None:
        """It is written at the end of this turn."""
        self._pending.append(sent)

    def flushed(self, before: int, after: int) -> None:
        """What was added is written; so many bytes were in the buffer before, and are after.

        What comes to an empty buffer may have left at once, in part.
        """
        turn, self._pending = self._pending, []
        if turn and after > before > 0:
            self._turns.append((self._written, turn))
        self._written += max(0, after - before)
        self._forget(after)

    def take(self, left: int) -> list[Sent]:
        """What has not left, with so many bytes in the buffer; it is known no more then."""
        self._forget(left)
        found = [sent for _, turn in self._turns for sent in turn] + self._pending
        self._turns.clear()
        self._pending = []
        return found

    def _forget(self, left: int) -> None:
        gone = self._written - left
        while self._turns and self._turns[0][0] < gone:
            self._turns.popleft()
