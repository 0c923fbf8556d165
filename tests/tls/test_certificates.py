"""The certificate of each domain: which one, from which files, and what is done without."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtensionOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import SynchronousTestCase

from tests.tls import unknown_curve
from tests.tls.in_memory_tls import client, reason, shake
from xmppd.tls.certificate_files import MADE, CertificateError
from xmppd.tls.certificate_names import ascii_name, covers, names_of, other_names
from xmppd.tls.certificates import ByServerName, Certificates
from xmppd.tls.context import server_context
from xmppd.tls.trust import Examined

TODAY = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
SHORT_KEY = ec.generate_private_key(ec.SECP192R1())


def key_pem(key: ec.EllipticCurvePrivateKey = KEY, encryption: Any = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def certificate_pem(*names: str, days: int = 90, key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    """Return a certificate that an authority of its own has signed."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    builder = x509.CertificateBuilder(
        issuer,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        TODAY - timedelta(days=100),
        TODAY + timedelta(days=days),
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


def certificate_with(names: bytes) -> x509.Certificate:
    """Return a certificate whose alternative names are those bytes."""
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), 1, TODAY, TODAY)
    alternatives = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, names)
    return builder.add_extension(alternatives, False).sign(KEY, hashes.SHA256())


class CertificatesTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.clock = Clock()
        self.today = TODAY
        self.certificates = self.served("example.com", "example.net")

    def served(self, *domains: str) -> Certificates:
        return Certificates(self.directory, domains, self.clock.seconds, lambda: self.today)

    def put(self, name: str, content: bytes) -> Path:
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def put_certbot(self, folder: str, *names: str) -> None:
        self.put(f"{folder}/fullchain.pem", certificate_pem(*names))
        self.put(f"{folder}/privkey.pem", key_pem())

    def presented(self, context: SSL.Context) -> tuple[str, ...]:
        """Return the names in the certificate that a client is shown."""
        peer = client()
        shake(SSL.Connection(context, None), peer)
        certificate = peer.get_peer_certificate(as_cryptography=True)
        assert certificate is not None
        return names_of(certificate)

    def shown_for(self, domain: str) -> str:
        return self.presented(self.certificates.context_for(domain))[0]

    def complaint(self, domain: str = "example.com") -> str:
        line = str(self.assertRaises(CertificateError, self.certificates.context_for, domain))
        self.assertEqual(len(line.splitlines()), 1)
        return line


class ChoiceTest(CertificatesTestCase):
    def test_as_certbot_keeps_them(self) -> None:
        self.put_certbot("archive", "by-link.example")
        os.symlink("archive", self.directory / "example.com")
        self.assertEqual(self.shown_for("example.com"), "by-link.example")

    def test_one_file(self) -> None:
        self.put("example.com.pem", key_pem() + certificate_pem("a.example"))
        self.put("example.net.pem", certificate_pem("b.example") + key_pem())
        self.assertEqual(self.shown_for("example.com"), "a.example")
        self.assertEqual(self.shown_for("example.net"), "b.example")

    def test_two_files(self) -> None:
        self.put("example.com.crt", certificate_pem("a.example"))
        self.put("example.com.key", key_pem())
        self.assertEqual(self.shown_for("example.com"), "a.example")

    def test_wildcard_file(self) -> None:
        self.certificates = self.served("chat.example.com", "localhost")
        self.put("_.example.com.pem", key_pem() + certificate_pem("*.example.com"))
        self.assertEqual(self.shown_for("chat.example.com"), "*.example.com")
        self.assertEqual(self.shown_for("localhost"), "localhost")

    def test_by_the_names_in_it(self) -> None:
        """Also the lineages that certbot numbers, of which the one that lasts longest is taken."""
        self.put("old.pem", key_pem() + certificate_pem("old.example", "example.com", days=5))
        self.put_certbot("example.net-0001", "new.example", "example.com", "*.net")
        self.put("README.pem", b"no certificate")
        self.assertEqual(self.shown_for("example.com"), "new.example")
        self.assertEqual(self.shown_for("example.net"), "new.example")

    def test_names_of_other_alphabets(self) -> None:
        self.certificates = self.served("bücher.example")
        self.put_certbot("xn--bcher-kva.example", "xn--bcher-kva.example")
        self.assertEqual(self.shown_for("bücher.example"), "xn--bcher-kva.example")
        self.assertEqual(
            self.certificates.domain_named(b"XN--BCHER-KVA.example."), "bücher.example"
        )

    def test_whole_chain_is_sent(self) -> None:
        chain = certificate_pem("example.com") + certificate_pem("middle.example")
        self.put("example.com.pem", key_pem() + chain)
        peer = client()
        shake(SSL.Connection(self.certificates.context_for("example.com"), None), peer)
        sent = peer.get_peer_cert_chain(as_cryptography=True)
        assert sent is not None
        self.assertEqual([names_of(each)[0] for each in sent], ["example.com", "middle.example"])


class SelfMadeTest(CertificatesTestCase):
    def test_made_at_first_need(self) -> None:
        """1,000 domains: nothing is written for those that nobody asks for."""
        self.certificates.check()
        self.assertEqual(os.listdir(self.directory), [])
        self.assertEqual(self.shown_for("example.com"), "example.com")
        self.assertEqual(os.listdir(self.directory / MADE), ["example.com.pem"])

    def test_key_is_ours_alone(self) -> None:
        self.shown_for("example.com")
        self.assertEqual((self.directory / MADE).stat().st_mode & 0o777, 0o700)
        path = self.directory / MADE / "example.com.pem"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_what_it_says(self) -> None:
        self.shown_for("example.com")
        content = (self.directory / MADE / "example.com.pem").read_bytes()
        certificate = x509.load_pem_x509_certificate(content)
        public_key = certificate.public_key()
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        self.assertEqual(public_key.curve.name, "secp256r1")
        self.assertTrue(certificate.not_valid_after_utc > TODAY + timedelta(days=3649))
        self.assertTrue(certificate.not_valid_before_utc < TODAY)
        self.assertEqual(names_of(certificate), ("example.com",))
        certificate.verify_directly_issued_by(certificate)

    def test_stays_over_a_restart(self) -> None:
        first = self.certificates.context_for("example.com")
        self.assertEqual(self.presented(first), ("example.com",))
        written = (self.directory / MADE / "example.com.pem").read_bytes()
        self.served("example.com").context_for("example.com")
        self.assertEqual((self.directory / MADE / "example.com.pem").read_bytes(), written)

    def test_gives_way_to_any_other(self) -> None:
        self.assertEqual(self.shown_for("example.com"), "example.com")
        self.put_certbot("example.com", "real.example")
        self.clock.advance(1)
        self.assertEqual(self.shown_for("example.com"), "real.example")

    def test_addresses_and_long_names(self) -> None:
        long, longest = ".".join(["a" * 40] * 4), ".".join(["a" * 63] * 4)
        for domain, names in (
            ("192.0.2.1", ("192.0.2.1",)),
            ("[2001:db8::1]", ("2001:db8::1", "[2001:db8::1]")),
            (long, (long,)),
            (longest, (longest,)),
            ("bücher.example", ("xn--bcher-kva.example", "bücher.example")),
        ):
            self.certificates = self.served(domain)
            names_shown = self.presented(self.certificates.context_for(domain))
            self.assertEqual(set(names) - set(names_shown), set())
            self.assertTrue(self.certificates.describe(domain)["covers_domain"])

    def test_cannot_be_written(self) -> None:
        (self.directory / MADE).write_bytes(b"a file in the way")
        self.assertIn(f"uid {os.geteuid()}", self.complaint())
        self.flushLoggedErrors()

    def test_domains_not_served_get_none(self) -> None:
        """The name in a stream header never becomes the name of a file."""
        self.assertEqual(self.shown_for("../../evil"), "example.com")
        self.assertEqual(os.listdir(self.directory / MADE), ["example.com.pem"])


class ReloadTest(CertificatesTestCase):
    def test_same_context_while_nothing_changes(self) -> None:
        self.put_certbot("example.com", "a.example")
        first = self.certificates.context_for("example.com")
        self.clock.advance(5)
        self.assertIs(self.certificates.context_for("example.com"), first)

    def test_renewed_files_are_used_within_a_second(self) -> None:
        self.put_certbot("example.com", "a.example")
        self.assertEqual(self.shown_for("example.com"), "a.example")
        self.put_certbot("example.com", "renewed.example")
        self.assertEqual(self.shown_for("example.com"), "a.example")
        self.clock.advance(1)
        self.assertEqual(self.shown_for("example.com"), "renewed.example")

    def test_end_is_told_once_a_day(self) -> None:
        path = self.put("example.com.pem", key_pem() + certificate_pem("example.com", days=90))
        told = []
        with capturedLogs() as events:
            for day in range(74, 80):
                for hour in (0, 12):
                    self.today = TODAY + timedelta(days=day, hours=hour)
                    self.clock.advance(1)
                    self.certificates.context_for("example.com")
                told.append(len(events))
            self.assertEqual(told, [0, 0, 1, 2, 3, 4])
            self.assertEqual(
                formatEvent(events[0]),
                f"certificate of example.com ends on 2026-04-01: {path} (renew it)",
            )
            self.put("example.com.pem", key_pem() + certificate_pem("example.com", days=180))
            self.today += timedelta(days=1)
            self.clock.advance(1)
            self.certificates.context_for("example.com")
            self.assertEqual(len(events), 4)

    def test_renewal_by_symbolic_link(self) -> None:
        self.put_certbot("1", "a.example")
        self.put_certbot("2", "b.example")
        os.symlink("1", self.directory / "example.com")
        self.assertEqual(self.shown_for("example.com"), "a.example")
        (self.directory / "example.com").unlink()
        os.symlink("2", self.directory / "example.com")
        self.clock.advance(1)
        self.assertEqual(self.shown_for("example.com"), "b.example")

    def test_half_a_renewal_changes_nothing(self) -> None:
        """What was in use stays in use; the log says what is wrong, once."""
        self.put_certbot("example.com", "a.example")
        self.assertEqual(self.shown_for("example.com"), "a.example")
        self.put("example.com/privkey.pem", key_pem(ec.generate_private_key(ec.SECP256R1())))
        with capturedLogs() as events:
            for _ in range(3):
                self.clock.advance(1)
                self.assertEqual(self.shown_for("example.com"), "a.example")
        errors = [event for event in events if event["log_level"] == LogLevel.error]
        self.assertEqual(len(errors), 1)
        self.put_certbot("example.com", "b.example")
        self.clock.advance(1)
        self.assertEqual(self.shown_for("example.com"), "b.example")


class ComplaintTest(CertificatesTestCase):
    def test_files_that_cannot_be_used(self) -> None:
        other = ec.generate_private_key(ec.SECP256R1())
        secret = BestAvailableEncryption(b"x")
        good = certificate_pem("example.com")
        short = certificate_pem("example.com", key=SHORT_KEY)
        for chain, key, words in (
            (None, key_pem(), "fullchain.pem: No such file or directory (running as uid"),
            (good, None, "privkey.pem: No such file or directory (running as uid"),
            (b"", key_pem(), "fullchain.pem: holds no certificate in PEM form"),
            (b"\xff", key_pem(), "fullchain.pem: holds no certificate in PEM form"),
            (good, good, "privkey.pem: holds no private key in PEM form"),
            (good, key_pem(encryption=secret), "privkey.pem: the key has a passphrase"),
            (good, key_pem(other), "privkey.pem: not the key of"),
            (certificate_pem("example.com", days=-1), key_pem(), "expired on 2025-12-31 (renew"),
            (
                short,
                key_pem(SHORT_KEY),
                "fullchain.pem: refused by OpenSSL, ee key too small",
            ),
            (good, unknown_curve.KEY_PEM, "privkey.pem: this kind of key cannot serve TLS"),
            (unknown_curve.CERTIFICATE_PEM, key_pem(), "privkey.pem: not the key of"),
        ):
            for name, content in (("fullchain.pem", chain), ("privkey.pem", key)):
                self.put(f"example.com/{name}", content or b"")
                if content is None:
                    (self.directory / "example.com" / name).unlink()
            self.assertIn(words, self.complaint())
            self.assertIn(str(self.directory), self.complaint())
            self.assertIn(words, str(self.assertRaises(CertificateError, self.certificates.check)))
            self.clock.advance(1)

    def test_link_to_nowhere(self) -> None:
        """A renewal gone wrong is told, and no certificate of ours hides it."""
        os.symlink("nowhere", self.directory / "example.com")
        self.assertIn("fullchain.pem: No such file", self.complaint())

    def test_recovers_when_the_files_do(self) -> None:
        self.put("example.com.pem", b"")
        self.complaint()
        self.put("example.com.pem", key_pem() + certificate_pem("a.example"))
        self.complaint()
        self.clock.advance(1)
        self.assertEqual(self.shown_for("example.com"), "a.example")


class DescribeTest(CertificatesTestCase):
    def test_bought(self) -> None:
        path = self.put("example.com.pem", key_pem() + certificate_pem("example.com", "b.example"))
        self.assertEqual(
            self.certificates.describe("example.com"),
            {
                "file": str(path),
                "names": ["example.com", "b.example"],
                "not_after": "2026-04-01T00:00:00+00:00",
                "self_signed": False,
                "covers_domain": True,
            },
        )

    def test_of_another_name(self) -> None:
        self.put("example.com.pem", key_pem() + certificate_pem("b.example"))
        self.assertFalse(self.certificates.describe("example.com")["covers_domain"])

    def test_none_yet_and_self_made(self) -> None:
        self.assertIsNone(self.certificates.describe("example.com")["file"])
        self.shown_for("example.com")
        description = self.certificates.describe("example.com")
        self.assertTrue(description["self_signed"])
        self.assertEqual(description["names"], ["example.com"])


class HandshakeTest(CertificatesTestCase):
    """What a client meets on a connection with TLS from the first byte."""

    def setUp(self) -> None:
        super().setUp()
        self.direct = ByServerName(self.certificates)

    def connect(self, **wishes: Any) -> tuple[SSL.Connection, SSL.Connection]:
        server, peer = self.direct.serverConnectionForTLS(Protocol()), client(**wishes)
        shake(server, peer)
        return server, peer

    def refusal(self, **wishes: Any) -> str:
        return reason(self.assertRaises(SSL.Error, self.connect, **wishes))

    def name_for(self, server_name: str) -> str:
        _, peer = self.connect(server_name=server_name)
        certificate = peer.get_peer_certificate(as_cryptography=True)
        assert certificate is not None
        return names_of(certificate)[0]

    def test_server_name_chooses(self) -> None:
        """RFC 6066, 3: names compare without regard to case."""
        self.assertEqual(self.name_for("example.net"), "example.net")
        self.assertEqual(self.name_for("EXAMPLE.net"), "example.net")
        self.assertEqual(self.name_for("example.com"), "example.com")

    def test_first_domain_for_other_names_and_none(self) -> None:
        self.assertEqual(self.name_for("elsewhere.example"), "example.com")
        self.assertEqual(self.name_for(""), "example.com")

    def test_in_both_versions(self) -> None:
        for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
            _, peer = self.connect(server_name="example.net", highest=version)
            self.assertEqual(peer.get_protocol_version(), version)

    def test_application_protocol(self) -> None:
        """XEP-0368, 4, and RFC 7301, 3.2."""
        _, peer = self.connect(alpn=[b"h2", b"xmpp-client"])
        self.assertEqual(peer.get_alpn_proto_negotiated(), b"xmpp-client")
        _, peer = self.connect()
        self.assertEqual(peer.get_alpn_proto_negotiated(), b"")
        self.assertIn("no application protocol", self.refusal(alpn=[b"h2"]))

    def test_old_versions_are_refused(self) -> None:
        """RFC 7590, 3; RFC 8996."""
        wishes = {"highest": SSL.TLS1_1_VERSION, "lowest": SSL.TLS1_VERSION}
        self.assertIn("alert protocol version", self.refusal(**wishes))

    def test_only_modern_ciphers(self) -> None:
        """RFC 9325, 4.2: forward secrecy and authenticated encryption."""
        server, _ = self.connect(highest=SSL.TLS1_2_VERSION)
        for cipher in server.get_cipher_list():
            self.assertTrue(cipher.startswith(("ECDHE-", "TLS_")), cipher)
            self.assertTrue("GCM" in cipher or "CHACHA20" in cipher, cipher)

    def test_client_cannot_renegotiate(self) -> None:
        """RFC 7590, 3: a client that tries in TLS 1.2 does not get it."""
        server, peer = self.connect(highest=SSL.TLS1_2_VERSION)
        peer.renegotiate()
        self.assertRaises(SSL.Error, shake, server, peer)

    def test_buffers_of_idle_connections_are_released(self) -> None:
        modes = server_context().set_mode(0)
        self.assertEqual(modes & SSL.MODE_RELEASE_BUFFERS, SSL.MODE_RELEASE_BUFFERS)

    def test_no_compression_no_resumption(self) -> None:
        options = server_context().set_options(0)
        for option in (SSL.OP_NO_COMPRESSION, SSL.OP_NO_RENEGOTIATION, SSL.OP_NO_TICKET):
            self.assertEqual(options & option, option)

    def test_unusable_certificate_ends_in_an_alert(self) -> None:
        """The other domains are served as before."""
        self.put("example.net.pem", b"")
        self.assertIn("handshake failure", self.refusal(server_name="example.net"))
        self.assertEqual(self.name_for("example.com"), "example.com")

    def test_with_twisted(self) -> None:
        """Both creators are what Twisted's TLS asks for, and a refusal is told before the end."""
        for creator in (self.direct, self.certificates.options_for("example.com")):
            self.assertTrue(IOpenSSLServerConnectionCreator.providedBy(creator))
            factory = TLSMemoryBIOFactory(creator, False, Factory.forProtocol(Protocol))
            protocol = factory.buildProtocol(None)
            transport = StringTransport()
            protocol.makeConnection(transport)
            peer = client(alpn=[b"h2"])
            self.assertRaises(SSL.WantReadError, peer.do_handshake)
            protocol.dataReceived(peer.bio_read(65536))
            self.assertTrue(transport.disconnecting)
            peer.bio_write(transport.value())
            refusal = self.assertRaises(SSL.Error, peer.do_handshake)
            self.assertIn("no application protocol", reason(refusal))


class NamesTest(SynchronousTestCase):
    def test_wildcards_stand_for_one_label(self) -> None:
        """RFC 9525, 6.3."""
        self.assertTrue(covers(["*.example.com"], "chat.example.com"))
        self.assertFalse(covers(["*.example.com"], "example.com"))
        self.assertFalse(covers(["*.example.com"], "a.chat.example.com"))
        self.assertFalse(covers(["*."], "localhost"))

    def test_xmpp_names(self) -> None:
        """RFC 6120, 13.7.1.4, and RFC 4985: only the service of clients counts."""
        names = list(other_names("example.com"))
        builder = x509.CertificateBuilder(
            x509.Name([]), x509.Name([]), KEY.public_key(), 1, TODAY, TODAY
        ).add_extension(x509.SubjectAlternativeName(names[1:]), False)
        self.assertEqual(names_of(builder.sign(KEY, hashes.SHA256())), ("example.com",))
        builder = x509.CertificateBuilder(
            x509.Name([]), x509.Name([]), KEY.public_key(), 1, TODAY, TODAY
        ).add_extension(x509.SubjectAlternativeName(names[2:]), False)
        self.assertEqual(names_of(builder.sign(KEY, hashes.SHA256())), ())

    @settings(deadline=None, max_examples=50)
    def test_names_that_cannot_be_read(self) -> None:
        """A certificate with such names is one without any, and no trouble for the others."""
        for data in (b"\x30\x02\xa3\x00", b"\x30\x04\xa5\x02\xa1\x00", b"\xff"):
            certificate = certificate_with(data)
            self.assertEqual(names_of(certificate), ())
            self.assertEqual(
                Examined("", certificate).why_not("a.example"), "it is not for a.example"
            )

    @given(st.text(st.characters(categories=["Ll", "Nd"]), min_size=1, max_size=200))
    def test_any_name_has_an_ascii_form_or_stays(self, name: str) -> None:
        self.assertTrue(ascii_name(name).isascii() or ascii_name(name) == name)
