"""Who waits for a client to get one of the stanzas that go to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.sm.unsettled import Unsettled


class Watching:
    """What is to be done when a client has got a stanza, by the stanza."""

    __slots__ = ("_calls", "_unsettled")

    def __init__(self) -> None:
        self._calls: dict[Stanza, Callable[[], None]] = {}
        self._unsettled: dict[Stanza, Unsettled] = {}

    def keeps_elsewhere(self, stanza: Stanza, got: Callable[[], None]) -> None:
        """Somebody else keeps it until the client has it: call them then."""
        self._calls[stanza] = got

    def settles(self, stanza: Stanza, unsettled: Unsettled) -> None:
        """Its sender is told that it is handled when the client has it."""
        unsettled.wait()
        self._unsettled[stanza] = unsettled

    def got(self, stanzas: Iterable[Stanza]) -> None:
        """The client has these."""
        calls, unsettled = self._calls, self._unsettled
        for stanza in stanzas:
            if stanza in calls:
                calls.pop(stanza)()
            if stanza in unsettled:
                unsettled.pop(stanza).done()

    def only_here(self, stanzas: Iterable[Stanza], left: Collection[Stanza]) -> list[Stanza]:
        """Those of them that nobody else keeps, and what is left of what others have kept."""
        only = [stanza for stanza in stanzas if stanza not in self._calls or stanza in left]
        return [*(set(left) - set(only)), *only]

    def take_unsettled(self) -> dict[Stanza, Unsettled]:
        """What has not been got, where its sender waits for that; for others to settle."""
        taken, self._unsettled = self._unsettled, {}
        return taken
