"""How often each may do something."""

from __future__ import annotations

from collections.abc import Hashable

from xmppd.muc.settings import Limits

MOST = 10_000
"""Who is remembered at once; then those who have been quiet are forgotten."""


class Pace:
    """So many at once after a quiet time, then one in so many seconds; for each by itself.

    For each it remembers until when what they have done lasts (GCRA, ITU-T I.371).
    """

    __slots__ = ("_burst", "_each", "_most", "_seconds", "_until")

    def __init__(self, number: float, seconds: float, burst: int) -> None:
        """`number` in `seconds`; a `number` of 0 lets all pass."""
        self._seconds, self._most = seconds, burst
        self._until: dict[Hashable, float] = {}
        self.change(number)

    def change(self, number: float) -> None:
        """Let another number pass from now on."""
        self._each = self._seconds / number if number else 0.0
        self._burst = self._each * self._most

    def admits(self, who: Hashable, now: float, number: int = 1) -> bool:
        """Whether somebody may do it once more, or `number` times; if so, it is counted."""
        if not self._each:
            return True
        # at most the burst ahead, also where the clock has been set back
        began = min(max(self._until.get(who, 0.0), now), now + self._burst)
        until = began + self._each * number
        if until > now + self._burst + self._each / 2:
            if who in self._until:
                self._until[who] = began
            return False
        if len(self._until) >= MOST and who not in self._until:
            self.forget_quiet(now)
            if len(self._until) >= MOST:
                self._until.clear()
        self._until[who] = until
        return True

    def forget_quiet(self, now: float) -> None:
        """Remember only those of whom there is something to remember."""
        if self._until:
            self._until = {who: until for who, until in self._until.items() if until > now}


class RoomPaces:
    """How often each may do what in one room: sessions talk and show presence, accounts come."""

    def __init__(self, limits: Limits) -> None:
        self.messages = Pace(limits.messages, 1, 50)
        self.presences = Pace(limits.presences, 1, 20)
        self.joins = Pace(limits.joins, 60, 30)

    def change(self, limits: Limits) -> None:
        """Let other limits hold from now on."""
        self.messages.change(limits.messages)
        self.presences.change(limits.presences)
        self.joins.change(limits.joins)

    def forget_quiet(self, now: float) -> None:
        """Remember nobody who has been quiet."""
        for pace in (self.messages, self.presences, self.joins):
            pace.forget_quiet(now)


class ServicePaces:
    """How often each account may do what in all rooms together."""

    def __init__(self, limits: Limits) -> None:
        self.invitations = Pace(limits.invitations, 60, 20)
        self.creations = Pace(limits.creations, 3_600, 20)
        self.pages = Pace(limits.pages, 1, 50)

    def change(self, limits: Limits) -> None:
        """Let other limits hold from now on."""
        self.invitations.change(limits.invitations)
        self.creations.change(limits.creations)
        self.pages.change(limits.pages)
