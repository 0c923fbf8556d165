"""The certificate that the other side of a stream has shown, and what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xmppd.tls.transport import shown_by
from xmppd.tls.trust import Examined, Trust

if TYPE_CHECKING:
    from xmppd.s2s.server_stream import ServerStream

REMEMBERED_SECONDS: Final = 600
"""So long what was found out holds: by then a certificate may be one that has expired."""


class Certified:
    """Examines it once, however many domains are asked about: others can ask much at little cost.

    It is looked at anew after some time, and once other authorities are believed.
    """

    def __init__(self, stream: ServerStream) -> None:
        self._stream = stream
        self._examined: Examined | None = None
        self._trust: Trust | None = None
        self._since = 0.0

    def why_not(self, domain: str) -> str:
        """Say why it does not stand for a domain; empty if it does."""
        examined = self._examined
        if examined is None or not self._holds:
            examined = self._examine()
        return examined.why_not(domain)

    @property
    def _holds(self) -> bool:
        stream = self._stream
        fresh = stream.clock.seconds() < self._since + REMEMBERED_SECONDS
        return fresh and self._trust is stream.edge.trust

    def _examine(self) -> Examined:
        """Nothing is remembered of a connection that has shown none, or none yet."""
        stream = self._stream
        shown = shown_by(stream.transport)
        self._trust, self._since = stream.edge.trust, stream.clock.seconds()
        examined = self._trust.examine(shown)
        self._examined = examined if shown else None
        return examined
