"""What systemd is told."""

import os
import socket
from pathlib import Path
from tempfile import mkdtemp

from twisted.python.filepath import FilePath
from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.systemd import READY, notify


class NotifyTest(SynchronousTestCase):
    def told(self, address: str, place: str) -> bytes:
        """What arrives at a socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(address)
            systemd.setblocking(False)
            notify(READY, place)
            return systemd.recv(100)

    def test_path(self) -> None:
        folder = Path(mkdtemp())
        self.addCleanup(FilePath(str(folder)).remove)
        path = str(folder / "notify")
        self.assertEqual(self.told(path, path), b"READY=1")

    def test_abstract(self) -> None:
        name = f"xmppd-test-{os.getpid()}"
        self.assertEqual(self.told("\0" + name, "@" + name), b"READY=1")

    def test_nobody_wants_to_know(self) -> None:
        notify(READY, "")
        notify(READY, "/nowhere/notify")
