"""Requests of the session protocol: envelopes that are answered under their id."""

from collections.abc import Callable
from itertools import count
from typing import Any

import attrs

from xmppd.c2s.wheel import Wheel
from xmppd.link.envelope import Envelope
from xmppd.link.link import Link
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza

TIMEOUT = 20
"""Seconds to wait for an answer."""

REPEAT_AFTER = frozenset({3, 6, 12})
"""Seconds after which it is asked again, where the question or the answer may be lost."""

Answered = Callable[[Envelope | None], None]
"""Called with the answer, or with None where none has come in time."""


def said(answer: Envelope | None) -> Stanza | None:
    """The item of an answer that is not a refusal."""
    if answer is None or answer.type == "error" or not answer.items:
        return None
    return answer.items[0]


@attrs.define
class Asked:
    """A request under way: since which second, and whether it has been refused unread."""

    request: Envelope
    call: Answered
    since: int
    bounced: bool = False


class Requests:
    """Requests under way; all of them wait equally long.

    On a link that may lose things they are repeated under the same id.
    """

    def __init__(self, link: Link, wheel: Wheel[Any]) -> None:
        self._lossless = link.lossless
        self._send = link.send
        self._wheel = wheel
        self._ids = count(1)
        self._open: dict[str, Asked] = {}

    def ask(self, to: Jid, sender: Jid, item: Stanza, call: Answered) -> None:
        """Send a request; `call` may come before this returns."""
        id = str(next(self._ids))
        request = Envelope(to, sender, (item,), id=id)
        self._open[id] = Asked(request, call, self._wheel.now)
        self._send(request)

    def answered(self, answer: Envelope) -> None:
        """Take an answer; one that nobody waits for is ignored.

        Where the link may lose things, whoever is asked may be about to come back: the first
        refusal by a router is no answer yet.
        """
        asked = self._open.get(answer.id)
        if asked is None:
            return
        if not self._lossless and is_bounce(answer) and not asked.bounced:
            asked.bounced = True
            return
        del self._open[answer.id]
        asked.call(answer)

    def expire(self) -> None:
        """Repeat what has no answer yet, and give up on what has waited long enough."""
        for id, asked in list(self._open.items()):
            waited = self._wheel.now - asked.since
            if waited >= TIMEOUT:
                if self._open.pop(id, None) is not None:
                    asked.call(None)
            elif self._lossless:
                return
            elif waited in REPEAT_AFTER:
                self._send(asked.request)


def is_bounce(answer: Envelope) -> bool:
    """Whether a router refused a request that nobody has read: with no verb, but an error."""
    return answer.type == "error" and all(item.ns == CONTENT for item in answer.items)
