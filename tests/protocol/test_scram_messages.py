"""RFC 5802, section 7."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.sasl import SaslError
from xmppd.protocol.scram_messages import read_client_final, read_client_first


class First(SynchronousTestCase):
    def refused(self, condition: str, *messages: bytes) -> None:
        for message in messages:
            error = self.assertRaises(SaslError, read_client_first, message)
            self.assertEqual(error.condition, condition, message)

    def test_plain(self) -> None:
        first = read_client_first(b"n,,n=user,r=abc")
        self.assertEqual((first.header, first.flag, first.binding), (b"n,,", "n", None))
        self.assertEqual((first.authzid, first.authcid, first.nonce), ("", "user", "abc"))
        self.assertEqual(first.bare, b"n=user,r=abc")

    def test_binding_and_authzid(self) -> None:
        first = read_client_first(b"p=tls-exporter,a=juliet@example.com,n=admin,r=abc")
        self.assertEqual((first.flag, first.binding), ("p", "tls-exporter"))
        self.assertEqual((first.authzid, first.authcid), ("juliet@example.com", "admin"))
        self.assertEqual(first.header, b"p=tls-exporter,a=juliet@example.com,")

    def test_escaped_names(self) -> None:
        """RFC 5802, 5.1: `,` and `=` are sent as =2C and =3D."""
        first = read_client_first(b"y,a=a=2Cb=3Dc,n==3D2C,r=abc")
        self.assertEqual((first.authzid, first.authcid), ("a,b=c", "=2C"))

    def test_other_use_of_equals_sign_in_a_name(self) -> None:
        """RFC 5802, 5.1: the server MUST fail the authentication."""
        self.refused(
            "malformed-request",
            b"n,,n=a=b,r=abc",
            b"n,,n=a=2c,r=abc",
            b"n,,n=a=,r=abc",
            b"n,a=a=2,n=user,r=abc",
        )

    def test_unknown_extensions_are_ignored(self) -> None:
        """RFC 5802, section 7: `extensions`."""
        first = read_client_first(b"n,,n=user,r=abc,x=1,Y=a=b")
        self.assertEqual((first.nonce, first.bare), ("abc", b"n=user,r=abc,x=1,Y=a=b"))

    def test_mandatory_extension(self) -> None:
        """RFC 5802, 5.1: `m=` MUST cause authentication failure."""
        self.refused("not-authorized", b"n,,m=x,n=user,r=abc", b"n,,n=user,r=abc,m=x")

    def test_malformed(self) -> None:
        self.refused(
            "malformed-request",
            b"",
            b"n",
            b"n,,",
            b"n,,r=abc",
            b"n,,n=user",
            b"n,,n=user,",
            b"n,,r=abc,n=user",
            b"n,,n=,r=abc",
            b"n,,n=user,r=",
            b"n,,n=user,r=a b",
            b"n,,n=user,r=a\xc3\xa9",
            b"n,,N=user,r=abc",
            b"n,n=user,r=abc",
            b"n=user,r=abc",
            b"n,a=,n=user,r=abc",
            b"n,juliet,n=user,r=abc",
            b"x,,n=user,r=abc",
            b"F,n,,n=user,r=abc",
            b"p,,n=user,r=abc",
            b"p=,,n=user,r=abc",
            b"p=tls_unique,,n=user,r=abc",
            b"n,,n=us\0er,r=abc",
            b"n,,n=us\xffer,r=abc",
            b"n,,n=user,r=abc,x=",
            b"n,,n=user,r=abc,xx=1",
            b"n,,n=user,r=abc,1=1",
            b"n,,n=user,r=abc,",
            b" n,,n=user,r=abc",
        )

    def test_doubled_or_misplaced_attribute(self) -> None:
        self.refused(
            "malformed-request",
            b"n,a=x,a=x,n=user,r=abc",
            b"n,,n=user,n=user,r=abc",
            b"n,,n=user,r=abc,r=abc",
            b"n,,n=user,r=abc,n=root",
            b"n,,n=user,r=abc,a=root",
            b"n,,n=user,r=abc,x=1,x=1",
            b"n,,n=user,r=abc,i=1",
        )

    @given(
        st.lists(st.sampled_from([b"n", b"y", b"p", b"a", b"r", b"m", b"=", b",", b"=2C", b"\xff"]))
    )
    @settings(deadline=None, max_examples=300)
    def test_nothing_but_sasl_errors(self, pieces: list[bytes]) -> None:
        message = b"".join(pieces)
        try:
            first = read_client_first(message)
        except SaslError:
            return
        self.assertEqual(first.header + first.bare, message)


class Final(SynchronousTestCase):
    def refused(self, condition: str, *messages: bytes) -> None:
        for message in messages:
            error = self.assertRaises(SaslError, read_client_final, message)
            self.assertEqual(error.condition, condition, message)

    def test_plain(self) -> None:
        final = read_client_final(b"c=biws,r=abcdef,p=AAEC")
        self.assertEqual((final.binding, final.nonce), (b"n,,", "abcdef"))
        self.assertEqual((final.proof, final.unproved), (b"\0\1\2", b"c=biws,r=abcdef"))

    def test_extensions_are_part_of_what_is_proved(self) -> None:
        final = read_client_final(b"c=biws,r=abcdef,x=1,p=AAEC")
        self.assertEqual(final.unproved, b"c=biws,r=abcdef,x=1")

    def test_mandatory_extension(self) -> None:
        self.refused("not-authorized", b"c=biws,r=abcdef,m=1,p=AAEC")

    def test_malformed(self) -> None:
        self.refused(
            "malformed-request",
            b"",
            b"c=biws,r=abcdef",
            b"c=biws,p=AAEC",
            b"r=abcdef,p=AAEC",
            b"r=abcdef,c=biws,p=AAEC",
            b"c=biws,r=abcdef,p=",
            b"c=,r=abcdef,p=AAEC",
            b"c=biws,r=,p=AAEC",
            b"c=biws,r=abcdef,p=AAE",
            b"c=biws,r=abcdef,p=AA C",
            b"c=biws,r=abcdef,p=AAE!",
            b"c=biw,r=abcdef,p=AAEC",
            b"c=biws,r=abcdef,p=AAEC,",
            b"c=biws,r=abcdef,p=AAEC,x=1",
            b"c=biws,r=abc\0def,p=AAEC",
            b"c=biws,r=abcdef,x=\xff,p=AAEC",
        )

    def test_doubled_attribute(self) -> None:
        self.refused(
            "malformed-request",
            b"c=biws,c=biws,r=abcdef,p=AAEC",
            b"c=biws,r=abcdef,r=abcdef,p=AAEC",
            b"c=biws,r=abcdef,p=AAEC,p=AAEC",
            b"c=biws,r=abcdef,x=1,x=2,p=AAEC",
        )

    @given(
        st.lists(st.sampled_from([b"c=", b"r=", b"p=", b"m=", b"x=", b",", b"biws", b"=", b"\xff"]))
    )
    @settings(deadline=None, max_examples=300)
    def test_nothing_but_sasl_errors(self, pieces: list[bytes]) -> None:
        message = b"".join(pieces)
        try:
            final = read_client_final(message)
        except SaslError:
            return
        self.assertTrue(message.startswith(final.unproved + b",p="))
