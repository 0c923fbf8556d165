"""Hosts as the configuration wants them."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config_key import ConfigError
from xmppd.testing.server import TestServer

OFF = {"enabled": False}


class NeedsTest(SynchronousTestCase):
    def serve(self, extensions: dict[str, Any], **more: Any) -> None:
        server = TestServer(config={"extensions": extensions, **more})
        server.stop()

    def test_extension_without_what_it_needs(self) -> None:
        """One line that says what to do, for a host of its own settings too."""
        for more in {}, {"host": {"example.com": {"extensions": {"blocking": {"enabled": True}}}}}:
            problem = self.assertRaises(
                ConfigError, self.serve, {"privacy": OFF, "privacy_lists": OFF}, **more
            )
            self.assertIn(
                "extensions: blocking needs privacy: enable that, or disable blocking",
                str(problem),
            )

    def test_neither(self) -> None:
        self.serve({"privacy": OFF, "privacy_lists": OFF, "blocking": OFF})
