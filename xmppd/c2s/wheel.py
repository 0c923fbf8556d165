"""Deadlines of many connections with one timer for all of them."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Wheel(Generic[T]):
    """Counts seconds, and keeps what is to be looked at in which of them."""

    __slots__ = ("_due", "now")

    def __init__(self) -> None:
        self.now = 1
        self._due: dict[int, list[T]] = {}

    def put(self, item: T, second: int) -> None:
        """Have an item looked at in that second, the next one at the earliest."""
        self._due.setdefault(max(second, self.now + 1), []).append(item)

    def advance(self) -> list[T]:
        """Count one second. Returns what is due in it."""
        self.now += 1
        return self._due.pop(self.now, [])
