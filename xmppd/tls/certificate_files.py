"""Certificates and keys in PEM files: found by domain, read, and told when they cannot be used."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from xmppd.tls.certificate_names import ascii_name, covers, names_of

Key = EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey | Ed448PrivateKey
"""What can sign a TLS handshake."""

State = tuple[int, ...]
"""What changes when a file does: time, inode and size, of the certificate and of the key."""

MADE = "_selfmade"
"""Subdirectory of the certificates we made ourselves: any other certificate goes first."""

_LONGEST_NAME = 200
"""In bytes: what file systems take, less an ending."""


class CertificateError(Exception):
    """A certificate cannot be used; the text is one line: file, reason, remedy."""


@attrs.frozen
class Source:
    """Where a certificate chain and its key lie; one file may hold both."""

    chain: Path
    key: Path

    def state(self) -> State:
        """Return what both files look like from outside; missing ones as zeros."""
        return (*_state(self.chain), *_state(self.key))


@attrs.frozen
class Material:
    """A certificate, those that link it to its authority, and its key."""

    chain: tuple[x509.Certificate, ...]
    key: Key

    @property
    def certificate(self) -> x509.Certificate:
        """The server's own certificate."""
        return self.chain[0]


def read(source: Source, now: datetime) -> Material:
    """Return what the files hold.

    :raises CertificateError: for files that are missing, unreadable or not PEM, an expired
        certificate and a key that belongs to another one.
    """
    chain = read_chain(source.chain)
    key = _read_key(source.key)
    if key.public_key() != _public_key(chain[0]):
        raise CertificateError(f"{source.key}: not the key of {source.chain} (put its own there)")
    if (end := chain[0].not_valid_after_utc) <= now:
        raise CertificateError(f"{source.chain}: expired on {end:%Y-%m-%d} (renew it)")
    return Material(chain, key)


def read_chain(path: Path) -> tuple[x509.Certificate, ...]:
    """Return the certificates in a PEM file, at least one; `CertificateError` otherwise."""
    data = _read(path)
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except ValueError:
        raise CertificateError(f"{path}: holds no certificate in PEM form") from None


class CertificateFolder:
    """A directory of certificates, in which each domain finds its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._names: dict[Source, tuple[State, x509.Certificate]] = {}

    def find(self, domain: str) -> Source | None:
        """Return the files of a domain: named after it, after its wildcard, or listing its name.

        :raises CertificateError: if the directory cannot be searched.
        """
        try:
            return self._called(domain) or self._listing(domain)
        except OSError as problem:
            raise unusable(Path(problem.filename or self.directory), problem) from None

    def made(self, domain: str) -> Source:
        """Return the place of the certificate we make for a domain."""
        name = ascii_name(domain)
        if len(name.encode()) > _LONGEST_NAME:
            name = sha256(name.encode()).hexdigest()
        path = self.directory / MADE / f"{name}.pem"
        return Source(path, path)

    def _called(self, domain: str) -> Source | None:
        name = ascii_name(domain)
        above = name.partition(".")[2]
        wildcards = (f"_.{above}",) if above else ()
        for stem in dict.fromkeys((name, domain, *wildcards)):
            for source, sign in _layouts(self.directory, stem):
                if os.path.lexists(sign):
                    return source
        return None

    def _listing(self, domain: str) -> Source | None:
        """Return the files that list a domain's name, those that last longest if there are more."""
        found = [
            (certificate.not_valid_after_utc, source)
            for source, certificate in self._all()
            if covers(names_of(certificate), domain)
        ]
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def _all(self) -> Iterator[tuple[Source, x509.Certificate]]:
        """Yield every certificate in the directory; what is none is somebody else's trouble."""
        known, self._names = self._names, {}
        for source in _sources(self.directory):
            state = source.state()
            cached = known.get(source)
            try:
                if cached is None or cached[0] != state:
                    cached = state, read_chain(source.chain)[0]
            except CertificateError:
                continue
            self._names[source] = cached
            yield source, cached[1]


def unusable(path: Path, problem: OSError) -> CertificateError:
    """Return the error that tells why a file could not be read or written, and to whom."""
    return CertificateError(f"{path}: {problem.strerror} (running as uid {os.geteuid()})")


def _layouts(directory: Path, stem: str) -> Iterator[tuple[Source, Path]]:
    """Yield the places where a name's files may lie, each with what shows that they do."""
    folder = directory / stem
    yield Source(folder / "fullchain.pem", folder / "privkey.pem"), folder
    both = directory / f"{stem}.pem"
    yield Source(both, both), both
    chain = directory / f"{stem}.crt"
    yield Source(chain, directory / f"{stem}.key"), chain


def _sources(directory: Path) -> Iterable[Source]:
    if not directory.is_dir():
        return
    for path in sorted(directory.iterdir()):
        if path.suffix == ".pem":
            yield Source(path, path)
        elif path.suffix == ".crt":
            yield Source(path, path.with_suffix(".key"))
        elif path.name != MADE and path.is_dir():
            yield Source(path / "fullchain.pem", path / "privkey.pem")


def _state(path: Path) -> State:
    try:
        status = path.stat()
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_ino, status.st_size


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise unusable(path, problem) from None


def _read_key(path: Path) -> Key:
    data = _read(path)
    try:
        key = load_pem_private_key(data, None)
    except TypeError:
        raise CertificateError(f"{path}: the key has a passphrase (remove it)") from None
    except ValueError:
        raise CertificateError(f"{path}: holds no private key in PEM form") from None
    except UnsupportedAlgorithm:
        key = None
    if not isinstance(key, Key):
        raise CertificateError(f"{path}: this kind of key cannot serve TLS (use P-256 or RSA)")
    return key


def _public_key(certificate: x509.Certificate) -> object:
    """Return the key that it certifies; None where it is of a kind that nobody here can read."""
    try:
        return certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None
