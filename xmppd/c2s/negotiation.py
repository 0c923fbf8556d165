"""From connecting to a bound resource: what a client may do at which stage (RFC 6120, 4.3)."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IOpenSSLServerConnectionCreator

from xmppd.c2s import before_login, binding, resuming, starttls
from xmppd.c2s.hosts import HostFacts
from xmppd.c2s.leg import Leg
from xmppd.c2s.login import Login, sasl_failure
from xmppd.c2s.offers import feature_table, usable_mechanisms
from xmppd.c2s.phase import ANSWER, UNREAD
from xmppd.c2s.requests import Answered
from xmppd.component.session import StreamFacts, verb
from xmppd.link.addresses import plain_address
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, Header, StreamClosed, StreamOpened
from xmppd.protocol.feature import When, features_element
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT, SASL, STREAM_MANAGEMENT, TLS
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS
from xmppd.tls.transport import TlsFacts, tls_facts

if TYPE_CHECKING:
    from xmppd.c2s.connection import Connection

NEGOTIATION: Final = frozenset({TLS, SASL})
"""After elements of these namespaces the stream may be another."""


class Negotiation:
    """A stream that is not bound yet.

    While an answer of a session manager is awaited the client's next steps wait, and it is not
    read. `ticket` and `account` are what a login has brought; `facts` what is known of the host.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.facts: HostFacts | None = None
        self.mechanisms: tuple[str, ...] = ()
        self.ticket = ""
        self.account: Jid | None = None
        self.registered = False
        self.tls = TlsFacts()
        self.secure = connection.tls == "direct"
        self.login = Login(self)
        self._deadline = connection.edge.wheel.now + connection.edge.limits.login_seconds
        self._events: deque[Event] = deque()
        self._asking = self._running = self._over = False

    @property
    def stage(self) -> When:
        """How far it has come."""
        if self.account is not None:
            return When.AFTER_LOGIN
        needs_tls = self.connection.tls == "starttls" and not self.secure
        return When.BEFORE_TLS if needs_tls else When.BEFORE_LOGIN

    @property
    def host(self) -> Jid:
        """The host of the stream, which is open."""
        host = self.connection.stream.host
        assert host is not None
        return host

    # Phase

    def receive(self, data: bytes) -> None:
        """Take bytes of the client."""
        self._events += self.connection.stream.framer.feed(data)
        self._run()
        if self._over:
            return
        if self._asking:
            self.connection.hold(ANSWER)
        if self.connection.slow:
            self.connection.hold(UNREAD)

    def deliver(self, envelope: Envelope) -> None:
        """No session has this stream yet."""

    def caught_up(self) -> None:
        """The client has read what was said to it."""
        self.connection.release(UNREAD)

    def due(self, now: int) -> int:
        """End a stream that has not come to its end in time."""
        if now < self._deadline:
            return self._deadline
        self.connection.fail(StreamError("connection-timeout"))
        return 0

    def ended(self, how: str, condition: str = "") -> None:
        """Tell the session manager that nothing will come of this."""
        self._over = True
        self.login.end()
        if self.login.tried:
            connection = self.connection
            connection.edge.send(Envelope(self.host, connection.address, (verb("gone"),)))

    # Asking

    def ask(self, to: Jid, item: Stanza, call: Answered) -> None:
        """Ask a session manager; the client waits until `call` has its answer."""
        self.wait()
        self.connection.edge.requests.ask(
            to, self.connection.address, item, partial(self._answered, call)
        )

    def wait(self) -> None:
        """Let the client wait until `go_on`."""
        self._asking = True

    def go_on(self) -> None:
        """Go on with what the client has said meanwhile."""
        self._asking = False
        self._run()
        if not self._asking:
            self.connection.release(ANSWER)

    def _answered(self, call: Answered, answer: Envelope | None) -> None:
        if self._over:
            binding.too_late(self, answer)
            return
        self._asking = False
        call(answer)
        if not self._asking:
            self.go_on()

    def _run(self) -> None:
        if self._running:
            return
        self._running = True
        try:
            while self._events and not self._asking and not self._over:
                self._handle(self._events.popleft())
        finally:
            self._running = False
        phase = self.connection.phase
        if isinstance(phase, Leg) and self._events:
            left, self._events = list(self._events), deque()
            phase.take(left, 0)

    def _handle(self, event: Event) -> None:
        connection = self.connection
        if isinstance(event, Stanza):
            self._step(event)
        elif isinstance(event, StreamOpened):
            self._opened(event.header)
        elif isinstance(event, StreamClosed):
            connection.end(b"", "clean")
        elif isinstance(event, StreamError):
            connection.fail(event)

    # The stream

    def _opened(self, header: Header) -> None:
        try:
            self.connection.stream.accept(header)
        except StreamError as error:
            self.connection.fail(error)
            return
        self.wait()
        self.connection.edge.hosts.find(self.host, self._found, self._deadline)

    def _found(self, facts: HostFacts | None, answered: bool) -> None:
        if self._over:
            return
        stream = self.connection.stream
        if facts is None and answered:
            self.connection.fail(stream.refuse_host())
        elif facts is None:
            self.connection.fail(StreamError("remote-connection-failed"))
        else:
            self.facts = facts
            self.connection.write(stream.open() + self._features(facts))
            self.go_on()

    def _features(self, facts: HostFacts) -> bytes:
        """What is on offer; the mechanisms among it are what the client may ask for."""
        self.tls = tls_facts(self.connection.transport)
        plain_allowed = self.secure or self.connection.tls == "none"
        bindings = self.tls.bindings
        self.mechanisms = usable_mechanisms(facts.mechanisms, plain_allowed, bool(bindings))
        table = feature_table(facts, self.mechanisms, bindings, self.connection.edge.limits)
        return features_element(table, self.stage)

    def stream_facts(self) -> StreamFacts:
        """What a session manager may know of the stream."""
        stream, peer = self.connection.stream, self.connection.transport.getPeer()
        return StreamFacts(
            host=self.host,
            peer=plain_address(peer),
            port=str(getattr(peer, "port", "")),
            sender=stream.peer or "",
            lang=stream.lang,
            tls=self.tls.version,
            cipher=self.tls.cipher,
            bindings=self.tls.bindings,
            mechanisms=self.mechanisms,
        )

    # Steps

    def _step(self, item: Stanza) -> None:
        stage = self.stage
        if item.ns == SASL and stage is not When.AFTER_LOGIN:
            if stage is When.BEFORE_TLS:
                self.login.refuse(sasl_failure("encryption-required"))
            else:
                self.login.receive(item)
        elif item.ns == STREAM_MANAGEMENT:
            resuming.receive(self, item)
        elif item.ns == TLS and item.name == "starttls":
            starttls.receive(self)
        elif item.ns == CONTENT and item.name in STANZAS:
            if stage is When.AFTER_LOGIN:
                binding.receive(self, item)
            else:
                before_login.receive(self, item)
        else:
            self.connection.fail(StreamError("unsupported-stanza-type"))

    def read_on(self) -> None:
        """Read what follows an element at which the framer has stopped."""
        self._events += self.connection.stream.framer.resume()

    def go_secure(self, creator: IOpenSSLServerConnectionCreator) -> None:
        """Go on with TLS, and await a new stream there."""
        limits = self.connection.edge.limits
        self.connection.stream.restart(limits.stanza_bytes_before_login, NEGOTIATION)
        self.secure = True
        self.connection.secure(creator)

    def authenticated(self, account: Jid, ticket: str) -> None:
        """Await a new stream of a client that has logged in."""
        self.account, self.ticket = account, ticket
        stream = self.connection.stream
        rest = stream.restart(self.connection.edge.limits.stanza_bytes)
        if rest:
            self._events += stream.framer.feed(rest)

    def bound(self, leg: Leg) -> None:
        """Give the connection over to its session."""
        self._over = True
        self.login.end()
        self.connection.phase = leg
