"""TLS where both sides show certificates: links instead of, or besides, their secrets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from OpenSSL import SSL

from xmppd.tls.certificate_files import CertificateError, Source, read, read_chain
from xmppd.tls.certificate_names import ascii_name, names_of
from xmppd.tls.certificates import ForDomain
from xmppd.tls.context import context_of


def server_side(certificate: Path, authorities: Path | None, now: datetime) -> ForDomain:
    """Return what makes TLS connections of a place where links come.

    :param certificate: PEM file with our certificate, what links it to its authority, and its key.
    :param authorities: PEM file with those whose certificates a peer has to show one of; None:
        it need not show any.
    :raises CertificateError: for files that cannot be used.
    """
    source = Source(certificate, certificate)
    context = context_of(source, read(source, now))
    if authorities is not None:
        read_chain(authorities)  # tells better what is wrong
        try:
            context.load_verify_locations(str(authorities))
        except SSL.Error:
            raise CertificateError(f"{authorities}: no certificates of authorities") from None
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
        context.set_options(SSL.OP_NO_TICKET)  # each connection is to show its certificate
    return ForDomain(context)


def shows_name(names: Iterable[str], transport: Any) -> bool:
    """Tell whether the peer's certificate, which has been verified, is one of these names'.

    Each stands for itself: a wildcard in a certificate stands for nobody.
    """
    connection = getattr(transport, "getHandle", lambda: None)()
    if not isinstance(connection, SSL.Connection):
        return False
    certificate = connection.get_peer_certificate(as_cryptography=True)
    shown = () if certificate is None else names_of(certificate)
    return any(ascii_name(name) in shown for name in names)
