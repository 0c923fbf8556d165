"""Why a pair of domains sends nothing for now: a stream that has broken is to be resumed first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IReactorTime

from xmppd.s2s.session import Session

RETRY_SECONDS: Final = 1
"""So long after a try to resume a stream the next one begins."""


class Resumption:
    """Holds back what would overtake that which was lost (XEP-0198, 5).

    `session` is that of our last stream, broken and not resumed yet.
    """

    def __init__(self, clock: IReactorTime, hurry: Callable[[], None]) -> None:
        """
        :param hurry: called when something may go again.
        """
        self.session: Session | None = None
        self._clock = clock
        self._hurry = hurry
        self._holds = 0
        self._is_tried = self._pauses = False

    @property
    def blocks(self) -> bool:
        """Whether nothing may go."""
        return self.session is not None or self._is_tried or self._holds > 0

    @property
    def waits(self) -> bool:
        """Whether that will change without our opening a stream now."""
        return self._is_tried or self._pauses or self._holds > 0

    def take(self) -> Session | None:
        """Give the session to a stream, which tells by `tried` what has come of it."""
        session, self.session = self.session, None
        self._is_tried = session is not None
        return session

    def tried(self) -> bool:
        """The stream that has taken it can be used, or has ended; False: none has."""
        tried, self._is_tried = self._is_tried, False
        return tried

    def tries_again(self) -> bool:
        """No stream could be opened: whether to wait for a next try."""
        if self.session is None or not self.session.may_try_again():
            return False
        self._pauses = True
        self._clock.callLater(RETRY_SECONDS, self._go_on)
        return True

    def give_up(self) -> None:
        """It will not be resumed."""
        session, self.session = self.session, None
        if session is not None:
            session.give_up()

    def hold(self) -> None:
        """Wait for the remote to resume a stream of its own."""
        self._holds += 1

    def release(self) -> None:
        """Wait for one less."""
        self._holds -= 1
        self._hurry()

    def _go_on(self) -> None:
        self._pauses = False
        self._hurry()
