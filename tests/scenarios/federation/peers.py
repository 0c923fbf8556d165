"""Servers of others, as Debian packages them: each a process with a folder of its own."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from xml.sax.saxutils import escape

from tests.scenarios.federation.certificates import Issued
from tests.scenarios.federation.place import Names, Place, await_true, end, listens_at
from tests.scenarios.federation.security import Security
from tests.scenarios.raw import RawClient, told
from tests.scenarios.server import LOOPBACK, free_port, password_of

REGISTER = "jabber:iq:register"


class Peer:
    """A server in a process of its own, with a place for clients in plain text on loopback.

    :param folder: where its configuration, its data and its log go.
    :param authority: the file of the authority that it believes.
    """

    command: ClassVar[str]
    """What has to be on the path."""

    def __init__(
        self,
        folder: Path,
        place: Place,
        names: Names,
        security: Security,
        certificate: Issued,
        authority: Path,
    ) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True)
        self.place = place
        self.domain = place.domain
        self.names = names
        self.security = security
        self.certificate = certificate
        self.authority = authority
        self.plain = free_port()
        self.log = self.folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def installed(cls) -> bool:
        """Whether it can be run here."""
        return shutil.which(cls.command) is not None

    def configure(self) -> Sequence[str]:
        """Write the configuration; return the words of the command line."""
        raise NotImplementedError

    def variables(self) -> dict[str, str]:
        """More for the environment."""
        return {}

    def proof(self, other: str, inbound: bool) -> str | None:
        """How it says that a stream of another domain, or one to it, was proved."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and do not wait."""
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
        """Wait until clients and servers can come."""
        places = [(LOOPBACK, self.plain), *((self.place.address, p) for p in self.place.ports)]
        for place in places:
            await_true(lambda place=place: self._ended() or listens_at(*place), self.logged)
        assert not self._ended(), self.logged()

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def add_accounts(self, *names: str) -> None:
        """Register accounts, each with `password_of` its name (XEP-0077)."""
        for name in names:
            with RawClient(self.plain, self.domain).open() as client:
                fields = {"username": name, "password": password_of(name)}
                filled = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in fields.items())
                client.send(f"<iq id='r' type='set'><query xmlns='{REGISTER}'>{filled}</query></iq>")
                answer = client.read()
                assert answer.get("type") == "result", told(answer)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            end(self._process)

    def logged(self) -> str:
        """What it has written so far."""
        files = [self.folder / "output.log", self.log]
        return "\n".join(f.read_text("utf-8", "replace") for f in files if f.exists())
