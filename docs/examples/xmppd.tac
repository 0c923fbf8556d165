"""A Twisted application that holds an XMPP server and a web server: `twistd -ny xmppd.tac`.

It is configured by `xmppd.toml` beside it where there is one, by `XMPPD__...` in the environment,
and by the defaults.
"""

import os
from pathlib import Path

from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import Application
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.web.resource import Resource
from twisted.web.server import Site

from xmppd.app.admin import AdminSocket, socket_path
from xmppd.app.assemble import Server, assemble
from xmppd.app.config import load

WEB = os.environ.get("WEB", "tcp:8080:interface=127.0.0.1")


class Status(Resource):
    """Tells how many people are here."""

    isLeaf = True

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def render_GET(self, request: object) -> bytes:
        hosts = self._server.manager.hosts.values()
        return b"%d sessions\n" % sum(len(host.sessions()) for host in hosts)


file = Path("xmppd.toml")
config = load(file if file.exists() else None, environ=os.environ)
config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
server = assemble(config, reactor)
application = Application("chat")
server.setServiceParent(application)
AdminSocket(server, socket_path(config)).setServiceParent(application)  # for xmppctl
StreamServerEndpointService(
    serverFromString(reactor, WEB), Site(Status(server))
).setServiceParent(application)
