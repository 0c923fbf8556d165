"""An assembled router in memory: raw links to it, verbs on it."""

import json
from pathlib import Path
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import SECRET, Raw
from xmppd.app.config import load
from xmppd.app.ctl.verb import Refused
from xmppd.app.ctl.verbs import perform
from xmppd.app.roles import RouterRole

OUTSIDE = """
[[router.listen]]
name = "outside"
endpoint = "tcp:1:interface=127.0.0.1"
secret_file = "secret"
"""
INSIDE = """
[[router.listen]]
name = "inside"
endpoint = "tcp:2:interface=127.0.0.1"
secret_file = "secret"
trusted = true
"""


class RoutingTestCase(SynchronousTestCase):
    """A router of a configuration, in a process of its own as far as it knows."""

    domains = ("home.test",)

    def route(self, *tables: str) -> None:
        """Start a router with these places."""
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "secret").write_text(SECRET)
        (folder / "secret").chmod(0o600)
        file = folder / "xmppd.toml"
        file.write_text(f"domains = {list(self.domains)}\n{''.join(tables)}")
        self.clock = MemoryReactorClock()
        self.role = RouterRole(load(file), self.clock)
        self.role.startService()
        self.router = self.role.router

    def connect(self, place: int = 0) -> Raw:
        """Somebody who comes to a place and has said nothing yet."""
        factory = self.clock.tcpServers[place][1]
        return Raw(self.clock, factory.buildProtocol(None))

    def component(self, name: str, place: int = 0) -> Raw:
        """An outside component."""
        raw = self.connect(place)
        raw.handshake(name)
        self.assertTrue(raw.is_up, raw.events)
        raw.got()
        return raw

    def instance(self, name: str, *domains: str, place: int = 0) -> Raw:
        """A process of the server."""
        raw = self.connect(place)
        raw.attach(name, *domains)
        return raw

    def do(self, verb: str, /, **args: Any) -> Any:
        """Carry out a verb; its result has to be JSON."""
        return json.loads(json.dumps(self.successResultOf(perform(self.role, verb, args))))

    def refusal(self, verb: str, /, **args: Any) -> str:
        line = str(self.failureResultOf(perform(self.role, verb, args), Refused).value)
        self.assertNotIn("\n", line)
        return line
