"""What the session manager asks of accounts: the cred avatar and what hangs on it.

Whoever owns accounts implements a realm whose avatars provide `IAccount`; whoever owns contacts
implements `IContactList`; whoever owns the database implements the storage interfaces. Each may
stand beside our own implementations of the others.
"""

from twisted.cred.credentials import ICredentials
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from xmppd.protocol.jid import Jid
from xmppd.protocol.scram_keys import ScramKeys


class NoSuchAccount(Exception):
    """A realm knows no account of that name."""


class ReadOnlyContacts(Exception):
    """These contacts cannot be edited here: clients are answered not-allowed."""


class IContactList(Interface):
    """The contacts of one account (RFC 6121, 2).

    Only this; the rest of the account stays with whoever provides `IAccount`.
    """

    def contacts():  # type: ignore[no-untyped-def]
        """All contacts: an awaitable of a list of `Contact`."""

    def change(contact, removed):  # type: ignore[no-untyped-def]
        """Store a `Contact`; where `removed` is true, take it off the list instead.

        Acts when called; the Deferred fires with the list's new version, a text or None, once
        the change is kept. Raises `ReadOnlyContacts`.
        """

    def version():  # type: ignore[no-untyped-def]
        """The list's version as a text (XEP-0237), or None for no versioning: a Deferred."""

    def changes(since):  # type: ignore[no-untyped-def]
        """What changed since a version: a Deferred of (contacts, removed JIDs, version).

        None instead where that is not known, so that the client gets the whole list.
        """

    def watch(call):  # type: ignore[no-untyped-def]
        """Have `call` called, without arguments, when somebody else has changed the list.

        Returns a function that ends the watching.
        """


class IAccount(Interface):
    """An account as the session manager sees it: the avatar of `portal.login`."""

    jid: Jid = Attribute("Bare JID.")
    contacts = Attribute("An `IContactList`.")
    disabled: bool = Attribute("Whether nobody may log in now.")
    ticket: int = Attribute("The batch that the writes made now fall into; 0: nothing waits.")
    kept: int = Attribute("Every batch up to this one is kept.")

    def document(store, codec):  # type: ignore[no-untyped-def]
        """One value of this account: `OwnDocument`."""

    def table(store, codec, versioned=False):  # type: ignore[no-untyped-def]
        """Rows of this account: `OwnTable`."""

    def log(store):  # type: ignore[no-untyped-def]
        """Entries of this account: `OwnLog`."""

    def unit():  # type: ignore[no-untyped-def]
        """A context in which writes happen together or not at all, as `Backend.unit`."""


class IScramKeys(Interface):
    """A checker that keeps SCRAM keys, and so can serve the SCRAM mechanisms."""

    hashes: tuple[str, ...] = Attribute("The hashes that it keeps keys for.")

    def keys(name: str, hash: str) -> "Deferred[ScramKeys | None]":
        """The keys of a localpart, or None: no such account, or none of that hash."""


class IScramProof(ICredentials):
    """Credentials of a finished SCRAM exchange."""

    username: str = Attribute("Localpart.")
    hash: str = Attribute("The mechanism's hash.")

    def check(keys: ScramKeys) -> bool:
        """Whether the proof was made with the password that the keys were made of."""
