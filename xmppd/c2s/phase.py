"""What a connection is doing: negotiating, carrying a session, or nothing any more."""

from typing import Final, Protocol

from xmppd.link.envelope import Envelope

ANSWER: Final = 1
"""Why a client is not read: its next step hangs on an answer."""
WINDOW: Final = 2
"""Why a client is not read: its session manager is behind."""
RATE: Final = 4
"""Why a client is not read: it has sent too much for now."""
UNREAD: Final = 8
"""Why a client is not read: it does not read the answers to what it has sent."""


class Phase(Protocol):
    """What a connection hands everything to."""

    def receive(self, data: bytes) -> None:
        """Take bytes of the client."""

    def deliver(self, envelope: Envelope) -> None:
        """Take traffic of a session manager."""

    def caught_up(self) -> None:
        """All that was written is out."""

    def due(self, now: int) -> int:
        """Look at the deadlines. Returns when to look again, 0 for never."""

    def ended(self, how: str, condition: str = "") -> None:
        """The stream is over: `clean`, `lost`, or `error` with our stream error's condition."""


class Over:
    """The phase of a stream that has ended."""

    def receive(self, data: bytes) -> None:
        """Nothing counts after the closing tag."""

    def deliver(self, envelope: Envelope) -> None:
        """There is nobody to take it; its sender has been told or soon will be."""

    def caught_up(self) -> None:
        """Nobody waits."""

    def due(self, now: int) -> int:
        """Nothing is due any more."""
        return 0

    def ended(self, how: str, condition: str = "") -> None:
        """It has."""


OVER = Over()
