"""RFC 5802, section 3, and what RFC 6120 asks for unknown accounts."""

import json

from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.sasl import MAX_PASSWORD
from xmppd.protocol.scram_keys import SALT_BYTES, ScramKeys, fake_keys

HASHES = ("SHA-1", "SHA-256", "SHA-512")
ITERATIONS = 4096
KEYS = {hash: ScramKeys.from_password("pencil", hash, iterations=ITERATIONS) for hash in HASHES}


class Keys(SynchronousTestCase):
    def test_password(self) -> None:
        for keys in KEYS.values():
            self.assertTrue(keys.check_password("pencil"))
            self.assertFalse(keys.check_password("Pencil"))

    def test_password_that_cannot_be_prepared(self) -> None:
        self.assertRaises(ValueError, ScramKeys.from_password, "", "SHA-1")
        self.assertFalse(KEYS["SHA-1"].check_password(""))
        self.assertFalse(KEYS["SHA-1"].check_password("a\u0007b"))
        self.assertFalse(KEYS["SHA-1"].check_password("a\ud800"))

    def test_long_password(self) -> None:
        """What can be set can be sent with PLAIN."""
        longest = "\u00e9" * (MAX_PASSWORD // 2)
        self.assertTrue(ScramKeys.from_password(longest, "SHA-1").check_password(longest))
        self.assertRaises(ValueError, ScramKeys.from_password, longest + "x", "SHA-1")

    def test_each_has_its_own_salt(self) -> None:
        """RFC 5802, section 9: unique per user."""
        salts = {ScramKeys.from_password("pencil", "SHA-1", iterations=1).salt for _ in range(9)}
        self.assertEqual((len(salts), {len(salt) for salt in salts}), (9, {SALT_BYTES}))

    def test_iterations_of_new_keys(self) -> None:
        """RFC 7677, section 4: 4096 at least."""
        self.assertEqual(ScramKeys.from_password("pencil", "SHA-256").iterations, 10_000)

    def test_unknown_hash(self) -> None:
        self.assertRaises(ValueError, ScramKeys.from_password, "pencil", "MD5")

    def test_dict(self) -> None:
        for keys in KEYS.values():
            self.assertEqual(ScramKeys.from_dict(json.loads(json.dumps(keys.to_dict()))), keys)

    def test_dict_that_holds_no_keys(self) -> None:
        good = KEYS["SHA-1"].to_dict()
        for broken in (
            {},
            {**good, "hash": "MD5"},
            {**good, "hash": []},
            {**good, "salt": "!"},
            {**good, "salt": ""},
            {**good, "salt": 1},
            {**good, "iterations": "4096"},
            {**good, "iterations": 4096.0},
            {**good, "iterations": 0},
            {**good, "stored_key": None},
        ):
            self.assertRaises(ValueError, ScramKeys.from_dict, broken)

    def test_keys_are_not_shown(self) -> None:
        shown = repr(KEYS["SHA-1"])
        self.assertEqual(shown, "ScramKeys(hash='SHA-1', iterations=4096)")


class FakeKeys(SynchronousTestCase):
    """RFC 6120, 6.5.10 and 13.11: an unknown account is refused like a wrong password."""

    def test_the_same_each_time(self) -> None:
        self.assertEqual(
            fake_keys(b"key", "juliet", "SHA-256"), fake_keys(b"key", "juliet", "SHA-256")
        )

    def test_other_host_name_or_hash(self) -> None:
        salts = {
            fake_keys(key, name, hash).salt
            for key in (b"one", b"two")
            for name in ("juliet", "romeo")
            for hash in HASHES
        }
        self.assertEqual(len(salts), 12)

    def test_they_look_like_real_ones(self) -> None:
        for hash in HASHES:
            fake = fake_keys(b"key", "juliet", hash, ITERATIONS)
            for name in ("salt", "stored_key", "server_key"):
                self.assertEqual(len(getattr(fake, name)), len(getattr(KEYS[hash], name)))
            self.assertEqual((fake.hash, fake.iterations), (hash, ITERATIONS))

    def test_no_password_fits(self) -> None:
        self.assertFalse(fake_keys(b"key", "juliet", "SHA-1").check_password("juliet"))
