"""An account at work: its sessions, its contacts, its stores."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from xmppd.accounts.bound import OwnTable
from xmppd.accounts.contacts import Contact
from xmppd.component.stages import deferred
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.unsettled import Unsettled
from xmppd.storage.codecs import XmlCodec

if TYPE_CHECKING:
    from xmppd.sm.host import Host


class Unkept:
    """A contact with changes under way: how many, and the contact as the store is known to have
    it. When none is left, that is what counts."""

    def __init__(self, kept: Contact | None) -> None:
        self.kept = kept
        self.changes = 0


class User:
    """One account of a host, while it has sessions or something is under way for it.

    `contacts` is the roster, `requests` the subscription requests that wait for an answer
    (RFC 6121, 3.1.3), both by bare JID and whole in memory; changes go through
    `sm.contacts`, which keeps them. `lines` holds what senders sent while something that they
    sent before is not done, by bare JID. `roster_ticket` is the batch with the newest change of the
    roster. `shared` holds messages for several sessions that no client of theirs has yet. `notes`
    holds what extensions remember of the account while it is in memory, one value per class.
    """

    def __init__(
        self,
        host: Host,
        account: Any,
        contacts: Iterable[Contact] = (),
        requests: dict[Jid, bytes] | None = None,
    ) -> None:
        self.host = host
        self.account = account
        self.jid: Jid = account.jid
        self.contacts = {contact.jid: contact for contact in contacts}
        self.requests = requests or {}
        self.sessions: dict[str, Session] = {}
        self.lines: dict[Jid, deque[tuple[Stanza, Unsettled | None]]] = {}
        self.unkept: dict[Jid, Unkept] = {}
        self.roster_ticket = 0
        self.shared: dict[Stanza, set[Session]] = {}
        self.notes: dict[type, Any] = {}
        self.unwatch: Callable[[], None] = _nothing
        self.logout: Callable[[], None] = _nothing

    @property
    def request_table(self) -> OwnTable[bytes]:
        """Where requests that wait for an answer are kept: the presence by the asker's JID."""
        table: OwnTable[bytes] = self.account.table("requests", XmlCodec())
        return table

    @property
    def available(self) -> list[Session]:
        """Sessions that have sent initial presence."""
        return [session for session in self.sessions.values() if session.presence is not None]

    @property
    def interested(self) -> list[Session]:
        """Sessions that have asked for the roster."""
        return [session for session in self.sessions.values() if session.interested]

    @property
    def is_busy(self) -> bool:
        """Whether something is under way for it that is not done yet."""
        return bool(self.lines or self.unkept)

    def entitles(self, jid: Jid) -> bool:
        """Whether that address may see this account's presence (RFC 6121, 3)."""
        bare = jid.bare
        contact = self.contacts.get(bare)
        return bare == self.jid or (contact is not None and contact.contact_subscribed)

    def knows(self, jid: Jid) -> bool:
        """Whether that address is the account itself or somebody on its roster."""
        return jid.bare == self.jid or jid.bare in self.contacts

    def broadcast(self, stanza: Stanza) -> None:
        """Deliver to every available session."""
        for session in self.available:
            session.deliver(stanza)

    def contacts_changed(self) -> None:
        """Somebody else has edited the contacts: read them anew and push what differs."""
        read = deferred(self.account.contacts.contacts())
        read.addCallback(self._replace_contacts).addErrback(self.host.failed)

    def _replace_contacts(self, contacts: list[Contact]) -> None:
        old, self.contacts = self.contacts, {contact.jid: contact for contact in contacts}
        for jid in [*self.contacts, *(jid for jid in old if jid not in self.contacts)]:
            if old.get(jid) != self.contacts.get(jid):
                self.host.push(self, jid)


def _nothing() -> None:
    """Ends a watching, or a login, that never began."""
