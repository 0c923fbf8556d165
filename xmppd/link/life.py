"""Whether somebody is still there: any bytes count, and who says nothing is asked."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Life:
    """Watches one connection.

    After `interval` seconds without a byte `ask` is called, after two of them `lost`. Where
    `unasked` is set, `ask` is called twice in each interval whatever comes, as both sides of a
    trusted link do. While `excused` says so, silence counts for nothing.
    """

    def __init__(
        self,
        clock: IReactorTime,
        interval: float,
        ask: Callable[[], None],
        lost: Callable[[], None],
        excused: Callable[[], bool],
        unasked: bool = False,
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._ask = ask
        self._lost = lost
        self._excused = excused
        self._unasked = unasked
        self._heard_at = clock.seconds()
        self._asked = False
        self._timer: IDelayedCall | None = None
        self._wait()

    def heard(self) -> None:
        """Bytes have come."""
        self._heard_at = self._clock.seconds()
        self._asked = False

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        limit = self._interval * (2 if self._asked else 1)
        seconds = self._heard_at + limit - self._clock.seconds()
        if self._unasked:
            seconds = min(seconds, self._interval / 2)
        self._timer = self._clock.callLater(max(0.0, seconds), self._look)

    def _look(self) -> None:
        self._timer = None
        if self._excused():
            self.heard()
        silence = self._clock.seconds() - self._heard_at
        if silence >= 2 * self._interval:
            self._lost()
            return
        is_due = silence >= self._interval and not self._asked
        self._asked = self._asked or is_due
        if is_due or self._unasked:
            self._ask()
        self._wait()
