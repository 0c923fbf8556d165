"""What a driver does for `backend.StoreBackend`: raw values, synchronously, without conditions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

from twisted.internet.defer import Deferred

from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import Entry, Owner, Raw, Report, Version

FOREVER = (1 << 63) - 1


class Place(NamedTuple):
    """One store of one owner."""

    store: str
    owner: Owner


class Cell(NamedTuple):
    """A document."""

    raw: Raw
    version: Version

    def empty(self) -> bool:
        return False

    def copy(self) -> Cell:
        return self


class RawRow(NamedTuple):
    """A row; without a value it is the marker of a removal."""

    section: str
    key: str
    raw: Raw | None
    version: Version
    tag: str | None = None
    expires: int | None = None

    def lives(self, now: float) -> bool:
        return self.raw is not None and (self.expires is None or self.expires > now)

    def expired(self, now: float) -> bool:
        return self.expires is not None and self.expires <= now


class Selection(NamedTuple):
    """Rows whose version lies between two others, in version order."""

    section: str | None = None
    tag: str | None = None
    after: Version = -1
    before: Version = FOREVER
    newest: bool = False
    limit: int = FOREVER
    removed: bool = False
    """Markers of removals too."""

    def matches(self, row: RawRow, now: float) -> bool:
        return (
            (row.lives(now) or (self.removed and row.raw is None))
            and self.after < row.version < self.before
            and (self.section is None or self.section == row.section)
            and (self.tag is None or self.tag == row.tag)
        )


class Span(NamedTuple):
    """A `Where` whose entry ids were found: times are inclusive."""

    first: int = 0
    last: int = FOREVER
    peer: str | None = None
    resource: str | None = None
    kinds: tuple[int, ...] = ()
    times: tuple[int, ...] = ()
    limit: int = FOREVER
    newest: bool = False


State: TypeAlias = Any
"""What `Driver.mark` gave, for `Driver.undo`."""


class Driver(Protocol):
    """Keeps raw values. All methods raise `StorageError` only; writes wait for `commit`.

    A write that raises has not happened.
    """

    window: float
    """Seconds a batch may wait for company, counted from the commit before."""

    @property
    def features(self) -> frozenset[str]: ...

    @property
    def busy(self) -> bool:
        """Whether a commit had better wait a little: it would have to wait for something."""

    def open(self) -> Version:
        """Make ready; the newest version or time that an earlier run gave out."""

    def close(self) -> Deferred[None]: ...

    def mark(self) -> State:
        """A point in the batch now filling, to go back to."""

    def undo(self, state: State) -> None:
        """Take back all writes since `mark`."""

    def commit(self) -> Deferred[None]:
        """Keep all writes since the last commit, or fail and take them all back."""

    def document(self, place: Place) -> Cell | None: ...

    def put_document(self, place: Place, cell: Cell | None) -> None: ...

    def row(self, place: Place, section: str, key: str) -> RawRow | None:
        """A row, whether it has expired or not, or its marker."""

    def rows(self, place: Place, which: Selection, now: float) -> list[RawRow]: ...

    def version(self, place: Place) -> Version:
        """The newest version of any row or marker."""

    def floor(self, place: Place) -> Version:
        """Changes since before this version are not known."""

    def put_row(self, place: Place, row: RawRow) -> None: ...

    def drop_row(self, place: Place, section: str, key: str) -> None: ...

    def append(
        self, place: Place, mark: Mark, peer: str, resource: str, kind: int, body: bytes
    ) -> None: ...

    def taken(self, place: Place, time: int) -> bool:
        """Would an entry of this time collide with one that is there?"""

    def has(self, place: Place, mark: Mark) -> bool:
        """Is there an entry with this very id?"""

    def entries(self, place: Place, span: Span) -> list[Entry]: ...

    def count(self, place: Place, span: Span) -> int:
        """How many entries match, counted up to `span.limit`."""

    def oldest(self, place: Place, before: int | None, keep: int | None, limit: int) -> list[int]:
        """Times of the oldest entries that are older than `before` or beyond the newest `keep`."""

    def replace(self, place: Place, time: int, body: bytes) -> None: ...

    def drop_entries(self, place: Place, times: Sequence[int]) -> int: ...

    def owners(self, realm: str, after: str, limit: int, store: str | None) -> list[Owner]:
        """Owners of whom anything is stored, or of whom there is such a document."""

    def erase(self, owner: Owner) -> None: ...

    def sweep(self, now: float) -> None:
        """Drop rows that have expired."""

    def forget(self, before: Version) -> None:
        """Drop markers older than this, but not where one is what its table changed last.

        Else the version would go back to one that tells somebody that nothing has changed.
        """

    def check(self) -> Deferred[Report]: ...

    def backup(self, path: Path) -> Deferred[None]: ...
