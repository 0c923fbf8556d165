"""What only shows beyond the text of a configuration."""

from datetime import UTC, datetime
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config import load
from xmppd.app.config_check import check_whole
from xmppd.app.config_key import ConfigError
from xmppd.app.options import ImOptions
from xmppd.tls.certificate_files import CertificateError
from xmppd.tls.self_made import write_self_made

LINK = """
[[router.listen]]
name = "bots"
endpoint = "tcp:5347:interface=127.0.0.1"
"""


class CheckWholeTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.file = self.folder / "my.toml"

    def check(self, text: str) -> None:
        self.file.write_text(text)
        check_whole(load(self.file))

    def wrong(self, text: str) -> str:
        return str(self.assertRaises((ConfigError, CertificateError), self.check, text))

    def test_nothing_is_made(self) -> None:
        self.check(f'{LINK}secret_file = "bots.secret"')
        self.assertEqual([path.name for path in self.folder.iterdir()], ["my.toml"])

    def test_extensions(self) -> None:
        line = self.wrong("[extensions.pong]")
        self.assertTrue(line.startswith(f"{self.file}: extensions.pong: no such"), line)
        line = self.wrong("[extensions.offline]\nmassages = 3")
        self.assertTrue(line.startswith(f"{self.file}: extensions.offline.massages: unknown"), line)

    def test_options_of_rooms(self) -> None:
        line = self.wrong("[muc.options]\nnothing = true")
        self.assertTrue(line.startswith(f"{self.file}: muc.options.nothing: "), line)

    def test_certificates(self) -> None:
        line = self.wrong('[tls]\ncertificates = "nowhere"')
        self.assertTrue(line.startswith(f"{self.file}: tls.certificates: no such"), line)
        (self.folder / "data" / "certificates").mkdir(parents=True)
        (self.folder / "data" / "certificates" / "localhost.pem").write_text("nothing")
        self.assertIn("localhost.pem: holds no certificate", self.wrong(""))

    def test_certificates_of_links(self) -> None:
        text = f'{LINK}certificate = "router.pem"\nclient_ca = "ca.pem"\nclient_names = ["a.test"]'
        self.assertIn("router.pem: ", self.wrong(text))
        write_self_made(self.folder / "router.pem", "router.test", datetime.now(UTC))
        self.assertIn("ca.pem: ", self.wrong(text))

    def test_authorities(self) -> None:
        self.assertIn("roots.pem: ", self.wrong('[s2s]\ntrust = "roots.pem"'))

    def test_secrets(self) -> None:
        secret = self.folder / "bots.secret"
        secret.write_text("secret")
        secret.chmod(0o604)
        line = self.wrong(f'{LINK}secret_file = "bots.secret"')
        self.assertTrue(line.startswith(f"{secret}: others may read this secret"), line)

    def test_option_of_the_command_line(self) -> None:
        """`--check-config` finds what the start would."""
        self.file.write_text("[extensions.pong]")
        options = ImOptions()
        ended = self.assertRaises(
            SystemExit, options.parseOptions, ["--config", str(self.file), "--check-config"]
        )
        self.assertIn("extensions.pong: no such extension", str(ended))
