"""How long archives are kept: one account at a time, a few entries at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from xmppd.storage.interfaces import StorageError

if TYPE_CHECKING:
    from xmppd.sm.host import Host

EVERY_SECONDS: Final = 3600.0
"""From the end of one round through all accounts to the next."""
FIRST_SECONDS: Final = 60.0
"""Until the first round."""
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


class Retention:
    """Removes the oldest entries of all accounts of a host, as its limits say."""

    def __init__(self, host: Host, store: str) -> None:
        self._host = host
        self._store = store
        self._limits = Limits()
        self._users: Mapping[str, Limits] = {}
        self._rounds: Deferred[None] | None = None

    def limit(self, limits: Limits, users: Mapping[str, Limits]) -> None:
        """Keep to these limits from now on, and to others for accounts of those localparts."""
        self._limits, self._users = limits, users
        limited = any(one != Limits() for one in (limits, *users.values()))
        if not limited:
            self.stop()
        elif self._rounds is None and self._host.accounts is not None:
            self._rounds = Deferred.fromCoroutine(self._go_round())
            self._rounds.addErrback(_stopped).addErrback(self._host.failed)

    def stop(self) -> None:
        rounds, self._rounds = self._rounds, None
        if rounds is not None:
            rounds.cancel()

    async def _go_round(self) -> None:
        await self._pause(FIRST_SECONDS)
        while True:
            try:
                await self._round()
            except StorageError:
                self._host.log.failure("Archives of {domain} grow", domain=self._host.domain)
            await self._pause(EVERY_SECONDS)

    async def _round(self) -> None:
        assert self._host.accounts is not None
        after = ""
        while names := await self._host.accounts.names(after):
            for name in names:
                await self._trim(name)
            after = names[-1]

    async def _trim(self, name: str) -> None:
        limits = self._users.get(name, self._limits)
        if limits == Limits():
            return
        assert self._host.accounts is not None
        owner, log = self._host.accounts.owner(name), self._host.log_store(self._store)
        now = int(self._host.clock.seconds() * 1_000_000)
        before = now - limits.days * _DAY if limits.days else None
        removed = STEP
        while removed == STEP:
            await self._pause(STEP_SECONDS)
            removed = await log.trim(owner, before=before, keep=limits.entries or None, limit=STEP)

    def _pause(self, seconds: float) -> Deferred[None]:
        return deferLater(self._host.clock, seconds)


def _stopped(failure: Failure) -> None:
    failure.trap(CancelledError)
