"""A server elsewhere that says what the test says, byte by byte."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Protocol

from tests.s2s.network import Network
from xmppd.protocol.namespaces import DIALBACK, SASL, SERVER, STREAMS, TLS
from xmppd.tls.context import peer_context
from xmppd.tls.transport import ForPeer, start_tls_as_client

HEADER = (
    f"<stream:stream xmlns='{SERVER}' xmlns:stream='{STREAMS}' xmlns:db='{DIALBACK}' version='1.0'"
)
Certified = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


class Raw(Protocol):
    """One connection; `heard` is what has come, as text."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.heard = ""
        self.closed = False

    def dataReceived(self, data: bytes) -> None:
        self.heard += data.decode()

    def connectionLost(self, reason: object = None) -> None:
        self.closed = True

    def send(self, text: str | bytes) -> str:
        """Say something; gives what comes back."""
        self.heard = ""
        assert self.transport is not None
        self.transport.write(text.encode() if isinstance(text, str) else text)
        self.network.settle()
        return self.heard

    def open(self, to: str = "capulet.test", sender: str = "remote.test") -> str:
        """Send a header."""
        claimed = f" from='{sender}'" if sender else ""
        return self.send(f"{HEADER} to='{to}'{claimed}>")

    def secure(self, certified: Certified | None = None, client: TlsClient | None = None) -> None:
        """Go on with TLS. Whoever has been a `client` before goes on with that session."""
        assert "<proceed" in self.send(f"<starttls xmlns='{TLS}'/>"), self.heard
        creator = client or TlsClient()
        creator.certified = certified
        self.transport = start_tls_as_client(self.transport, self, creator)
        self.network.settle()
        transport: Any = self.transport
        creator.session = transport.getHandle().get_session()

    @property
    def session_key(self) -> bytes:
        """The secret of this TLS session."""
        transport: Any = self.transport
        key: bytes = transport.getHandle().master_key()
        return key

    def external(self, authzid: str | None = "remote.test") -> str:
        """Ask for SASL EXTERNAL."""
        said = "=" if authzid is None else base64.b64encode(authzid.encode()).decode()
        return self.send(f"<auth xmlns='{SASL}' mechanism='EXTERNAL'>{said}</auth>")

    def result(
        self, key: str = "key", sender: str = "remote.test", to: str = "capulet.test"
    ) -> str:
        """Send a dialback key."""
        return self.send(f"<db:result from='{sender}' to='{to}'>{key}</db:result>")


class TlsClient(ForPeer):
    """The client's side of TLS, which goes on with its last session if it can."""

    def __init__(self, version: int = SSL.TLS1_3_VERSION) -> None:
        context = peer_context()
        context.set_max_proto_version(version)
        super().__init__(context, "capulet.test")
        self.certified: Certified | None = None
        self.session: SSL.Session | None = None

    def clientConnectionForTLS(self, tlsProtocol: IProtocol) -> SSL.Connection:
        connection = super().clientConnectionForTLS(tlsProtocol)
        if self.certified is not None:
            connection.use_certificate(self.certified[0])
            connection.use_privatekey(self.certified[1])
        if self.session is not None:
            connection.set_session(self.session)
        return connection


def error_in(text: str) -> str:
    """The condition of a stream error, a SASL failure, or a dialback answer."""
    for kind in ("stream:error", "failure", "error"):
        found = re.search(rf"<{kind}[^>]*><([a-z-]+)", text)
        if found is not None:
            return found[1]
    return ""


def listed(text: str) -> Sequence[Any]:
    """The mechanisms on offer."""
    return re.findall("<mechanism>([^<]*)</mechanism>", text)


def stream_id(header: str) -> str:
    """The id in a header."""
    return header.partition(" id='")[2].partition("'")[0]
