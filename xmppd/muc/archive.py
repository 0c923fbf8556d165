"""What was said in rooms, as their archives keep it (XEP-0313, 6.1.2)."""

from __future__ import annotations

from typing import Final

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from xmppd.chat.model import Author, Kind, Message
from xmppd.chat.people import dated
from xmppd.chat.room import Room
from xmppd.component.retention import STEP, Limits, shorten
from xmppd.muc import names
from xmppd.muc.content import message_content
from xmppd.muc.removals import is_tombstone
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import escape_attribute
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import ANY, Entry, EntryId, Owner, Page, Where
from xmppd.storage.stores import Stores

ARCHIVE = "archive"

_AUTHORSHIP: Final = f"<x xmlns='{names.MUC_USER}'>".encode()
_CLOSING: Final = b"</message>"


@attrs.frozen
class Row:
    """An entry to be: the account and the nick of who said it, and the message as it was told."""

    id: EntryId
    account: str
    nick: str
    kind: Kind
    body: bytes


@attrs.frozen
class Tombstone:
    """What is put in the place of an entry."""

    id: EntryId
    body: bytes


class RoomArchive:
    """What is kept of one room since it was made; of an earlier one of that name nothing is seen.

    It is read as `component.archive.Archive`.
    """

    def __init__(self, archives: Archives, owner: Owner, created: float) -> None:
        self._log = archives.log
        self._owner = owner
        self._since = int(created * 1_000_000)

    def _own(self, where: Where) -> Where:
        return where._replace(start=max(self._since, where.start or 0))

    def find(self, where: Where = ANY, *, limit: int, newest: bool = False) -> Deferred[Page]:
        """See `Log.find`."""
        return self._log.find(self._owner, self._own(where), limit=limit, newest=newest)

    def count(self, where: Where = ANY, stop: int = 10_000) -> Deferred[int | None]:
        """See `Log.count`."""
        return self._log.count(self._owner, self._own(where), stop)

    def edges(self) -> Deferred[tuple[Entry, Entry] | None]:
        """See `Log.edges`."""
        return Deferred.fromCoroutine(self._edges())

    async def _edges(self) -> tuple[Entry, Entry] | None:
        oldest = await self.find(limit=1)
        newest = await self.find(limit=1, newest=True)
        return (oldest.entries[0], newest.entries[0]) if oldest.entries else None


class Archives:
    """The archives of all rooms of a domain."""

    def __init__(self, stores: Stores, domain: str) -> None:
        self.log = stores.log(ARCHIVE)
        self.new_id = self.log.new_id
        self._domain = domain

    def of(self, local: str, created: float) -> RoomArchive:
        """The archive of the room of that name that was made then."""
        return RoomArchive(self, Owner(self._domain, local), created)

    def write(self, local: str, row: Row | Tombstone) -> None:
        """Put a row behind the others, or in the place of one.

        It is in the batch now filling. Raises `StorageError`.
        """
        owner = Owner(self._domain, local)
        if isinstance(row, Tombstone):
            self.log.replace(owner, row.id, row.body)
            return
        self.log.append(
            owner,
            row.body,
            peer=row.account,
            resource=row.nick,
            kind=row.kind,
            id=row.id,
        )

    def now(self) -> int:
        """A time (microseconds) that is later than all that was said until now."""
        return Mark.from_id(self.new_id()).time

    async def clear(self, local: str, before: int) -> None:
        """Remove what is older (microseconds), some at a time. Fails with `StorageError`."""
        owner = Owner(self._domain, local)
        while await self.log.trim(owner, before=before, limit=STEP) == STEP:
            pass

    async def shorten(self, local: str, limits: Limits, clock: IReactorTime) -> None:
        """Remove what is beyond these limits. Fails with `StorageError`."""
        await shorten(self.log, Owner(self._domain, local), limits, clock)


def without_author(body: bytes) -> bytes:
    """An entry for those who may not know whose account it is by."""
    cut = body.rfind(_AUTHORSHIP)  # what the room says of it stands last, if there is anything
    return body if cut < 0 else body[:cut] + _CLOSING


def is_by(body: bytes, jid: Jid) -> bool:
    """Whether an entry is by that real address; tombstones still say whose they are."""
    cut = body.rfind(_AUTHORSHIP)
    return cut >= 0 and body.find(b" jid='%b'" % escape_attribute(jid).encode(), cut) >= 0


async def remembered(room: Room, archive: RoomArchive) -> list[Message]:
    """What newcomers are told of, from the archive."""
    room_jid = Jid.parse(room.saved.address)
    page = await archive.find(Where(kinds=(Kind.SAID,)), limit=room.config["history"], newest=True)
    read = [(entry, parse_stanza(entry.body)) for entry in page.entries]
    return [_message(room, room_jid, entry, said) for entry, said in read if not is_tombstone(said)]


def _message(room: Room, room_jid: Jid, entry: Entry, said: Stanza) -> Message:
    author = Author(entry.resource, room.id_of(entry.peer), entry.peer)
    content = message_content(said, room_jid)
    said_at = dated(room.affiliation(entry.peer), content)
    return Message(entry.id, entry.time / 1_000_000, author, content, True, said_at)
