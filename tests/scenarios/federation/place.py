"""Where servers of a test are, and how they find each other."""

import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.scenarios.ports import free_port
from tests.scenarios.server import ROOT, STARTING, environment

STOPPING = 10.0
"""Seconds to end in good order."""


class Place(NamedTuple):
    """Where a server takes others.

    :param address: one of loopback, of its own.
    :param starttls: the port where TLS is asked for in the stream; 0 when there is none.
    :param direct: the port where TLS comes first; 0 when there is none.
    """

    domain: str
    address: str
    starttls: int
    direct: int

    def listens(self) -> bool:
        """Whether somebody takes connections at every port."""
        ports = (port for port in (self.starttls, self.direct) if port)
        return all(listens_at(self.address, port) for port in ports)


def rooms_of(domain: str) -> str:
    """Where a server has its rooms."""
    return f"rooms.{domain}"


def free_place(domain: str, starttls: bool = True, direct: bool = False) -> Place:
    """An address and ports that nobody has."""
    address = f"127.{random.randrange(1, 255)}.{random.randrange(255)}.{random.randrange(1, 255)}"
    ports = (free_port(address) if wanted else 0 for wanted in (starttls, direct))
    return Place(domain, address, *ports)


def listens_at(address: str, port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as tried:
        tried.settimeout(5)
        return tried.connect_ex((address, port)) == 0


def await_true(check: Callable[[], object], told: Callable[[], str]) -> None:
    """Wait until something holds; fail with what is told when it takes too long."""
    deadline = time.monotonic() + STARTING
    while not check():
        if time.monotonic() > deadline:
            raise AssertionError(told())
        time.sleep(0.02)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it when it does not."""
    process.terminate()
    try:
        process.wait(STOPPING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOPPING)


class Names:
    """The DNS of a test, at an address of loopback and two ports; it knows rooms of places too.

    :param names: the port of the view whose SRV have names for targets.
    :param addresses: the port of the view whose SRV have addresses for targets.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self.address = "127.0.0.53"
        kind = socket.SOCK_DGRAM
        self.names, self.addresses = (free_port(self.address, kind) for _ in range(2))
        module = "tests.scenarios.federation.zone"
        rooms = [place._replace(domain=rooms_of(place.domain)) for place in places]
        known = json.dumps([*places, *rooms])
        words = [self.names, self.addresses, self.address, known]
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, words)],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    def await_ready(self) -> None:
        """Wait until it answers."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line == b"ready\n", f"the DNS server has ended after {line!r}"

    def stop(self) -> None:
        """End it."""
        end(self._process)
        assert self._process.stdout is not None
        self._process.stdout.close()
