"""A server elsewhere that says what the test says, byte by byte."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
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

    def send(self, text: str) -> str:
        """Say something; gives what comes back."""
        self.heard = ""
        assert self.transport is not None
        self.transport.write(text.encode())
        self.network.settle()
        return self.heard

    def open(self, to: str = "capulet.test", sender: str = "remote.test") -> str:
        """Send a header."""
        claimed = f" from='{sender}'" if sender else ""
        return self.send(f"{HEADER} to='{to}'{claimed}>")

    def secure(self, certified: Certified | None = None) -> None:
        """Go on with TLS."""
        assert "<proceed" in self.send(f"<starttls xmlns='{TLS}'/>"), self.heard
        context = peer_context()
        if certified is not None:
            context.use_certificate(certified[0])
            context.use_privatekey(certified[1])
        self.transport = start_tls_as_client(self.transport, self, ForPeer(context, "capulet.test"))
        self.network.settle()

    def external(self, authzid: str | None = "remote.test") -> str:
        """Ask for SASL EXTERNAL."""
        said = "=" if authzid is None else base64.b64encode(authzid.encode()).decode()
        return self.send(f"<auth xmlns='{SASL}' mechanism='EXTERNAL'>{said}</auth>")

    def result(
        self, key: str = "key", sender: str = "remote.test", to: str = "capulet.test"
    ) -> str:
        """Send a dialback key."""
        return self.send(f"<db:result from='{sender}' to='{to}'>{key}</db:result>")


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
