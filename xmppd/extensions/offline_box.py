"""What waits for one account, and how it is going out."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred, DeferredLock

from xmppd.accounts.bound import OwnLog
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.user import User
from xmppd.storage.interfaces import ANY, EntryId, StorageError, Where

CONTACT, STRANGER = 0, 1
"""The `kind` of an entry: whether its sender was known to the account."""


class Limits(Protocol):
    """How much may wait for an account."""

    @property
    def messages(self) -> int: ...
    @property
    def from_strangers(self) -> int: ...
    @property
    def from_one_stranger(self) -> int: ...


class Box:
    """The kept messages of one account, and how they are going out.

    `session` gets them now, None while nobody does; `open` are those it has been given and that
    have not been written, `since` is where the next page begins. `filled`: there may be messages
    that it has not been given, `passed_over`: there were some of senders who are blocked now. While
    it goes out it is a note of its user. `had` tells of some that other sessions have been given
    at once.
    """

    def __init__(self, user: User) -> None:
        self.user = user
        self.log: OwnLog = user.account.log("offline")
        self.turns = DeferredLock()
        self.session: Session | None = None
        self.filled = True
        self.passed_over = False
        self.appended = 0
        self.since = 0
        self.open: set[EntryId] = set()
        self.written: list[EntryId] = []
        self.had: dict[EntryId, list[Session]] = {}
        self._counts: dict[str, int] = {}

    def append(self, stanza: Stanza) -> EntryId:
        """Keep a message; it is in the batch now filling. Raises StanzaError."""
        sender = stanza.sender or Jid.parse("invalid")
        kind = CONTACT if self.user.knows(sender) else STRANGER
        try:
            id = self.log.append(stanza.to_bytes(), peer=sender.bare, kind=kind)
        except StorageError as error:
            raise StanzaError("resource-constraint", "it cannot be kept now") from error
        self.filled = True
        self.appended += 1
        for key in ("", "strangers", sender.bare) if kind == STRANGER else ("",):
            if key in self._counts:
                self._counts[key] += 1
        return id

    async def has_room(self, sender: Jid | None, most: Limits) -> bool:
        """Whether one more message of that sender may be kept."""
        limits = [("", ANY, most.messages)]
        if sender is not None and not self.user.knows(sender):
            bare, strangers = sender.bare, (STRANGER,)
            limits += [
                ("strangers", Where(kinds=strangers), most.from_strangers),
                (bare, Where(peer=bare, kinds=strangers), most.from_one_stranger),
            ]
        for key, where, number in limits:
            if await self.full(key, where, number):
                return False
        return True

    async def full(self, key: str, where: Where, most: int) -> bool:
        """Whether there are `most` entries already; counted once and then known."""
        if key not in self._counts:
            counted = await self.log.count(where, most)
            self._counts[key] = most if counted is None else counted
        return self._counts[key] >= most

    def sweep(self) -> Deferred[int]:
        """Remove what has been written."""
        written, self.written = self.written, []
        return self.remove(written)

    def remove(self, ids: list[EntryId]) -> Deferred[int]:
        """Somebody has these."""
        for id in ids:
            self.had.pop(id, None)
        self._counts.clear()
        return self.log.remove(ids)

    def heir(self) -> Session | None:
        """Who is to get the messages: the one now, else the most available that has a stream."""
        fit = [one for one in self.user.available if one.priority >= 0 and one.attached]
        if self.session in fit:
            return self.session
        return max(fit, key=lambda one: one.priority, default=None)
