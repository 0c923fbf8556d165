"""What the three shapes share: reads that have already fired, writes that fire when kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred, fail, succeed

from xmppd.storage.batch import GroupCommit
from xmppd.storage.driver import Driver, Place
from xmppd.storage.ids import Mint, Ticks
from xmppd.storage.interfaces import (
    Changed,
    Codec,
    Corrupt,
    Owner,
    Raw,
    StorageError,
    Version,
)

T = TypeVar("T")
R = TypeVar("R")


@frozen
class Engine:
    """What the shapes of one back-end work with."""

    driver: Driver
    group: GroupCommit
    ticks: Ticks
    mint: Mint

    def read(self, act: Callable[[], R]) -> Deferred[R]:
        try:
            return succeed(act())
        except StorageError as problem:
            return fail(problem)

    def write(self, act: Callable[[], R], size: int = 0) -> Deferred[R]:
        """For one write of the driver; what raises has not happened."""
        try:
            self.group.touch(self.driver, size)
            value = act()
        except StorageError as problem:
            return self.group.refuse(problem)
        return self.group.promise(value)

    def write_whole(self, act: Callable[[], R]) -> Deferred[R]:
        """For several writes of the driver: all or none."""

        def whole() -> R:
            state = self.driver.mark()
            try:
                return act()
            except StorageError:
                self.driver.undo(state)
                raise

        return self.write(act if self.group.in_unit else whole)


class Coded(Generic[T]):
    """A store whose values go through a codec."""

    def __init__(self, engine: Engine, store: str, codec: Codec[T]) -> None:
        self._engine = engine
        self._driver = engine.driver
        self._store = store
        self._codec = codec

    def _place(self, owner: Owner) -> Place:
        return Place(self._store, owner)

    def _decode(self, place: Place, raw: Raw) -> T:
        try:
            return self._codec.decode(raw)
        except ValueError as problem:
            raise Corrupt(place.store, place.owner, str(problem)) from problem


def demand(place: Place, expected: Version | None, found: Any) -> None:
    """Raise `Changed` unless what was found has the expected version (0: there is nothing)."""
    version = 0 if found is None else found.version
    if expected is not None and expected != version:
        raise Changed(*place, f"version is {version}, not {expected}")
