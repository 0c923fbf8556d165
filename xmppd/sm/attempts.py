"""How often streams have failed to log in (RFC 6120, 6.4.5)."""

from typing import Final

import attrs

from xmppd.protocol.jid import Jid

MAX_ATTEMPTS: Final = 5
"""Failed attempts on one stream before it is closed."""
MAX_STREAMS: Final = 10_000
"""Streams whose failures are remembered; the oldest are forgotten first."""


@attrs.define
class _Failures:
    count: int = 0
    told: bool = False


class Attempts:
    """Counts for each stream, until that has logged in or gone."""

    def __init__(self) -> None:
        self._failures: dict[Jid, _Failures] = {}

    def failed(self, stream: Jid, refused: bool) -> tuple[bool, bool]:
        """One more attempt has failed.

        Returns whether it was the last one that the stream may make, and whether it is the first
        one that was refused for what the client has shown: that is told in the log, once a stream.
        """
        failures = self._failures.pop(stream, None) or _Failures()
        failures.count += 1
        tells = refused and not failures.told
        failures.told = failures.told or refused
        if failures.count < MAX_ATTEMPTS:
            self._failures[stream] = failures
        if len(self._failures) > MAX_STREAMS:
            del self._failures[next(iter(self._failures))]
        return failures.count >= MAX_ATTEMPTS, tells

    def forget(self, stream: Jid) -> None:
        """It has logged in, or gone."""
        self._failures.pop(stream, None)
