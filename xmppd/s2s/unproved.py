"""How many connections of others there may be at once that have proved no domain (XEP-0205)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from xmppd.protocol.errors import StreamError

if TYPE_CHECKING:
    from xmppd.s2s.incoming import Incoming

TELL_SECONDS: Final = 60
"""So long at least between two lines of the log: who makes a flood does not fill it, too."""


class Unproved:
    """Those connections, by address and in the order in which they came.

    There may be `most`, whatever addresses they come from. For one more another ends: the oldest
    of the address that has most of them, so that a flood displaces itself before it displaces
    others. As many may be closing; beyond them the oldest is cut off. `ended` counts those that
    had to end.
    """

    log = Logger()

    def __init__(self, clock: IReactorTime, most: int) -> None:
        self.most = most
        self.ended = 0
        self._clock = clock
        self._waiting: dict[str, dict[Incoming, None]] = {}
        self._closing: dict[Incoming, None] = {}
        self._count = 0
        self._told = (0, float("-inf"))

    def __len__(self) -> int:
        return self._count

    def came(self, stream: Incoming) -> None:
        """Count one that has proved nothing, or whose proofs count no more."""
        while self._count >= self.most:
            self._end_one()
        self._waiting.setdefault(stream.key, {})[stream] = None
        self._count += 1

    def is_from(self, stream: Incoming, key: str) -> None:
        """Count one that has just come by another address: a balancer has told of it."""
        self.left(stream)
        stream.key = key
        self.came(stream)

    def left(self, stream: Incoming) -> None:
        """Count one no more: it has proved a domain, or its stream is over."""
        of_address = self._waiting.get(stream.key, {})
        if stream in of_address:
            del of_address[stream]
            self._count -= 1
        if not of_address:
            self._waiting.pop(stream.key, None)

    def gone(self, stream: Incoming) -> None:
        """Its connection is no more."""
        self.left(stream)
        self._closing.pop(stream, None)

    def _end_one(self) -> None:
        crowd = max(self._waiting, key=lambda address: len(self._waiting[address]))
        stream = next(iter(self._waiting[crowd]))
        self.ended += 1
        self._tell()
        self._closing[stream] = None
        stream.fail(StreamError("resource-constraint", "too many have proved nothing"))
        if len(self._closing) > self.most:
            oldest = next(iter(self._closing))
            del self._closing[oldest]
            oldest.output.abort()

    def _tell(self) -> None:
        told, since = self._told
        now = self._clock.seconds()
        if now - since >= TELL_SECONDS:
            self._told = self.ended, now
            self.log.warn(
                "{more} connections of servers that had proved no domain have ended for newer "
                "ones: there may be {most}",
                more=self.ended - told,
                most=self.most,
            )
