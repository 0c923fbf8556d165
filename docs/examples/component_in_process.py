"""A server with a component of one's own in the same process: what it is told comes back."""

from typing import Any

from xmppd.app.assemble import Server, assemble
from xmppd.app.config_model import Config
from xmppd.component.component import Component
from xmppd.component.discovery import Identity
from xmppd.protocol.stanza import Stanza


class Echo(Component):
    """Send every message back."""

    identities = (Identity("client", "bot", "Echo"),)

    def message(self, message: Stanza) -> None:
        self.send(message.readdressed(to=message.sender, sender=message.to))


def make_server(config: Config, reactor: Any) -> Server:
    """A server whose first domain has an echo below it."""
    server = assemble(config, reactor)
    echo = Echo(f"echo.{config.domains[0]}", reactor)
    echo.attach(server.router.link([echo.name]))
    return server
