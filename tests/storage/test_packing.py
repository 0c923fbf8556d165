"""A folder as one tar file: whole, or not there."""

from __future__ import annotations

import errno
import tarfile
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from xmppd.storage.interfaces import Full, StorageError
from xmppd.storage.packing import pack


class PackTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        (self.folder / "accounts").mkdir(parents=True)
        (self.folder / "accounts" / "juliet").write_text("secret")
        self.target = Path(self.mktemp())

    def test_packed(self) -> None:
        """What is there is in it, for our eyes only; it is never written over another."""
        pack(self.folder, ["format", "accounts"], self.target)
        self.assertEqual(self.target.stat().st_mode & 0o777, 0o600)
        with tarfile.open(self.target) as tar:
            self.assertEqual(tar.getnames(), ["accounts", "accounts/juliet"])
        self.assertRaises(StorageError, pack, self.folder, ["accounts"], self.target)
        self.assertTrue(self.target.exists())

    def test_full(self) -> None:
        """Half a file is taken away, so that the next attempt does not find it there."""

        def names() -> Iterator[str]:
            yield "accounts"
            raise OSError(errno.ENOSPC, "no space")

        self.assertRaises(Full, pack, self.folder, names(), self.target)
        self.assertFalse(self.target.exists())
