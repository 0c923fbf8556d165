"""One of two servers that talk to each other, whoever made it."""

from pathlib import Path
from typing import ClassVar, NamedTuple

from tests.scenarios.federation.certificates import Issued
from tests.scenarios.federation.place import Names, Place
from tests.scenarios.federation.security import DIALBACK, EXTERNAL, Security
from tests.scenarios.raw import RawClient, told
from tests.scenarios.server import password_of

REGISTER = "jabber:iq:register"


class Proof(NamedTuple):
    """A stream that was proved.

    :param inbound: whether the other server opened it.
    """

    inbound: bool
    mechanism: str


class World(NamedTuple):
    """What all servers of a test share.

    :param authority: the file of the authority that they believe.
    """

    folder: Path
    names: Names
    security: Security
    authority: Path


class Party:
    """A server of one domain, with a place for clients in plain text on loopback."""

    name: ClassVar[str]
    """What its domain begins with."""

    bidi: ClassVar[bool] = True
    """Whether it has bidirectional streams (XEP-0288)."""

    takes_server_only: ClassVar[bool] = True
    """Whether it believes who connects with a certificate that is for servers."""

    plain: int
    """The port for clients."""

    def __init__(self, world: World, place: Place, certificate: Issued) -> None:
        self.world = world
        self.security = world.security
        self.place = place
        self.domain = place.domain
        self.certificate = certificate
        self.folder = world.folder / self.domain
        self.log = self.folder / "server.log"

    @classmethod
    def missing(cls) -> str:
        """Why it cannot be run here; nothing when it can."""
        return ""

    def start(self) -> None:
        """Start it, and need not wait."""
        raise NotImplementedError

    def await_ready(self) -> None:
        """Wait until clients and servers can come."""
        raise NotImplementedError

    def proofs(self, other: str) -> list[Proof]:
        """How streams between it and another domain were proved, as it says itself."""
        raise NotImplementedError

    def begin_to_stop(self) -> None:
        """Ask it to end, and do not wait."""

    def stop(self) -> None:
        """End it."""
        raise NotImplementedError

    def logged(self) -> str:
        """What it has written so far."""
        raise NotImplementedError

    def mechanism(self) -> str:
        """What it proves others by who connect to it."""
        security = self.security
        fit = self.takes_server_only or not security.server_only
        return EXTERNAL if security.believed and fit else DIALBACK

    def add_account(self, name: str) -> None:
        """Register an account with `password_of` its name (XEP-0077)."""
        with RawClient(self.plain, self.domain).open() as client:
            fields = f"<username>{name}</username><password>{password_of(name)}</password>"
            client.send(f"<iq id='r' type='set'><query xmlns='{REGISTER}'>{fields}</query></iq>")
            answer = client.read()
            assert answer.get("type") == "result", told(answer)
