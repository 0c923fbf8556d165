"""A push service: it tells of what is published at it by messages, until it is ended.

Called with a port for components, a domain, the file with the secret, and whom to tell. Its node
`closed` takes nothing.
"""

import sys
from pathlib import Path

from twisted.internet import reactor

from xmppd.component.component import Component
from xmppd.component.discovery import Identity
from xmppd.component.extension import HOST, iq
from xmppd.link.dialer import Dialer
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

PUBSUB = "http://jabber.org/protocol/pubsub"


class PushService(Component):
    """XEP-0357, 4.2 and 7."""

    identities = (Identity("pubsub", "push"),)
    features = ("urn:xmpp:push:0",)

    def __init__(self, name: str, clock: object, observer: str) -> None:
        super().__init__(name, clock)  # type: ignore[arg-type]
        self.observer = Jid.parse(observer)

    @iq("set", PUBSUB, "pubsub", to=HOST)
    def publish(self, request: Stanza) -> Stanza:
        pubsub = request.payload()
        assert pubsub is not None
        node = pubsub.publish["node"]
        body = element("body", None, None, f"{node}: {pubsub.toXml()}")
        self.send(Stanza.make("message", body, to=self.observer, type="chat"))
        if node == "closed":
            raise StanzaError("item-not-found")
        return request.reply()


def main(port: str, name: str, secret_file: str, observer: str) -> None:
    settings = WireSettings(Path(secret_file).read_text().strip())
    link = Dialer(name, f"tcp:127.0.0.1:{port}", settings, reactor)
    PushService(name, reactor, observer).attach(link)
    reactor.callWhenRunning(link.startService)  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(*sys.argv[1:])
