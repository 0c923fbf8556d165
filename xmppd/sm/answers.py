"""Answers that may have been lost: requests are repeated under their id (session protocol, 3)."""

from __future__ import annotations

from typing import Final

import attrs
from twisted.internet.interfaces import IReactorTime

from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid

KEEP_SECONDS: Final = 30.0
"""So long the last answer to a stream is sent again."""
WORK_SECONDS: Final = 120.0
"""So long a request may be worked on."""


@attrs.define
class Last:
    """The last request of a stream, its answer once there is one, and until when to know that."""

    id: str
    until: float
    answer: Envelope | None = None


class Answers:
    """The last request and answer of each stream."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._last: dict[Jid, Last] = {}
        self._cleaning = False

    def known(self, request: Envelope) -> Last | None:
        """What is known of a request that repeats its stream's last one; a new one is noted."""
        last = self._last.get(request.sender)
        if last is not None and last.id == request.id:
            return last
        self._last[request.sender] = Last(request.id, self._clock.seconds() + WORK_SECONDS)
        if not self._cleaning:
            self._clean_later()
        return None

    def answered(self, answer: Envelope) -> None:
        """Take note of the answer to a stream's last request."""
        last = self._last.get(answer.to)
        if last is not None and last.id == answer.id:
            last.answer, last.until = answer, self._clock.seconds() + KEEP_SECONDS

    def forget(self, stream: Jid) -> None:
        """A stream has gone."""
        self._last.pop(stream, None)

    def _clean_later(self) -> None:
        self._cleaning = True
        self._clock.callLater(KEEP_SECONDS, self._clean)

    def _clean(self) -> None:
        self._cleaning = False
        now = self._clock.seconds()
        self._last = {stream: last for stream, last in self._last.items() if last.until > now}
        if self._last:
            self._clean_later()
