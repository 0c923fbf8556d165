"""How much waits for all sessions without streams together (session protocol, P4 and 3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xmppd.sm.session import Session

STANZA_BYTES: Final = 1_024
"""What a stanza takes in memory beside its content, about."""


class Total:
    """The sizes of what waits for sessions, in bytes, and their sum."""

    def __init__(self) -> None:
        self.size = 0
        self._sizes: dict[Session, int] = {}

    def weigh(self, session: Session) -> None:
        """What waits for a session has become more or less, or counts from now on."""
        count, content = session.load
        size = content + count * STANZA_BYTES
        self.size += size - self._sizes.get(session, 0)
        self._sizes[session] = size

    def forget(self, session: Session) -> None:
        """What waits for a session no longer counts."""
        self.size -= self._sizes.pop(session, 0)

    def largest(self) -> Session:
        """For whom most waits; of several the one that has waited for longest."""
        return max(self._sizes, key=self._sizes.__getitem__)
