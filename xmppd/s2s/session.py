"""What outlives a managed stream: counts, and what was not acknowledged (XEP-0198)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import attrs

from xmppd.link.queue import size_of
from xmppd.protocol.acks import Handled, Unacknowledged
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.s2s.pair import Pair
    from xmppd.s2s.settings import Limits


@attrs.frozen
class Sent:
    """A stanza of ours that is written to a stream; `again` if it had been to another before."""

    stanza: Stanza
    pair: Pair
    again: bool = False


TRIES: Final = 3
"""So often resuming a session is tried."""


class Session:
    """One managed stream, and those that resume it; that can be where it has an `id`.

    `tries` counts those to resume it that have come to nothing since it last could be used.
    `held` are the pairs of domains that send nothing until it goes on or is given up.
    """

    def __init__(self, limits: Limits, id: str = "") -> None:
        self.id = id
        self.tries = 0
        self.handled = Handled()
        self.unacknowledged: Unacknowledged[Sent] = Unacknowledged()
        self.held: list[Pair] = []
        self._limits = limits

    @property
    def is_full(self) -> bool:
        """Whether no more may go out before something is acknowledged."""
        kept = self.unacknowledged
        return len(kept) >= self._limits.queue_stanzas or kept.size >= self._limits.queue_bytes

    def may_try_again(self) -> bool:
        """Count a try that has failed; whether there may be one more."""
        self.tries += 1
        return self.tries < TRIES

    def add(self, sent: Sent) -> None:
        """Keep what is sent now."""
        self.unacknowledged.add(sent, size_of(sent.stanza))

    def settle(self, h: int) -> None:
        """The remote has handled so many. Raises TooHigh."""
        for sent in self.unacknowledged.settle(h):
            sent.pair.edge.settled(sent.stanza)

    def hold(self, pairs: Iterable[Pair]) -> None:
        """Have nothing overtake what was not acknowledged."""
        for pair in pairs:
            self.held.append(pair)
            pair.resumption.hold()

    def release(self) -> None:
        """Let those go on that were held."""
        held, self.held = self.held, []
        for pair in held:
            pair.resumption.release()

    def give_up(self) -> None:
        """Have what was not acknowledged sent over another stream, or refused."""
        give_back(self.unacknowledged.take_all())
        self.release()


def give_back(items: Iterable[Sent]) -> None:
    """Have stanzas wait again in the pairs from which they came, in their order."""
    for sent in items:
        sent.pair.queue.take_back(sent)
