"""Whose certificate a peer has shown; the handshakes themselves are in tests/app/test_linking."""

from datetime import UTC, datetime
from pathlib import Path

from OpenSSL import SSL
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.in_memory_tls import client, shake
from xmppd.tls.certificate_files import CertificateError
from xmppd.tls.mutual import server_side, shows_name
from xmppd.tls.self_made import write_self_made

NOW = datetime.now(UTC)


class MutualTest(SynchronousTestCase):
    """Each certificate is its own authority here."""

    def setUp(self) -> None:
        self.ours = Path(self.mktemp())
        write_self_made(self.ours, "router.test", NOW)

    def shown(self, name: str) -> SSL.Connection:
        """Our side of a connection with somebody of that name."""
        theirs = Path(self.mktemp())
        write_self_made(theirs, name, NOW)
        server = self.server(theirs)
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.use_certificate_file(str(theirs))
        context.use_privatekey_file(str(theirs))
        peer = SSL.Connection(context, None)
        peer.set_connect_state()
        shake(server, peer)
        return server

    def server(self, authorities: Path | None) -> SSL.Connection:
        server = server_side(self.ours, authorities, NOW).serverConnectionForTLS(None)  # type: ignore[arg-type]
        server.set_accept_state()
        return server

    def test_names(self) -> None:
        transport = Encrypted(self.shown("b\u00fccher.test"))
        for names, shows in (
            (["other.test", "b\u00fccher.test"], True),
            (["xn--bcher-kva.test"], True),
            (["other.test", "test"], False),
            ([], False),
        ):
            self.assertEqual(shows_name(names, transport), shows)

    def test_wildcards_are_nobody(self) -> None:
        transport = Encrypted(self.shown("*.test"))
        self.assertFalse(shows_name(["a.test"], transport))

    def test_no_certificate(self) -> None:
        """RFC 8446, 4.4.2.4: whoever has to show one and does not is turned away."""
        with self.assertRaises(SSL.Error):
            peer = client()
            shake(self.server(self.ours), peer)
            peer.recv(1)

    def test_no_tls(self) -> None:
        self.assertFalse(shows_name(["a.test"], StringTransport()))

    def test_none_asked_for(self) -> None:
        server = self.server(None)
        shake(server, client())
        self.assertFalse(shows_name(["a.test"], Encrypted(server)))

    def test_authorities_that_are_none(self) -> None:
        wrong = Path(self.mktemp())
        wrong.write_text("nothing")
        self.assertRaises(CertificateError, server_side, self.ours, wrong, NOW)


class Encrypted:
    """As much of a transport with TLS as there has to be."""

    def __init__(self, connection: SSL.Connection) -> None:
        self.getHandle = lambda: connection
