"""Two streams between the same domains that both go both ways: one of them ends.

They come about where both sides open one at the same time. XEP-0288 leaves open what becomes of
them. Here each side ends only a stream of its own: that one goes which was opened by the domain
that sorts behind the other. Who does not know this rule keeps using its own; then ours goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IDelayedCall

if TYPE_CHECKING:
    from xmppd.s2s.outgoing import Outgoing
    from xmppd.s2s.pair import Pair

QUIET_SECONDS: Final = 2
"""So long after they have come about one ends; where streams are not managed it is quiet then."""

GIVE_IN_SECONDS: Final = 10
"""So long the other side may take to end its own."""


class Surplus:
    """Looks after the streams of a pair of domains."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._timer: IDelayedCall | None = None

    def look(self) -> None:
        """There is one more stream, or one less."""
        if self._own is None:
            self.stop()
        elif self._timer is None:
            pair = self._pair
            stays = pair.local.domain < pair.remote.domain
            self._wait(GIVE_IN_SECONDS if stays else QUIET_SECONDS)

    def stop(self) -> None:
        """Let them be."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    @property
    def _own(self) -> Outgoing | None:
        """Ours, where there is another one."""
        stream = self._pair.stream
        return stream if stream in self._pair.ways and len(self._pair.ways) > 1 else None

    def _wait(self, seconds: float) -> None:
        self._timer = self._pair.edge.clock.callLater(seconds, self._decide)

    def _decide(self) -> None:
        self._timer = None
        own = self._own
        if own is None:
            return
        if self._can_do_without(own):
            own.end(reason="another stream goes both ways")
        else:
            self._wait(QUIET_SECONDS)

    def _can_do_without(self, own: Outgoing) -> bool:
        """Whether all that goes over it, or may come, could as well over others.

        Where streams are managed nothing goes over another before all has been acknowledged, so
        there order is kept under traffic, too.
        """
        others = [way for way in self._pair.ways if way is not own]
        may_come = {proved for way in others for proved in way.proved}
        served = own.proved <= may_come and all(len(pair.ways) > 1 for pair in own.pairs)
        ordered = own.management.session is not None or own.quiet_seconds >= QUIET_SECONDS
        return served and ordered and not own.is_asking
