"""What a store promises: three shapes for owners, units, tickets and errors.

Write methods act when *called*, in call order; the Deferred they return fires when the write is
kept, that is when it survives what the store is configured to survive. Reads see every earlier
write of this process. Every call is a unit of its own unless made inside `Backend.unit()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")

Version: TypeAlias = int
"""Grows strictly per store and owner, over restarts too: max(last + 1, microseconds now)."""

EntryId: TypeAlias = str
"""26 characters of base32hex: 8 bytes of microseconds, strictly growing, and 8 random bytes."""

Raw: TypeAlias = str | bytes
"""A value as a back-end keeps it: JSON text, or the bytes of an XML element."""

Durability: TypeAlias = str
"""`none`; `process`: survives kill -9; `power`: survives a power cut too."""

UNIT, CHANGES, PROCESS, POWER, BACKUP = "unit", "changes", "process", "power", "backup"
"""What `Backend.features` may hold: units over several shapes, `Table.changes`, the two levels of
durability, `Backend.backup`."""


class Owner(NamedTuple):
    """Whose data it is: an account, a room, a host (empty name). Prepared by the caller."""

    realm: str
    name: str


class StorageError(Exception):
    """Something of this owner's store could not be read or kept."""

    def __init__(self, store: str = "", owner: Owner | None = None, detail: str = "") -> None:
        self.store = store
        self.owner = owner
        self.detail = detail
        super().__init__(store, owner, detail)

    def __str__(self) -> str:
        whose = f"{self.owner.name}@{self.owner.realm}" if self.owner else ""
        parts = (type(self).__name__, self.store, whose, self.detail)
        return ": ".join(part for part in parts if part)


class Changed(StorageError):
    """`if_version` did not match: somebody wrote in between."""


class NoSuchEntry(StorageError):
    """An entry id that this log does not hold."""


class TooOld(StorageError):
    """Changes since then are no longer known: read the whole table."""


class Full(StorageError):
    """No space left on the disk; try later."""


class ReadOnly(StorageError):
    """The store can be read but not written."""


class Unavailable(StorageError):
    """The store cannot be reached or trusted now; try later."""


class Corrupt(StorageError):
    """What is stored cannot be understood; `detail` says where."""


class TooNew(StorageError):
    """The store was made by a later release."""


class Locked(StorageError):
    """Another process has the store open; `detail` names it."""


class Versioned(NamedTuple, Generic[T]):
    """A document's value and its version."""

    value: T
    version: Version


class Row(NamedTuple, Generic[T]):
    """One row of a table. `expires` is in seconds since 1970."""

    key: str
    section: str
    value: T
    version: Version
    tag: str | None = None
    expires: int | None = None


class Changes(NamedTuple, Generic[T]):
    """What changed in a table: rows as they are now, (section, key) of rows that went."""

    rows: list[Row[T]]
    removed: list[tuple[str, str]]
    version: Version


class Entry(NamedTuple):
    """One entry of a log; `time` in microseconds since 1970 comes from the id."""

    id: EntryId
    time: int
    peer: str
    resource: str
    kind: int
    body: bytes


class Page(NamedTuple):
    """Entries, oldest first, and whether more match beyond them."""

    entries: list[Entry]
    more: bool


class Where(NamedTuple):
    """Which entries: everything that is given must hold.

    `start` and `end` are inclusive, in microseconds; `after` and `before` are exclusive. Entries
    named by `after`, `before` and `ids` must exist, else `NoSuchEntry`. Empty `kinds` or `ids`
    mean any.
    """

    peer: str | None = None
    resource: str | None = None
    kinds: tuple[int, ...] = ()
    start: int | None = None
    end: int | None = None
    after: EntryId | None = None
    before: EntryId | None = None
    ids: tuple[EntryId, ...] = ()


ANY = Where()


class Report(NamedTuple):
    """What `check` found; no problems means sound."""

    problems: tuple[str, ...] = ()


class Codec(Protocol[T]):
    """How a store's values are written; raises ValueError for what does not decode."""

    def encode(self, value: T) -> Raw: ...

    def decode(self, raw: Raw) -> T: ...


class Document(Protocol[T]):
    """One value per owner."""

    def get(self, owner: Owner) -> Deferred[Versioned[T] | None]: ...

    def put(
        self, owner: Owner, value: T, *, if_version: Version | None = None
    ) -> Deferred[Version]:
        """Write the value. `if_version` 0: there must be none yet; else `Changed`."""

    def remove(self, owner: Owner, *, if_version: Version | None = None) -> Deferred[bool]:
        """Remove the value; False: there was none."""

    def change(self, owner: Owner, fn: Callable[[T | None], T]) -> Deferred[T]:
        """Put what `fn` makes of the value; `fn` is pure and may run more than once."""

    def owners(self, realm: str, after: str = "", limit: int = 500) -> Deferred[list[Owner]]:
        """Owners of a realm who have such a document, by name, from `after` on (exclusive)."""


class Table(Protocol[T]):
    """Rows of (section, key) per owner. Rows past `expires` are never returned."""

    def get(self, owner: Owner, key: str, section: str = "") -> Deferred[Row[T] | None]: ...

    def put(
        self,
        owner: Owner,
        key: str,
        value: T,
        *,
        section: str = "",
        tag: str | None = None,
        expires: int | None = None,
        if_version: Version | None = None,
    ) -> Deferred[Version]:
        """Write a row; overwriting moves it to the end. `if_version` as for documents."""

    def remove(
        self, owner: Owner, key: str, section: str = "", *, if_version: Version | None = None
    ) -> Deferred[bool]:
        """Remove a row; False: there was none."""

    def take(self, owner: Owner, key: str, section: str = "") -> Deferred[Row[T] | None]:
        """Get and remove: exactly one caller ever gets the row."""

    def items(
        self,
        owner: Owner,
        section: str | None = None,
        *,
        tag: str | None = None,
        after: Version | None = None,
        before: Version | None = None,
        newest: bool = False,
        limit: int = 1000,
    ) -> Deferred[list[Row[T]]]:
        """Rows in version order; `after` and `before` are versions, exclusive.

        `newest`: the last `limit` of them instead of the first, still oldest first.
        """

    def version(self, owner: Owner) -> Deferred[Version]:
        """The version of the newest change, removals of `versioned` stores included; 0: none."""

    def changes(self, owner: Owner, since: Version) -> Deferred[Changes[T]]:
        """What changed after `since`; `TooOld` if that is not known (any more)."""

    def clear(self, owner: Owner, section: str | None = None) -> Deferred[int]:
        """Remove all rows (of a section); how many there were."""

    def trim(self, owner: Owner, section: str, keep: int) -> Deferred[int]:
        """Remove the oldest rows of a section but `keep`; how many went."""


class Log(Protocol):
    """Entries in the order of time. Where an entry is named that is not there: `NoSuchEntry`."""

    def new_id(self) -> EntryId:
        """An id for `append`, later than all before; may stay unused."""

    def append(
        self,
        owner: Owner,
        body: bytes,
        *,
        peer: str = "",
        resource: str = "",
        kind: int = 0,
        id: EntryId | None = None,
    ) -> EntryId:
        """Append an entry; it is in batch `Backend.ticket`. Raises `StorageError` at once."""

    def find(
        self, owner: Owner, where: Where = ANY, *, limit: int, newest: bool = False
    ) -> Deferred[Page]:
        """The first, or `newest` the last, `limit` entries that match, oldest first."""

    def edges(self, owner: Owner) -> Deferred[tuple[Entry, Entry] | None]:
        """The oldest and the newest entry."""

    def count(self, owner: Owner, where: Where = ANY, stop: int = 10_000) -> Deferred[int | None]:
        """How many match; None: more than `stop`."""

    def replace(self, owner: Owner, id: EntryId, body: bytes) -> Deferred[None]:
        """Put another body into an entry; id, time and peer stay."""

    def remove(self, owner: Owner, ids: Iterable[EntryId]) -> Deferred[int]:
        """Remove those entries that exist; how many went."""

    def trim(
        self, owner: Owner, *, before: int | None = None, keep: int | None = None, limit: int = 500
    ) -> Deferred[int]:
        """Remove entries older than `before` (microseconds) and all but the newest `keep`.

        Oldest first, at most `limit` of them: call again while that many went.
        """


class Backend(Protocol):
    """A place where stores are kept."""

    @property
    def features(self) -> frozenset[str]:
        """Of UNIT, CHANGES, PROCESS, POWER, BACKUP: what this back-end can do."""

    @property
    def ticket(self) -> int:
        """The batch now filling: note it after a write. 0: nothing waits to be committed."""

    @property
    def kept(self) -> int:
        """Every batch up to this one is kept, or was reported to `on_failed` before."""

    def document(self, store: str, codec: Codec[T]) -> Document[T]: ...

    def table(self, store: str, codec: Codec[T], *, versioned: bool = False) -> Table[T]:
        """`versioned`: removals are remembered for 90 days, for `Table.changes`."""

    def log(self, store: str) -> Log: ...

    def unit(self) -> AbstractContextManager[Deferred[None]]:
        """Writes made inside happen together or not at all; nothing may be awaited inside.

        Yields a Deferred that fires when all of them are kept, or fails with what undid them
        all: `Changed` in one of them, or a failed commit. An exception inside undoes them and
        passes on. Deferreds of writes inside fire with the unit; a failure of the unit is
        logged only if nobody listens to the unit's own.
        """

    def on_kept(self, call: Callable[[int], None]) -> None:
        """Call with the new value of `kept`, once per commit."""

    def on_failed(self, call: Callable[[int, StorageError], None]) -> None:
        """Call with a batch that is lost for good, and why, before `kept` passes it."""

    def open(self) -> Deferred[None]:
        """Make or open the store. `Locked`, `TooNew`, `Corrupt`, `ReadOnly`: it cannot start."""

    def close(self) -> Deferred[None]:
        """Commit what waits and let go of all resources."""

    def check(self) -> Deferred[Report]: ...

    def backup(self, path: Path) -> Deferred[None]:
        """Write a whole and consistent copy to a new file; `StorageError` if it cannot."""

    def owners(self, realm: str, after: str = "", limit: int = 500) -> Deferred[list[Owner]]:
        """Owners of a realm of whom anything is stored, by name, from `after` on (exclusive).

        The realm itself, whose name is empty, is not among them.
        """

    def erase(self, owner: Owner) -> Deferred[None]:
        """Remove all that is stored of an owner, in one unit."""


AnyCodec: TypeAlias = Codec[Any]
