"""What the configuration says of other servers."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config import load
from xmppd.app.config_endpoint import can_be_found, check_host_port
from xmppd.app.config_key import ConfigError
from xmppd.app.config_model import Config
from xmppd.app.config_text import explain
from xmppd.app.linked import routed_here


class ServersConfigTest(SynchronousTestCase):
    def config(self, text: str) -> Config:
        path = Path(self.mktemp())
        path.write_text(text, "utf-8")
        return load(path)

    def test_whether_to_talk(self) -> None:
        for text, wanted in (
            ("", False),
            ("domains = ['example.com']", False),
            ("domains = ['chat.test', 'example.org']", False),
            ("domains = ['localhost', 'jabber.ccc.de']", True),
            ("domains = ['jabber.ccc.de']\n[s2s]\nenabled = false", False),
            ("[s2s]\nenabled = true", True),
            ("[[s2s.listen]]\nendpoint = 'tcp:5269'", True),
        ):
            config = self.config(text)
            self.assertEqual(config.federates, wanted, text)
            self.assertEqual(bool(config.server_places), wanted)

    def test_standard_places(self) -> None:
        places = self.config("[s2s]\nenabled = true").server_places
        self.assertEqual({place.tls for place in places}, {"starttls", "direct"})
        self.assertTrue(all("5269" in p.endpoint or "5270" in p.endpoint for p in places))

    def test_policy(self) -> None:
        text = "[s2s.policy]\n'OLD.example' = 'plaintext-dialback'\n"
        config = self.config(text)
        self.assertEqual(config.s2s.policy_of("old.example"), "plaintext-dialback")
        self.assertEqual(config.s2s.policy_of("x.example"), "dialback-over-tls")
        config = self.config(text + "default = 'certificate'")
        self.assertEqual(config.s2s.policy_of("x.example"), "certificate")

    def test_wrong(self) -> None:
        for text, said in (
            ("[s2s.policy]\ndefault = 'plaintext-dialback'", "name them"),
            ("[s2s.policy]\n'a.test' = 'x'", "must be one of certificate"),
            ("[s2s.static.'a.test']\nconnect = 'host:5269'", "s2s.static"),
            ("[s2s]\ndns = ['::1:53']", "s2s.dns[0]"),
            ("[s2s]\nfoo = 1", "unknown key"),
            ("[[s2s.listen]]\nendpoint = 'tcp:1'\ntls = 'none'", "must be one of starttls"),
        ):
            with self.assertRaises(ConfigError) as caught:
                self.config(text)
            self.assertIn(said, str(caught.exception))

    def test_places(self) -> None:
        for text in ("192.0.2.1:5269", "[2001:db8::1]:5269"):
            check_host_port(text)
        for text in ("192.0.2.1", "a:1", "2001:db8::1:5269", "[192.0.2.1]:1", "192.0.2.1:0", ":1"):
            self.assertRaises(ValueError, check_host_port, text)

    def test_names_that_can_be_found(self) -> None:
        for name in ("localhost", "a.localhost", "x.example.com", "[::1]", "192.0.2.1", "host"):
            self.assertFalse(can_be_found(name), name)
        self.assertTrue(can_be_found("xmpp.org"))

    def test_explained(self) -> None:
        self.assertIn("none are talked to", explain(load()))
        text = "[[s2s.listen]]\nendpoint = 'tcp:5269'\n[s2s.policy]\n'a.test' = 'certificate'"
        told = explain(self.config(text))
        self.assertIn("tcp:5269 (STARTTLS, required)", told)
        self.assertIn("a.test: certificate", told)

    def test_what_is_routed_here(self) -> None:
        """A process apart from the router knows of components by its configuration."""
        config = self.config(
            "domains = ['a.test']\n[[router.listen]]\nendpoint = 'unix:/x'\nsecret_file = 's'\n"
            "routes = ['irc.a.test', '*.b.test']"
        )
        self.assertEqual(routed_here(config), {"a.test", "irc.a.test", "*.b.test"})
