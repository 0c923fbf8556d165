"""A client that says what it is told to, over a blocking socket, with TLS by pyOpenSSL."""

import socket
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from hashlib import new
from typing import Protocol, Self, TypeVar
from xml.etree.ElementTree import Element, XMLPullParser, tostring
from xml.sax.saxutils import quoteattr

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from tests.scenarios.ports import LOOPBACK
from tests.scenarios.scram import Scram
from tests.scenarios.server import DOMAIN, STARTING, password_of

T = TypeVar("T")

CLIENT = "jabber:client"
STREAMS = "http://etherx.jabber.org/streams"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
CHANNEL_BINDING = "urn:xmpp:sasl-cb:0"

PATIENCE = STARTING
_READ = 65_536


class Closed(Exception):
    """The server has closed the connection, or the stream."""


class Wire(Protocol):
    """What bytes go over."""

    def send(self, data: bytes) -> None:
        """Write everything."""

    def receive(self) -> bytes:
        """Read something; `b""` at the end."""


class Plain:
    """A socket as it is."""

    def __init__(self, sock: socket.socket) -> None:
        self.send = sock.sendall
        self._sock = sock

    def receive(self) -> bytes:
        try:
            return self._sock.recv(_READ)
        except ConnectionResetError:
            return b""


class Encrypted:
    """TLS on top of a wire."""

    def __init__(self, below: Wire, name: str, version: int) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
        self.connection = SSL.Connection(context, None)
        self.connection.set_tlsext_host_name(name.encode())
        self.connection.set_connect_state()
        self._below = below
        self._pump(self.connection.do_handshake)

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)
        self._flush()

    def receive(self) -> bytes:
        try:
            return self._pump(lambda: self.connection.recv(_READ))
        except (SSL.ZeroReturnError, SSL.SysCallError, Closed):
            return b""

    def certificate(self) -> x509.Certificate:
        """What the server has shown."""
        certificate = self.connection.get_peer_certificate(as_cryptography=True)
        assert certificate is not None
        return certificate

    def exporter(self) -> bytes:
        """The data of `tls-exporter` (RFC 9266)."""
        return self.connection.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")

    def server_end_point(self) -> bytes:
        """The data of `tls-server-end-point` (RFC 5929, 4.1)."""
        certificate = self.certificate()
        algorithm = certificate.signature_hash_algorithm
        assert algorithm is not None
        return new(algorithm.name, certificate.public_bytes(Encoding.DER)).digest()

    def _pump(self, step: Callable[[], T]) -> T:
        while True:
            try:
                return step()
            except SSL.WantReadError:
                self._flush()
                data = self._below.receive()
                if not data:
                    raise Closed from None
                self.connection.bio_write(data)
            finally:
                self._flush()

    def _flush(self) -> None:
        try:
            while True:
                self._below.send(self.connection.bio_read(_READ))
        except SSL.WantReadError:
            return


class RawClient:
    """One stream of a client.

    Whatever is read in vain for `PATIENCE` seconds raises TimeoutError; what the server ends
    raises `Closed`.
    """

    def __init__(self, port: int, domain: str = DOMAIN) -> None:
        self.domain = domain
        self.jid = ""
        self.features = Element("none")
        self._socket = socket.create_connection((LOOPBACK, port), PATIENCE)
        self._wire: Wire = Plain(self._socket)
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    # Bytes and elements

    def send(self, xml: str) -> None:
        """Write as it stands."""
        self._wire.send(xml.encode())

    def read(self) -> Element:
        """Return the next element that is a child of the stream."""
        while not self._elements:
            data = self._wire.receive()
            if not data or self._depth < 0:
                raise Closed
            self._feed(data)
        return self._elements.popleft()

    def read_until(self, check: Callable[[Element], bool]) -> Element:
        """Return the next element that passes a check; drop those before it."""
        while not check(element := self.read()):
            pass
        return element

    def _begin(self) -> None:
        self._parser = XMLPullParser(("start", "end"))
        self._depth = 0
        self._elements: deque[Element] = deque()

    def _feed(self, data: bytes) -> None:
        self._parser.feed(data)
        for event, element in self._parser.read_events():
            self._depth += 1 if event == "start" else -1
            if event == "start" and self._depth == 1:
                self._root = element
            elif event == "end" and self._depth == 1:
                self._elements.append(element)
                self._root.remove(element)
            elif event == "end" and self._depth == 0:
                self._depth = -1

    # Negotiation

    @property
    def encrypted(self) -> Encrypted:
        """The TLS of this stream."""
        assert isinstance(self._wire, Encrypted)
        return self._wire

    @property
    def mechanisms(self) -> list[str]:
        """The names of those on offer."""
        return [each.text or "" for each in self.features.iter(f"{{{SASL}}}mechanism")]

    @property
    def bindings(self) -> set[str]:
        """The types of channel binding on offer (XEP-0440)."""
        name = f"{{{CHANNEL_BINDING}}}channel-binding"
        return {each.get("type", "") for each in self.features.iter(name)}

    def open(self) -> Self:
        """Begin a stream; `features` are then what it is offered."""
        self._begin()
        self.send(
            f"<?xml version='1.0'?><stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAMS}' "
            f"to={quoteattr(self.domain)} version='1.0'>"
        )
        self.features = self.read()
        assert self.features.tag == f"{{{STREAMS}}}features", told(self.features)
        return self

    def encrypt(self, version: int = SSL.TLS1_3_VERSION) -> Self:
        """Shake hands now."""
        self._wire = Encrypted(self._wire, self.domain, version)
        return self

    def start_tls(self, version: int = SSL.TLS1_3_VERSION) -> Self:
        """Ask for TLS and begin the stream anew."""
        self.send(f"<starttls xmlns='{TLS}'/>")
        answer = self.read()
        assert answer.tag == f"{{{TLS}}}proceed", told(answer)
        return self.encrypt(version).open()

    def plain(self, user: str, password: str | None = None) -> Element:
        """Try PLAIN; return the answer."""
        password = password_of(user) if password is None else password
        return self.sasl("PLAIN", f"\0{user}\0{password}".encode())

    def scram(self, mechanism: str, scram: Scram) -> Element:
        """Try SCRAM; return the last answer."""
        answer = self.sasl(mechanism, scram.first())
        if answer.tag != f"{{{SASL}}}challenge":
            return answer
        final = b64encode(scram.final(b64decode(answer.text or ""))).decode()
        self.send(f"<response xmlns='{SASL}'>{final}</response>")
        answer = self.read()
        if answer.tag == f"{{{SASL}}}success":
            assert scram.is_server(b64decode(answer.text or "")), told(answer)
        return answer

    def sasl(self, mechanism: str, first: bytes) -> Element:
        """Send a first message; return the answer."""
        text = b64encode(first).decode()
        self.send(f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{text}</auth>")
        return self.read()

    def bind(self, resource: str = "") -> Self:
        """Begin the stream of one that has logged in, and bind; `jid` is what came of it."""
        self.open()
        wanted = f"<resource>{resource}</resource>" if resource else ""
        self.send(f"<iq id='bind' type='set'><bind xmlns='{BIND}'>{wanted}</bind></iq>")
        answer = self.read()
        self.jid = answer.findtext(f"{{{BIND}}}bind/{{{BIND}}}jid", "")
        assert self.jid, told(answer)
        return self

    # What clients do

    def ping(self) -> Element:
        """Ask the server for a sign of life; what came before it is dropped."""
        self.send("<iq id='ping' type='get'><ping xmlns='urn:xmpp:ping'/></iq>")
        return self.read_until(lambda element: element.get("id") == "ping")

    def close(self) -> None:
        """End the stream in good order, and wait until the server has done so too."""
        self.send("</stream:stream>")
        try:
            while True:
                self.read()
        except Closed:
            self._socket.close()


def logged_in(port: int, user: str, domain: str = DOMAIN) -> RawClient:
    """A client at a place for plain text that has bound."""
    client = RawClient(port, domain).open()
    answer = client.plain(user)
    assert answer.tag == f"{{{SASL}}}success", told(answer)
    return client.bind()


def told(element: Element) -> str:
    """An element as text, for messages."""
    return tostring(element, "unicode")
