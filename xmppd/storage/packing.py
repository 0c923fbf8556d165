"""A folder as one tar file."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable
from pathlib import Path

from xmppd.storage.flusher import flush_path
from xmppd.storage.tree import translating


def pack(folder: Path, names: Iterable[str], target: Path) -> None:
    """Write those members of a folder that are there to a new file that only we can read.

    Raises `StorageError`, with nothing left behind.
    """
    with translating(target):
        file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(file, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as tar:
                for name in names:
                    if (folder / name).exists():
                        tar.add(folder / name, name)
            flush_path(target)
            flush_path(target.parent)
        except OSError:
            target.unlink()
            raise
