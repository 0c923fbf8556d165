"""Why a remote domain cannot be reached."""

from typing import Final

import attrs

_DIALBACK: Final = {
    "remote-server-not-found": "remote-connection-failed",
    "remote-server-timeout": "remote-server-timeout",
}


@attrs.frozen
class Problem:
    """A stanza error's condition, and words for people.

    `unknown` says that there is no such server, and not just none that can be talked to.
    """

    condition: str
    text: str
    unknown: bool = False

    @property
    def dialback(self) -> str:
        """What it is called where a key could not be verified (XEP-0220, 2.5)."""
        if self.unknown:
            return "remote-server-not-found"
        return _DIALBACK.get(self.condition, "remote-connection-failed")
