"""What a service of rooms is told by whoever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs


@attrs.frozen
class RoomSettings:
    """`defaults` are values of new rooms' configuration. Times are in seconds."""

    name: str = "Chatrooms"
    create: Literal["anyone", "local", "admins"] = "anyone"
    most_rooms: int = 100_000
    most_occupants: int = 5_000
    silence: float = 900.0
    """After so long without a sign of life an occupant is pinged."""
    archive_days: int = 0
    """So long archives keep what was said; 0: for good."""
    archive_messages: int = 0
    """So much an archive keeps; 0: everything."""
    defaults: Mapping[str, Any] = attrs.field(factory=dict)
    admins: frozenset[str] = frozenset()
    local: frozenset[str] = frozenset()
    """Domains whose accounts count as local."""
