"""A place between two servers, where connections can be broken."""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from tests.scenarios.ports import LOOPBACK

_AT_ONCE = struct.pack("ii", 1, 0)


class Relay:
    """Passes on what comes to `port`, both ways, to whatever `target` is by then."""

    def __init__(self) -> None:
        self.target = ("", 0)
        self.taken = 0
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listening.getsockname()[1]
        self._sockets: list[socket.socket] = []
        _run(self._take)

    def cut(self) -> None:
        """Break all connections, with what is under way on them."""
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                each.shutdown(socket.SHUT_RD)  # wakes who reads
            each.close()

    def stop(self) -> None:
        """Take no more connections, and end those there are."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()

    def _take(self) -> None:
        while True:
            here, _ = self._listening.accept()
            there = socket.create_connection(self.target)
            self.taken += 1
            self._sockets += [here, there]
            _run(lambda here=here, there=there: _pass_on(here, there))  # type: ignore[misc]
            _run(lambda here=here, there=there: _pass_on(there, here))  # type: ignore[misc]


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(4096):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def _run(work: Callable[[], None]) -> None:
    """In a thread, until a socket of its is closed."""

    def run() -> None:
        with suppress(OSError):
            work()

    Thread(target=run, daemon=True).start()
