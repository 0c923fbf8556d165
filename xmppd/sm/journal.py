"""The late journal: what managed clients sent, and what is not settled soon (session protocol,
3.5). A session manager that is killed finds there what it had told its clients is handled."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from twisted.internet.defer import DeferredLock
from twisted.python.failure import Failure

from xmppd.protocol.forwarding import delayed
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.sm.reaching import missed
from xmppd.sm.unsettled import Unsettled
from xmppd.storage.interfaces import Entry, EntryId, Log, Owner, StorageError, Where

if TYPE_CHECKING:
    from xmppd.sm.host import Host
    from xmppd.sm.manager import SessionManager
    from xmppd.sm.user import User

LATE_SECONDS: Final = 0.25
"""What is settled within that time never gets here."""
PAGE: Final = 200

INCOMING, OUTGOING = 0, 1
"""The `kind` of an entry: a message that came for the account, or one that it sent."""


class Place(NamedTuple):
    """Where an entry stands."""

    log: Log
    owner: Owner
    id: EntryId


class Journal:
    """Writes down what is late, and takes it out again when it is settled."""

    def __init__(self, manager: SessionManager) -> None:
        self._manager = manager
        self._boot = manager.address.resource
        self._late: deque[tuple[float, Unsettled]] = deque()
        self._looking = False
        self._settled: list[Place] = []
        self._activated: set[Jid] = set()  # those of which something was left
        self._activating: dict[Jid, DeferredLock] = {}

    def note(self, unsettled: Unsettled) -> None:
        """Something is not settled at once."""
        now = self._manager.clock.seconds()
        self._late.append((now + LATE_SECONDS, unsettled))
        if not self._looking:
            self._look_in(LATE_SECONDS)

    def _look_in(self, seconds: float) -> None:
        self._looking = True
        self._manager.clock.callLater(seconds, self._look)

    def _look(self) -> None:
        self._looking = False
        late, now = self._late, self._manager.clock.seconds()
        for _ in range(len(late)):
            due, unsettled = late[0]
            if due > now:
                break
            late.popleft()
            if unsettled.waits and not unsettled.cancelled:
                self._write(unsettled)
        if late and not self._looking:
            self._look_in(late[0][0] - now)

    def _write(self, unsettled: Unsettled) -> None:
        stanza, sender = unsettled.stanza, unsettled.sender
        if stanza.name != "message" or sender is None:
            return  # what it waits for comes to an end by itself
        if not unsettled.passed:
            self.note(unsettled)  # it may yet be refused
            return
        user, kind = unsettled.user, INCOMING
        if user is None:
            user, kind = sender, OUTGOING
        log, owner = _log(user.host, user)
        peer = "" if stanza.sender is None else stanza.sender.bare
        try:
            id = log.append(owner, stanza.to_bytes(), peer=peer, resource=self._boot, kind=kind)
        except StorageError:
            self.note(unsettled)
            return
        unsettled.written(Place(log, owner, id))

    def remove(self, place: Place) -> None:
        """What stands there is settled."""
        if not self._settled:
            self._manager.turn.later(self._sweep)
        self._settled.append(place)

    def _sweep(self) -> None:
        settled, self._settled = self._settled, []
        by_owner: dict[tuple[Log, Owner], list[EntryId]] = {}
        for log, owner, id in settled:
            by_owner.setdefault((log, owner), []).append(id)
        for (log, owner), ids in by_owner.items():
            log.remove(owner, ids).addErrback(_remains)

    # Another boot's

    async def activate(self, host: Host, user: User) -> None:
        """Take up what earlier boots have left of an account, at its first use in this one."""
        jid = user.jid
        if jid in self._activated:
            return
        turn = self._activating.setdefault(jid, DeferredLock())
        await turn.acquire()
        try:
            if jid not in self._activated:
                await self._take_up_all(host, user)
        finally:
            turn.release()
            self._activating.pop(jid, None)

    async def _take_up_all(self, host: Host, user: User) -> None:
        log, owner = _log(host, user)
        start = 0
        while True:
            page = await log.find(owner, Where(start=start), limit=PAGE)
            for entry in page.entries:
                if entry.resource != self._boot:
                    self._activated.add(user.jid)
                    await self._take_up(host, user, Place(log, owner, entry.id), entry)
                start = entry.time + 1
            if not page.more:
                return

    async def _take_up(self, host: Host, user: User, place: Place, entry: Entry) -> None:
        try:
            stanza = parse_stanza(entry.body)
        except ValueError:
            host.log.failure("Cannot read {id} in the journal of {user}", id=entry.id, user=user)
            return
        if entry.kind == OUTGOING:
            left = Unsettled(LeftBehind(self), stanza, 0)
            left.row = place
            self._manager.pass_on(stanza, left)
            left.done()
        else:
            await missed(host, delayed(stanza, entry.time, host.jid), user)
            self.remove(place)


class LeftBehind:
    """Instead of the client of an earlier boot: nobody is told."""

    user = None

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def note_ticket(self, unsettled: Unsettled) -> None:
        """Nobody waits for it."""

    def settle(self) -> None:
        """Nobody counts it."""

    def came_to_its_end(self, unsettled: Unsettled) -> None:
        """It need not be known any more."""
        if unsettled.row is not None:
            self._journal.remove(unsettled.row)


def _log(host: Host, user: User) -> tuple[Log, Owner]:
    return host.log_store("journal"), Owner(host.domain, user.jid.local)


def _remains(failure: Failure) -> None:
    """It stays in the journal, and is taken up once more than it need be."""
    failure.trap(StorageError)
