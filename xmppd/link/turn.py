"""Work that is put off to the end of a reactor turn, so that one turn's output is one write."""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger


class Turn:
    """Calls made once the reactor has handled all that was ready."""

    log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._calls: list[Callable[[], None]] = []

    def later(self, call: Callable[[], None]) -> None:
        """Call at the end of this turn, in the order of asking."""
        if not self._calls:
            self._clock.callLater(0, self._run)
        self._calls.append(call)

    def _run(self) -> None:
        calls, self._calls = self._calls, []
        for call in calls:
            try:
                call()
            except Exception:
                self.log.failure("A call put off to the end of the turn failed")
