"""Why a remote domain cannot be reached."""

from __future__ import annotations

from typing import Final

import attrs

from xmppd.protocol.errors import STREAM_CONDITIONS
from xmppd.protocol.namespaces import STREAM_ERRORS
from xmppd.protocol.stanza import Stanza

_DIALBACK: Final = {
    "remote-server-not-found": "remote-connection-failed",
    "remote-server-timeout": "remote-server-timeout",
}

_PASSING: Final = frozenset({"connection-timeout", "remote-connection-failed", "reset"})
"""Stream errors that mean that it would serve us another time."""


@attrs.frozen
class Problem:
    """A stanza error's condition, and words for people.

    `unknown` says that there is no such server, and not just none that can be talked to.
    """

    condition: str
    text: str
    unknown: bool = False

    @classmethod
    def told(cls, error: Stanza) -> Problem:
        """What a stream error of the remote's says (RFC 6120, 4.9.3)."""
        named = [child.name for child in error.element().elements() if child.uri == STREAM_ERRORS]
        condition = next((name for name in named if name in STREAM_CONDITIONS), "an error")
        name = "remote-server-timeout" if condition in _PASSING else "remote-server-not-found"
        return cls(name, f"it answers {condition}", condition == "host-unknown")

    @property
    def dialback(self) -> str:
        """What it is called where a key could not be verified (XEP-0220, 2.5)."""
        if self.unknown:
            return "remote-server-not-found"
        return _DIALBACK.get(self.condition, "remote-connection-failed")
