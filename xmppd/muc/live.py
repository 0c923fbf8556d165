"""A room in memory: commands one after the other, first kept, then told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.chat.commands import Command
from xmppd.chat.model import Message, Person
from xmppd.chat.outcome import Done, Refused, SaveMessage, SaveRemoval, Write
from xmppd.chat.room import Room
from xmppd.muc.archive import Row, Tombstone
from xmppd.muc.encode import Encoder, Sending
from xmppd.muc.keeping import Listed, RoomStore, everything
from xmppd.muc.pace import RoomPaces
from xmppd.muc.refusals import refusal
from xmppd.muc.removals import tombstone
from xmppd.muc.settings import UNLIMITED, Limits
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

REMEMBERED = 200
"""Ids of messages to all that are remembered."""

SendEach = Callable[[Stanza, Iterable[Jid]], None]


@attrs.define
class _Batch:
    """What one command has to tell, once it may. `said` are told only if they are kept."""

    sendings: list[Sending]
    said: list[Message]
    told: Deferred[None] = attrs.field(factory=Deferred)
    ready: bool = False
    failed: bool = False


class LiveRoom:
    """One room of a service.

    `stored` says whether it is in the store now, `touched` when something last happened in it
    while nobody was inside. `heard` says when each session was last heard of,
    `reflected` which ids of clients the last messages to all had.
    """

    log = Logger()

    def __init__(
        self,
        room: Room,
        store: RoomStore,
        send_each: SendEach,
        ended: Callable[[LiveRoom], None],
        stored: bool = False,
        limits: Limits = UNLIMITED,
    ) -> None:
        self.jid = Jid.parse(room.saved.address)
        self.room = room
        self.stored = stored
        self.touched = room.clock()
        self.heard: dict[Person, float] = {}
        self.reflected: deque[str] = deque(maxlen=REMEMBERED)
        self.paces = RoomPaces(limits)
        self._store = store
        self._send_each = send_each
        self._ended = ended
        self._encoder = Encoder(self.jid)
        self._outbox: deque[_Batch] = deque()

    @property
    def listed(self) -> Listed:
        """What is told of it in lists."""
        config = self.room.config
        return Listed(config["name"], config["hidden"] or self.room.saved.locked)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits to be kept or told."""
        return not self._outbox

    def do(self, command: Command) -> Deferred[None] | None:
        """Carry out a command.

        Gives what fires when everybody has been told, or fails with `StanzaError` where it could
        not be kept; None where they have been told already. Raises `StanzaError` where the room
        refuses.
        """
        outcome = self.room.handle(command)
        if isinstance(outcome, Refused):
            raise refusal(outcome, self.jid)
        self._store.stays.note(self.jid.local, outcome.notices)
        sendings = [each for notice in outcome.notices for each in self._encoder.encode(notice)]
        kept = self._keep(outcome, command.person)
        if outcome.ended:
            self._ended(self)
        if kept is None and not self._outbox:
            self._send(sendings)
            return None
        said = [write.message for write in outcome.writes if isinstance(write, SaveMessage)]
        return self._wait(_Batch(sendings, said), kept)

    def _keep(self, outcome: Done, person: Person) -> Deferred[None] | None:
        """Store what is to be stored; a room that is not to last is not in the store."""
        saved, local = self.room.saved, self.jid.local
        lasts = self.room.config["persistent"] and not outcome.ended and not saved.locked
        if not lasts:
            was, self.stored = self.stored, False
            return self._store.remove(local) if was else None
        writes: tuple[Write, ...] = outcome.writes
        said = [row for write in writes if (row := self._row(write, person)) is not None]
        if not self.stored:
            self.stored = True
            writes = everything(saved)
        if not writes and not said:
            return None
        return self._store.keep(local, saved, self.listed, writes, said)

    def _row(self, write: Write, person: Person) -> Row | Tombstone | None:
        """What a write means for the archive; None: nothing."""
        if isinstance(write, SaveRemoval):
            body = tombstone(write.entry.wire, write.removal, self.jid)
            return Tombstone(write.entry.id, body)
        if not isinstance(write, SaveMessage):
            return None
        message, jid = write.message, f"{person.account}/{person.session}"
        author = self.room.occupant(person) if message.author.account else None
        body = self._encoder.said.archived(message, author, jid)
        return Row(message.id, message.author.account, message.author.nick, write.kind, body)

    def _wait(self, batch: _Batch, kept: Deferred[None] | None) -> Deferred[None]:
        self._outbox.append(batch)
        if kept is None:
            batch.ready = True
        else:
            kept.addBoth(self._settled, batch)
        return batch.told

    def _settled(self, result: Any, batch: _Batch) -> None:
        batch.ready = True
        if isinstance(result, Failure):
            self.log.failure("{room} could not be kept", result, room=self.jid)
            batch.failed = True
            for message in batch.said:
                self.room.forget(message.id)
        self._flush()

    def _flush(self) -> None:
        while self._outbox and self._outbox[0].ready:
            batch = self._outbox.popleft()
            if not (batch.failed and batch.said):
                self._send(batch.sendings)
            if not batch.failed:
                batch.told.callback(None)
            else:
                batch.told.errback(StanzaError("resource-constraint", by=self.jid))

    def _send(self, sendings: list[Sending]) -> None:
        for stanza, to in sendings:
            self._send_each(stanza, to)
