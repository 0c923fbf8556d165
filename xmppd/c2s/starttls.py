"""A stream in the clear becomes one over TLS (RFC 6120, 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.protocol.feature import When
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import TLS
from xmppd.tls.certificate_files import CertificateError

if TYPE_CHECKING:
    from twisted.internet.interfaces import IOpenSSLServerConnectionCreator

    from xmppd.c2s.negotiation import Negotiation


def receive(negotiation: Negotiation) -> None:
    """Begin TLS, or refuse it and close (5.4.2)."""
    connection = negotiation.connection
    creator = _creator(negotiation)
    if creator is None:
        connection.end(element("failure", TLS), "error")
    elif connection.stream.framer.rest():  # sent in the clear, to be taken as if it was not
        connection.drop()
    else:
        connection.write(element("proceed", TLS))
        negotiation.go_secure(creator)


def _creator(negotiation: Negotiation) -> IOpenSSLServerConnectionCreator | None:
    """What makes the connection; None where TLS was not on offer, or there is no certificate."""
    certificates = negotiation.connection.edge.certificates
    if negotiation.stage is not When.BEFORE_TLS or certificates is None:
        return None
    try:
        return certificates.options_for(negotiation.host)
    except CertificateError:
        return None
