"""Accounts and contacts in our own storage."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.accounts.contacts import Contact
from xmppd.accounts.edits import Edits
from xmppd.accounts.stored import StoredAccount
from xmppd.protocol.jid import Jid
from xmppd.storage.memory import MemoryStore

ROMEO, TYBALT = Contact(Jid("romeo@example.net")), Contact(Jid("tybalt@example.net"))


class ContactsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        store = MemoryStore(self.clock)
        account = StoredAccount(Jid("juliet@example.com"), store, Edits())
        self.contacts = account.contacts

    def test_each_change_has_its_own_version(self) -> None:
        """XEP-0237, 4: the version of a push covers what was pushed so far, and no more.

        Else a client cut off between two pushes would never hear of the second.
        """
        changes = [
            self.contacts.change(ROMEO),
            self.contacts.change(TYBALT),
            self.contacts.change(TYBALT, removed=True),
            self.contacts.change(ROMEO, removed=True),
        ]
        self.clock.advance(1)
        versions = [self.successResultOf(change) for change in changes]
        self.assertEqual(versions, sorted(set(versions)))
        self.assertEqual(self.successResultOf(self.contacts.version()), versions[-1])
        after_first = self.successResultOf(self.contacts.changes(versions[0]))
        self.assertEqual({*after_first[1]}, {ROMEO.jid, TYBALT.jid})

    def test_removing_nothing(self) -> None:
        """Removing whom the list does not have gives the version it has."""
        version = self.contacts.change(ROMEO)
        removal = self.contacts.change(TYBALT, removed=True)
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(removal), self.successResultOf(version))
