"""One SQLite connection and the transaction now filling.

What was written since the last commit is also remembered as statements: taking back a unit, or
trying a commit again once there is space, is a rollback and doing the rest once more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from xmppd.storage.interfaces import Corrupt, Full, ReadOnly, StorageError, Unavailable

PATIENCE = 10_000
"""Milliseconds to wait for the thread that writes too; it takes some 20."""

PRAGMAS = (
    "page_size=4096",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "wal_autocheckpoint=0",
    "journal_size_limit=0",  # so that the log's size says how much it holds
    "cache_size=-65536",
    f"busy_timeout={PATIENCE}",
    "temp_store=MEMORY",
)

_KINDS: dict[int, type[StorageError]] = {
    sqlite3.SQLITE_FULL: Full,
    sqlite3.SQLITE_READONLY: ReadOnly,
    sqlite3.SQLITE_PERM: ReadOnly,
    sqlite3.SQLITE_CANTOPEN: ReadOnly,
    sqlite3.SQLITE_CORRUPT: Corrupt,
    sqlite3.SQLITE_NOTADB: Corrupt,
}

Parameters: TypeAlias = Mapping[str, Any]


def storage_error(problem: sqlite3.Error, path: Path) -> StorageError:
    """What an error of SQLite means to us; its code has the kind in the lowest byte."""
    detail = f"{path}: {problem}"
    code = getattr(problem, "sqlite_errorcode", None)
    if code is not None:
        return _KINDS.get(code & 0xFF, Unavailable)(detail=detail)
    # raised by the module itself: for a text that is not UTF-8, or for a wrong parameter of ours
    return (Corrupt if isinstance(problem, sqlite3.OperationalError) else StorageError)(
        detail=detail
    )


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, cached_statements=512)


class _Statement(NamedTuple):
    text: str
    parameters: Any
    many: bool = False


class State(NamedTuple):
    """How much of the transaction there was, see `Session.mark`."""

    statements: int
    rows: list[tuple[Any, ...]]
    number: int


class Session:
    """Runs statements; raises `StorageError` only.

    Rows of the log wait for the next read of a log, or for the commit, to be inserted in one go
    by `insert_rows`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.insert_rows: Callable[[list[Any]], None] = _cannot_insert
        self.taken_back: Callable[[], None] = _nothing
        """Called when statements that were run are not, after all."""
        self._connection: sqlite3.Connection | None = None
        self._statements: list[_Statement] = []
        self._rows: list[tuple[Any, ...]] = []
        self.problem: StorageError | None = None
        """Why nothing can be written now."""

    def open(self) -> None:
        with self._translating():
            self._connection = connect(self._path)
            for pragma in PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def in_transaction(self) -> bool:
        """Has anything been inserted since the last commit?"""
        return self._connection is not None and self._connection.in_transaction

    @property
    def dirty(self) -> bool:
        """Is there anything to commit?"""
        return bool(self._statements or self._rows)

    def read(self, text: str, parameters: Parameters) -> list[Any]:
        self._resume()
        with self._translating():
            return self._live().execute(text, parameters).fetchall()

    def write(self, text: str, parameters: Parameters) -> int:
        """Run a statement in the transaction; how many rows it changed."""
        return self._write(_Statement(text, parameters))

    def write_many(self, text: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._write(_Statement(text, rows, many=True))

    def add_row(self, row: tuple[Any, ...]) -> None:
        """A row for `insert_rows`."""
        if self.problem is not None:
            self._demand_writable()
        self._rows.append(row)

    def settle_rows(self) -> None:
        """Insert the rows that wait, if anything can be written now."""
        if self._rows and self.problem is None:
            with self.whole():
                rows, self._rows = self._rows, []
                self.insert_rows(rows)

    def mark(self) -> State:
        return State(len(self._statements), self._rows, len(self._rows))

    def undo(self, state: State) -> None:
        self._rows = state.rows
        del self._rows[state.number :]
        if len(self._statements) > state.statements:
            del self._statements[state.statements :]
            self.taken_back()
            self._roll_back()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Several statements: all or none."""
        state = self.mark()
        try:
            yield
        except StorageError:
            self.undo(state)
            raise

    def commit(self) -> None:
        """On failure the transaction is rolled back, its statements can be repeated."""
        self._demand_writable()
        self._resume()
        self.settle_rows()
        try:
            with self._translating():
                if self._live().in_transaction:
                    self._live().execute("COMMIT")
        except StorageError:
            self._roll_back()
            raise
        self._statements = []

    def repeat(self) -> None:
        """Do again, in a new transaction, what was written since the last commit."""
        self._roll_back()
        try:
            with self._translating():
                for statement in self._statements:
                    self._run(statement)
        except StorageError:
            self._roll_back()
            raise

    def forget(self) -> None:
        """Give up all that was written since the last commit."""
        self._statements, self._rows = [], []
        self.taken_back()
        self._roll_back()

    def _write(self, statement: _Statement) -> int:
        self._demand_writable()
        self._resume()
        try:
            with self._translating():
                changed = self._run(statement)
        except StorageError:
            if not self._statements:
                self._roll_back()  # nothing will be committed: let others write
            raise
        self._statements.append(statement)
        return changed

    def _resume(self) -> None:
        """Do again what was written, if its transaction was rolled back."""
        if self._statements and not self._live().in_transaction:
            self.repeat()

    def _run(self, statement: _Statement) -> int:
        connection = self._live()
        if not connection.in_transaction:
            connection.execute("BEGIN IMMEDIATE")
        if statement.many:
            return connection.executemany(statement.text, statement.parameters).rowcount
        return connection.execute(statement.text, statement.parameters).rowcount

    def _roll_back(self) -> None:
        if self._connection is not None and self.in_transaction:
            with self._translating():
                self._connection.execute("ROLLBACK")

    def _live(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Unavailable(detail=f"{self._path} is not open")
        return self._connection

    def _demand_writable(self) -> None:
        if self.problem is not None:
            raise type(self.problem)(detail=self.problem.detail)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            error = storage_error(problem, self._path)
            if isinstance(error, Corrupt):
                self.problem = error  # what else is written may be lost, though SQLite lets us
            raise error from problem
        except (UnicodeError, OverflowError) as problem:  # a value that SQLite cannot hold
            raise StorageError(detail=f"{self._path}: {problem}") from problem


def _cannot_insert(rows: list[Any]) -> None:
    raise NotImplementedError("nobody said how rows are inserted")


def _nothing() -> None:
    """Nobody is to be told."""
