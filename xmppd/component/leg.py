"""One end of a leg: what it counts and keeps (session protocol, 3.5 and 3.7). It sends nothing."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import islice
from typing import Final

from xmppd.component.lease import Peer
from xmppd.component.report import AGAIN, NO_COUNT, Entry
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

ROUTE_BYTES: Final = 65_536
"""Bytes of stanzas that one route carries, if it carries more than one."""
AGAIN_SECONDS: Final = 0.2
"""How often an end may be made to send again what it keeps."""


class State(Enum):
    """How far a leg has come, at one of its ends."""

    __hash__ = object.__hash__  # Enum's own is slow

    LIVE = auto()
    CLOSING = auto()
    """A `close` has been sent, and the other end has not yet said that it got it."""
    GONE = auto()


class End(Enum):
    """What may end a leg."""

    __hash__ = object.__hash__

    CLOSED = auto()
    """This end has sent its `close`."""
    TOLD = auto()
    """The other end has got all that this one ever sent."""
    ANSWERED = auto()
    """The other end has sent its `close`, and thereby has no use for ours."""
    ABSENT = auto()
    """The other end has no such leg, or has started anew, or has been silent for too long."""


NEXT: Final = {
    (State.LIVE, End.CLOSED): State.CLOSING,
    (State.LIVE, End.TOLD): State.LIVE,
    (State.LIVE, End.ANSWERED): State.GONE,
    (State.LIVE, End.ABSENT): State.GONE,
    (State.CLOSING, End.CLOSED): State.CLOSING,
    (State.CLOSING, End.TOLD): State.GONE,
    (State.CLOSING, End.ANSWERED): State.GONE,
    (State.CLOSING, End.ABSENT): State.GONE,
    (State.GONE, End.CLOSED): State.GONE,
    (State.GONE, End.TOLD): State.GONE,
    (State.GONE, End.ANSWERED): State.GONE,
    (State.GONE, End.ABSENT): State.GONE,
}
"""The ends of legs (3.10): every event in every state has its outcome."""


class Kept:
    """What has been sent and is not yet done with at the other end; `size` in bytes."""

    __slots__ = ("_done", "_since", "items", "repeated", "size")

    def __init__(self) -> None:
        self.items: deque[Stanza] = deque()
        self.size = 0
        self.repeated = -math.inf
        self._done, self._since = -1, 0.0

    def add(self, items: Sequence[Stanza]) -> int:
        """Keep these too. Returns their size."""
        self.items.extend(items)
        size = sum([len(item.inner) for item in items])
        self.size += size
        return size

    def stands_still(self, done: int, now: float) -> float:
        """For how many seconds `done` has been the same, as often as this is asked."""
        if done != self._done:
            self._done, self._since = done, now
        return now - self._since


class Leg:
    """One end of a leg. All numbers count children from the leg's first, by direction.

    Out: `sent`; `done`, what the other end is done with. In: `got`; `finished`, what this end is
    done with: written at an edge, handled at a session manager. `told` and `told_finished` are
    what the last report said of them. `mark` goes into the next report, `noted` says that one is
    due. `kept` is None while nothing is kept. `h` is what goes into reports beside the numbers:
    how many stanzas the client (at an edge) or the session manager has handled by its own count.
    """

    __slots__ = (
        "address",
        "done",
        "epoch",
        "finished",
        "got",
        "h",
        "kept",
        "mark",
        "noted",
        "other",
        "peer",
        "sent",
        "state",
        "told",
        "told_finished",
        "told_h",
    )

    def __init__(self, peer: Peer, address: Jid, other: Jid, epoch: int) -> None:
        """
        :param peer: the instance that the other end is of.
        :param address: of this end; `other` is that of the other one.
        """
        self.peer = peer
        self.address = address
        self.other = other
        self.epoch = epoch
        self.state = State.LIVE
        self.sent = self.done = 0
        self.got = self.finished = self.told = self.told_finished = 0
        self.h = self.told_h = NO_COUNT
        self.kept: Kept | None = None
        self.mark = ""
        self.noted = False

    def after(self, event: End) -> State:
        """Take note of what may end the leg. Returns its state."""
        self.state = NEXT[self.state, event]
        return self.state

    # Out

    def number(self, items: tuple[Stanza, ...]) -> Envelope:
        """A route with the next children."""
        number = self.sent + 1
        self.sent += len(items)
        return Envelope(self.other, self.address, items, self.epoch, number)

    def room(self, stanzas: int, size: int) -> tuple[int, int]:
        """What may be sent of windows of that many stanzas and bytes, beyond what is kept."""
        kept = self.kept
        return (stanzas, size) if kept is None else (stanzas - len(kept.items), size - kept.size)

    def is_sane(self, entry: Entry) -> bool:
        """Whether an entry can be true of what was sent, and is not older than what is known."""
        return self.done <= entry.done <= self.sent >= entry.got

    def settle(self, done: int) -> list[Stanza]:
        """The other end is done with so many; returns those of them that were kept."""
        kept, self.done = self.kept, done
        if kept is None:
            return []
        items = kept.items
        settled = [items.popleft() for _ in range(len(items) - self.sent + done)]
        if items:
            kept.size -= sum([len(item.inner) for item in settled])
        else:
            self.kept = None
        return settled

    def again(self, got: int, now: float) -> Iterator[Envelope]:
        """The routes with all that is kept after `got`; none if that was just done."""
        kept = self.kept
        if kept is None or now - kept.repeated < AGAIN_SECONDS:
            return
        kept.repeated = now
        number = max(got, self.sent - len(kept.items)) + 1
        left = islice(kept.items, number - 1 - self.sent + len(kept.items), None)
        for items in portions(left):
            yield Envelope(self.other, self.address, items, self.epoch, number)
            number += len(items)

    # In

    def unknown(self, envelope: Envelope) -> tuple[Stanza, ...]:
        """The children of a route that have not come before; of another leg's route none.

        After a gap there are none either: they have to be sent again.
        """
        if envelope.epoch != self.epoch or envelope.sender != self.other:
            return ()
        known = self.got + 1 - envelope.number
        if not known:
            return envelope.items
        if known < 0:
            self.mark = AGAIN
            return ()
        return envelope.items[known:]

    @property
    def untold(self) -> bool:
        """Whether there is something to tell."""
        return (
            self.got != self.told
            or self.finished != self.told_finished
            or self.h != self.told_h
            or self.mark != ""
        )

    def entry(self) -> Entry:
        """What a report says of this leg; it counts as told."""
        self.told, self.told_finished, self.told_h = self.got, self.finished, self.h
        mark, self.mark = self.mark, ""
        return Entry(self.stream, self.epoch, self.got, self.finished, mark, self.h)

    @property
    def stream(self) -> str:
        """The number of the leg's stream at its edge."""
        raise NotImplementedError


def portions(items: Iterator[Stanza] | Sequence[Stanza]) -> Iterator[tuple[Stanza, ...]]:
    """What goes into one route each: at most `ROUTE_BYTES`, or one stanza."""
    portion: list[Stanza] = []
    size = 0
    for item in items:
        if portion and size + len(item.inner) > ROUTE_BYTES:
            yield tuple(portion)
            portion, size = [], 0
        portion.append(item)
        size += len(item.inner)
    if portion:
        yield tuple(portion)
