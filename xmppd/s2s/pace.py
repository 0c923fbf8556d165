"""How fast a connection is read."""

from typing import Any, Final

from xmppd.component.allowance import Allowance
from xmppd.s2s.wire import ServerWire

BURST_SECONDS: Final = 4
"""So many seconds' worth of bytes are taken at once from a stream that was quiet before."""


class Pace:
    """Lets a connection rest when more has come than is allowed for."""

    def __init__(self, wire: ServerWire, rate: float) -> None:
        """
        :param rate: bytes a second, over time.
        """
        self._wire = wire
        self._bytes = Allowance(wire.clock, rate, BURST_SECONDS * rate)
        self._resting = False

    def spend(self, size: int) -> None:
        """Count bytes that were read."""
        self.rest(self._bytes.spend(size))

    def rest(self, seconds: float) -> None:
        """Do not read for so long."""
        transport = self._transport
        if seconds > 0 and not self._resting and transport is not None:
            self._resting = True
            transport.pauseProducing()
            self._wire.clock.callLater(seconds, self._read_again)

    def _read_again(self) -> None:
        self._resting = False
        transport = self._transport
        if transport is not None:
            transport.resumeProducing()

    @property
    def _transport(self) -> Any:
        return None if self._wire.over else self._wire.transport
