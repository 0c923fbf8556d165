"""Back-pressure: asking those who fill a queue to pause, and letting them go on."""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from xmppd.link.routes import Producer


class Pressure:
    """The producers that a link has paused.

    A link that takes nothing for `patience` seconds loses the right to hold up others until it
    takes something again: its queue then overflows, and what does not fit is refused.
    """

    def __init__(self, clock: IReactorTime, patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._paused: set[Producer] = set()
        self._moved = False
        self._given_up = False
        self._timer: IDelayedCall | None = None

    def pause(self, producer: Producer) -> None:
        """Ask for a pause, unless there is no hope that it helps."""
        if self._given_up or producer in self._paused:
            return
        self._paused.add(producer)
        producer.pause_for(self)
        if self._timer is None:
            self._moved = False
            self._timer = self._clock.callLater(self._patience, self._look)

    def moved(self) -> None:
        """The link has taken something."""
        self._moved = True
        self._given_up = False

    def ease(self) -> None:
        """Let all go on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        paused, self._paused = self._paused, set()
        for producer in paused:
            producer.resume_from(self)

    def _look(self) -> None:
        self._timer = None
        if self._moved:
            self._moved = False
            self._timer = self._clock.callLater(self._patience, self._look)
        else:
            self._given_up = True
            self.ease()
