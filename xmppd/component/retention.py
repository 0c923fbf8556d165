"""How long archives are kept: the oldest entries go first (XEP-0313, 2.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from xmppd.storage.interfaces import Log, Owner

STEP_SECONDS: Final = 0.02
STEP: Final = 500
"""Entries that are removed at a time."""
_DAY: Final = 24 * 3600 * 1_000_000


def at_least(least: int) -> Callable[[Any, attrs.Attribute[int], int], None]:
    """What refuses a smaller number, as a validator of an option."""

    def check(_: Any, attribute: attrs.Attribute[int], value: int) -> None:
        if value < least:
            raise ValueError(f"{attribute.name} must be {least} or more (got {value})")

    return check


@attrs.frozen
class Limits:
    """What is kept of one archive; 0: no limit."""

    days: int = attrs.field(default=0, validator=at_least(0))
    entries: int = attrs.field(default=0, validator=at_least(0))


async def shorten(log: Log, owner: Owner, limits: Limits, clock: IReactorTime) -> None:
    """Remove what is beyond the limits, a few entries at a time. Raises `StorageError`."""
    if limits == Limits():
        return
    now = int(clock.seconds() * 1_000_000)
    before = now - limits.days * _DAY if limits.days else None
    removed = STEP
    while removed == STEP:
        await deferLater(clock, STEP_SECONDS)
        removed = await log.trim(owner, before=before, keep=limits.entries or None, limit=STEP)
