"""Entry ids, and the one counter behind versions and ids."""

from __future__ import annotations

from base64 import b32hexdecode
from collections import OrderedDict
from collections.abc import Callable
from os import urandom
from struct import unpack
from typing import NamedTuple

from xmppd.storage.interfaces import EntryId

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
_SHIFTS = tuple(range(120, -1, -10))


class Mark(NamedTuple):
    """What an entry id says: microseconds, and random bits nobody can guess."""

    time: int
    salt: int

    def to_id(self) -> EntryId:
        # 128 bits and 2 of padding are 13 pairs of digits; base64.b32hexencode is half as fast
        bits = (self.time << 64 | self.salt) << 2
        return "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])

    @classmethod
    def from_id(cls, id: EntryId) -> Mark:
        """Raises ValueError for what is not an id."""
        if len(id) != 26:
            raise ValueError("not an entry id")
        octets = b32hexdecode(id + "======")
        mark = cls(int.from_bytes(octets[:8], "big"), int.from_bytes(octets[8:], "big"))
        if mark.time >= 1 << 63 or mark.to_id() != id:
            raise ValueError("not an entry id")
        return mark


class Ticks:
    """Microseconds that only ever grow, whatever the clock does."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.last = 0

    def next(self) -> int:
        self.last = max(self.last + 1, int(self._now() * 1_000_000))
        return self.last

    def not_before(self, last: int) -> None:
        """Grow on from what an earlier run of the store has reached."""
        self.last = max(self.last, last)

    def now(self) -> float:
        """Seconds since 1970, for what expires."""
        return self._now()


class Mint:
    """Gives out entry ids and knows those that were not used yet."""

    def __init__(self, ticks: Ticks, remembered: int = 10_000) -> None:
        self._ticks = ticks
        self._fresh: OrderedDict[EntryId, Mark] = OrderedDict()
        self._remembered = remembered
        self._salts: list[int] = []

    def new_mark(self) -> Mark:
        """A mark for an entry that is stored at once."""
        if not self._salts:
            self._salts = list(unpack("512Q", urandom(4096)))  # one system call for many
        return Mark(self._ticks.next(), self._salts.pop())

    def new_id(self) -> EntryId:
        mark = self.new_mark()
        id = mark.to_id()
        self._fresh[id] = mark
        if len(self._fresh) > self._remembered:
            self._fresh.popitem(last=False)
        return id

    def use(self, id: EntryId) -> Mark | None:
        """The mark of an id that nothing was stored under; None if that is not known."""
        return self._fresh.pop(id, None)
