"""How long and how much may wait for a client (session protocol, 3.6; XEP-0198, 5)."""

from __future__ import annotations

from typing import Final

from xmppd.protocol.forwarding import delayed
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

CROWDED: Final = 256
"""Stanzas that may wait for a client before those who send them are slowed down."""
CROWDED_BYTES: Final = 1024 * 1024
MAX_QUEUE: Final = 8_192
"""Stanzas that may wait for a slow client; past it the stream is closed.

Who enters a room of 5,000 is told of all of them at once, however fast it reads.
"""
MAX_QUEUE_BYTES: Final = 4 * 1024 * 1024


class Inherited:
    """What a session has been given of what another of its account had left, while it has more to
    write than others may have: it does not count as what the session's client is slow to read."""

    __slots__ = ("count", "size")

    def __init__(self) -> None:
        self.count = self.size = 0

    def takes(self, stanza: Stanza) -> bool:
        """Whether there is room for a stanza; once there is none, there is none for others."""
        if self.count >= MAX_QUEUE or self.size >= MAX_QUEUE_BYTES:
            return False
        self.count += 1
        self.size += len(stanza.inner)
        return True


def is_crowded(count: int, size: int) -> bool:
    """Whether so much is more than waits for a client that reads."""
    return count > CROWDED or size > CROWDED_BYTES


def is_too_much(count: int, size: int, inherited: Inherited | None) -> bool:
    """Whether so much is more than may wait."""
    if inherited is not None:
        count, size = count - inherited.count, size - inherited.size
    return count > MAX_QUEUE or size > MAX_QUEUE_BYTES


def late(by: Jid, stanza: Stanza, before: float | None = None) -> Stanza:
    """A message that somebody noted to wait says since when (XEP-0203).

    :param before: those that wait since then, or later, say nothing.
    """
    since: float | None = getattr(stanza, "since", None)
    if since is None or (before is not None and since >= before):
        return stanza
    return delayed(stanza, int(since * 1_000_000), by)
