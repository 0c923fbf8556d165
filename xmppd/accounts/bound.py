"""Stores bound to one owner: the storage shapes without the `owner` of every call."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred

from xmppd.storage.interfaces import (
    ANY,
    Changes,
    Document,
    Entry,
    EntryId,
    Log,
    Owner,
    Page,
    Row,
    Table,
    Version,
    Versioned,
    Where,
)

T = TypeVar("T")


class OwnDocument(Generic[T]):
    """One value of one owner; see `Document`."""

    def __init__(self, document: Document[T], owner: Owner) -> None:
        self._document = document
        self._owner = owner

    def get(self) -> Deferred[Versioned[T] | None]:
        return self._document.get(self._owner)

    def put(self, value: T, *, if_version: Version | None = None) -> Deferred[Version]:
        return self._document.put(self._owner, value, if_version=if_version)

    def remove(self) -> Deferred[bool]:
        return self._document.remove(self._owner)

    def change(self, fn: Callable[[T | None], T]) -> Deferred[T]:
        return self._document.change(self._owner, fn)


class OwnTable(Generic[T]):
    """Rows of one owner; see `Table`."""

    def __init__(self, table: Table[T], owner: Owner) -> None:
        self._table = table
        self._owner = owner

    def get(self, key: str, section: str = "") -> Deferred[Row[T] | None]:
        return self._table.get(self._owner, key, section)

    def put(
        self,
        key: str,
        value: T,
        *,
        section: str = "",
        tag: str | None = None,
        expires: int | None = None,
        if_version: Version | None = None,
    ) -> Deferred[Version]:
        return self._table.put(
            self._owner,
            key,
            value,
            section=section,
            tag=tag,
            expires=expires,
            if_version=if_version,
        )

    def remove(self, key: str, section: str = "") -> Deferred[bool]:
        return self._table.remove(self._owner, key, section)

    def take(self, key: str, section: str = "") -> Deferred[Row[T] | None]:
        return self._table.take(self._owner, key, section)

    def items(
        self,
        section: str | None = None,
        *,
        tag: str | None = None,
        after: Version | None = None,
        before: Version | None = None,
        newest: bool = False,
        limit: int = 1000,
    ) -> Deferred[list[Row[T]]]:
        return self._table.items(
            self._owner, section, tag=tag, after=after, before=before, newest=newest, limit=limit
        )

    def version(self) -> Deferred[Version]:
        return self._table.version(self._owner)

    def changes(self, since: Version) -> Deferred[Changes[T]]:
        return self._table.changes(self._owner, since)

    def clear(self, section: str | None = None) -> Deferred[int]:
        return self._table.clear(self._owner, section)

    def trim(self, section: str, keep: int) -> Deferred[int]:
        return self._table.trim(self._owner, section, keep)


class OwnLog:
    """Entries of one owner; see `Log`."""

    def __init__(self, log: Log, owner: Owner) -> None:
        self._log = log
        self._owner = owner
        self.new_id = log.new_id
        self.append = partial(log.append, owner)  # for each message there is: no call more

    def find(self, where: Where = ANY, *, limit: int, newest: bool = False) -> Deferred[Page]:
        return self._log.find(self._owner, where, limit=limit, newest=newest)

    def edges(self) -> Deferred[tuple[Entry, Entry] | None]:
        return self._log.edges(self._owner)

    def count(self, where: Where = ANY, stop: int = 10_000) -> Deferred[int | None]:
        return self._log.count(self._owner, where, stop)

    def replace(self, id: EntryId, body: bytes) -> Deferred[None]:
        return self._log.replace(self._owner, id, body)

    def remove(self, ids: Iterable[EntryId]) -> Deferred[int]:
        return self._log.remove(self._owner, ids)

    def trim(
        self, *, before: int | None = None, keep: int | None = None, limit: int = 500
    ) -> Deferred[int]:
        return self._log.trim(self._owner, before=before, keep=keep, limit=limit)
