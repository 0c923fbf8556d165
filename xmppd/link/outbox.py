"""What a connection of a link writes: all of one reactor turn together, and no more than fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from xmppd.link.output import Output
from xmppd.link.turn import Turn

HIGH_WATER: Final = 1024 * 1024
"""Bytes written in one turn above which a connection counts as full until they are taken."""


@implementer(IPushProducer)
class Outbox:
    """Towards its transport it is the producer.

    `full` says that it is to be given no more for now; `drained` is called when it takes again.
    """

    def __init__(self, turn: Turn, drained: Callable[[], None]) -> None:
        self.full = False
        self._turn = turn
        self._drained = drained
        self._output: Output | None = None
        self._out: list[bytes] = []
        self._size = 0
        self._choked = False

    def connect(self, transport: Any) -> None:
        """Write there."""
        self._output = Output(transport)
        self._output.watch(self)

    def write(self, data: bytes) -> None:
        """Have that written at the end of this turn."""
        out = self._out
        if not out:
            self._turn.later(self.flush)
        out.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER:
            self.full = True

    def flush(self) -> None:
        """Write what there is now."""
        out, self._out, self._size = self._out, [], 0
        if out and self._output is not None:
            self._output.write(b"".join(out))
        if self.full and not self._choked:
            self._has_drained()

    def left(self) -> int:
        """Bytes that wait for the socket, as far as the transport tells."""
        return 0 if self._output is None else self._output.left()

    def finish(self) -> None:
        """Close the connection once all is written."""
        self.flush()
        if self._output is not None:
            self._output.finish()

    def abort(self) -> None:
        """Close the connection at once."""
        if self._output is not None:
            self._output.abort()

    def _has_drained(self) -> None:
        self.full = False
        self._drained()

    # IPushProducer

    def pauseProducing(self) -> None:
        """The transport's buffer is full."""
        self.full = self._choked = True

    def resumeProducing(self) -> None:
        """The transport's buffer is empty again."""
        self._choked = False
        self._has_drained()

    def stopProducing(self) -> None:
        """The transport takes no more."""
        self.full = self._choked = True
