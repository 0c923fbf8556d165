"""Entry ids, and the one counter behind versions and ids."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from os import urandom
from struct import unpack
from typing import NamedTuple

from xmppd.storage.interfaces import EntryId

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
_SALT = (1 << 64) - 1


class Mark(NamedTuple):
    """What an entry id says: microseconds, and random bits nobody can guess."""

    time: int
    salt: int

    def to_id(self) -> EntryId:
        # 40, 50 and 40 bits, the last 2 of them padding; written out, as each row has an id
        high, low, pairs = self.time >> 24, self.salt << 2 & (1 << 40) - 1, _PAIRS
        middle = (self.time & (1 << 24) - 1) << 26 | self.salt >> 38
        return (
            f"{pairs[high >> 30]}{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}"
            f"{pairs[high & 1023]}{pairs[middle >> 40]}{pairs[middle >> 30 & 1023]}"
            f"{pairs[middle >> 20 & 1023]}{pairs[middle >> 10 & 1023]}{pairs[middle & 1023]}"
            f"{pairs[low >> 30]}{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}"
            f"{pairs[low & 1023]}"
        )

    @classmethod
    def from_id(cls, id: EntryId) -> Mark:
        """Raises ValueError for what is not an id."""
        if len(id) != 26:
            raise ValueError("not an entry id")
        bits = int(id, 32)  # which takes more than digits, unlike what follows
        mark = cls(bits >> 66, bits >> 2 & _SALT)
        if not 0 <= mark.time < 1 << 63 or mark.to_id() != id:
            raise ValueError("not an entry id")
        return mark


class Ticks:
    """Microseconds that only ever grow, whatever the clock does."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.last = 0

    def next(self) -> int:
        now, after = int(self._now() * 1_000_000), self.last + 1
        self.last = now if now > after else after
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
