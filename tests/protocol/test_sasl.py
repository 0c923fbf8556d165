"""RFC 6120, section 6, and RFC 4616."""

from base64 import b64encode

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.sasl import MAX_PASSWORD, Plain, SaslError, decode, encode, read_plain


class Base64(SynchronousTestCase):
    def test_message(self) -> None:
        self.assertEqual(decode("AGp1bGlldABzZWNyZXQ="), b"\0juliet\0secret")
        self.assertEqual(encode(b"\0juliet\0secret"), "AGp1bGlldABzZWNyZXQ=")

    def test_lone_equals_sign_is_the_empty_message(self) -> None:
        """RFC 6120, 6.4.2."""
        self.assertEqual(decode("="), b"")
        self.assertEqual(encode(b""), "=")

    def test_no_text_is_the_empty_message(self) -> None:
        self.assertEqual(decode(""), b"")

    def test_incorrect_encoding(self) -> None:
        """RFC 6120, 6.5.5: what RFC 4648, section 4, does not produce."""
        for text in (
            "AGp1 bGll",
            " AGp1",
            "AGp1\n",
            "AGp1\nbGll",
            "AG=1bGll",
            "=AGp",
            "AGp1bG",
            "AGp1bGk",
            "AGp1=",
            "AGp1====",
            "==",
            "====",
            "AGp1bGl!",
            "AGp_bGl-",
            "QR==",
            "AGp\u00e9",
            "AGp\ud800",
            "A",
        ):
            error = self.assertRaises(SaslError, decode, text)
            self.assertEqual(error.condition, "incorrect-encoding", repr(text))

    @given(st.binary(max_size=60))
    @settings(deadline=None, max_examples=100)
    def test_round_trip(self, message: bytes) -> None:
        self.assertEqual(decode(encode(message)), message)

    @given(st.text(st.sampled_from("AQZ/+=! \n\u00e9"), max_size=9))
    @settings(deadline=None, max_examples=300)
    def test_only_canonical_text_is_taken(self, text: str) -> None:
        try:
            message = decode(text)
        except SaslError as error:
            self.assertEqual(error.condition, "incorrect-encoding")
        else:
            self.assertIn(text, (b64encode(message).decode(), encode(message)))


class Errors(SynchronousTestCase):
    def test_condition_and_text(self) -> None:
        error = SaslError("account-disabled", "ask the admin")
        self.assertEqual((error.condition, error.text), ("account-disabled", "ask the admin"))
        self.assertEqual(str(error), "account-disabled: ask the admin")
        self.assertEqual(str(SaslError("aborted")), "aborted")


class PlainMessages(SynchronousTestCase):
    """RFC 4616, section 2."""

    def test_without_authzid(self) -> None:
        """RFC 4616, section 4, the first example."""
        self.assertEqual(
            read_plain(b"\0tim\0tanstaaftanstaaf"), Plain("", "tim", "tanstaaftanstaaf")
        )

    def test_with_authzid(self) -> None:
        """RFC 4616, section 4, the second example."""
        self.assertEqual(read_plain(b"Ursel\0Kurt\0xipj3plmq"), Plain("Ursel", "Kurt", "xipj3plmq"))

    def test_utf8(self) -> None:
        message = "\0jos\u00e9\0p\u00e4ss".encode()
        self.assertEqual(read_plain(message), Plain("", "jos\u00e9", "p\u00e4ss"))

    def test_malformed(self) -> None:
        for message in (
            b"",
            b"juliet",
            b"juliet\0secret",
            b"\0juliet\0secret\0",
            b"\0\0secret",
            b"romeo\0\0secret",
            b"\0juliet\0",
            b"\0juliet\0\xff",
            b"\0\xed\xa0\x80\0secret",
            b"\0juliet\0" + b"x" * 8192,
            b"\0juliet\0" + "\u20ac".encode() * (MAX_PASSWORD // 3 + 1),
        ):
            error = self.assertRaises(SaslError, read_plain, message)
            self.assertEqual(error.condition, "malformed-request", message[:40])

    def test_long_password(self) -> None:
        """RFC 4616, section 2: 255 bytes must be taken."""
        self.assertEqual(
            len(read_plain(b"\0juliet\0" + b"x" * MAX_PASSWORD).password), MAX_PASSWORD
        )

    def test_password_is_not_shown(self) -> None:
        self.assertNotIn("secret", repr(read_plain(b"\0juliet\0secret")))

    @given(st.lists(st.sampled_from([b"\0", b"a", b"\xc3", b"\xa9", b"@"]), max_size=9))
    @settings(deadline=None, max_examples=200)
    def test_nothing_but_sasl_errors(self, pieces: list[bytes]) -> None:
        message = b"".join(pieces)
        try:
            plain = read_plain(message)
        except SaslError as error:
            self.assertEqual(error.condition, "malformed-request")
        else:
            fields = (plain.authzid, plain.authcid, plain.password)
            self.assertEqual("\0".join(fields).encode(), message)
