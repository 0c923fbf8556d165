"""A clock that goes forward and never jumps, whatever becomes of the system's."""

from __future__ import annotations

import time
from collections.abc import Callable

WITHIN = 10.0
"""Seconds in which a small difference from the system's clock is made up."""
MOST = 0.5
"""By how much it goes faster or slower than time itself, at most."""
EVERY = 1.0
"""Seconds after which it looks at the system's clock again."""


class SteadyClock:
    """Calling it gives the seconds since 1970, as the system's clock has them, but steadily.

    Twisted's reactors go by the system's clock: set back by an hour, it would have all that was put
    off, such as commits and pings, wait for an hour; set forward, every deadline would be over.
    This one follows slowly instead.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._told = wall()
        self._at = monotonic()
        self._gain = 0.0

    def __call__(self) -> float:
        """The time."""
        passed = self._monotonic() - self._at
        now = self._told + passed + self._gain * min(passed, WITHIN)
        if passed >= EVERY:
            self._told, self._at = now, self._at + passed
            self._gain = max(-MOST, min(MOST, (self._wall() - now) / WITHIN))
        return now
