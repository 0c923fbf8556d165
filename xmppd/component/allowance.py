"""How much may come over time."""

from twisted.internet.interfaces import IReactorTime


class Allowance:
    """So much a second, and so much at once after a quiet time; what goes beyond costs waiting."""

    __slots__ = ("_clock", "_left", "_most", "_rate", "_since")

    def __init__(self, clock: IReactorTime, rate: float, most: float) -> None:
        self._clock = clock
        self._rate = rate
        self._most = self._left = most
        self._since = clock.seconds()

    def spend(self, amount: float) -> float:
        """Count what has come; gives the seconds until more should."""
        now = self._clock.seconds()
        self._left = min(self._most, self._left + self._rate * (now - self._since)) - amount
        self._since = now
        return max(0.0, -self._left / self._rate)
