"""Writing a batch into files: first all new contents beside the old ones, then all renames."""

from __future__ import annotations

from collections.abc import Iterable

from xmppd.storage import filenames, text
from xmppd.storage.driver import FOREVER, Cell, Place, Span
from xmppd.storage.files import ACCOUNTS, LOG, TOML, XML, log_folder, month, owner_folder
from xmppd.storage.holding import Entries, Rows
from xmppd.storage.interfaces import Entry, StorageError, Version
from xmppd.storage.tree import Tree, Where


class LogChange:
    """What a batch did to a log: months to append to, months to write anew."""

    def __init__(self) -> None:
        self.appended: list[int] = []
        self.rewritten: set[str] = set()

    def append(self, time: int) -> None:
        self.appended.append(time)

    def rewrite(self, times: Iterable[int]) -> None:
        self.rewritten.update(map(month, times))

    def rewrite_appended(self) -> None:
        """Some of it was undone: write what is left."""
        self.rewrite(self.appended)
        self.appended.clear()


class FileCommit:
    """One batch, on its way to the disk."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._replaced: list[tuple[Where, str]] = []
        self._removed: list[tuple[Where, list[str]]] = []
        self._appended: list[tuple[Where, str, bytes]] = []
        self._folders: set[Where] = set()

    def add(
        self, place: Place, held: Cell | Rows | Entries | None, change: LogChange | None
    ) -> None:
        """Prepare the files of a place; raises `StorageError` with nothing changed yet."""
        name, where = filenames.encode(place.store), owner_folder(place.owner)
        if isinstance(held, Entries):
            self._add_log(place, held, change or LogChange())
        elif isinstance(held, Cell):
            ending, other = (XML, TOML) if isinstance(held.raw, bytes) else (TOML, XML)
            self._replace(place, where, name + ending, text.write_document(held), held.version)
            self._removed.append((where, [name + other]))
        elif held is not None and not held.empty():
            self._replace(place, where, name + TOML, text.write_table(held), held.version())
        else:
            self._remove(where, [name + TOML, name + XML])
            if held is None:
                self._remove_log(place)

    def run(self) -> None:
        """Make it so. When this raises, files may have changed, but each is whole."""
        self._append()
        for where, name in self._replaced:
            self._tree.replace(where, name)
        for where, names in self._removed:
            self._tree.remove(where, names)
        for where in self._folders:
            self._tree.flush(where)

    def _append(self) -> None:
        done: list[tuple[Where, str, int]] = []
        try:
            for where, name, data in self._appended:
                before = self._tree.signature(where, name)
                self._tree.append(where, name, data)
                done.append((where, name, before.size if before else 0))
        except StorageError:
            for where, name, size in done:
                self._tree.cut(where, name, size)
            raise

    def _add_log(self, place: Place, held: Entries, change: LogChange) -> None:
        where = log_folder(place)
        entries: dict[str, list[Entry]] = {}
        for time in change.appended:
            found = held.find(time)
            if found is not None and month(time) not in change.rewritten:
                entries.setdefault(month(time), []).append(found)
        for name, some in entries.items():
            self._make(place, where)
            self._appended.append((where, name, b"".join(map(text.write_entry, some))))
        for name in change.rewritten:
            some = [entry for entry in held.select(Span(0, FOREVER)) if month(entry.time) == name]
            if some:
                self._replace(place, where, name, b"".join(map(text.write_entry, some)), None)
            else:
                self._remove(where, [name])

    def _remove_log(self, place: Place) -> None:
        where = log_folder(place)
        names = self._tree.names(where)
        if any(LOG in name for name in names):
            # first: the folder above goes only when it is empty
            self._removed.insert(0, (where, names))
            self._folders.update((where, where[:-1]))

    def _remove(self, where: Where, names: list[str]) -> None:
        """With the last file its folder goes, which is a change of the folder above."""
        self._removed.append((where, names))
        self._folders.update((where, where[:-1]))

    def _replace(
        self, place: Place, where: Where, name: str, data: bytes, version: Version | None
    ) -> None:
        self._make(place, where)
        self._tree.prepare(where, name, data, version)
        self._replaced.append((where, name))

    def _make(self, place: Place, where: Where) -> None:
        self._tree.make(where, (ACCOUNTS, *place.owner))
        self._folders.add(where)
