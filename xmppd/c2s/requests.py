"""Requests of the session protocol: envelopes that are answered under their id."""

from collections.abc import Callable
from itertools import count
from typing import Any

from xmppd.c2s.wheel import Wheel
from xmppd.link.envelope import Envelope
from xmppd.link.link import Receiver
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

TIMEOUT = 20
"""Seconds to wait for an answer."""

Answered = Callable[[Envelope | None], None]
"""Called with the answer, or with None where none has come in time."""


def said(answer: Envelope | None) -> Stanza | None:
    """The item of an answer that is not a refusal."""
    if answer is None or answer.type == "error" or not answer.items:
        return None
    return answer.items[0]


class Requests:
    """Requests under way; all of them wait equally long."""

    def __init__(self, send: Receiver, wheel: Wheel[Any]) -> None:
        self._send = send
        self._wheel = wheel
        self._ids = count(1)
        self._open: dict[str, tuple[Answered, int]] = {}

    def ask(self, to: Jid, sender: Jid, item: Stanza, call: Answered) -> None:
        """Send a request; `call` may come before this returns."""
        id = str(next(self._ids))
        self._open[id] = call, self._wheel.now + TIMEOUT
        self._send(Envelope(to, sender, (item,), id=id))

    def answered(self, answer: Envelope) -> None:
        """Take an answer; one that nobody waits for is ignored."""
        call, _ = self._open.pop(answer.id, (None, 0))
        if call is not None:
            call(answer)

    def expire(self) -> None:
        """Give up on those that have waited long enough."""
        late = []
        for id, (_, deadline) in self._open.items():
            if deadline > self._wheel.now:
                break
            late.append(id)
        for id in late:
            call, _ = self._open.pop(id, (None, 0))
            if call is not None:
                call(None)
