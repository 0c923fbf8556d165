"""TLS on clients' connections, in memory (RFC 6120, 5; XEP-0368; XEP-0440)."""

import contextlib
from pathlib import Path

from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IProtocol
from twisted.internet.testing import StringTransport
from twisted.protocols.haproxy._wrapper import HAProxyWrappingFactory
from twisted.trial.unittest import SynchronousTestCase

from tests.c2s.fake_manager import AUTH, HEADER, HOST, House, Place
from tests.tls.in_memory_tls import client, reason
from xmppd.app.config_clients import Limits
from xmppd.component.session import StreamFacts
from xmppd.protocol.namespaces import TLS
from xmppd.tls.certificates import Certificates
from xmppd.tls.listening import place_factory

STARTTLS = f"<starttls xmlns='{TLS}'/>".encode()
PROCEED = f"<proceed xmlns='{TLS}'/>".encode()


class TlsClient:
    """A client's end of a TLS connection over a transport in memory."""

    def __init__(
        self, protocol: IProtocol, transport: StringTransport, peer: SSL.Connection
    ) -> None:
        self.protocol = protocol
        self.transport = transport
        self.peer = peer

    def shake(self) -> None:
        for _ in range(5):
            with contextlib.suppress(SSL.WantReadError):
                self.peer.do_handshake()
            self._carry()

    def send(self, data: bytes) -> bytes:
        self.peer.send(data)
        self._carry()
        return self.said()

    def said(self) -> bytes:
        said = b""
        try:
            while True:
                said += self.peer.recv(65_536)
        except (SSL.WantReadError, SSL.ZeroReturnError):
            return said

    def _carry(self) -> None:
        try:
            while True:
                self.protocol.dataReceived(self.peer.bio_read(65_536))
        except SSL.WantReadError:
            pass
        data = self.transport.value()
        self.transport.clear()
        if data:
            self.peer.bio_write(data)


class TlsCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.certificates = Certificates(Path(self.mktemp()), [HOST])
        self.house = House(certificates=self.certificates)

    def start_tls(self, **options: int) -> TlsClient:
        plain = self.house.client("starttls")
        plain.send(HEADER)
        self.assertEqual(plain.send(STARTTLS), PROCEED)
        protocol = plain.protocol  # type: ignore[attr-defined]
        peer = TlsClient(protocol, plain, client("example.com", **options))  # type: ignore[arg-type]
        peer.shake()
        return peer

    def direct(self, peer: SSL.Connection) -> TlsClient:
        factory = place_factory(self.house.edge, Place("direct"))
        protocol = factory.buildProtocol(IPv4Address("TCP", "192.0.2.7", 50122))
        assert protocol is not None
        transport = StringTransport()
        protocol.makeConnection(transport)
        return TlsClient(protocol, transport, peer)


class StartTlsTest(TlsCase):
    def test_login_over_tls(self) -> None:
        """What was said before TLS is forgotten but for the host (5.4.3.3)."""
        peer = self.start_tls()
        said = peer.send(HEADER)
        self.assertNotIn(b"starttls", said)
        self.assertIn(
            b"<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>"
            b"<channel-binding type='tls-exporter'/>"
            b"<channel-binding type='tls-server-end-point'/></sasl-channel-binding>",
            said,
        )
        self.assertIn(b"<mechanism>SCRAM-SHA-1-PLUS</mechanism>", said)
        self.assertIn(b"<mechanism>PLAIN</mechanism>", said)
        self.assertIn(b"<success", peer.send(AUTH))
        (asked,) = self.house.manager.requests("authenticate")
        facts = StreamFacts.parse(HOST, asked.items[0].element())
        self.assertEqual(facts.tls, "TLSv1.3")
        self.assertTrue(facts.cipher.startswith("TLS_"))
        self.assertEqual(
            facts.bindings["tls-exporter"],
            peer.peer.export_keying_material(b"EXPORTER-Channel-Binding", 32, b""),
        )

    def test_no_plus_below_tls_1_3(self) -> None:
        said = self.start_tls(highest=SSL.TLS1_2_VERSION).send(HEADER)
        self.assertNotIn(b"-PLUS", said)
        self.assertNotIn(b"sasl-cb", said)

    def test_bytes_after_starttls_close_the_connection(self) -> None:
        """CVE-2011-0411: never read, neither as plain text nor as if it came encrypted."""
        for injected in (AUTH, HEADER, b"\n<"):
            plain = self.house.client("starttls")
            plain.send(HEADER)
            self.assertEqual(plain.send(STARTTLS + injected), b"")
            self.assertTrue(plain.disconnecting)
        self.assertEqual(self.house.manager.requests("authenticate"), [])

    def test_a_newline_after_starttls(self) -> None:
        """RFC 6120, 5.3.3 forbids it; clients that end each element with one are let in."""
        plain = self.house.client("starttls")
        plain.send(HEADER)
        self.assertEqual(plain.send(STARTTLS + b"\n"), PROCEED)
        protocol = plain.protocol  # type: ignore[attr-defined]
        peer = TlsClient(protocol, plain, client("example.com"))  # type: ignore[arg-type]
        peer.shake()
        self.assertIn(b"<mechanisms", peer.send(HEADER))

    def test_a_second_starttls(self) -> None:
        """RFC 6120, 5.4.2.2."""
        peer = self.start_tls()
        peer.send(HEADER)
        self.assertEqual(peer.send(STARTTLS), f"<failure xmlns='{TLS}'/></stream:stream>".encode())

    def test_another_host_over_tls(self) -> None:
        said = self.start_tls().send(HEADER.replace(b"example.com", b"example.net"))
        self.assertIn(b"<not-authorized", said)

    def test_no_certificates(self) -> None:
        house = House()
        plain = house.client("starttls")
        plain.send(HEADER)
        self.assertEqual(plain.send(STARTTLS), f"<failure xmlns='{TLS}'/></stream:stream>".encode())


class BehindProxyTest(TlsCase):
    """A balancer passes connections on and says whose they are (`haproxy:` endpoints)."""

    def test_login(self) -> None:
        for security in "starttls", "direct":
            factory = HAProxyWrappingFactory(place_factory(self.house.edge, Place(security)))
            protocol = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40000))
            assert protocol is not None
            transport = StringTransport()
            protocol.makeConnection(transport)
            protocol.dataReceived(b"PROXY TCP4 203.0.113.9 192.0.2.1 56324 5222\r\n")
            if security == "starttls":
                protocol.dataReceived(HEADER)
                protocol.dataReceived(STARTTLS)
                self.assertTrue(transport.value().endswith(PROCEED))
                transport.clear()
            peer = TlsClient(protocol, transport, client("example.com"))
            peer.shake()
            peer.send(HEADER)
            self.assertIn(b"<success", peer.send(AUTH))
            asked = self.house.manager.requests("authenticate")[-1]
            facts = StreamFacts.parse(HOST, asked.items[0].element())
            self.assertEqual((facts.peer, facts.tls), ("203.0.113.9", "TLSv1.3"))

    def test_limits_go_by_the_address_that_is_told(self) -> None:
        self.house.edge.limits = Limits(connections_per_address=2, login_attempts_per_address=1)
        place = Place("none", "haproxy:tcp:5222")
        factory = HAProxyWrappingFactory(place_factory(self.house.edge, place))
        for address, succeeds in (
            (b"203.0.113.1", (b"<success",)),
            (b"203.0.113.2", (b"<success", b"<temporary-auth-failure", b"")),
            (b"203.0.113.3", (b"<success",)),
        ):
            for said in succeeds:
                protocol = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40000))
                assert protocol is not None
                transport = StringTransport()
                protocol.makeConnection(transport)
                protocol.dataReceived(b"PROXY TCP4 %b 192.0.2.1 56324 5222\r\n" % address)
                protocol.dataReceived(HEADER)
                protocol.dataReceived(AUTH)
                self.assertIn(said, transport.value())
                self.assertEqual(transport.disconnecting, not said)


class DirectTlsTest(TlsCase):
    def test_login(self) -> None:
        """XEP-0368: the same stream, without STARTTLS."""
        peer = self.direct(client("example.com", [b"xmpp-client"]))
        peer.shake()
        said = peer.send(HEADER)
        self.assertNotIn(b"starttls", said)
        self.assertIn(b"<mechanism>SCRAM-SHA-1-PLUS</mechanism>", said)
        self.assertIn(b"<success", peer.send(AUTH))

    def test_application_protocols(self) -> None:
        """RFC 7301, 3.2: another protocol only is refused; none at all is not."""
        self.direct(client("example.com")).shake()
        with self.assertRaises(SSL.Error) as caught:
            self.direct(client("example.com", [b"h2"])).shake()
        self.assertIn("no application protocol", reason(caught.exception))

    def test_too_many_connections(self) -> None:
        for _ in range(250):
            self.direct(client())
        factory = place_factory(self.house.edge, Place("direct"))
        self.assertIsNone(factory.buildProtocol(IPv4Address("TCP", "192.0.2.7", 1)))

    def test_no_certificates(self) -> None:
        self.assertRaises(ValueError, place_factory, House().edge, Place("direct"))
