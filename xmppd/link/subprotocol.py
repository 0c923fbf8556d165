"""Existing `XMPPHandler`s, those of wokkel too, on links: in process or over the wire, unchanged.

    streams = LinkStreams("pubsub.example.com")
    manager = StreamManager(streams)              # that of twisted.words, or wokkel's own
    PubSubService().setHandlerParent(manager)
    streams.attach(router.link(["pubsub.example.com"]))

Handlers find what they know: an `XmlStream`, whose observers are given `domish` elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.address import UNIXAddress
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import ITransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.words.protocols.jabber.jid import JID
from twisted.words.protocols.jabber.xmlstream import (
    STREAM_AUTHD_EVENT,
    Authenticator,
    XmlStream,
)
from twisted.words.xish import domish
from twisted.words.xish.xmlstream import XmlStreamFactoryMixin
from zope.interface import implementer

from xmppd.link.dialer import Dialer
from xmppd.link.link import Item, Link
from xmppd.link.receipts import is_counted, passed_on
from xmppd.link.router import answers_error
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, StreamClosed
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import COMPONENT_ACCEPT, CONTENT
from xmppd.protocol.parsing import MAX_BYTES
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS


class LinkStreams(XmlStreamFactoryMixin):
    """Takes the place of a `StreamManager`'s factory; its streams run over a link.

    To handlers they look like the `XmlStream`s of a component that has connected: elements are of
    the namespace `jabber:component:accept`, and what says no `from` is from the domain itself.

    :param name: the domain that is served. Raises `InvalidJid` where it is none.
    """

    protocol = XmlStream

    def __init__(self, name: str) -> None:
        self.jid = Jid.of("", name)
        self.authenticator = _Established(self.jid)
        self._link: Link | None = None
        self._stream: XmlStream | None = None
        XmlStreamFactoryMixin.__init__(self, self.authenticator)

    def attach(self, link: Link) -> None:
        """Open a stream over the link, at once or, where it is dialed, each time it comes up."""
        self._link = link
        link.receiver = self._receive
        if isinstance(link, Dialer):
            link.changed = self._changed
        if not isinstance(link, Dialer) or link.is_up:
            self._open(link)

    def close(self) -> None:
        """End the stream and the link, for good."""
        link, self._link = self._link, None
        if link is not None:
            link.close()
            self._lose(ConnectionDone())

    def _changed(self, up: bool) -> None:
        if not up:
            self._lose(ConnectionLost())
        elif self._link is not None and self._stream is None:
            self._open(self._link)

    def _open(self, link: Link) -> None:
        self._stream = stream = self.buildProtocol(None)  # type: ignore[no-untyped-call]
        stream.makeConnection(_Outgoing(link, self.jid, self.close))

    def _lose(self, reason: Exception) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.connectionLost(Failure(reason))

    def _receive(self, item: Item) -> None:
        if isinstance(item, Stanza):
            self._pass_on(item)
        elif is_counted(item) and self._link is not None:
            for stanza in item.items:
                self._pass_on(stanza)
            self._link.send(passed_on(item))  # nobody counts here

    def _pass_on(self, item: Stanza) -> None:
        if self._stream is None:
            return
        try:
            element = _tree(item)
        except domish.ParserError:  # it has more elements than domish takes
            if self._link is not None and answers_error(item):
                self._link.send(item.error("policy-violation"))
        else:
            self._stream.onElement(element)


class _Established(Authenticator):
    """Says that a stream is ready: the handshake, where there is one, is the link's."""

    def __init__(self, jid: Jid) -> None:
        Authenticator.__init__(self)
        self._jid = JID(jid)

    def associateWithStream(self, xmlstream: Any) -> None:
        """Be what a component's stream is after XEP-0114's handshake."""
        Authenticator.associateWithStream(self, xmlstream)
        xmlstream.version = 0, 0
        xmlstream.namespace = COMPONENT_ACCEPT
        xmlstream.thisEntity = xmlstream.otherEntity = self._jid

    def connectionMade(self) -> None:
        """Nothing need be waited for."""
        stream: Any = self.xmlstream
        stream.sendHeader()
        stream.dispatch(stream, STREAM_AUTHD_EVENT)


@implementer(ITransport)
class _Outgoing:
    """The transport of a stream: frames what is written, and sends it by the link."""

    disconnecting = False
    log = Logger()

    def __init__(self, link: Link, jid: Jid, lost: Callable[[], None]) -> None:
        self._link = link
        self._jid = jid
        self._lost = lost
        self._framer = Framer(MAX_BYTES)
        self._header = b""

    def write(self, data: bytes) -> None:
        """Take a stream header, stanzas, or parts of them.

        Raises ValueError where that is no XML, or none that a stream may carry; nothing of the
        unfinished stanza is sent, and the next starts anew.
        """
        self._header = self._header or data
        for event in self._framer.feed(data):
            self._take(event)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write parts as one."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """The stream's end is that of the link."""
        if not self.disconnecting:
            self.disconnecting = True
            self._lost()

    def getPeer(self) -> UNIXAddress:
        """A link shows no address."""
        return UNIXAddress(None)

    getHost = getPeer

    def _take(self, event: Event) -> None:
        if isinstance(event, StreamError):
            self._framer = Framer(MAX_BYTES)
            self._framer.feed(self._header)
            raise ValueError(f"not to be sent: {event}")
        if isinstance(event, StreamClosed):
            self.loseConnection()
        elif isinstance(event, Stanza):
            self._send(event)

    def _send(self, stanza: Stanza) -> None:
        if stanza.ns != CONTENT or stanza.name not in STANZAS:
            self.log.warn("no stanza, not sent: {stanza}", stanza=stanza)
        elif "from" in stanza.attrs:
            self._link.send(stanza)
        else:
            self._link.send(stanza.readdressed(None, self._jid))


def _tree(stanza: Stanza) -> Any:
    """A tree of its own, for handlers change what they are given. Raises `ParserError`."""
    found: list[domish.Element] = []
    stream = domish.elementStream()
    stream.DocumentStartEvent = lambda root: None
    stream.ElementEvent = found.append
    stream.DocumentEndEvent = lambda: None
    stream.parse(b"<stream>%b</stream>" % stanza.to_bytes(COMPONENT_ACCEPT))
    return found[0]
