"""What a service of rooms is told by whoever runs it."""

from __future__ import annotations

from typing import Literal

import attrs

from xmppd.chat.option_set import OptionSet
from xmppd.chat.options.builtin import BUILTIN
from xmppd.chat.options.core import CORE


@attrs.frozen
class Limits:
    """How much one person may do; 0: as much as they like."""

    messages: int = 10
    """Each second, in one room."""
    presences: int = 2
    """Each second, in one room."""
    joins: int = 20
    """Each minute, of one room."""
    invitations: int = 10
    """Each minute."""
    creations: int = 20
    """Each hour."""
    pages: int = 5
    """Of archives, each second."""


UNLIMITED = Limits(0, 0, 0, 0, 0, 0)


@attrs.frozen
class RoomSettings:
    """`options` are those of rooms loaded or made from now on. Times are in seconds."""

    name: str = "Chatrooms"
    create: Literal["anyone", "local", "admins"] = "anyone"
    most_rooms: int = 100_000
    most_occupants: int = 5_000
    message_bytes: int = 65_536
    presence_bytes: int = 16_384
    silence: float = 900.0
    """After so long without a sign of life an occupant is pinged."""
    unload: float = 600.0
    """After so long with nobody inside a room that lasts leaves the memory."""
    unopened: float = 3_600.0
    """After so long a room ends that its maker has not configured."""
    gone: float = 86_400.0
    """For so long others do not make a room anew that its owner has destroyed."""
    limits: Limits = Limits()
    archive_days: int = 0
    """So long archives keep what was said; 0: for good."""
    archive_messages: int = 0
    """So much an archive keeps; 0: everything."""
    options: OptionSet = attrs.field(factory=lambda: OptionSet((*CORE, *BUILTIN)))
    admins: frozenset[str] = frozenset()
    local: frozenset[str] = frozenset()
    """Domains whose accounts count as local."""
    after_restart: Literal["tell", "readmit"] = "tell"
    """What becomes of those who are inside when the service ends."""

    @property
    def readmits(self) -> bool:
        """Whether those inside are inside again after a restart."""
        return self.after_restart == "readmit"
