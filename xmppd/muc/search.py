"""What somebody said in a room, found by going through its archive a little at a time.

The log finds entries by time and by account. Nicks and full addresses are compared here, some rows
at a time, so that a long search holds up nobody else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred

from xmppd.component.archive import Archive
from xmppd.muc.archive import is_by
from xmppd.protocol.jid import Jid
from xmppd.storage.interfaces import ANY, Entry, Page, Where

STEP: Final = 250
"""Entries that are looked at before others have their turn."""

Test: TypeAlias = Callable[[Entry], bool]


def said_as(nick: str) -> Test:
    """Whether an entry was said under a nick."""
    return lambda entry: entry.resource == nick


def said_from(jid: Jid) -> Test:
    """Whether an entry was said from a real address with that resource."""
    return lambda entry: is_by(entry.body, jid)


class Search:
    """An archive as if there were nothing in it but the entries that pass a test.

    It is read as `component.archive.Archive`. `pause` is awaited each time that `STEP` entries
    have been looked at and there are more.
    """

    def __init__(self, archive: Archive, test: Test, pause: Callable[[], Awaitable[None]]) -> None:
        self._archive = archive
        self._test = test
        self._pause = pause

    def find(self, where: Where = ANY, *, limit: int, newest: bool = False) -> Deferred[Page]:
        """See `Log.find`."""
        return Deferred.fromCoroutine(self._find(where, limit, newest))

    def count(self, where: Where = ANY, stop: int = 10_000) -> Deferred[int | None]:
        """See `Log.count`."""
        return Deferred.fromCoroutine(self._count(where, stop))

    async def _find(self, where: Where, limit: int, newest: bool) -> Page:
        found: list[Entry] = []
        async for entry in self._passing(where, newest):
            if len(found) == limit:
                return _page(found, newest, True)
            found.append(entry)
        return _page(found, newest, False)

    async def _count(self, where: Where, stop: int) -> int | None:
        number = 0
        async for _ in self._passing(where, False):
            number += 1
            if number > stop:
                return None
        return number

    async def _passing(self, where: Where, newest: bool) -> AsyncIterator[Entry]:
        """The entries that pass, the newest ones first where those are wanted."""
        while True:
            page = await self._archive.find(where, limit=STEP, newest=newest)
            for entry in reversed(page.entries) if newest else page.entries:
                if self._test(entry):
                    yield entry
            if not page.more:
                return
            # by their times: an entry may be removed before it is its turn again
            if newest:
                where = where._replace(end=page.entries[0].time - 1, before=None)
            else:
                where = where._replace(start=page.entries[-1].time + 1, after=None)
            await self._pause()


def _page(found: list[Entry], newest: bool, more: bool) -> Page:
    return Page(found[::-1] if newest else found, more)
