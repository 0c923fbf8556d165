"""The socket through which the owner of a running server has verbs carried out.

One JSON object a line: `{"verb": ..., "args": {...}}` is answered by `{"result": ...}` or by
`{"error": "one line"}`. Before that come any number of `{"part": ...}`, from
verbs that tell things as they happen; those end when the connection does. Nothing of a request is
logged but the verb: it may hold a password.
"""

import json
import os
import socket
import stat
import struct
from hashlib import sha256
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from xmppd.app.config_model import Config
from xmppd.app.ctl.verb import Refused, Role, Tell
from xmppd.app.ctl.verbs import perform

MAX_LINE = 1 << 20
"""Bytes of a request."""

MAX_PATH = 107 if os.uname().sysname == "Linux" else 103
"""Bytes that the path of a UNIX socket may have."""

INSTANCE = "xmpp-im"
"""The name of a server that is one process."""

_log = Logger()


class SocketTaken(Exception):
    """The place of the socket is in use; the text is one line."""


def socket_path(config: Config, name: str = INSTANCE) -> Path:
    """Return where the socket of an instance is: in the data directory.

    Where that makes the path too long for a socket, a name in /tmp that the owner and the path
    of the data directory decide.
    """
    data = config.data.resolve()
    place = data / f"{name}.sock"
    if len(os.fsencode(place)) <= MAX_PATH:
        return place
    try:
        owner = data.stat().st_uid
    except OSError:
        owner = os.geteuid()
    return Path(f"/tmp/xmppd-{owner}-{sha256(os.fsencode(place)).hexdigest()[:16]}.sock")


def peer_uid(connection: socket.socket) -> int | None:
    """Return the user at the other end of a UNIX socket; None where the system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, 12))
    return int(uid)


class AdminProtocol(LineReceiver):
    """One connection; its requests are carried out one after the other."""

    delimiter = b"\n"
    MAX_LENGTH = MAX_LINE

    def __init__(self, service: "AdminSocket") -> None:
        self._service = service
        self._streaming = False
        self._answering: Deferred[None] | None = None

    def connectionMade(self) -> None:
        """Turn away everybody but the owner of this process and root."""
        transport: Any = self.transport
        uid = peer_uid(transport.getHandle())
        if self._service.trusts(uid):
            self._service.connections.add(self)
        else:
            self.end(f"uid {uid} may not administer this server")

    def connectionLost(self, reason: Failure = Failure(Exception())) -> None:  # noqa: B008
        """Forget the connection; what it has asked for is still carried out, but no parts told."""
        self._service.connections.discard(self)
        if self._streaming and self._answering is not None:
            self._answering.cancel()

    def lineReceived(self, line: bytes) -> None:
        """Carry out one request, and read on after that."""
        self.pauseProducing()  # type: ignore[no-untyped-call]
        self._streaming = False
        self._answering = Deferred.fromCoroutine(self._answer(line))

    def lineLengthExceeded(self, line: bytes) -> None:
        """End the connection: what follows cannot be understood."""
        self.end(f"a request may not be longer than {MAX_LINE} bytes")

    def end(self, problem: str) -> None:
        """Say why, and end the connection."""
        assert self.transport is not None
        self.sendLine(_written({"error": problem}))  # type: ignore[no-untyped-call]
        self.transport.loseConnection()

    async def _answer(self, line: bytes) -> None:
        try:
            answer = await self._service.answer(line, self._tell)
        except CancelledError:
            return
        self._answering = None
        self.sendLine(answer)  # type: ignore[no-untyped-call]
        self.resumeProducing()  # type: ignore[no-untyped-call]

    def _tell(self, part: Any) -> None:
        """Pass on a part of an answer; from the first on, notice the end of the connection."""
        if not self._streaming:
            self._streaming = True
            transport: Any = self.transport
            transport.resumeProducing()  # what comes waits, as `paused` is still set
        self.sendLine(_written({"part": part}))  # type: ignore[no-untyped-call]


class AdminFactory(Factory):
    """Makes the protocols of those who connect."""

    noisy = False

    def __init__(self, service: "AdminSocket") -> None:
        self._service = service

    def buildProtocol(self, addr: IAddress | None) -> AdminProtocol:
        return AdminProtocol(self._service)


class AdminSocket(Service):
    """Listens at a path as long as it runs; see `socket_path`."""

    def __init__(self, server: Role, path: Path) -> None:
        self.path = path
        self.connections: set[AdminProtocol] = set()
        self._server = server
        self._port: IListeningPort | None = None

    def startService(self) -> None:
        """Listen. Raises `SocketTaken`, or CannotListenError."""
        super().startService()  # type: ignore[no-untyped-call]
        make_room(self.path)
        factory = AdminFactory(self)
        self._port = self._server.reactor.listenUNIX(str(self.path), factory, mode=0o600)
        if self.path.parent != self._server.config.data.resolve():
            _log.info(
                "administration at {path}: the path of {data} is too long for a socket",
                path=self.path,
                data=self._server.config.data,
            )

    def stopService(self) -> Deferred[Any]:
        """Stop listening and end the connections."""
        super().stopService()  # type: ignore[no-untyped-call]
        for connection in self.connections:
            assert connection.transport is not None
            connection.transport.loseConnection()
        port, self._port = self._port, None
        stopped = maybeDeferred(port.stopListening if port else lambda: None)
        # somebody may have removed the socket: that must not hinder the rest from stopping
        return stopped.addErrback(lambda failure: failure.trap(FileNotFoundError))

    def trusts(self, uid: int | None) -> bool:
        """Whether a user may administer: the owner of this process, or root."""
        return uid in (None, 0, os.geteuid())

    async def answer(self, line: bytes, tell: Tell | None = None) -> bytes:
        """Carry out a request and give the answer, a line too. Cancelled, it raises so."""
        verb = "?"
        try:
            verb, args = _parsed(line)
            return _written({"result": await perform(self._server, verb, args, tell)})
        except Refused as problem:
            return _written({"error": str(problem)})
        except CancelledError:
            raise
        except Exception:
            _log.failure("The verb {verb} failed", verb=verb)
            return _written({"error": "the server failed at this (its log says how)"})


def make_room(path: Path) -> None:
    """Remove a socket that nobody answers at any more. Raises `SocketTaken`."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise SocketTaken(f"{path}: is no socket (move it away)")
        if answers(path):
            raise SocketTaken(f"{path}: another server answers there (stop it)")
        path.unlink()
    except FileNotFoundError:
        pass
    except OSError as problem:
        why = f"{problem.strerror} (running as uid {os.geteuid()})"
        raise SocketTaken(f"{path}: {why}") from None


def answers(path: Path) -> bool:
    """Tell whether somebody listens at a socket. Raises OSError where there is none."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except BlockingIOError:
            pass  # somebody listens and is busy
    return True


def _written(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode()


def _parsed(line: bytes) -> tuple[str, dict[str, Any]]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise Refused("a request must be one line of JSON") from None
    match request:
        case {"verb": str(verb), "args": dict(args), **rest} if not rest:
            return verb, args
        case {"verb": str(verb), **rest} if not rest:
            return verb, {}
    raise Refused('a request must be {"verb": text, "args": table}')
