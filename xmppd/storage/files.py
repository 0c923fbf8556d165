"""Which file holds what: the places of the directory store.

`accounts/<realm>/<name>/` holds `<store>.toml` or `<store>.xml` for documents, `<store>.toml` for
tables, and a folder `<store>/` with a file a month for logs. A file's time of change is the
version it was written at; another time says that a hand has changed it since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from twisted.logger import Logger

from xmppd.storage import filenames, text
from xmppd.storage.driver import Cell, Place
from xmppd.storage.holding import Entries, Rows
from xmppd.storage.interfaces import Corrupt, Entry, Owner, Version
from xmppd.storage.tree import Signature, Tree, Where, folder_of

R = TypeVar("R")

TOML, XML, LOG, TORN = ".toml", ".xml", ".log", ".torn"
ACCOUNTS = "accounts"


def month(time: int) -> str:
    """The file that an entry of this time is in."""
    return f"{datetime.fromtimestamp(time / 1_000_000, UTC):%Y-%m}{LOG}"


def owner_folder(owner: Owner) -> Where:
    return (ACCOUNTS, *folder_of(owner))


def log_folder(place: Place) -> Where:
    return (*owner_folder(place.owner), filenames.encode(place.store))


class StoreFiles:
    """Reads the files of places; raises `Corrupt` with file and line for what it cannot read."""

    _log = Logger()

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def document(self, place: Place) -> tuple[Cell | None, Signature | None]:
        found = self._read(place, XML)
        if found is not None:
            return Cell(found[0], found[1].time // 1000), found[1]
        found = self._read(place, TOML)
        if found is None:
            return None, None
        cell = self._parse(place, found[0], text.read_document)
        return cell._replace(version=_version(cell.version, found[1])), found[1]

    def table(self, place: Place) -> tuple[Rows, Signature | None]:
        found = self._read(place, TOML)
        if found is None:
            return Rows(), None
        rows = self._parse(place, found[0], text.read_table)
        return rows.ending_at(_version(rows.floor, found[1])), found[1]

    def log(self, place: Place) -> Entries:
        where, entries = log_folder(place), Entries()
        for name in self._tree.names(where):
            if name.endswith(LOG):
                for entry in self._month(place, where, name):
                    entries.add(entry)
        return entries

    def unknown(self, place: Place) -> Cell | Rows | Entries | None:
        """What is there, of whatever shape."""
        if not self._tree.path(log_folder(place)).is_dir():
            try:
                return self.document(place)[0]
            except Corrupt:
                return self.table(place)[0]
        return self.log(place)

    def signature(self, place: Place) -> Signature | None:
        where = owner_folder(place.owner)
        names = (filenames.encode(place.store) + ending for ending in (XML, TOML))
        found = (self._tree.signature(where, name) for name in names)
        return next((one for one in found if one is not None), None)

    def stores(self, owner: Owner) -> set[str]:
        """The stores of which an owner has a file or folder."""
        names = self._tree.names(owner_folder(owner))
        stems = (name.removesuffix(TOML).removesuffix(XML) for name in names)
        return {store for stem in stems if (store := filenames.decode(stem))}

    def owners(self, realm: str) -> Iterable[Owner]:
        where = (ACCOUNTS, filenames.encode(realm))
        for folder in self._tree.folders(where):
            name = self._tree.real_name((*where, folder))
            if name is not None:
                yield Owner(realm, name)

    def realms(self) -> Iterable[str]:
        for folder in self._tree.folders((ACCOUNTS,)):
            realm = self._tree.real_name((ACCOUNTS, folder))
            if realm is not None:
                yield realm

    def path(self, place: Place, ending: str) -> str:
        name = filenames.encode(place.store) + ending
        return str(self._tree.path(owner_folder(place.owner), name))

    def _read(self, place: Place, ending: str) -> tuple[bytes, Signature] | None:
        name = filenames.encode(place.store) + ending
        return self._tree.read(owner_folder(place.owner), name)

    def _parse(self, place: Place, data: bytes, parse: Callable[[bytes], R]) -> R:
        try:
            return parse(data)
        except ValueError as problem:
            raise Corrupt(*place, f"{self.path(place, TOML)}: {problem}") from problem

    def _month(self, place: Place, where: Where, name: str) -> list[Entry]:
        found = self._tree.read(where, name)
        data = found[0] if found else b""
        try:
            entries, end = text.read_entries(data)
        except ValueError as problem:
            raise Corrupt(*place, f"{self._tree.path(where, name)}: {problem}") from problem
        if end < len(data):
            self._log.warn(
                "{path}: the last {number} bytes are no whole entry, moved to {torn}",
                path=self._tree.path(where, name),
                number=len(data) - end,
                torn=name + TORN,
            )
            self._tree.append(where, name + TORN, data[end:])
            self._tree.cut(where, name, end)
        return entries


def _version(written: Version, signature: Signature) -> Version:
    if signature.time == written * 1000:
        return written
    return max(written + 1, signature.time // 1000)
