"""Remote domains that could not be reached: left alone for a while, longer each time."""

from typing import Final

import attrs
from twisted.internet.interfaces import IReactorTime

from xmppd.s2s.problem import Problem

FIRST: Final = 2.0
LONGEST: Final = 60.0
"""Seconds after a first failure, and at most; each time twice as many."""
MAX_DOMAINS: Final = 10_000


@attrs.frozen
class _Failed:
    until: float
    seconds: float
    problem: Problem


class Backoffs:
    """Which domains are left alone, and why."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._failed: dict[str, _Failed] = {}

    def failed(self, domain: str, problem: Problem) -> None:
        """Leave a domain alone."""
        before = self._failed.pop(domain, None)
        seconds = FIRST if before is None else min(LONGEST, 2 * before.seconds)
        if len(self._failed) >= MAX_DOMAINS:
            del self._failed[next(iter(self._failed))]
        self._failed[domain] = _Failed(self._clock.seconds() + seconds, seconds, problem)

    def succeeded(self, domain: str) -> None:
        """The domain can be reached."""
        self._failed.pop(domain, None)

    def forget(self) -> None:
        """All may be tried again."""
        self._failed.clear()

    def holds(self, domain: str) -> bool:
        """Whether a domain is left alone at present."""
        found = self._failed.get(domain)
        return found is not None and found.until > self._clock.seconds()

    def problem(self, domain: str) -> Problem:
        """Why it is."""
        return self._failed[domain].problem
