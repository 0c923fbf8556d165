"""An authority for tests, and the certificates of servers: by it, or signed by nobody else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.scenarios.federation.place import rooms_of

Key = ec.EllipticCurvePrivateKey

SERVER_ONLY = (ExtendedKeyUsageOID.SERVER_AUTH,)
"""What the public authorities put in: no word of clients."""

BOTH_SIDES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
Usages = tuple[x509.ObjectIdentifier, ...]


class Issued(NamedTuple):
    """Files in PEM: the certificate, its key, and both in one."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """An authority that only servers of a test believe."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Authority of tests")
        self.file = folder / "authority.pem"
        builder = _builder(self._name, self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        certificate = builder.sign(self._key, SHA256())
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, domain: str, usages: Usages = BOTH_SIDES, days: int = 1) -> Issued:
        """Certify a domain and that of its rooms (RFC 6120, 13.7.1.2: `dNSName`).

        :param days: until when from now; it may be over.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _of_server(domain, self._name, key, usages, days)
        return _write(self.folder, domain, key, builder.sign(self._key, SHA256()))


def self_signed(folder: Path, domain: str) -> Issued:
    """A certificate of a domain that nobody believes."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _of_server(domain, _name(domain), key, BOTH_SIDES, 1)
    return _write(folder, domain, key, builder.sign(key, SHA256()))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, days: int = 1
) -> x509.CertificateBuilder:
    end = datetime.now(UTC) + timedelta(days=days)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=2))
        .not_valid_after(end)
    )


def _of_server(
    domain: str, issuer: x509.Name, key: Key, usages: Usages, days: int
) -> x509.CertificateBuilder:
    names = [x509.DNSName(domain), x509.DNSName(rooms_of(domain))]
    return (
        _builder(_name(domain), issuer, key, days)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )


def _write(folder: Path, domain: str, key: Key, certificate: x509.Certificate) -> Issued:
    issued = Issued(*(folder / f"{domain}.{part}.pem" for part in ("certificate", "key", "both")))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = certificate.public_bytes(Encoding.PEM)
    issued.certificate.write_bytes(public)
    issued.key.write_bytes(secret)
    issued.both.write_bytes(secret + public)
    return issued
