"""A component in a process of its own: it asks who greets it for the time.

    python component_on_the_wire.py tcp:127.0.0.1:5347 greeter.example.com secret

where the last word is the file with the secret that the server wants.
"""

import sys
from pathlib import Path

from twisted.internet import reactor

from xmppd.component.component import Component
from xmppd.component.discovery import Identity
from xmppd.component.extension import ACCOUNT, HOST, iq
from xmppd.link.dialer import Dialer
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

TIME, VERSION = "urn:xmpp:time", "jabber:iq:version"


class Greeter(Component):
    """Greet people by the time of their clients (XEP-0202), and tell what it is (XEP-0092)."""

    identities = (Identity("client", "bot", "Greeter"),)
    features = (VERSION,)

    async def message(self, message: Stanza) -> None:
        ask = Stanza.make("iq", element("time", TIME), type="get", to=message.sender)
        try:
            answer = await self.ask(ask, timeout=10)
            words = f"Hello! It is {answer.payload().utc}, you say."
        except StanzaError:
            words = "Hello! What time is it?"
        body = element("body", None, None, words)
        self.send(Stanza.make("message", body, type="chat", to=message.sender))

    @iq("get", VERSION, "query", to=HOST | ACCOUNT)
    def version(self, request: Stanza) -> Stanza:
        parts = element("name", None, None, "Greeter"), element("version", None, None, "1")
        return request.reply(element("query", VERSION, None, *parts))


def main(endpoint: str, name: str, secret_file: str) -> None:
    settings = WireSettings(Path(secret_file).read_text().strip())
    link = Dialer(name, endpoint, settings, reactor)
    Greeter(name, reactor).attach(link)
    reactor.callWhenRunning(link.startService)
    reactor.addSystemEventTrigger("before", "shutdown", link.stopService)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
