"""Servers of others, as Debian packages them: each a process with a folder of its own."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import ClassVar

from tests.scenarios.federation.party import Party
from tests.scenarios.federation.place import await_true, end, listens_at
from tests.scenarios.ports import LOOPBACK, free_port


class Peer(Party):
    """A server in a process of its own, with a place for clients in plain text on loopback."""

    command: ClassVar[str]
    """What has to be on the path."""

    _process: subprocess.Popen[bytes] | None = None

    @classmethod
    def missing(cls) -> str:
        return "" if shutil.which(cls.command) else f"{cls.command} is not installed"

    def configure(self) -> Sequence[str]:
        """Write the configuration; return the words of the command line."""
        raise NotImplementedError

    def variables(self) -> dict[str, str]:
        """More for the environment."""
        return {}

    def start(self) -> None:
        self.folder.mkdir()
        self.plain = free_port()
        words = self.configure()
        with (self.folder / "output.log").open("wb") as output:
            self._process = subprocess.Popen(
                words,
                cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder), **self.variables()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def await_ready(self) -> None:
        await_true(lambda: self._ended or self._listens(), self.logged)
        assert not self._ended, self.logged()

    def _listens(self) -> bool:
        return listens_at(LOOPBACK, self.plain) and self.place.listens()

    @property
    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def begin_to_stop(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        if self._process is not None:
            end(self._process)

    def logged(self) -> str:
        file = self.log if self.log.exists() else self.folder / "output.log"
        return file.read_text("utf-8", "replace")
