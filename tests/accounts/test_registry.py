"""Accounts in our own storage."""

from typing import Any

from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.accounts.interfaces import NoSuchAccount
from xmppd.accounts.realm import StoredKeysChecker
from xmppd.accounts.registry import HASHES, AccountExists, Accounts
from xmppd.protocol.jid import InvalidJid
from xmppd.protocol.scram_keys import ITERATIONS
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import Corrupt
from xmppd.storage.memory import MemoryStore


class RegistryTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.store = MemoryStore(self.clock)
        self.accounts = Accounts("example.com", self.store)
        self.checker = StoredKeysChecker(self.accounts)

    def settled(self, work: Deferred[Any]) -> Deferred[Any]:
        for _ in range(5):
            self.clock.advance(0.1)
        return work

    def done(self, work: Deferred[Any]) -> Any:
        return self.successResultOf(self.settled(work))

    def right(self, name: str, password: str) -> bool:
        credentials = UsernamePassword(name.encode(), password.encode())
        found: list[Any] = []
        self.settled(self.checker.requestAvatarId(credentials)).addBoth(found.append)
        if found[0] == name.encode():
            return True
        found[0].trap(UnauthorizedLogin)
        return False

    def test_create(self) -> None:
        self.done(self.accounts.create("Juliet", "secret"))
        record = self.done(self.accounts.record("juliet"))
        self.assertFalse(record.disabled or record.external)
        self.assertTrue(self.right("juliet", "secret"))
        self.assertFalse(self.right("juliet", "Secret"))
        self.assertFalse(self.right("romeo", "secret"))

    def test_kept_before_it_is_said(self) -> None:
        work = self.accounts.create("juliet", "secret")
        self.assertNoResult(work)
        self.done(work)

    def test_exists(self) -> None:
        self.done(self.accounts.create("juliet", "secret"))
        for name in "juliet", "JULIET":
            self.failureResultOf(self.settled(self.accounts.create(name, "other")), AccountExists)
        self.assertTrue(self.right("juliet", "secret"))
        both = [self.accounts.create("romeo", word) for word in ("one", "two")]
        self.done(both[0])
        self.failureResultOf(both[1], AccountExists)
        self.assertTrue(self.right("romeo", "one"))

    def test_bad_names_and_passwords(self) -> None:
        for name in "", "a b", "a@b", "a/b", "x" * 1024, "a\x07":
            with self.assertRaises(InvalidJid):
                self.accounts.create(name, "secret")
        for password in "", "a\x07", "x" * 5000:
            with self.assertRaises(ValueError):
                self.accounts.create("juliet", password)
        self.assertEqual(self.done(self.accounts.names()), [])

    def test_keys(self) -> None:
        """RFC 5802: for every hash its own salt; 10,000 rounds."""
        self.done(self.accounts.create("juliet", "secret"))
        keys = [self.done(self.accounts.keys("juliet", hash)) for hash in HASHES]
        self.assertEqual([key.hash for key in keys], list(HASHES))
        self.assertEqual(len({key.salt for key in keys}), len(HASHES))
        self.assertEqual({key.iterations for key in keys}, {ITERATIONS})
        self.assertIsNone(self.done(self.accounts.keys("juliet", "MD5")))
        self.assertIsNone(self.done(self.accounts.keys("romeo", "SHA-1")))

    def test_set_password(self) -> None:
        self.done(self.accounts.create("juliet", "secret"))
        self.done(self.accounts.set_password("juliet", "other"))
        self.assertTrue(self.right("juliet", "other"))
        self.assertFalse(self.right("juliet", "secret"))

    def test_nobody_is_made_by_the_way(self) -> None:
        for work in (
            self.accounts.set_password("nobody", "secret"),
            self.accounts.disable("nobody"),
            self.accounts.disable("nobody", False),
        ):
            self.failureResultOf(self.settled(work), NoSuchAccount)
        self.assertIsNone(self.done(self.accounts.record("nobody")))
        self.assertFalse(self.right("nobody", "secret"))

    def test_disable(self) -> None:
        self.done(self.accounts.create("juliet", "secret"))
        created = self.done(self.accounts.record("juliet")).created
        self.done(self.accounts.disable("juliet"))
        record = self.done(self.accounts.record("juliet"))
        self.assertEqual((record.disabled, record.created), (True, created))
        self.done(self.accounts.disable("juliet", False))
        self.assertFalse(self.done(self.accounts.record("juliet")).disabled)

    def test_remove(self) -> None:
        self.done(self.accounts.create("juliet", "secret"))
        self.done(self.accounts.remove("juliet"))
        self.assertIsNone(self.done(self.accounts.record("juliet")))
        self.assertFalse(self.right("juliet", "secret"))
        self.assertEqual(self.done(self.store.owners("example.com")), [])
        self.done(self.accounts.create("juliet", "again"))
        self.assertTrue(self.right("juliet", "again"))

    def test_names(self) -> None:
        other = Accounts("example.org", self.store)
        self.done(other.create("mallory", "secret"))
        for name in "b", "a", "c":
            self.done(self.accounts.create(name, "secret"))
        self.assertEqual(self.done(self.accounts.names()), ["a", "b", "c"])
        self.assertEqual(self.done(self.accounts.names(after="a", limit=1)), ["b"])

    def test_host_key(self) -> None:
        """Drawn once for each host, and kept."""
        first = self.done(self.accounts.host_key())
        self.assertEqual(len(first), 32)
        again = Accounts("example.com", self.store)
        self.assertEqual(self.done(again.host_key()), first)
        other = Accounts("example.org", self.store)
        self.assertNotEqual(self.done(other.host_key()), first)
        pair = Accounts("b.test", self.store), Accounts("b.test", self.store)
        keys = [accounts.host_key() for accounts in pair]
        self.assertEqual(self.done(keys[0]), self.done(keys[1]))

    def test_known_host_key(self) -> None:
        """It is only read: who logs in after a restart needs no space on the disk."""
        first = self.done(self.accounts.host_key())
        again = Accounts("example.com", self.store)
        self.assertEqual(self.successResultOf(again.host_key()), first)
        self.assertEqual(self.store.ticket, 0)

    def test_spoilt_keys(self) -> None:
        """Keys that a hand has spoilt are Corrupt, which names the account."""
        self.done(self.accounts.create("juliet", "secret"))
        owner = self.accounts.owner("juliet")
        document = self.store.document("credentials", JsonCodec())
        for spoilt in ([], {"SHA-1": {"salt": 1}}, {"SHA-1": "secret"}):
            self.done(document.put(owner, spoilt))
            failed = self.failureResultOf(self.accounts.keys("juliet", "SHA-1"), Corrupt)
            self.assertIn("juliet@example.com", str(failed.value))
        self.done(self.accounts.set_password("juliet", "again"))
        self.assertTrue(self.right("juliet", "again"))

    def test_hosts_are_apart(self) -> None:
        self.done(self.accounts.create("juliet", "secret"))
        other = Accounts("example.org", self.store)
        self.assertIsNone(self.done(other.record("juliet")))
        self.assertEqual(self.done(other.names()), [])
