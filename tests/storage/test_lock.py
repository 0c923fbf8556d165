"""One process per store."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from xmppd.storage.interfaces import Locked, ReadOnly
from xmppd.storage.lock import StoreLock


class LockTest(SynchronousTestCase):
    def test_locked(self) -> None:
        """The second one is told who has it; afterwards it is free."""
        folder = Path(self.mktemp())
        first, second = StoreLock(folder, "lock"), StoreLock(folder, "lock")
        first.take()
        problem = self.assertRaises(Locked, second.take)
        self.assertIn(f"process {os.getpid()} ", str(problem))
        first.release()
        second.take()
        second.release()

    def test_full_disk(self) -> None:
        """Where there is no space for a note of who has it, it is locked all the same.

        What is stored can still be read on a full disk: the server starts.
        """
        first, second = (StoreLock(Path("/dev"), "full") for _ in range(2))
        first.take()
        self.addCleanup(first.release)
        self.assertRaises(Locked, second.take)

    def test_link(self) -> None:
        """A link in place of the lock is not followed."""
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "lock").symlink_to("elsewhere")
        self.assertRaises(ReadOnly, StoreLock(folder, "lock").take)
        self.assertFalse((folder / "elsewhere").exists())
