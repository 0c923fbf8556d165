"""A stream that another server opens: what it has proved, and what it may say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, Header, StreamClosed, StreamOpened
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import (
    BIDI,
    CONTENT,
    DIALBACK,
    SASL,
    SERVER,
    STREAM_MANAGEMENT,
    STREAMS,
    TLS,
)
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS, Stream
from xmppd.s2s import features
from xmppd.s2s.dialback import PREFIX
from xmppd.s2s.external import External
from xmppd.s2s.incoming_management import IncomingManagement
from xmppd.s2s.server_stream import ServerStream
from xmppd.tls.certificate_files import CertificateError
from xmppd.tls.transport import start_tls

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge

NEGOTIATION: Final = frozenset({TLS, SASL})


class Incoming(ServerStream):
    """One stream that a server has opened."""

    def __init__(self, edge: ServerEdge, key: str, tls: str) -> None:
        """
        :param key: what the network address counts as; empty while that is not known.
        :param tls: as of the place it came from: starttls or direct.
        """
        super().__init__(edge)
        self.key = key
        self._small = self.limits.stanza_bytes_before_proof
        self.stream = Stream(
            SERVER, edge.default_host, self._small, NEGOTIATION, {PREFIX: DIALBACK}
        )
        self.is_secure = tls == "direct"
        self._external = External(self)
        self._knows_address = bool(key)
        self._began = edge.clock.seconds()

    def new_management(self) -> IncomingManagement:
        """What the other side enables and resumes."""
        return IncomingManagement(self)

    # Wire

    @property
    def framer(self) -> Framer:
        """What reads now."""
        return self.stream.framer

    def connectionMade(self) -> None:
        """Begin; nothing is said before the other side's header."""
        super().connectionMade()
        self.wait(self.limits.proof_seconds)

    def dataReceived(self, data: bytes) -> None:
        """Whom a balancer has connected for is known by the first bytes."""
        if not self._knows_address and not self.over:
            self._knows_address = True
            transport: Any = self.transport
            if not self.edge.told_address(self, transport.getPeer()):
                self.drop("its address has too many connections")
        super().dataReceived(data)

    def closing(self, last: bytes) -> bytes:
        """A last element and our closing tag."""
        return self.stream.close(last)

    def ended(self, reason: str) -> None:
        """The stream is over."""
        self.edge.unproved.left(self)
        super().ended(reason)

    def due(self) -> None:
        """No proof in time, or idle for long."""
        if self.proved:
            self.end(reason="idle")
        elif self.receiving.is_waiting and not self._is_overdue():
            self.wait(self.limits.proof_seconds)
        else:
            self.fail(StreamError("connection-timeout"))

    def _is_overdue(self) -> bool:
        return self.clock.seconds() >= self._began + 2 * self.limits.proof_seconds

    @property
    def peer(self) -> str:
        """What it calls itself, or where it is."""
        return self.stream.peer or self.key

    def is_of(self, domain: str) -> bool:
        """Whether a domain has opened it, or has proved itself on it."""
        return self.stream.peer == domain or any(remote == domain for remote, _ in self.proved)

    @property
    def id(self) -> str:
        """The id of our last header."""
        return self.stream.id

    @property
    def lang(self) -> str:
        """The language of its header."""
        return self.stream.lang

    def condition_of(self, pair: tuple[str, str]) -> str:
        """Whether who speaks has proved itself, though not towards that domain."""
        known = any(remote == pair[0] for remote, _ in self.proved)
        return "host-unknown" if known else "invalid-from"

    def admit(self, remote: Jid, local: Jid, how: str) -> bool:
        """Take stanzas from one domain to another from now on, if there may be one more stream."""
        admitted = super().admit(remote, local, how)
        if admitted:
            self.edge.unproved.left(self)
        return admitted

    def start_over(self) -> None:
        """Nothing that was proved or agreed counts any more, nor does its time."""
        if self.proved:
            self._began = self.clock.seconds()
            self.wait(self.limits.proof_seconds)
            self.edge.unproved.came(self)
        super().start_over()

    def touch(self) -> None:
        """It is not idle."""
        self.wait(self.limits.idle_seconds)

    def handle(self, event: Event) -> None:
        """Take what the other side says."""
        if isinstance(event, Stanza):
            self._step(event)
        elif isinstance(event, StreamOpened):
            self._opened(event.header)
        elif isinstance(event, StreamClosed):
            self.end()
        elif isinstance(event, StreamError):
            self.fail(event)

    # The stream

    def _opened(self, header: Header) -> None:
        stream = self.stream
        before = stream.peer
        stream.accept(header)
        if stream.host is None or not self.edge.serves(stream.host.domain):
            raise stream.refuse_host()
        peer = stream.peer
        if peer is not None and peer != peer.domain:
            raise StreamError("improper-addressing", "a server has a domain")
        if before is not None and peer != before:
            raise StreamError("not-authorized", "another server than before")
        if peer is not None and self.edge.serves(peer.domain):
            stream.peer = None
            raise StreamError("invalid-from", "that is served here")
        offered = features.offered(self, self._external.is_done)
        self._external.is_offered = offered.external
        self.write(stream.open() + offered.xml)
        how = "certificate (SASL EXTERNAL)"
        if self._external.is_done and peer is not None and self.admit(peer, stream.host, how):
            self.answer_on_it()

    # Steps

    def _step(self, item: Stanza) -> None:
        if item.ns == CONTENT and item.name in STANZAS:
            self.take_stanza(item)
        elif item.ns == STREAM_MANAGEMENT:
            self.management.receive(item)
        elif item.ns == DIALBACK:
            self.receiving.receive(item)
        elif item.ns == TLS and item.name == "starttls":
            self._start_tls()
        elif item.ns == SASL and not self._external.is_done:
            self._external.receive(item)
        elif item.ns == BIDI and item.name == "bidi" and self.edge.settings.bidirectional:
            self.is_bidi = True
            self.answer_on_it()
        elif item.ns == STREAMS and item.name == "error":
            self.end(reason="the other server gives up")
        else:
            raise StreamError("unsupported-stanza-type")

    # TLS

    def _start_tls(self) -> None:
        """RFC 6120, 5.4.2: begin TLS, or refuse it and close."""
        host = self.stream.host
        try:
            if self.is_secure or host is None:
                raise CertificateError("TLS is on")
            creator = self.edge.certificates.options_for(host)
        except CertificateError:
            self.end(element("failure", TLS), "TLS refused")
            return
        if self.framer.rest():
            self.drop("bytes before TLS")
            return
        self.write(element("proceed", TLS))
        self.flush()
        self.output.forget_producer()
        self.is_secure = True
        self.start_over()  # nothing that was said in the clear counts
        self.stream.restart(self._small, NEGOTIATION)
        self.settle_on(start_tls(self.transport, self, creator))

    # SASL

    def authenticated(self) -> None:
        """Its certificate stands for it: a new stream begins (RFC 6120, 6.3.4)."""
        self.leave()  # until the new stream has begun
        self.write(element("success", SASL))
        unread = self.stream.restart(self.limits.stanza_bytes)
        self.take(self.framer.feed(unread) if unread else [])
