"""The index of logs, built late: what a row costs is mostly its place there.

New rows are only appended to the table. Where they are is known in memory, see `Tail`, until a
thread puts many of them into the index at once, sorted, in a few statements of one C call each.
The index is complete up to a mark, which is noted with the next batch; at start the rows above it
are read back.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.storage import sql
from xmppd.storage.session import Parameters, Session
from xmppd.storage.tail import Tail

MARK = "indexed_upto"
MANY = 20_000
"""Rows that wait before they are put into the index."""
FEW = 1_000
"""As many wait for no more than a quiet moment; fewer just stay in memory."""
QUIET_SECONDS = 1.0
PARTS = 4
"""Each part of the owners is a statement of its own, so that commits need not wait long."""
PAUSE_SECONDS = 0.01
"""Between two statements, for commits."""
RETRY_SECONDS = 10.0


class Writing(Protocol):
    """Runs a statement in a thread, in a transaction of its own."""

    def run(self, text: str, parameters: Parameters) -> Deferred[None]: ...

    def close(self) -> None: ...


class LateIndex:
    """Knows how far the index reaches, up to `mark`, and has it catch up, which is `running`."""

    many, few = MANY, FEW
    _log = Logger()

    def __init__(self, session: Session, thread: Writing, clock: IReactorTime) -> None:
        self._session = session
        self._thread = thread
        self._clock = clock
        self._tail: Tail | None = None
        self._claimed = 0  # what will be in the index once that which is running is done
        self._noted = 0
        self._noting = 0
        self._inside = False
        self._waiting: list[Deferred[None]] = []
        self._stopping = False
        self._quiet: IDelayedCall | None = None
        self._not_before = 0.0
        self.mark = 0
        self.running = False

    def open(self) -> None:
        found = self._session.read(sql.META_GET, {"name": MARK})
        self.mark = self._claimed = self._noted = int(found[0][0]) if found else 0

    @property
    def tail(self) -> Tail:
        """Where the rows above the mark are."""
        if self._tail is None:
            self._tail = Tail()
            for row in self._session.read(sql.LOG_ABOVE, {"mark": self.mark}):
                self._tail.add(*row)
        return self._tail

    @property
    def busy(self) -> bool:
        """Whether the thread is writing, or about to: we would have to wait for it."""
        return self._inside and not self._session.in_transaction

    def added(self, rows: list[tuple[Any, ...]], tail: Tail) -> list[tuple[int, int, int, str]]:
        """Rows have been inserted; returned are the places that the index needs at once.

        That is what has an id from before the mark, or from before the one to come.
        """
        late = []
        add, mark, claimed = tail.add, self.mark, self._claimed
        for row in rows:
            seq, owner, store, _, peer = row[:5]
            if seq > mark:
                add(owner, store, seq, peer)
            if seq <= claimed:
                late.append((owner, store, seq, peer))
        return late

    def forget(self) -> None:
        """What was inserted may have been taken back: look again."""
        self._tail = None

    def before_commit(self) -> None:
        if self.mark > self._noted:
            self._noting = self.mark
            self._session.write(sql.META_PUT, {"name": MARK, "value": str(self.mark)})

    def committed(self) -> None:
        self._noted = max(self._noted, self._noting)
        self._hush()
        size = 0 if self._tail is None else self._tail.size
        if self.running or self._stopping or self._clock.seconds() < self._not_before:
            return
        if size >= self.many:
            self._start()
        elif size >= self.few:
            self._quiet = self._clock.callLater(QUIET_SECONDS, self._is_quiet)

    def stop(self) -> Deferred[None]:
        """Fires when the thread is done."""
        self._stopping = True
        self._hush()
        if not self.running:
            return succeed(None)
        over: Deferred[None] = Deferred()
        self._waiting.append(over)
        return over

    def close(self) -> None:
        self._thread.close()

    def _hush(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None

    def _is_quiet(self) -> None:
        self._quiet = None
        if not self._session.dirty:
            self._start()

    def _start(self) -> None:
        self.running = True
        self._claimed = max(self._claimed, self.tail.newest)
        parts = PARTS if self.tail.size >= self.many // 2 else 1
        self._catch_up(self.tail.newest, parts).addBoth(self._over)

    @inlineCallbacks
    def _catch_up(self, upto: int, parts: int) -> Generator[Deferred[Any], Any, None]:
        bounds = {"mark": self.mark, "upto": upto, "parts": parts}
        for part in range(parts):
            if part:
                yield deferLater(self._clock, PAUSE_SECONDS)
            if self._stopping:
                return
            self._inside = True
            try:
                yield self._thread.run(sql.ENTRIES_ADD, {**bounds, "part": part})
            finally:
                self._inside = False
        self.mark = upto
        self.tail.cut(upto)

    def _over(self, result: Failure | None) -> None:
        self.running = False
        if isinstance(result, Failure):
            self._not_before = self._clock.seconds() + RETRY_SECONDS
            self._log.error("the index has to wait: {why}", why=result.value)
        waiting, self._waiting = self._waiting, []
        for over in waiting:
            over.callback(None)
