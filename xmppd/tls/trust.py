"""Whether a certificate stands for a server elsewhere (RFC 6120, 13.7.2; RFC 9525)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from OpenSSL import SSL, crypto
from service_identity.cryptography import extract_patterns
from service_identity.exceptions import CertificateError as BadNames
from service_identity.exceptions import VerificationError
from service_identity.hazmat import (
    DNS_ID,
    SRV_ID,
    CertificatePattern,
    IPAddress_ID,
    ServiceID,
    verify_service_identity,
)

from xmppd.tls.certificate_files import CertificateError, unusable
from xmppd.tls.certificate_names import UNREADABLE, ascii_name, xmpp_addresses


class Trust:
    """The authorities that are believed.

    What a certificate may be used for beside naming its owner does not count: most public
    authorities certify servers alone, and a server that connects is a TLS client.
    """

    def __init__(self, authorities: Path | None = None) -> None:
        """
        :param authorities: a PEM file; without it, those of the system.
        :raises CertificateError: for a file that cannot be used.
        """
        context = SSL.Context(SSL.TLS_METHOD)
        if authorities is None:
            context.set_default_verify_paths()
        else:
            _load(context, authorities)
        store = context.get_cert_store()
        assert store is not None
        self._context = context  # to which the store belongs
        self._store = store

    def examine(self, shown: Sequence[x509.Certificate]) -> Examined:
        """Look at what somebody has shown: its own certificate, then what else belongs to it."""
        if not shown:
            return Examined("none was shown that can be read")
        certificate, *chain = shown
        others = [crypto.X509.from_cryptography(each) for each in chain]
        own = crypto.X509.from_cryptography(certificate)
        try:
            crypto.X509StoreContext(self._store, own, others).verify_certificate()
        except crypto.X509StoreContextError as problem:
            return Examined(str(problem))
        return Examined("", certificate)


class Examined:
    """What a certificate is worth: found out once, then asked about one domain or another."""

    def __init__(self, trouble: str, certificate: x509.Certificate | None = None) -> None:
        """
        :param trouble: why it is not believed at all; empty if it is.
        """
        self._trouble = trouble
        self._addresses: frozenset[str] = frozenset()
        self._patterns: Sequence[CertificatePattern] = ()
        if certificate is not None:
            self._addresses = frozenset(xmpp_addresses(certificate))
            self._patterns = _patterns(certificate)

    def why_not(self, domain: str) -> str:
        """Say why it does not stand for a domain; empty if it does."""
        if self._trouble:
            return self._trouble
        return "" if self._names(domain) else f"it is not for {domain}"

    def _names(self, domain: str) -> bool:
        """Tell whether one of its names stands for a domain's server."""
        if domain in self._addresses:
            return True
        return any(_matches(self._patterns, identity) for identity in _identities(domain))


def _patterns(certificate: x509.Certificate) -> Sequence[CertificatePattern]:
    try:
        return extract_patterns(certificate)
    except (BadNames, *UNREADABLE):
        return ()


def _identities(domain: str) -> list[ServiceID]:
    name = ascii_name(domain)
    if name.startswith("["):
        return [IPAddress_ID(ip_address(name.strip("[]")))]
    try:
        return [DNS_ID(name), SRV_ID(f"_xmpp-server.{name}")]
    except ValueError:
        return []


def _matches(patterns: Sequence[CertificatePattern], identity: ServiceID) -> bool:
    try:
        verify_service_identity(patterns, [identity], [])
    except (BadNames, VerificationError):
        return False
    return True


def _load(context: SSL.Context, authorities: Path) -> None:
    try:
        authorities.read_bytes()
        context.load_verify_locations(str(authorities))
    except OSError as problem:
        raise unusable(authorities, problem) from None
    except SSL.Error:
        raise CertificateError(f"{authorities}: holds no certificate in PEM form") from None
