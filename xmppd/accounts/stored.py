"""Accounts and contact lists kept in our own storage."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from xmppd.accounts.bound import OwnDocument, OwnLog, OwnTable
from xmppd.accounts.contacts import Contact
from xmppd.accounts.edits import Edits
from xmppd.accounts.interfaces import IAccount, IContactList
from xmppd.protocol.jid import Jid
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import (
    Changes,
    Codec,
    Document,
    Log,
    Owner,
    Raw,
    Row,
    StorageError,
    Table,
    TooOld,
)

T = TypeVar("T")

Contacts = tuple[list[Contact], list[Jid], str]
_JSON = JsonCodec()


class Keeper(Protocol):
    """Who knows what is kept: see `Backend`."""

    @property
    def ticket(self) -> int: ...

    @property
    def kept(self) -> int: ...

    def on_kept(self, call: Callable[[int], None]) -> None: ...

    def on_failed(self, call: Callable[[int, StorageError], None]) -> None: ...


class Stores(Keeper, Protocol):
    """Where accounts are kept: a back-end, or several behind one front."""

    def document(self, store: str, codec: Codec[T]) -> Document[T]: ...

    def table(self, store: str, codec: Codec[T], *, versioned: bool = False) -> Table[T]: ...

    def log(self, store: str) -> Log: ...

    def unit(self) -> AbstractContextManager[Deferred[None]]: ...

    def erase(self, owner: Owner) -> Deferred[None]: ...


class ContactCodec:
    """A contact as one row of the table `roster`."""

    def encode(self, value: Contact) -> Raw:
        return _JSON.encode(value.to_data())

    def decode(self, raw: Raw) -> Contact:
        return Contact.from_data(_JSON.decode(raw))


@implementer(IAccount)
class StoredAccount:
    """An account in our own storage."""

    def __init__(self, jid: Jid, stores: Stores, edits: Edits, disabled: bool = False) -> None:
        self.jid = jid
        self.owner = Owner(jid.domain, jid.local)
        self.disabled = disabled
        self._stores = stores
        self._edits = edits
        self.contacts = StoredContacts(self)

    @property
    def ticket(self) -> int:
        return self._stores.ticket

    @property
    def kept(self) -> int:
        return self._stores.kept

    def document(self, store: str, codec: Codec[T]) -> OwnDocument[T]:
        return OwnDocument(self._stores.document(store, codec), self.owner)

    def table(self, store: str, codec: Codec[T], versioned: bool = False) -> OwnTable[T]:
        return OwnTable(self._stores.table(store, codec, versioned=versioned), self.owner)

    def log(self, store: str) -> OwnLog:
        return OwnLog(self._stores.log(store), self.owner)

    def unit(self) -> AbstractContextManager[Deferred[None]]:
        return self._stores.unit()

    def watch(self, store: str, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call` called when somebody edits that store of this account by hand."""
        return self._edits.watch(self.owner, store, call)


@implementer(IContactList)
class StoredContacts:
    """The table `roster`: a row for each contact, its version the roster's (XEP-0237)."""

    def __init__(self, account: StoredAccount) -> None:
        self._account = account
        self._table: OwnTable[Contact] = account.table("roster", ContactCodec(), versioned=True)

    def contacts(self) -> Deferred[list[Contact]]:
        def unpack(rows: list[Row[Contact]]) -> list[Contact]:
            return [row.value for row in rows]

        return self._table.items(limit=100_000).addCallback(unpack)

    def change(self, contact: Contact, removed: bool = False) -> Deferred[str]:
        if not removed:
            return self._table.put(contact.jid, contact).addCallback(str)
        removal = self._table.remove(contact.jid)
        version = self.version()  # as it is now: later changes are told by themselves
        return removal.addCallback(lambda _: version)

    def version(self) -> Deferred[str]:
        return self._table.version().addCallback(str)

    def changes(self, since: str) -> Deferred[Contacts | None]:
        if not since.isdecimal() or len(since) > 18:
            return succeed(None)
        return self._table.changes(int(since)).addCallbacks(_changed, _too_old)

    def watch(self, call: Callable[[], None]) -> Callable[[], None]:
        return self._account.watch("roster", call)


def _changed(found: Changes[Contact]) -> Contacts:
    removed = [Jid.parse(key) for _, key in found.removed]
    return [row.value for row in found.rows], removed, str(found.version)


def _too_old(failure: Any) -> None:
    failure.trap(TooOld)
