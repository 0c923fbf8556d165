"""One process per store: a lock on a file that names its holder."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from xmppd.storage.interfaces import Locked, ReadOnly, Unavailable


class StoreLock:
    """Holds a file of this name in a folder while it is open."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / name
        self._file: int | None = None

    def take(self) -> None:
        """Make the folder if need be. Raises `Locked`, `ReadOnly`, `Unavailable`."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            file = os.open(self._path, flags, 0o600)
        except OSError as problem:
            why = f"user {os.geteuid()} cannot write {self._path}: {problem.strerror}"
            raise ReadOnly(detail=why) from problem
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            holder = os.read(file, 20).decode("ascii", "replace").strip()
            os.close(file)
            raise Locked(detail=f"process {holder} has {self._path.parent} open") from problem
        except OSError as problem:
            os.close(file)
            why = f"the file system of {self._path} cannot lock: {problem.strerror}"
            raise Unavailable(detail=why) from problem
        self._file = file
        with suppress(OSError):  # the note is for people: a full disk forbids it, but no reading
            os.ftruncate(file, 0)
            os.pwrite(file, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
