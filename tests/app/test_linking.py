"""Links of a configuration over real sockets, with certificates instead of secrets."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.scenarios.ports import free_port
from xmppd.app.config import load
from xmppd.app.config_key import ConfigError
from xmppd.app.linked import attach, uplink
from xmppd.app.linking import link_services
from xmppd.app.roles import RouterRole
from xmppd.link.router import Router
from xmppd.protocol.errors import StreamError
from xmppd.tls.certificate_files import CertificateError

FILE = """
domains = ["home.test"]
[router]
address = "{address}"
[[router.listen]]
name = "inside"
endpoint = "tcp:{port}:interface=127.0.0.1"
trusted = true
certificate = "localhost.pem"
client_ca = "ca.pem"
client_names = ["c2s-1.test", "c2s-2.test"]
"""
SECOND = """
[[router.listen]]
name = "irc"
endpoint = "tcp:{port}:interface=127.0.0.1"
routes = ["irc.test"]
certificate = "localhost.pem"
client_ca = "ca.pem"
client_names = ["irc.test"]
"""


class Authority:
    """Signs certificates, which it writes into a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self.sign(self.name, self.key, x509.BasicConstraints(True, 0))
        (folder / f"{name}.pem").write_bytes(certificate)

    def sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType
    ) -> bytes:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(
            self.name,
            subject,
            key.public_key(),
            x509.random_serial_number(),
            now - timedelta(hours=1),
            now + timedelta(hours=1),
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM)

    def certify(self, *names: str, file: str = "") -> None:
        """Write the certificate of somebody with those names, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "c2s-1.test")])
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        certificate = self.sign(subject, key, alternatives)
        (self.folder / f"{file or names[0]}.pem").write_bytes(secret + certificate)


class FreeNamesTest(SynchronousTestCase):
    def test_below_the_wildcard_of_another(self) -> None:
        """Such names are the other's, who is cut off when it is told that they are not."""
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "secret").write_text("12345678901234567890")
        (folder / "secret").chmod(0o600)
        file = folder / "xmppd.toml"
        file.write_text(
            """
            domains = ["home.test"]
            [[router.listen]]
            name = "bots"
            endpoint = "tcp:5001:interface=127.0.0.1"
            secret_file = "secret"
            routes = ["*.bots.test"]
            [[router.listen]]
            name = "anybody"
            endpoint = "tcp:5002:interface=127.0.0.1"
            secret_file = "secret"
            """
        )
        bots, anybody = [
            service.acceptors[0]
            for service in link_services(load(file), Router(), MemoryReactorClock())
        ]
        bots.admit(bots.accept(), "a.bots.test")
        anybody.admit(anybody.accept(), "bots.test")
        for name in ("a.bots.test", "home.test"):
            error = self.assertRaises(StreamError, anybody.admit, anybody.accept(), name)
            self.assertEqual(error.condition, "host-unknown")


class MutualTlsTest(TestCase):
    """The secret is a certificate's: of a name that the configuration says (RFC 9525, 6)."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).resolve()
        (self.folder / "roots").mkdir(parents=True)
        self.authority = Authority(self.folder, "ca")
        root = (self.folder / "ca.pem").read_bytes()
        (self.folder / "roots" / "ca.pem").write_bytes(root)
        self.authority.certify("localhost")
        self.port = free_port()

    def start(self, more: str = "", router: str = "") -> RouterRole:
        file = self.folder / "xmppd.toml"
        text = FILE.format(address="unix:x", port=self.port) + more.format(port=self.port)
        file.write_text(text.replace("[router]\n", f"[router]\n{router}\n"))
        role = RouterRole(load(file), reactor)
        role.startService()
        self.addCleanup(role.stopService)
        return role

    def address(self, file: str) -> str:
        """Of the router, for whoever has that certificate to show."""
        shown = f"certificate={self.folder}/{file}:privateKey={self.folder}/{file}"
        return f"tls:localhost:{self.port}:trustRoots={self.folder}/roots:{shown}"

    def dial(self, file: str, name: str = "c2s-1", trusted: bool = True) -> Any:
        """A process with that certificate to show."""
        config = self.folder / "process.toml"
        config.write_text(FILE.format(address=self.address(file), port=self.port))
        dialer = uplink(name, load(config), reactor)
        dialer.attach = attach(name, "1", "c2s") if trusted else b""
        dialer.startService()
        self.addCleanup(dialer.stopService)
        return dialer

    @inlineCallbacks
    def outcome(self, dialer: Any) -> Iterator[Deferred[Any]]:
        """Wait until the link is up, or has failed; tells which."""
        while not dialer.is_up and not dialer._failures:
            yield deferLater(reactor, 0.01)  # type: ignore[arg-type]
        return dialer.is_up

    @inlineCallbacks
    def test_right_certificate(self) -> Iterator[Deferred[Any]]:
        role = self.start()
        self.authority.certify("other.test", "c2s-1.test", file="good")
        self.assertTrue((yield self.outcome(self.dial("good.pem"))))
        yield deferLater(reactor, 0.05)  # type: ignore[arg-type]
        self.assertTrue(role.router.is_instance("c2s-1"))

    @inlineCallbacks
    def test_too_many_that_show_nothing(self) -> Iterator[Deferred[Any]]:
        """Whoever comes next is refused, inside TLS as well, until one of them has gone."""
        self.start(router="unproved = 2\nunproved_per_address = 1")
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        silent = yield connectProtocol(endpoint, Protocol())
        self.authority.certify("c2s-1.test", file="good")
        self.assertFalse((yield self.outcome(self.dial("good.pem"))))
        yield silent.transport.loseConnection()
        yield deferLater(reactor, 0.05)  # type: ignore[arg-type]
        self.assertTrue((yield self.outcome(self.dial("good.pem", "c2s-2"))))

    @inlineCallbacks
    def test_wrong_certificates(self) -> Iterator[Deferred[Any]]:
        """Of another name, of none but the common name, of a wildcard, of another authority."""
        role = self.start()
        self.authority.certify("other.test", file="other")
        self.authority.certify("*.test", file="wild")
        Authority(self.folder, "stranger").certify("c2s-1.test", file="strange")
        for file in ("other.pem", "wild.pem", "strange.pem"):
            dialer = self.dial(file)
            self.assertFalse((yield self.outcome(dialer)), file)
            yield dialer.stopService()
        self.assertFalse(role.router.is_instance("c2s-1"))

    @inlineCallbacks
    def test_each_link_has_its_names(self) -> Iterator[Deferred[Any]]:
        """Whose certificate is right for one link of a place is nobody at another."""
        self.start(SECOND)
        self.authority.certify("irc.test")
        self.assertFalse((yield self.outcome(self.dial("irc.test.pem"))))
        dialer = self.dial("irc.test.pem", "irc.test", trusted=False)
        self.assertTrue((yield self.outcome(dialer)))

    def test_certificate_to_show_that_is_not_there(self) -> None:
        wrong = self.assertRaises(ConfigError, self.dial, "missing.pem")
        self.assertIn("missing.pem", str(wrong))
        self.assertIn("cannot be dialed", str(wrong))
        self.assertNotIn("\n", str(wrong))

    def test_files_that_cannot_be_used(self) -> None:
        for file in ("localhost.pem", "ca.pem"):
            path = self.folder / file
            held = path.read_bytes()
            path.write_text("nothing")
            wrong = self.assertRaises(CertificateError, self.start)
            self.assertIn(file, str(wrong))
            path.write_bytes(held)
