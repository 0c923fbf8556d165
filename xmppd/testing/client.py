"""A scripted client: its stream to the server is in memory, its stanzas are the test's."""

from __future__ import annotations

import base64
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from xmppd.app.config_clients import Listen
from xmppd.app.config_key import Endpoint
from xmppd.c2s.edge import ClientEdge
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import StreamClosed
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import BIND, CLIENT, SASL, STREAM_ERRORS, STREAMS
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.testing.inbox import Inbox, like
from xmppd.testing.transport import PEER, Transport

PLAIN_TEXT = Listen(Endpoint("tcp:0:interface=127.0.0.1"), "none")
"""As whose place the memory counts: no TLS is offered and none is needed."""
MAX_STANZA = 16 * 1024 * 1024


class LoginRefused(Exception):
    """The server does not let a client in; the text is the condition that it names."""


class Client(Inbox):
    """A client and its stream; see `TestServer.client` and `TestServer.connect`.

    `jid` is the full JID once it has logged in; `stream_error` is the condition with which the
    server has ended the stream, empty as long as it has not, or has without one.
    """

    def __init__(
        self, edge: ClientEdge, clock: IReactorTime, settle: Callable[[], None], domain: str
    ) -> None:
        super().__init__(clock)
        self.domain = domain
        self.jid: Jid | None = None
        self.stream_error = ""
        self._settle = settle
        self._framer = Framer(MAX_STANZA)
        self._transport = Transport(clock, self._take)
        protocol = edge.build_protocol(PEER, PLAIN_TEXT)
        if protocol is None:
            raise LoginRefused("too many connections")
        self._transport.connect(protocol)

    @property
    def closed(self) -> bool:
        """Whether the connection has gone."""
        return self._transport.closed

    def send(self, *xml: str) -> None:
        """Send XML just as it is, and let the server do what it does with it."""
        self._transport.bring("".join(xml).encode())
        self._settle()

    def ask(self, xml: str) -> Stanza:
        """Send an iq and take its answer. Raises AssertionError where none has come."""
        id = _id_of(xml)
        self.send(xml)
        return self.expect("iq", id=id)

    def open(self) -> None:
        """Begin a stream, or begin it anew after SASL."""
        self._framer = Framer(MAX_STANZA)
        self.send(
            f"<?xml version='1.0'?><stream:stream to='{self.domain}' version='1.0' "
            f"xmlns='{CLIENT}' xmlns:stream='{STREAMS}'>"
        )

    def close(self) -> None:
        """End the stream in order, as a client does that logs out."""
        self.send("</stream:stream>")

    def cut(self) -> None:
        """Lose the connection without a word."""
        self._transport.cut()
        self._settle()

    async def log_in(self, name: str, password: str, resource: str = "") -> None:
        """Open a stream, authenticate by SASL PLAIN, bind. Raises `LoginRefused`."""
        self.open()
        await self._stage(STREAMS)
        secret = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
        self.send(element("auth", SASL, {"mechanism": "PLAIN"}, secret).decode())
        await self._stage(SASL)
        self.open()
        await self._stage(STREAMS)
        wanted = [element("resource", None, None, resource)] if resource else []
        bind = element("bind", BIND, None, *wanted).decode()
        self.send(f"<iq type='set' id='bind'>{bind}</iq>")
        bind_answer = await self._next(like("iq", id="bind"))
        self.jid = _bound_jid(bind_answer)

    async def _stage(self, ns: str) -> None:
        """Await an element of negotiation."""
        stanza = await self._next(lambda found: found.ns == ns)
        if stanza.name in ("failure", "error"):
            raise LoginRefused(_condition(stanza))

    def _take(self, data: bytes) -> None:
        for event in self._framer.feed(data):
            if isinstance(event, StreamError):
                raise AssertionError(f"the server's stream is broken: {event}") from event
            if isinstance(event, StreamClosed):
                self._transport.loseConnection()
            elif isinstance(event, Stanza):
                if (event.ns, event.name) == (STREAMS, "error"):
                    self.stream_error = _condition(event)
                self._put(event)


def _condition(stanza: Stanza) -> str:
    """The condition of a stream error or of a SASL failure."""
    for ns, name, _, _ in stanza.children:
        if ns in (STREAM_ERRORS, SASL, stanza.ns) and name != "text":
            return name
    return "undefined-condition"


def _bound_jid(answer: Stanza) -> Jid:
    bind = answer.child(BIND, "bind")
    if bind is None:
        raise LoginRefused("no resource was bound")
    [jid] = bind.elements(BIND, "jid")
    return Jid.parse(str(jid))


def _id_of(xml: str) -> str:
    id = parse_stanza(xml.encode()).id
    if id is None:
        raise ValueError("an iq needs an id")
    return id
