"""Channel bindings (RFC 5929, RFC 9266) of connections between both ends in memory."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha384

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.in_memory_tls import client, shake
from xmppd.tls.certificate_files import Key, Material
from xmppd.tls.channel_binding import (
    TLS_EXPORTER,
    TLS_SERVER_END_POINT,
    bindings_of,
    server_end_point,
)
from xmppd.tls.context import server_context


def certificate(key: Key, algorithm: hashes.HashAlgorithm | None) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(key, algorithm)  # type: ignore[arg-type]


class ChannelBindingTest(SynchronousTestCase):
    def setUp(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = certificate(key, hashes.SHA256())
        self.server = SSL.Connection(server_context(Material((self.certificate,), key)), None)

    def test_both_ends_export_the_same(self) -> None:
        """RFC 9266, 2: 32 bytes, this label, an empty context."""
        peer = client()
        shake(self.server, peer)
        exported = bindings_of(self.server)[TLS_EXPORTER]
        self.assertEqual(len(exported), 32)
        self.assertEqual(
            exported, peer.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
        )

    def test_end_point_is_the_certificate_presented(self) -> None:
        peer = client()
        shake(self.server, peer)
        presented = peer.get_peer_certificate(as_cryptography=True)
        assert presented is not None
        self.assertEqual(
            bindings_of(self.server)[TLS_SERVER_END_POINT],
            sha256(presented.public_bytes(Encoding.DER)).digest(),
        )

    def test_none_below_tls_1_3(self) -> None:
        shake(self.server, client(highest=SSL.TLS1_2_VERSION))
        self.assertEqual(bindings_of(self.server), {})

    def test_none_before_the_handshake(self) -> None:
        self.server.set_accept_state()
        self.assertEqual(bindings_of(self.server), {})

    def test_each_connection_has_its_own(self) -> None:
        other = SSL.Connection(self.server.get_context(), None)
        shake(self.server, client())
        shake(other, client())
        first, second = bindings_of(self.server), bindings_of(other)
        self.assertNotEqual(first[TLS_EXPORTER], second[TLS_EXPORTER])
        self.assertEqual(first[TLS_SERVER_END_POINT], second[TLS_SERVER_END_POINT])


class EndPointTest(SynchronousTestCase):
    def test_hash_of_the_signature(self) -> None:
        """RFC 5929, 4.1: the signature's own hash function, if it is strong."""
        signed = certificate(ec.generate_private_key(ec.SECP256R1()), hashes.SHA384())
        expected = sha384(signed.public_bytes(Encoding.DER)).digest()
        self.assertEqual(server_end_point(signed), expected)

    def test_weak_hashes_are_replaced(self) -> None:
        """RFC 5929, 4.1: SHA-256 in place of MD5 and SHA-1."""
        signed = x509.load_pem_x509_certificate(SIGNED_WITH_SHA1)
        expected = sha256(signed.public_bytes(Encoding.DER)).digest()
        self.assertEqual(server_end_point(signed), expected)

    def test_undefined_without_a_hash(self) -> None:
        """RFC 5929, 4.1: undefined for a signature with no single hash function."""
        signed = certificate(ed25519.Ed25519PrivateKey.generate(), None)
        self.assertIsNone(server_end_point(signed))


SIGNED_WITH_SHA1 = b"""\
-----BEGIN CERTIFICATE-----
MIIBgDCCASagAwIBAgIUXf/HbFD6FRIqwsorbKn6+4bbVJUwCQYHKoZIzj0EATAW
MRQwEgYDVQQDDAtleGFtcGxlLmNvbTAeFw0yNjExMjAxMDE2MjBaFw0zNjExMTcx
MDE2MjBaMBYxFDASBgNVBAMMC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZI
zj0DAQcDQgAEnCfRvmjHjZcmrT7uHSKcSr/csEGOLoV29KVPnXe35b5ynox5Qf94
IYJThZPC86Ka14rHMT/tN4qGqXJd6VoAfqNTMFEwHQYDVR0OBBYEFI0C147JQmQ5
E4T4oazwbpU4wDV+MB8GA1UdIwQYMBaAFI0C147JQmQ5E4T4oazwbpU4wDV+MA8G
A1UdEwEB/wQFMAMBAf8wCQYHKoZIzj0EAQNJADBGAiEA6yZyl9wY3AG04suinX0T
BDxl3hYwlQjsVoWG4W+Ip8MCIQD/uI12z3I4swZ5EeTh5nVKBTInrATqH7AY8Jat
76Hx3Q==
-----END CERTIFICATE-----
"""
