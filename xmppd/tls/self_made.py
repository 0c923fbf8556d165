"""Certificates that nobody signed but their own key: so that TLS works before one is bought."""

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from xmppd.tls.certificate_files import unusable
from xmppd.tls.certificate_names import ascii_name, other_names

LIFE = timedelta(days=3650)
CLOCK_SKEW = timedelta(days=1)
"""A client's clock may be this much behind ours."""

_LONGEST_COMMON_NAME = 64


def write_self_made(path: Path, domain: str, now: datetime) -> None:
    """Write a P-256 key and a certificate for a domain into one file, readable by us alone.

    :raises CertificateError: if the file cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, domain, now)
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, content + certificate.public_bytes(Encoding.PEM))
    except OSError as problem:
        raise unusable(path, problem) from None


def _certificate(key: ec.EllipticCurvePrivateKey, domain: str, now: datetime) -> x509.Certificate:
    common_name = ascii_name(domain)[:_LONGEST_COMMON_NAME]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - CLOCK_SKEW,
        not_valid_after=now + LIFE,
    )
    alternatives = x509.SubjectAlternativeName(_alternatives(domain))
    builder = builder.add_extension(alternatives, critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    return builder.add_extension(constraints, critical=True).sign(key, hashes.SHA256())


def _alternatives(domain: str) -> Iterable[x509.GeneralName]:
    name = ascii_name(domain).strip("[]")
    try:
        yield x509.IPAddress(ip_address(name))
    except ValueError:
        if name.isascii():
            yield x509.DNSName(name)
    yield from other_names(domain)


def _write(path: Path, content: bytes) -> None:
    """Write a whole file or none; another process may be doing the same."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
