"""Which back-end keeps which store, and all of them behind one front."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.metadata import entry_points
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail, gatherResults
from twisted.python.failure import Failure

from xmppd.storage.batch import GroupCommit
from xmppd.storage.interfaces import (
    BACKUP,
    CHANGES,
    PROCESS,
    UNIT,
    Backend,
    Codec,
    Document,
    Log,
    Owner,
    StorageError,
    Table,
)

T = TypeVar("T")

BUILTIN: Mapping[str, str] = {
    "memory": "xmppd.storage.memory:MemoryStore.of",
    "directory": "xmppd.storage.directory:DirectoryStore.of",
    "sqlite": "xmppd.storage.sqlite:SqliteStore.of",
}
"""Factories by name, loaded when they are used: the memory store must not cost an import of SQL.

A factory is called with (folder, reactor, group, on_edit), as are those of other packages in the
entry-point group `xmppd.storage`.
"""

GROUPS = (
    ("account", "credentials"),
    ("roster", "requests"),
    ("room", "standings", "rooms"),
)
"""Stores that are written in one unit, and so must be on one back-end."""

NEEDED = (*((UNIT, store) for group in GROUPS for store in group), (CHANGES, "roster"))
"""What a store cannot do without."""

Edited = Callable[[Owner, str, Iterable[object]], None]


def factory(name: str) -> Callable[..., Backend]:
    """The factory of a back-end; raises StorageError for a name that nothing provides."""
    if name in BUILTIN:
        module, _, path = BUILTIN[name].partition(":")
        found: Callable[..., Backend] = attrgetter(path)(import_module(module))
        return found
    for entry in entry_points(group="xmppd.storage", name=name):
        loaded: Callable[..., Backend] = entry.load()
        return loaded
    known = ", ".join(sorted(BUILTIN))
    raise StorageError(name, None, f"no such storage back-end (there are {known})")


class StoreMap:
    """All back-ends of a process. Tickets are counted once for all of them.

    `choose(store, domain)` names the back-end of a store; `names` are all it may name.
    """

    def __init__(
        self,
        folder: Path,
        reactor: Any,
        names: Iterable[str],
        choose: Callable[[str, str], str],
        on_edit: Edited,
    ) -> None:
        self.group = GroupCommit(reactor)
        self._choose = choose
        self._backends = {
            name: factory(name)(folder, reactor, self.group, on_edit) for name in names
        }
        self._views: dict[str, Stores] = {}

    @property
    def ticket(self) -> int:
        return self.group.ticket

    @property
    def kept(self) -> int:
        return self.group.kept

    def on_kept(self, call: Callable[[int], None]) -> None:
        self.group.on_kept(call)

    def on_failed(self, call: Callable[[int, StorageError], None]) -> None:
        self.group.on_failed(call)

    def of(self, domain: str) -> Stores:
        """The stores of a domain.

        Raises StorageError where a unit would span back-ends, or a back-end lacks what a store
        needs.
        """
        if domain not in self._views:
            self._demand_fit(domain)
            self._views[domain] = Stores(self, domain)
        return self._views[domain]

    def backend(self, store: str, domain: str) -> Backend:
        """The back-end of a store of a domain."""
        return self._backends[self._choose(store, domain)]

    def open(self) -> Deferred[None]:
        """Open every back-end, or none; fails as `Backend.open`."""

        return self._each(lambda backend: backend.open()).addErrback(self._closed_again)

    def try_open(self) -> None:
        """Open every back-end and close it again, so that what forbids it is told early.

        Raises StorageError. A back-end that takes its time to answer is not waited for.
        """
        tried: list[Any] = []
        self.open().addCallbacks(lambda _: self.close(), tried.append)
        if tried:
            tried[0].raiseException()

    def close(self) -> Deferred[None]:
        """Commit what waits and close every back-end."""
        return self._each(lambda backend: backend.close())

    def backup(self, path: Path) -> Deferred[None]:
        """Copy all that survives a restart: to one file, or to a file for each back-end.

        Fails with StorageError, before anything is written if a back-end cannot.
        """
        lasting = {n: one for n, one in self._backends.items() if PROCESS in one.features}
        unable = [name for name, backend in lasting.items() if BACKUP not in backend.features]
        if unable or not lasting:
            why = f"{' and '.join(unable)} cannot" if unable else "there is nothing to"
            return fail(StorageError(detail=f"{why} be backed up"))
        if len(self._backends) == 1:
            return self._each(lambda backend: backend.backup(path))
        return self._all(
            backend.backup(path.with_name(f"{path.name}.{name}"))
            for name, backend in lasting.items()
        )

    def erase(self, owner: Owner) -> Deferred[None]:
        """Remove all that is stored of an owner."""
        return self._each(lambda backend: backend.erase(owner))

    def _each(self, call: Callable[[Backend], Deferred[None]]) -> Deferred[None]:
        return self._all(map(call, self._backends.values()))

    def _all(self, waiting: Iterable[Deferred[None]]) -> Deferred[None]:
        done = gatherResults(list(waiting), consumeErrors=True)
        return done.addErrback(_first).addCallback(lambda _: None)

    def _closed_again(self, failure: Failure) -> Any:
        return self.close().addBoth(lambda _: failure)

    def _demand_fit(self, domain: str) -> None:
        for group in GROUPS:
            if len({self._choose(store, domain) for store in group}) > 1:
                raise StorageError(" and ".join(group), None, "must be kept by the same back-end")
        for feature, store in NEEDED:
            name = self._choose(store, domain)
            backend = self._backends.get(name)  # None: this process does not use that store
            if backend is not None and feature not in backend.features:
                raise StorageError(store, None, f"needs {feature!r}, which {name} cannot do")


class Stores:
    """The stores of one domain, each on the back-end chosen for it."""

    def __init__(self, stores: StoreMap, domain: str) -> None:
        self._stores = stores
        self._domain = domain
        self._group = stores.group
        self.on_kept = stores.on_kept
        self.on_failed = stores.on_failed
        self.erase = stores.erase

    @property
    def ticket(self) -> int:
        return self._group.ticket

    @property
    def kept(self) -> int:
        return self._group.kept

    def document(self, store: str, codec: Codec[T]) -> Document[T]:
        return self._stores.backend(store, self._domain).document(store, codec)

    def table(self, store: str, codec: Codec[T], *, versioned: bool = False) -> Table[T]:
        backend = self._stores.backend(store, self._domain)
        return backend.table(store, codec, versioned=versioned)

    def log(self, store: str) -> Log:
        return self._stores.backend(store, self._domain).log(store)

    def unit(self, store: str = "account") -> AbstractContextManager[Deferred[None]]:
        """A unit on the back-end of that store."""
        return self._stores.backend(store, self._domain).unit()


def _first(failure: Any) -> Any:
    return getattr(failure.value, "subFailure", failure)
