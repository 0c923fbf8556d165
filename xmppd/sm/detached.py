"""Sessions without a stream: how they come to that, how long they wait, and what is remembered of
those that waited in vain (session protocol, 3.7 and 3.10; XEP-0198, 5)."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall

from xmppd.component.leg import End
from xmppd.component.stages import Life
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.sm import ending
from xmppd.sm.total import Total

if TYPE_CHECKING:
    from xmppd.sm.managed import Managed
    from xmppd.sm.manager import SessionManager
    from xmppd.sm.session import Session

REMEMBERED: Final = 10_000
"""Ended sessions of which it is known how many stanzas they had handled."""
REMEMBERED_SECONDS: Final = 86_400.0


class Bounds(Protocol):
    """What a host allows."""

    @property
    def resume_seconds(self) -> int: ...
    @property
    def detached_per_account(self) -> int: ...
    @property
    def detached(self) -> int: ...
    @property
    def detached_bytes(self) -> int: ...


@attrs.define
class Ended:
    """A session that has ended: whose it was, how much it had handled, until when to know that."""

    account: Jid
    h: int
    until: float


class Detached:
    """All sessions that wait for their clients, the longest waiting first."""

    def __init__(self, manager: SessionManager) -> None:
        self._manager = manager
        self._timers: dict[Session, IDelayedCall] = {}
        self._newest: list[Session] = []  # of this turn
        self._ended: OrderedDict[str, Ended] = OrderedDict()
        self._total = Total()

    def __len__(self) -> int:
        return len(self._timers)

    def __contains__(self, session: object) -> bool:
        return session in self._timers

    # How sessions lose their streams

    def lost(self, session: Session, how: End) -> None:
        """The stream of a session is gone, and it was not its client who ended it."""
        managed = session.managed
        if managed is not None and managed.resumable and not session.closing:
            self._detach(session, managed, how)
        else:
            ending.end(self._manager, session, how)

    def overflowing(self, session: Session) -> None:
        """More waits for a client than may (3.6)."""
        managed = session.managed
        if session in self._timers or (managed is not None and managed.draining):
            if session.full:
                self._end_later(session)
            session.full = True
        else:
            self.let_go(session, StreamError("policy-violation", "too slow in reading"))
            session.full = session in self._timers

    def let_go(self, session: Session, error: StreamError) -> None:
        """End the stream of a session, if it has one, with that error; its client may resume it
        where it could have done so anyway."""
        managed = session.managed
        if session in self._timers:
            return
        if managed is not None and managed.draining:
            managed.give_way(error)
            self._detach(session, managed, End.ABSENT)
        elif managed is not None and managed.resumable:
            self._manager.edges.kick(session.leg, error)
            self._detach(session, managed, End.CLOSED)
        else:
            session.close(error)

    def _detach(self, session: Session, managed: Managed, how: End) -> None:
        manager = self._manager
        managed.give_way(StreamError("conflict"))
        managed.end_leg()
        manager.edges.ended(session.leg, how)
        if session in self._timers:
            return
        self._timers[session] = manager.clock.callLater(managed.seconds, self._expired, session)
        self._keep_bounds_later(session)
        self.grew(session)
        session.user.host.tell(Life.DETACHED, session)

    def _keep_bounds_later(self, newest: Session) -> None:
        """At the end of the turn, for an edge that is lost takes many sessions with it."""
        if not self._newest:
            self._manager.turn.later(self._keep_bounds)
        self._newest.append(newest)

    def _keep_bounds(self) -> None:
        """Above a bound those that have waited for longest wait no more."""
        newest, self._newest = self._newest, []
        users = list(dict.fromkeys(session.user for session in newest))
        for user in users:
            bounds, here = user.host.detaching, self._timers.keys() & user.sessions.values()
            if bounds is not None and len(here) > bounds.detached_per_account:
                waiting = [one for one in self._timers if one.user is user]
                self._end_first(waiting, bounds.detached_per_account)
        for host in dict.fromkeys(user.host for user in users):
            if host.detaching is not None and len(self._timers) > host.detaching.detached:
                self._end_first(list(self._timers), host.detaching.detached)

    def _end_first(self, waiting: list[Session], most: int) -> None:
        for session in waiting[: len(waiting) - most]:
            self._expired(session)

    def grew(self, session: Session) -> None:
        """More waits for a session without a stream. Where that is too much for all together, the
        one for which most waits ends: its messages go where an ended session's do."""
        bounds = session.user.host.detaching
        if session.full or session not in self._timers or bounds is None:
            return
        total = self._total
        total.weigh(session)
        while 0 < bounds.detached_bytes < total.size:
            largest = total.largest()
            total.forget(largest)
            largest.full = True
            self._end_later(largest)

    def _end_later(self, session: Session) -> None:
        """End a session, but not while others of its account are being looked at."""
        self._manager.turn.later(lambda: self._expired(session))

    def _expired(self, session: Session) -> None:
        if not session.attached:
            ending.end(self._manager, session)

    # How they cease to be detached

    def attached(self, session: Session) -> None:
        """It has a stream again, or has ended."""
        self._total.forget(session)
        timer = self._timers.pop(session, None)
        if timer is not None and timer.active():
            timer.cancel()

    def ended(self, session: Session) -> None:
        """Remember how much it had handled."""
        self.attached(session)
        managed, now = session.managed, self._manager.clock.seconds()
        if managed is None or not managed.resumable:
            return
        managed.give_way(StreamError("conflict"))
        until = now + REMEMBERED_SECONDS
        self._ended[managed.id] = Ended(session.user.jid, managed.h, until)
        while len(self._ended) > REMEMBERED or next(iter(self._ended.values())).until <= now:
            self._ended.popitem(last=False)

    def settled(self, managed: Managed) -> None:
        """A session that has ended has handled more since."""
        ended = self._ended.get(managed.id)
        if ended is not None:
            ended.h = managed.h

    def handled(self, id: str, account: Jid) -> int | None:
        """How much a session of that account had handled when it ended; None: never heard of."""
        ended = self._ended.get(id)
        if ended is None or ended.account != account:
            return None
        return ended.h if ended.until > self._manager.clock.seconds() else None
