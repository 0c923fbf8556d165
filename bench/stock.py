"""What Twisted itself offers for the same work: twisted.words."""

from collections.abc import Callable
from typing import Any

from twisted.internet.testing import StringTransport
from twisted.words.protocols.jabber.component import Router, XMPPComponentServerFactory
from twisted.words.protocols.jabber.jid import internJID
from twisted.words.protocols.jabber.xmlstream import hashPassword
from twisted.words.xish import domish

from bench.material import COMPONENT_HEADER


def parsing(header: bytes, taken: Callable[[Any], object]) -> Callable[[bytes], object]:
    """Parse stanzas of a stream into trees, which are given to `taken`."""
    stream = domish.elementStream()
    stream.DocumentStartEvent = lambda root: None
    stream.ElementEvent = taken
    stream.DocumentEndEvent = lambda: None
    stream.parse(header)
    parse: Callable[[bytes], object] = stream.parse
    return parse


def forward(element: Any) -> str:
    """Parse the address, write the element."""
    internJID(element["to"])
    written: str = element.toXml()
    return written


def component_journey() -> Callable[[bytes], object]:
    """From the bytes of one component to those for another, through a `Router`."""
    factory = XMPPComponentServerFactory(Router(), "secret")
    take, _ = _component(factory, "c1.localhost"), _component(factory, "c2.localhost")
    return take


def _component(factory: Any, name: str) -> Callable[[bytes], object]:
    stream = factory.buildProtocol(None)
    transport = StringTransport()
    stream.makeConnection(transport)
    stream.dataReceived(COMPONENT_HEADER.replace(b"to='localhost'", f"to='{name}'".encode()))
    digest = hashPassword(stream.sid, "secret")
    stream.dataReceived(f"<handshake>{digest}</handshake>".encode())

    def take(data: bytes) -> None:
        stream.dataReceived(data)
        transport.clear()

    return take
