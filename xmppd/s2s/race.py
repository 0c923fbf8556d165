"""Connecting to several places, the later ones while the earlier ones do not answer (RFC 8305)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, TypeVar

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

NEXT_SECONDS: Final = 0.25
"""So long one place may take before the next is tried beside it (RFC 8305, 5)."""
NEXT_PRIORITY_SECONDS: Final = 2.0
"""The same before one that DNS likes less is tried: only if the others are not there (RFC 2782)."""

P = TypeVar("P")


@attrs.frozen
class Place:
    """An address and port; `direct` says that TLS begins with the first byte."""

    host: str
    port: int
    direct: bool = False
    priority: int = attrs.field(default=0, eq=False)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Race(Generic[P]):
    """Tries places in their order; gives the connection that is there first, and ends the others.

    What was ended so may be tried in another `run`. A place that is named twice is tried once.
    `failed` are those that could not be reached.
    """

    def __init__(self, clock: IReactorTime, dial: Callable[[Place], Deferred[P]]) -> None:
        self.failed: list[tuple[Place, Failure]] = []
        self._clock = clock
        self._dial = dial
        self._known: set[Place] = set()
        self._waiting: deque[Place] = deque()
        self._trying: dict[Place, Deferred[P]] = {}
        self._last: Place | None = None
        self._complete = False
        self._result: Deferred[P | None] | None = None
        self._timer: IDelayedCall | None = None

    def add(self, places: Iterable[Place]) -> None:
        """Have further places."""
        for place in places:
            if place not in self._known:
                self._known.add(place)
                self._waiting.append(place)
        self._go_on()

    def complete(self) -> None:
        """There are no more than those added."""
        self._complete = True
        self._go_on()

    def run(self) -> Deferred[P | None]:
        """Connect; gives None when there is no place left. Cancel it to stop trying."""
        result: Deferred[P | None] = Deferred(lambda _: self._end())
        self._result = result
        self._go_on()
        return result

    def _go_on(self) -> None:
        """Try the next place at once if nothing is being tried, else a little later."""
        if self._result is None or self._timer is not None:
            return
        if not self._trying:
            self._try_next()
        elif self._waiting and self._last is not None:
            same = self._waiting[0].priority == self._last.priority
            seconds = NEXT_SECONDS if same else NEXT_PRIORITY_SECONDS
            self._timer = self._clock.callLater(seconds, self._try_next)

    def _try_next(self) -> None:
        self._stop_timer()
        if self._waiting:
            self._last = place = self._waiting.popleft()
            dialed: Deferred[Any] = self._dial(place)
            self._trying[place] = dialed
            dialed.addCallbacks(
                self._connected, self._refused, callbackArgs=(place,), errbackArgs=(place,)
            )
            self._go_on()
        elif self._complete and not self._trying:
            self._finish(None)

    def _connected(self, protocol: P, place: Place) -> None:
        self._trying.pop(place, None)
        self._finish(protocol)

    def _refused(self, failure: Failure, place: Place) -> None:
        """Do not wait for the next one's turn then (RFC 8305, 5)."""
        if self._trying.pop(place, None) is None:
            return  # another was faster, so this one was ended
        self.failed.append((place, failure))
        if self._result is not None:
            self._try_next()

    def _finish(self, protocol: P | None) -> None:
        result = self._result
        self._end()
        if result is not None:
            result.callback(protocol)

    def _end(self) -> None:
        """Let go of what is being tried."""
        self._result = None
        self._stop_timer()
        trying, self._trying = self._trying, {}
        self._waiting.extendleft(reversed(trying))
        for dialed in trying.values():
            dialed.cancel()

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
