"""Juliet by twisted.words and romeo by wokkel chat; ends with 0 if all went as it should.

Called with a port that has STARTTLS, a domain, and the passwords of its juliet and romeo. Its
certificate must be among those of the environment's SSL_CERT_FILE.
"""

import sys
from typing import Any

from twisted.internet.defer import Deferred, DeferredQueue
from twisted.internet.task import react
from twisted.words.protocols.jabber.client import XMPPClientFactory
from twisted.words.protocols.jabber.jid import JID
from twisted.words.protocols.jabber.xmlstream import (
    INIT_FAILED_EVENT,
    IQ,
    STREAM_AUTHD_EVENT,
    STREAM_END_EVENT,
    XmlStream,
)
from twisted.words.xish.domish import Element
from wokkel.client import XMPPClient
from wokkel.xmppim import MessageProtocol, PresenceClientProtocol, RosterClientProtocol

HOST = "127.0.0.1"
PATIENCE = 60


class Words:
    """A client by twisted.words alone."""

    def __init__(self, reactor: Any, jid: str, password: str, port: int) -> None:
        self.reactor = reactor
        self.here: Deferred[XmlStream] = Deferred()
        self.gone: Deferred[None] = Deferred()
        self.messages: DeferredQueue[Element] = DeferredQueue()
        factory = XMPPClientFactory(JID(jid), password)
        factory.addBootstrap(STREAM_AUTHD_EVENT, self._authenticated)
        factory.addBootstrap(INIT_FAILED_EVENT, self.here.errback)
        factory.addBootstrap(STREAM_END_EVENT, lambda _: self.gone.callback(None))
        self.connector = reactor.connectTCP(HOST, port, factory)

    def _authenticated(self, stream: XmlStream) -> None:
        stream.addObserver("/message", self.messages.put)
        self.here.callback(stream)

    def send(self, stream: XmlStream, to: str, body: str) -> None:
        """Send a chat message."""
        message = Element((None, "message"))
        message["to"], message["type"] = to, "chat"
        message.addElement("body", content=body)
        stream.send(message)

    def ping(self, stream: XmlStream, to: str) -> Any:
        """Ask for a sign of life."""
        request = IQ(stream, "get")
        request.addElement(("urn:xmpp:ping", "ping"))
        return request.send(to)


class Talk(MessageProtocol):
    """Keeps the messages that come until somebody waits for them."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: DeferredQueue[Element] = DeferredQueue()

    def onMessage(self, message: Element) -> None:
        self.messages.put(message)


class Roster(RosterClientProtocol):
    """Fires once the stream stands."""

    def __init__(self) -> None:
        super().__init__()
        self.here: Deferred[None] = Deferred()

    def connectionInitialized(self) -> None:
        super().connectionInitialized()
        self.here.callback(None)


async def chat(reactor: Any, port: int, domain: str, password1: str, password2: str) -> None:
    """One message each way, a roster, a ping."""
    romeo = XMPPClient(JID(f"romeo@{domain}/orchard"), password2, HOST, port)
    talk, roster, presence = Talk(), Roster(), PresenceClientProtocol()
    for handler in (talk, roster, presence):
        handler.setHandlerParent(romeo)
    romeo.startService()
    await roster.here.addTimeout(PATIENCE, reactor)
    print("romeo is here by wokkel", flush=True)
    assert romeo.jid.full() == f"romeo@{domain}/orchard", romeo.jid
    presence.available()

    juliet = Words(reactor, f"juliet@{domain}/balcony", password1, port)
    stream = await juliet.here.addTimeout(PATIENCE, reactor)
    print("juliet is here by twisted.words", flush=True)
    await juliet.ping(stream, domain).addTimeout(PATIENCE, reactor)

    juliet.send(stream, f"romeo@{domain}/orchard", "Wherefore art thou?")
    heard = await talk.messages.get().addTimeout(PATIENCE, reactor)
    assert str(heard.body) == "Wherefore art thou?", heard.toXml()
    assert heard["from"] == f"juliet@{domain}/balcony", heard.toXml()
    answer = Element((None, "message"))
    answer["to"], answer["type"] = heard["from"], "chat"
    answer.addElement("body", content="Neither <&> \u2764")
    talk.send(answer)
    heard = await juliet.messages.get().addTimeout(PATIENCE, reactor)
    assert str(heard.body) == "Neither <&> \u2764", heard.toXml()
    contacts = await roster.getRoster()
    assert not contacts, contacts

    stream.sendFooter()
    await juliet.gone.addTimeout(PATIENCE, reactor)
    romeo.stopService()
    print("all done")


def main(reactor: Any, port: str, *words: str) -> Deferred[None]:
    return Deferred.fromCoroutine(chat(reactor, int(port), *words))


if __name__ == "__main__":
    react(main, sys.argv[1:])
