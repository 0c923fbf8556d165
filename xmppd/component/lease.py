"""Whether the other side of legs is still there, and still hears us (session protocol, 3.7)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from xmppd.protocol.jid import Jid

if TYPE_CHECKING:
    from xmppd.component.leg import Leg

REPORT_SECONDS: Final = 10.0
"""With nothing to say, a report goes out after that time."""
ANSWER_SECONDS: Final = 1.0
"""A report is answered with one, if none went out for so long: so answers are not answered."""
URGENT_SECONDS: Final = 12.0
"""After so long without a sign that its reports arrive, an edge sends one every second."""
EDGE_PATIENCE: Final = 25.0
"""An edge gives up when the newest report that the other side has seen is so old."""
MANAGER_PATIENCE: Final = 30.0
"""A session manager gives up when it has heard nothing for so long: always after the edge."""


class Lease:
    """What two instances last heard of each other. Times are seconds of one clock.

    `heard`: any route from the other side. `seen`: the highest number among its reports. `fresh`:
    when the newest of ours was sent that it has seen.
    """

    __slots__ = ("_marks", "fresh", "heard", "seen", "sent")

    def __init__(self, now: float) -> None:
        self.heard = self.fresh = self.sent = now
        self.seen = 0
        self._marks: deque[tuple[int, float]] = deque()  # numbers of ours, one a second at most

    def sending(self, number: int, now: float) -> None:
        """A report of ours goes out."""
        self.sent = now
        if not self._marks or now - self._marks[-1][1] >= 1.0:
            self._marks.append((number, now))

    def reported(self, number: int, seen: int, now: float) -> bool:
        """One of the other side has come; whether it wants an answer."""
        self.heard = now
        self.seen = max(self.seen, number)
        marks = self._marks
        while marks and marks[0][0] <= seen:
            self.fresh = max(self.fresh, marks.popleft()[1])
        return now - self.sent >= ANSWER_SECONDS

    def is_due(self, now: float) -> bool:
        """Whether to send a report although there is nothing to say."""
        return now - self.sent >= REPORT_SECONDS

    def is_urgent(self, now: float) -> bool:
        """Whether to send one because none of ours seems to arrive."""
        return now - self.fresh >= URGENT_SECONDS and now - self.sent >= ANSWER_SECONDS

    def renew(self, now: float) -> None:
        """Begin anew, after having given up."""
        self.heard = self.fresh = now
        self._marks.clear()


class Peer:
    """One life of an instance at the other end of legs.

    `legs` is how many there are, `noted` those of which something is to be told; `scheduled` says
    that this will happen. `compared` is when all legs were last asked for.
    """

    __slots__ = ("address", "compared", "lease", "legs", "noted", "scheduled")

    def __init__(self, address: Jid, now: float) -> None:
        self.address = address
        self.lease = Lease(now)
        self.compared = now
        self.legs = 0
        self.noted: list[Leg] = []
        self.scheduled = False

    def is_older_than(self, boot: Jid) -> bool:
        """Whether that is a later life of the same instance."""
        own = self.address
        return own.domain == boot.domain and _age(own.resource) < _age(boot.resource)


def _age(boot: str) -> tuple[int, str]:
    """Boots are numbers in base 36, which grow."""
    return len(boot), boot
