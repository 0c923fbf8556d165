"""How long archives are kept: one account at a time, a few entries at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from xmppd.component.retention import Limits, shorten
from xmppd.storage.interfaces import StorageError

if TYPE_CHECKING:
    from xmppd.sm.host import Host

EVERY_SECONDS: Final = 3600.0
"""From the end of one round through all accounts to the next."""
FIRST_SECONDS: Final = 60.0
"""Until the first round."""


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
        assert self._host.accounts is not None
        log = self._host.log_store(self._store)
        await shorten(log, self._host.accounts.owner(name), limits, self._host.clock)

    def _pause(self, seconds: float) -> Deferred[None]:
        return deferLater(self._host.clock, seconds)


def _stopped(failure: Failure) -> None:
    failure.trap(CancelledError)
