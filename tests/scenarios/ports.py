"""Ports for servers of tests: none is given out twice, whoever runs tests beside us."""

import random
import socket
from collections import deque
from contextlib import suppress

LOOPBACK = "127.0.0.1"

_RANGE = (12_000, 32_000)
"""Outside that which connections take their own ports from."""
_KEPT = 200
"""Ports of which others stay away. Those before have been taken, or their servers have ended."""

_claims: deque[socket.socket] = deque()


def free_port(address: str = LOOPBACK, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody has at an address, nor will have who asks here, in whatever process.

    Whoever asked for it may leave it for a while, as a server that is killed and started again.
    """
    while True:
        port = random.randrange(*_RANGE)
        with suppress(OSError), socket.socket(type=kind) as tried:
            tried.bind((address, port))
            _claim(port)
            return port


def _claim(port: int) -> None:
    """Keep others from a port. Raises OSError when somebody has claimed it."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0xmppd-test-port-{port}")  # a name without a file, gone with the socket
    except OSError:
        claim.close()
        raise
    _claims.append(claim)
    if len(_claims) > _KEPT:
        _claims.popleft().close()
