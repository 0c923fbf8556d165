"""From connecting to login and binding: RFC 6120, 4.3 to 5, as the client edge does it."""

from twisted.trial.unittest import SynchronousTestCase

from tests.c2s.fake_manager import AUTH, BIND, HEADER, House, refusal
from xmppd.app.config_clients import Limits
from xmppd.link.envelope import Envelope
from xmppd.protocol.namespaces import SASL, STREAM_ERRORS, TLS

STARTTLS = f"<starttls xmlns='{TLS}'/>".encode()


def stream_error(condition: str) -> bytes:
    return f"<{condition} xmlns='{STREAM_ERRORS}'/>".encode()


class NegotiationCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()

    def assertEnded(self, data: bytes, condition: str) -> None:
        """Our header once, that stream error, the closing tag (RFC 6120, 4.9.1)."""
        self.assertIn(b"<stream:error>" + stream_error(condition), data)
        self.assertTrue(data.endswith(b"</stream:error></stream:stream>"), data)


class HeaderTest(NegotiationCase):
    def test_features_before_login(self) -> None:
        """What the host says, without what this stream cannot do."""
        said = self.house.client().send(HEADER)
        self.assertTrue(said.startswith(b"<?xml version='1.0'?><stream:stream "))
        self.assertIn(
            b"<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms>"
            b"<register xmlns='http://jabber.org/features/iq-register'/>"
            b"<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>10240</max-bytes></limits>"
            b"</stream:features>",
            said,
        )

    def test_wrong_headers_get_our_header_first(self) -> None:
        """RFC 6120, 4.9.1.2."""
        for wrong, condition in (
            (HEADER.replace(b"jabber:client", b"jabber:server"), "invalid-namespace"),
            (HEADER.replace(b"to='example.com'", b""), "improper-addressing"),
            (HEADER.replace(b"version='1.0' xml", b"xml"), "unsupported-version"),
            (b"GET / HTTP/1.1\r\n\r\n", "not-well-formed"),
            (b"\x16\x03\x01\x02\x00\x01", "not-well-formed"),
            (b"<\0s\0", "unsupported-encoding"),
        ):
            client = self.house.client()
            said = client.send(wrong)
            self.assertTrue(said.startswith(b"<?xml version='1.0'?><stream:stream "), said)
            self.assertEnded(said, condition)
            self.assertTrue(client.disconnecting)

    def test_unknown_host(self) -> None:
        """RFC 6120, 4.9.3.6: whatever the router or a session manager says no to."""
        client = self.house.client()
        said = client.send(HEADER.replace(b"example.com", b"nosuch.test"))
        self.assertEnded(said, "host-unknown")
        self.assertIn(b"from='example.com'", said)

    def test_instance_names_are_no_hosts(self) -> None:
        self.house.manager.answers["hello"] = refusal()
        for name in (b"c2s-1", b"sm-1"):
            said = self.house.client().send(HEADER.replace(b"example.com", name))
            self.assertEnded(said, "host-unknown")

    def test_session_manager_is_silent(self) -> None:
        """RFC 6120, 4.9.3.15: what login needs cannot be reached."""
        self.house.manager.answers["hello"] = lambda asked: None
        client = self.house.client()
        self.assertEqual(client.send(HEADER), b"")
        self.house.pass_seconds(21)
        self.assertEnded(client.said(), "remote-connection-failed")

    def test_closing_at_once(self) -> None:
        client = self.house.client()
        said = client.send(HEADER + b"</stream:stream>")
        self.assertTrue(said.endswith(b"</stream:features></stream:stream>"))
        self.assertTrue(client.disconnecting)

    def test_byte_by_byte(self) -> None:
        client = self.house.client()
        for byte in HEADER + AUTH:
            client.connection.dataReceived(bytes([byte]))
        self.assertIn(b"<success", client.said())

    def test_newlines_after_elements(self) -> None:
        """RFC 6120, 6.3.5 forbids those of SASL, and clients send them after all."""
        for space in (b"", b"\n"):
            client = self.house.client()
            said = client.send(HEADER, AUTH + b"\n", space, HEADER)
            self.assertIn(b"<bind ", said)

    def test_all_at_once(self) -> None:
        """Each step waits for the one before; traffic goes to the session at last."""
        client = self.house.client()
        said = client.send(HEADER + AUTH + HEADER + BIND + b"<presence/>")
        self.assertEqual(said.count(b"<stream:stream "), 2)
        self.assertIn(b"<jid>juliet@example.com/balcony</jid>", said)
        self.assertEqual([item.name for item in self.house.manager.traffic()], ["presence"])


class WaitingTest(NegotiationCase):
    def test_reading_stops_while_an_answer_is_awaited(self) -> None:
        asked: list[Envelope] = []
        self.house.manager.answers["hello"] = lambda envelope: asked.append(envelope)
        client = self.house.client()
        self.assertEqual(client.send(HEADER + AUTH), b"")
        self.assertEqual(client.producerState, "paused")
        self.house.manager.link.send(asked[0].answer(self.house.manager.host()))
        self.assertIn(b"<success", client.said())
        self.assertEqual(client.producerState, "producing")

    def test_an_answer_for_a_client_that_has_gone(self) -> None:
        asked: list[Envelope] = []
        self.house.manager.answers["hello"] = lambda envelope: asked.append(envelope)
        client = self.house.client()
        client.send(HEADER)
        client.loseConnection()
        client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.house.manager.link.send(asked[0].answer(self.house.manager.host()))
        self.assertEqual(client.said(), b"")

    def test_deadline_of_login(self) -> None:
        """RFC 6120, 4.9.3.4; bytes now and then change nothing."""
        house = House(Limits(login_seconds=30))
        client, other = house.client(), house.client()
        other.send(HEADER)
        for _ in range(29):
            house.pass_seconds(1)
            client.send(b" ")
        self.assertEqual(client.said(), b"")
        house.pass_seconds(1)
        self.assertEnded(client.said(), "connection-timeout")
        self.assertEnded(other.said(), "connection-timeout")


class UnreadTest(NegotiationCase):
    """A client that does not read our answers is not read either, from its first byte on."""

    def test_until_it_reads_on(self) -> None:
        client = self.house.client()
        client.send(HEADER)
        self.assertIs(client.producer, client.connection)
        client.connection.pauseProducing()
        client.send(b"<enable xmlns='urn:xmpp:sm:3'/>")
        self.assertEqual(client.producerState, "paused")
        client.connection.resumeProducing()
        self.assertEqual(client.producerState, "producing")

    def test_it_binds_meanwhile(self) -> None:
        client = self.house.client()
        client.send(HEADER, AUTH, HEADER)
        client.connection.pauseProducing()
        client.send(b" ")
        self.assertEqual(client.producerState, "paused")
        client.send(BIND)
        client.connection.resumeProducing()
        self.assertEqual(client.producerState, "producing")

    def test_never(self) -> None:
        client = House(Limits(login_seconds=1000)).client()
        client.send(HEADER)
        edge = client.connection.edge
        client.connection.pauseProducing()
        for _ in range(61):
            edge.clock.advance(1)  # type: ignore[attr-defined]
        self.assertEnded(client.said(), "policy-violation")


class RequiredTlsTest(NegotiationCase):
    def test_only_tls_is_offered(self) -> None:
        """RFC 6120, 5.3.1: where TLS is mandatory nothing else is."""
        said = self.house.client("starttls").send(HEADER)
        self.assertIn(
            b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"
            b"</starttls><limits",
            said,
        )
        self.assertNotIn(b"mechanism", said)

    def test_login_before_tls(self) -> None:
        """RFC 6120, 6.5.4; the stream stays."""
        client = self.house.client("starttls")
        client.send(HEADER)
        self.assertEqual(
            client.send(AUTH), f"<failure xmlns='{SASL}'><encryption-required/></failure>".encode()
        )
        self.assertEqual(self.house.manager.requests("authenticate"), [])
        self.assertFalse(client.disconnecting)

    def test_stanza_before_tls(self) -> None:
        client = self.house.client("starttls")
        client.send(HEADER)
        register = b"<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>"
        self.assertEnded(client.send(register), "not-authorized")

    def test_starttls_where_it_is_not_offered(self) -> None:
        """RFC 6120, 5.4.2.2: failure, and the end."""
        for tls in ("none", "direct"):
            client = self.house.client(tls)
            client.send(HEADER)
            self.assertEqual(
                client.send(STARTTLS), f"<failure xmlns='{TLS}'/></stream:stream>".encode()
            )
            self.assertTrue(client.disconnecting)


class StepsTest(NegotiationCase):
    def test_stanza_before_login(self) -> None:
        """RFC 6120, 4.9.3.12."""
        for stanza in (
            b"<message/>",
            b"<iq type='get' id='1'><query xmlns='jabber:iq:auth'/></iq>",
        ):
            client = self.house.client()
            client.send(HEADER)
            self.assertEnded(client.send(stanza), "not-authorized")

    def test_unknown_element(self) -> None:
        """RFC 6120, 4.9.3.24."""
        for item in (b"<foo xmlns='bar'/>", f"<proceed xmlns='{TLS}'/>".encode()):
            client = self.house.client()
            client.send(HEADER)
            self.assertEnded(client.send(item), "unsupported-stanza-type")

    def test_size_before_login(self) -> None:
        """RFC 6120, 13.12: 10,000 bytes must pass."""
        client = self.house.client()
        client.send(HEADER)
        auth = AUTH.replace(b">A", b">" + b"A" * (9_999 - len(AUTH) + 1))
        self.assertEqual(len(auth), 9_999)
        self.assertIn(b"<success", client.send(auth))
        client = self.house.client()
        client.send(HEADER)
        self.assertEnded(client.send(b"<auth xmlns='" + b"x" * 10_240), "policy-violation")

    def test_size_after_login(self) -> None:
        client = self.house.bound()
        self.assertEqual(client.send(b"<message><body>" + b"x" * 200_000), b"")
        self.assertFalse(client.disconnecting)

    def test_features_after_login(self) -> None:
        client = self.house.client()
        said = client.send(HEADER, AUTH, HEADER)
        self.assertIn(
            b"<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
            b"<ver xmlns='urn:xmpp:features:rosterver'/><limits xmlns='urn:xmpp:stream-limits:0'>"
            b"<max-bytes>262144</max-bytes><idle-seconds>300</idle-seconds></limits>"
            b"</stream:features>",
            said,
        )

    def test_another_host_after_login(self) -> None:
        client = self.house.client()
        client.send(HEADER, AUTH)
        said = client.send(HEADER.replace(b"example.com", b"example.net"))
        self.assertEnded(said, "not-authorized")

    def test_login_after_login(self) -> None:
        """RFC 6120, 4.9.3.24."""
        client = self.house.client()
        client.send(HEADER, AUTH, HEADER)
        self.assertEnded(client.send(AUTH), "unsupported-stanza-type")
