"""Files of owners in folders: opened without following links, replaced in one step."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

from xmppd.storage import filenames
from xmppd.storage.flusher import flush_file
from xmppd.storage.interfaces import Full, Owner, ReadOnly, StorageError, Unavailable

REAL_NAME = "_name"
"""In a folder whose name is cut: the whole name."""
NEW = ".new"

Where: TypeAlias = tuple[str, ...]
"""Names of folders, from the root of the tree on."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC

_KINDS: dict[int | None, type[StorageError]] = {
    errno.ENOSPC: Full,
    errno.EDQUOT: Full,
    errno.EROFS: ReadOnly,
    errno.EACCES: ReadOnly,
    errno.EPERM: ReadOnly,
}


class Signature(NamedTuple):
    """By this a file is known to be the one we read or wrote."""

    inode: int
    time: int
    size: int


@contextmanager
def translating(path: object) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        kind = _KINDS.get(problem.errno, Unavailable)
        raise kind(detail=f"{path}: {problem.strerror}") from problem


def folder_of(owner: Owner) -> Where:
    return filenames.encode(owner.realm), filenames.encode(owner.name)


class Tree:
    """A root folder and what lies below. Everything is private to us."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, where: Where, name: str) -> tuple[bytes, Signature] | None:
        """A file's content; None if there is none."""
        with translating(self.path(where, name)):
            try:
                with self._folder(where) as folder:
                    file = os.open(name, _READ, dir_fd=folder)
            except FileNotFoundError:
                return None
            with open(file, "rb") as stream:
                return stream.read(), _signature(os.fstat(file))

    def signature(self, where: Where, name: str) -> Signature | None:
        try:
            found = os.stat(self.path(where, name), follow_symlinks=False)
        except OSError:
            return None
        return _signature(found)

    def names(self, where: Where) -> list[str]:
        """What is in a folder, sorted, but for what was left over."""
        with translating(self.path(where)):
            try:
                with self._folder(where) as folder:
                    return sorted(name for name in os.listdir(folder) if not name.endswith(NEW))
            except (FileNotFoundError, NotADirectoryError):
                return []

    def folders(self, where: Where) -> list[str]:
        """The folders in a folder, sorted, whatever they are named."""
        with translating(self.path(where)):
            try:
                with self._folder(where) as folder, os.scandir(folder) as found:
                    return sorted(one.name for one in found if one.is_dir(follow_symlinks=False))
            except (FileNotFoundError, NotADirectoryError):
                return []

    def clean(self, where: Where) -> None:
        """Remove new contents whose `replace` never came, in all folders below."""
        with translating(self.path(where)):
            for folder, _, names in os.walk(self.path(where)):
                for name in names:
                    if name.endswith(NEW):
                        os.unlink(os.path.join(folder, name))

    def real_name(self, where: Where) -> str | None:
        """What the name of a folder stands for; None if it is not ours."""
        if not filenames.is_cut(where[-1]):
            return filenames.decode(where[-1])
        found = self.read(where, REAL_NAME)
        name = found[0].decode(errors="replace") if found else None
        return name if name is not None and filenames.encode(name) == where[-1] else None

    def make(self, where: Where, names: tuple[str, ...]) -> None:
        """Make folders; `names` are what theirs stand for."""
        for depth, (folder, name) in enumerate(zip(where, names, strict=False), 1):
            self._make(where[:depth])
            if filenames.is_cut(folder) and self.real_name(where[:depth]) is None:
                self.prepare(where[:depth], REAL_NAME, name.encode())
                self.replace(where[:depth], REAL_NAME)
        for depth in range(len(names) + 1, len(where) + 1):
            self._make(where[:depth])

    def prepare(self, where: Where, name: str, data: bytes, time: int | None = None) -> None:
        """Write and flush the new content of a file, for `replace`; `time` in microseconds."""
        with translating(self.path(where, name)), self._folder(where) as folder:
            file = os.open(name + NEW, _WRITE | os.O_TRUNC, 0o600, dir_fd=folder)
            with open(file, "wb") as stream:
                stream.write(data)
                stream.flush()
                if time is not None:
                    os.utime(file, ns=(time * 1000, time * 1000))
                os.fsync(file)

    def replace(self, where: Where, name: str) -> None:
        with translating(self.path(where, name)), self._folder(where) as folder:
            os.rename(name + NEW, name, src_dir_fd=folder, dst_dir_fd=folder)

    def append(self, where: Where, name: str, data: bytes) -> None:
        """Write at the end of a file and flush; cut it back if that fails."""
        with translating(self.path(where, name)), self._folder(where) as folder:
            file = os.open(name, _WRITE | os.O_APPEND, 0o600, dir_fd=folder)
            try:
                size = os.fstat(file).st_size
                try:
                    _write_all(file, data)
                    flush_file(file)
                except OSError:
                    os.ftruncate(file, size)
                    raise
            finally:
                os.close(file)

    def cut(self, where: Where, name: str, size: int) -> None:
        with translating(self.path(where, name)), self._folder(where) as folder:
            file = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                os.ftruncate(file, size)
                os.fsync(file)
            finally:
                os.close(file)

    def remove(self, where: Where, names: Iterable[str]) -> None:
        """Remove files, and the folder if nothing is left in it."""
        with translating(self.path(where)), suppress(FileNotFoundError):
            with self._folder(where) as folder:
                for name in names:
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=folder)
                if set(os.listdir(folder)) <= {REAL_NAME}:
                    with suppress(FileNotFoundError):
                        os.unlink(REAL_NAME, dir_fd=folder)
            with suppress(OSError):
                os.rmdir(self.path(where))

    def flush(self, where: Where) -> None:
        """What was made, renamed or removed in a folder is on the disk."""
        path = self.path(where)
        with translating(path), suppress(FileNotFoundError), self._folder(where) as folder:
            os.fsync(folder)

    def path(self, where: Where, name: str = "") -> Path:
        return self.root.joinpath(*where, name)

    def _make(self, where: Where) -> None:
        with translating(self.path(where)), self._folder(where[:-1]) as folder:
            try:
                os.mkdir(where[-1], 0o700, dir_fd=folder)
            except FileExistsError:
                return
            os.fsync(folder)

    @contextmanager
    def _folder(self, where: Where) -> Iterator[int]:
        folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in where:
                below = os.open(name, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = below
            yield folder
        finally:
            os.close(folder)


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _signature(found: os.stat_result) -> Signature:
    return Signature(found.st_ino, found.st_mtime_ns, found.st_size)
