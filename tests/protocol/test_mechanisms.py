"""The table of mechanisms, and the account that a first message names."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.mechanisms import MECHANISMS, account_named, mechanism_named
from xmppd.protocol.sasl import SaslError


class Table(SynchronousTestCase):
    def test_strongest_first(self) -> None:
        self.assertEqual(
            [mechanism.name for mechanism in MECHANISMS],
            [
                "SCRAM-SHA-512-PLUS",
                "SCRAM-SHA-256-PLUS",
                "SCRAM-SHA-1-PLUS",
                "SCRAM-SHA-512",
                "SCRAM-SHA-256",
                "SCRAM-SHA-1",
                "PLAIN",
            ],
        )

    def test_name_says_hash_and_binding(self) -> None:
        for mechanism in MECHANISMS:
            self.assertEqual(mechanism.plus, mechanism.name.endswith("-PLUS"))
            if mechanism.hash is not None:
                self.assertIn(
                    mechanism.name, (f"SCRAM-{mechanism.hash}", f"SCRAM-{mechanism.hash}-PLUS")
                )

    def test_unknown(self) -> None:
        """RFC 6120, 6.5.7."""
        for name in ("DIGEST-MD5", "", "plain", "SCRAM-SHA-224"):
            error = self.assertRaises(SaslError, mechanism_named, name)
            self.assertEqual(error.condition, "invalid-mechanism")


class AccountNamed(SynchronousTestCase):
    def named(self, mechanism: str, message: bytes) -> str:
        return account_named(mechanism, message, "example.com")

    def test_plain(self) -> None:
        self.assertEqual(self.named("PLAIN", b"\0juliet\0secret"), "juliet@example.com")

    def test_plain_authzid_goes_first(self) -> None:
        message = b"romeo@example.net\0juliet\0secret"
        self.assertEqual(self.named("PLAIN", message), "romeo@example.net")

    def test_plain_name_with_domain(self) -> None:
        message = b"\0juliet@example.org\0secret"
        self.assertEqual(self.named("PLAIN", message), "juliet@example.org")

    def test_scram(self) -> None:
        self.assertEqual(self.named("SCRAM-SHA-1", b"n,,n=juliet,r=abc"), "juliet@example.com")

    def test_scram_authzid_goes_first(self) -> None:
        message = b"p=tls-exporter,a=romeo@example.net,n=juliet,r=abc"
        self.assertEqual(self.named("SCRAM-SHA-256-PLUS", message), "romeo@example.net")

    def test_scram_name_is_unescaped(self) -> None:
        message = b"n,,n=a=2Cb=3Dc,r=abc"
        self.assertEqual(self.named("SCRAM-SHA-1", message), "a,b=c@example.com")

    def test_it_does_not_judge_the_channel_binding(self) -> None:
        self.assertEqual(self.named("SCRAM-SHA-1-PLUS", b"n,,n=juliet,r=abc"), "juliet@example.com")

    def test_messages_that_name_nobody(self) -> None:
        for mechanism, message, condition in (
            ("PLAIN", b"", "malformed-request"),
            ("PLAIN", b"n,,n=juliet,r=abc", "malformed-request"),
            ("SCRAM-SHA-1", b"\0juliet\0secret", "malformed-request"),
            ("SCRAM-SHA-1", b"n,,r=abc", "malformed-request"),
            ("DIGEST-MD5", b"", "invalid-mechanism"),
        ):
            error = self.assertRaises(SaslError, self.named, mechanism, message)
            self.assertEqual(error.condition, condition)

    @given(st.sampled_from(["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS"]), st.binary(max_size=30))
    @settings(deadline=None, max_examples=200)
    def test_nothing_but_sasl_errors(self, mechanism: str, message: bytes) -> None:
        with contextlib.suppress(SaslError):
            self.assertIn("@", self.named(mechanism, message))
