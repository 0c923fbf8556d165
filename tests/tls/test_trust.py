"""Whether a certificate stands for a server elsewhere (RFC 6120, 13.7; RFC 9525)."""

from pathlib import Path

from cryptography import x509
from twisted.trial.unittest import SynchronousTestCase

from tests.s2s.authority import Authority
from xmppd.tls.certificate_files import CertificateError
from xmppd.tls.certificate_names import SRV_NAME, XMPP_ADDRESS
from xmppd.tls.trust import Examined, Trust


def srv(name: str) -> x509.OtherName:
    return x509.OtherName(SRV_NAME, bytes((0x16, len(name))) + name.encode())


def address(name: str) -> x509.OtherName:
    return x509.OtherName(XMPP_ADDRESS, bytes((0x0C, len(name.encode()))) + name.encode())


class TrustTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.authority = Authority(self.folder)
        self.trust = Trust(self.authority.file)

    def names(self, domain: str, *alternatives: x509.GeneralName) -> bool:
        certificate, _ = self.authority.sign(alternatives)
        return not Examined("", certificate).why_not(domain)

    def test_kinds_of_names(self) -> None:
        for name in (
            x509.DNSName("im.test.example"),
            x509.DNSName("*.test.example"),
            srv("_xmpp-server.im.test.example"),
            address("im.test.example"),
        ):
            self.assertTrue(self.names("im.test.example", x509.DNSName("x.y.z"), name), name)

    def test_names_of_others(self) -> None:
        for name in (
            x509.DNSName("test.example"),
            x509.DNSName("*.example"),
            x509.DNSName("*.im.test.example"),
            x509.DNSName("im.test.example\0.evil"),
            srv("_xmpp-client.im.test.example"),
            srv("im.test.example"),
            address("*.test.example"),
            address("romeo@im.test.example"),
            x509.RFC822Name("romeo@im.test.example"),
        ):
            self.assertFalse(self.names("im.test.example", name), name)
        self.assertFalse(self.names("im.test.example"))

    def test_other_scripts(self) -> None:
        self.assertTrue(self.names("bücher.example", x509.DNSName("xn--bcher-kva.example")))
        self.assertTrue(self.names("bücher.example", address("bücher.example")))

    def test_authorities(self) -> None:
        name = [x509.DNSName("a.example")]
        known, _ = self.authority.sign(name, usage=True)
        other, _ = Authority(self.folder / "other").sign(name)
        self.assertEqual(self.trust.examine([known]).why_not("a.example"), "")
        self.assertNotEqual("", self.trust.examine([other]).why_not("a.example"))
        self.assertIn("issuer", Trust().examine([known]).why_not("a.example"))
        self.assertIn("b.example", self.trust.examine([known]).why_not("b.example"))

    def test_time(self) -> None:
        for days, said in (((1, 2), "not yet valid"), ((-2, -1), "expired")):
            certificate, _ = self.authority.sign([x509.DNSName("a.example")], days=days)
            self.assertIn(said, self.trust.examine([certificate]).why_not("a.example"))

    def test_files_that_cannot_be_used(self) -> None:
        self.assertRaises(CertificateError, Trust, self.folder / "nowhere.pem")
        (self.folder / "empty.pem").write_text("")
        self.assertRaises(CertificateError, Trust, self.folder / "empty.pem")
