"""TLS on client connections: from the first byte (XEP-0368) or after STARTTLS (RFC 6120, 5)."""

from typing import Any

import attrs
from OpenSSL.SSL import Connection
from twisted.internet.interfaces import (
    IAddress,
    IOpenSSLServerConnectionCreator,
    IProtocol,
    IProtocolFactory,
)
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol

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
    factory = DirectTls(creator, Factory())
    wrapper = TLSMemoryBIOProtocol(factory, protocol, _connectWrapped=False)
    transport.protocol = wrapper
    wrapper.makeConnection(transport)
    return wrapper
