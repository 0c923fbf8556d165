"""How a connection of a link behaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

PING_SECONDS: Final = 30.0
"""A link that says nothing for so long is asked for a sign of life; after as long again without
one it counts as down."""


@attrs.frozen
class WireSettings:
    """How a connection of a link behaves. Sizes are in bytes, times in seconds.

    `secret` is None where a certificate does instead: who listens has `vouches` then, which tells
    of a transport whether the peer has shown the right one.
    """

    secret: str | None = attrs.field(repr=False)
    max_stanza: int = 1024 * 1024
    trusted: bool = False
    ping: float = PING_SECONDS
    vouches: Callable[[Any], bool] | None = None
