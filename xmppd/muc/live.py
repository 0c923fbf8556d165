"""A room in memory: commands one after the other, first kept, then told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import attrs
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.chat.commands import Command, ShowPresence
from xmppd.chat.model import Kind, Message, Person
from xmppd.chat.outcome import (
    Done,
    Reason,
    Refused,
    SaveCard,
    SaveMessage,
    SaveRemoval,
    SaveRoom,
    SaveStanding,
    Write,
)
from xmppd.chat.room import Room
from xmppd.muc.answers import place
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

_LASTING = SaveRoom | SaveStanding | SaveCard
"""What is kept of the room itself, and of which people are told though it could not be kept."""

SendEach = Callable[[Stanza, Iterable[Jid]], None]


@attrs.define
class _Batch:
    """What one command has to tell, once it may. `said` are told only if they are kept."""

    sendings: list[Sending]
    answer: Sending | None
    said: list[Message]
    writes: tuple[Write, ...]
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
        self._unkept: list[Write] = []
        self._over = False

    @property
    def listed(self) -> Listed:
        """What is told of it in lists."""
        config = self.room.config
        return Listed(config["name"], config["hidden"] or self.room.saved.locked)

    @property
    def is_settled(self) -> bool:
        """Whether nothing waits to be kept or told, and nothing could not be kept."""
        return not self._outbox and not self._unkept

    def exists_for(self, jid: Jid | None) -> bool:
        """Whether there is a room as far as somebody may know."""
        return jid is not None and self.room.exists_for(jid.bare)

    def do(self, command: Command, answer: Stanza | None = None) -> Deferred[None] | None:
        """Carry out a command. `answer` is sent in its place among what is told, if all is kept.

        Gives what fires when everybody has been told, or fails with `StanzaError` where it could
        not be kept; None where they have been told already. Raises `StanzaError` where the room
        refuses, or has ended.
        """
        if self._over:
            raise refusal(Reason.NO_ROOM, self.jid)
        outcome = self.room.handle(command)
        if isinstance(outcome, Refused):
            raise refusal(outcome, self.jid)
        for trouble in outcome.troubles:
            self.log.failure("An option fails in {room}", Failure(trouble), room=self.jid)
        self._store.stays.note(self.jid.local, outcome.notices)
        if isinstance(command, ShowPresence):
            self._store.stays.shown(self.jid.local, self.room, command.person)
        told = None if answer is None or answer.to is None else Sending(answer, (answer.to,))
        sendings = self._sendings(command, outcome, told)
        writes = self._writes(outcome)
        kept = self._keep(outcome, writes, command.person)
        if outcome.ended:
            self._over = True
            self._ended(self)
        if kept is None and not self._outbox:
            self._send(sendings)
            return None
        said = [
            write.message
            for write in outcome.writes
            if isinstance(write, SaveMessage) and write.kind is not Kind.TOPIC
        ]
        return self._wait(_Batch(sendings, told, said, writes), kept)

    def _sendings(self, command: Command, outcome: Done, answer: Sending | None) -> list[Sending]:
        told = [self._encoder.encode(notice) for notice in outcome.notices]
        if answer is not None:
            told.insert(place(command, outcome.notices), [answer])
        return list(chain.from_iterable(told))

    def _writes(self, outcome: Done) -> tuple[Write, ...]:
        """What is to be kept of the room itself; nothing of one that is not to last."""
        if outcome.ended or not self.room.lasts:
            self._unkept.clear()
            return ()
        if not self.stored:
            return everything(self.room.saved)
        if not outcome.writes:
            return ()
        late, self._unkept = map(self._as_now, self._unkept), []
        return (*late, *outcome.writes)

    def _as_now(self, write: Write) -> Write:
        """A write that failed, as it is to be by now."""
        if isinstance(write, SaveStanding):
            return SaveStanding(write.account, self.room.saved.standings.get(write.account))
        return write

    def _keep(
        self, outcome: Done, writes: tuple[Write, ...], person: Person
    ) -> Deferred[None] | None:
        """Store what is to be stored; a room that is not to last is not in the store."""
        saved, local = self.room.saved, self.jid.local
        if outcome.ended or not self.room.lasts:
            was, self.stored = self.stored, False
            return self._store.remove(local) if was else None
        said = [row for write in outcome.writes if (row := self._row(write, person)) is not None]
        self.stored = True
        if not writes and not said:
            return None
        # a log may refuse at once, and by now the room has changed
        return maybeDeferred(self._store.keep, local, saved, self.listed, writes, said)

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
            if self.stored:
                self._unkept += [each for each in batch.writes if isinstance(each, _LASTING)]
            for message in batch.said:
                self.room.forget(message.id)
        self._flush()

    def _flush(self) -> None:
        while self._outbox and self._outbox[0].ready:
            batch = self._outbox.popleft()
            if not batch.failed:
                self._send(batch.sendings)
            elif not batch.said:
                self._send([each for each in batch.sendings if each is not batch.answer])
            if not batch.failed:
                batch.told.callback(None)
            else:
                batch.told.errback(StanzaError("resource-constraint", by=self.jid))

    def _send(self, sendings: list[Sending]) -> None:
        for stanza, to in sendings:
            self._send_each(stanza, to)
