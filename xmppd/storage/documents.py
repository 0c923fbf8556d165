"""Documents over a driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred

from xmppd.storage.driver import Cell
from xmppd.storage.interfaces import Changed, Document, Owner, Version, Versioned
from xmppd.storage.shapes import Coded, demand

T = TypeVar("T")


class ChangeByVersion(Document[T]):
    """`Document.change` for every back-end: get, put if nobody wrote in between, else again."""

    async def _change(self, owner: Owner, fn: Callable[[T | None], T]) -> T:
        while True:
            found = await self.get(owner)
            value = fn(None if found is None else found.value)
            try:
                await self.put(owner, value, if_version=0 if found is None else found.version)
            except Changed:
                continue
            return value

    def change(self, owner: Owner, fn: Callable[[T | None], T]) -> Deferred[T]:
        return Deferred.fromCoroutine(self._change(owner, fn))


class StoredDocument(Coded[T], ChangeByVersion[T]):
    """See `interfaces.Document`."""

    def get(self, owner: Owner) -> Deferred[Versioned[T] | None]:
        place = self._place(owner)

        def act() -> Versioned[T] | None:
            cell = self._driver.document(place)
            return cell and Versioned(self._decode(place, cell.raw), cell.version)

        return self._engine.read(act)

    def put(
        self, owner: Owner, value: T, *, if_version: Version | None = None
    ) -> Deferred[Version]:
        place, raw = self._place(owner), self._codec.encode(value)

        def act() -> Version:
            if if_version is not None:
                demand(place, if_version, self._driver.document(place))
            version = self._engine.ticks.next()
            self._driver.put_document(place, Cell(raw, version))
            return version

        return self._engine.write(act, len(raw))

    def remove(self, owner: Owner, *, if_version: Version | None = None) -> Deferred[bool]:
        place = self._place(owner)

        def act() -> bool:
            found = self._driver.document(place)
            demand(place, if_version, found)
            if found is not None:
                self._driver.put_document(place, None)
            return found is not None

        return self._engine.write(act)

    def owners(self, realm: str, after: str = "", limit: int = 500) -> Deferred[list[Owner]]:
        return self._engine.read(lambda: self._driver.owners(realm, after, limit, self._store))
