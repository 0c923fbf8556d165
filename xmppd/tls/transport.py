"""TLS on connections: from the first byte (XEP-0368) or after STARTTLS (RFC 6120, 5)."""

from typing import Any

import attrs
from cryptography import x509
from OpenSSL.crypto import X509
from OpenSSL.SSL import Connection, Context
from twisted.internet.interfaces import (
    IAddress,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    IProtocol,
    IProtocolFactory,
)
from twisted.internet.protocol import Factory
from twisted.protocols.policies import ProtocolWrapper
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from xmppd.tls.certificate_names import ascii_name
from xmppd.tls.channel_binding import bindings_of


@attrs.frozen
class TlsFacts:
    """What an edge may tell of a TLS connection."""

    version: str = ""
    cipher: str = ""
    bindings: dict[str, bytes] = attrs.field(factory=dict, repr=False)


def tls_facts(transport: Any) -> TlsFacts:
    """The facts of a transport that speaks TLS; none of one that does not."""
    handle = transport.getHandle() if isinstance(transport, TLSMemoryBIOProtocol) else None
    if not isinstance(handle, Connection):
        return TlsFacts()
    return TlsFacts(
        handle.get_protocol_version_name(), handle.get_cipher_name() or "", bindings_of(handle)
    )


class DirectTls(TLSMemoryBIOFactory):
    """Connections that begin with a handshake.

    Without the layer that gathers small writes: an edge writes once for all that it has.
    """

    def __init__(self, creator: IOpenSSLServerConnectionCreator, factory: IProtocolFactory) -> None:
        super().__init__(creator, False, factory)

    def buildProtocol(  # type: ignore[override]
        self, addr: IAddress | None
    ) -> TLSMemoryBIOProtocol | None:
        """Wrap the connection, unless it is refused."""
        protocol: IProtocol | None = self.wrappedFactory.buildProtocol(addr)
        return None if protocol is None else TLSMemoryBIOProtocol(self, protocol)


def start_tls(
    transport: Any, protocol: IProtocol, creator: IOpenSSLServerConnectionCreator
) -> TLSMemoryBIOProtocol:
    """Go on with TLS on a plain transport. Returns the transport that stands in its place."""
    return _wrap(transport, protocol, DirectTls(creator, Factory()))


def start_tls_as_client(
    transport: Any, protocol: IProtocol, creator: IOpenSSLClientConnectionCreator
) -> TLSMemoryBIOProtocol:
    """The same for the side that has connected."""
    return _wrap(transport, protocol, TLSMemoryBIOFactory(creator, True, Factory()))


def _wrap(
    transport: Any, protocol: IProtocol, factory: TLSMemoryBIOFactory
) -> TLSMemoryBIOProtocol:
    wrapper = TLSMemoryBIOProtocol(factory, protocol, _connectWrapped=False)
    # behind a proxy that tells who comes (`haproxy:`) the transport is a wrapper by itself
    behind = isinstance(transport, ProtocolWrapper)
    setattr(transport, "wrappedProtocol" if behind else "protocol", wrapper)
    wrapper.makeConnection(transport)
    return wrapper


def shown_by(transport: Any) -> list[x509.Certificate]:
    """The certificates that the other side has shown, its own first; none without TLS.

    Those that cannot be read are left out, and all of them where its own is such a one.
    """
    handle = transport.getHandle() if isinstance(transport, TLSMemoryBIOProtocol) else None
    if not isinstance(handle, Connection):
        return []
    own = _readable(handle.get_peer_certificate())
    if own is None:
        return []
    others = map(_readable, handle.get_peer_cert_chain() or ())
    return [own, *filter(None, others)]


def _readable(shown: X509 | None) -> x509.Certificate | None:
    """TLS takes some that are of no version of X.509, or not encoded as they have to be."""
    try:
        return None if shown is None else shown.to_cryptography()
    except (x509.InvalidVersion, ValueError):
        return None


@implementer(IOpenSSLClientConnectionCreator)
class ForPeer:
    """The client's side of TLS towards a server of that name."""

    def __init__(self, context: Context, name: str) -> None:
        self._context = context
        self._name = name

    def clientConnectionForTLS(self, tlsProtocol: IProtocol) -> Connection:
        """Return the client's side of a new connection."""
        connection = Connection(self._context, None)
        name = ascii_name(self._name)
        if name.isascii() and not name.startswith("["):
            connection.set_tlsext_host_name(name.encode())
        return connection
