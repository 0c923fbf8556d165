"""A stream that another server opens: what it has proved, and what it may say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xmppd.protocol import sasl
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, Header, StreamClosed, StreamOpened
from xmppd.protocol.feature import Feature, When, features_element
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import (
    CONTENT,
    DIALBACK,
    DIALBACK_FEATURE,
    SASL,
    SERVER,
    STREAM_LIMITS,
    STREAMS,
    TLS,
)
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS, Stream
from xmppd.s2s.allowance import Allowance
from xmppd.s2s.dialback import PREFIX
from xmppd.s2s.receiving import Receiving
from xmppd.s2s.wire import ServerWire
from xmppd.tls.certificate_files import CertificateError
from xmppd.tls.transport import shown_by, start_tls, tls_facts

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge

NEGOTIATION: Final = frozenset({TLS, SASL})
FAILURES: Final = 5
"""So many failures of SASL end a stream (RFC 6120, 6.4.5)."""
BURST_SECONDS: Final = 4
"""So many seconds' worth of bytes are taken at once from a stream that was quiet before."""

_DIALBACK = Feature(
    element("dialback", DIALBACK_FEATURE, None, element("errors")), When.BEFORE_LOGIN
)


class Incoming(ServerWire):
    """One stream that a server has opened.

    `proved` are the pairs of domains, remote and ours, whose stanzas it may send; until there is
    one it may send little and not for long.
    """

    def __init__(self, edge: ServerEdge, key: str, tls: str) -> None:
        """
        :param key: what the network address counts as.
        :param tls: as of the place it came from: starttls or direct.
        """
        super().__init__(edge)
        self.key = key
        self.proved: set[tuple[str, str]] = set()
        self.how: set[str] = set()
        self._limits = edge.settings.limits
        self._small = self._limits.stanza_bytes_before_proof
        self.stream = Stream(
            SERVER, edge.default_host, self._small, NEGOTIATION, {PREFIX: DIALBACK}
        )
        self._secure = tls == "direct"
        self._external = False
        self._mechanism = False
        self._failures = 0
        self.receiving = Receiving(self)
        self._began = edge.clock.seconds()
        rate = self._limits.bytes_per_second
        self._bytes = Allowance(edge.clock, rate, BURST_SECONDS * rate)
        self._resting = False

    # Wire

    @property
    def framer(self) -> Framer:
        """What reads now."""
        return self.stream.framer

    def connectionMade(self) -> None:
        """Begin; nothing is said before the other side's header."""
        super().connectionMade()
        self.wait(self._limits.proof_seconds)

    def closing(self, last: bytes) -> bytes:
        """A last element and our closing tag."""
        return self.stream.close(last)

    def ended(self, reason: str) -> None:
        """Nothing that it waits for matters any more."""
        if self.proved:
            self.edge.log.info("stream from {peer} is over: {why}", peer=self.peer, why=reason)
        self._forget_proofs()

    def dataReceived(self, data: bytes) -> None:
        """Take what one read brought; read on when its bytes are allowed for."""
        super().dataReceived(data)
        self.rest(self._bytes.spend(len(data)))

    def due(self) -> None:
        """No proof in time, or idle for long."""
        if self.proved:
            self.end(reason="idle")
        elif self.receiving.is_waiting and not self._is_overdue():
            self.wait(self._limits.proof_seconds)
        else:
            self.fail(StreamError("connection-timeout"))

    def _is_overdue(self) -> bool:
        return self.clock.seconds() >= self._began + 2 * self._limits.proof_seconds

    @property
    def peer(self) -> str:
        """What it calls itself, or where it is."""
        return self.stream.peer or self.key

    def is_of(self, domain: str) -> bool:
        """Whether a domain has opened it, or has proved itself on it."""
        return self.stream.peer == domain or any(remote == domain for remote, _ in self.proved)

    @property
    def is_secure(self) -> bool:
        """Whether TLS is on."""
        return self._secure

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

    def still_holds(self) -> bool:
        """Whether every domain has proved itself as it would have to now."""
        return all(map(self._satisfies, self._remotes()))

    def _satisfies(self, domain: str) -> bool:
        policy = self.edge.settings.policy_of(domain)
        if policy == "certificate" or "dialback" not in self.how:
            return self.has_certificate(domain)
        return self._secure or policy == "plaintext-dialback"

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
        self.write(stream.open() + self._features())

    def _features(self) -> bytes:
        """What is on offer now."""
        limits = element(
            "limits",
            STREAM_LIMITS,
            None,
            element("max-bytes", None, None, str(self._limits.stanza_bytes)),
        )
        table = [_DIALBACK, Feature(limits, When.BEFORE_LOGIN)]
        peer = self.stream.peer
        if not self._secure:
            required = () if self.allows_plaintext(peer) else (element("required"),)
            table = [Feature(element("starttls", TLS, None, *required), When.BEFORE_LOGIN)]
            if not required:
                table.append(_DIALBACK)
        self._mechanism = (
            self._secure and not self._external and peer is not None and self.has_certificate(peer)
        )
        if self._mechanism:
            mechanism = element("mechanism", None, None, "EXTERNAL")
            table.insert(
                0, Feature(element("mechanisms", SASL, None, mechanism), When.BEFORE_LOGIN)
            )
        return features_element(table, When.BEFORE_LOGIN)

    def allows_plaintext(self, domain: Jid | None) -> bool:
        """Whether a domain may do without TLS."""
        return self.edge.settings.policy_of(domain or "") == "plaintext-dialback"

    def has_certificate(self, domain: str) -> bool:
        """Whether it has shown a certificate that is valid for a domain."""
        return self._secure and not self.edge.why_not(shown_by(self.transport), domain)

    # Steps

    def _step(self, item: Stanza) -> None:
        if item.ns == CONTENT and item.name in STANZAS:
            self._stanza(item)
        elif item.ns == DIALBACK:
            self.receiving.receive(item)
        elif item.ns == TLS and item.name == "starttls":
            self._start_tls()
        elif item.ns == SASL and not self._external:
            self._sasl(item)
        elif item.ns == STREAMS and item.name == "error":
            self.end(reason="the other server gives up")
        else:
            raise StreamError("unsupported-stanza-type")

    def _stanza(self, item: Stanza) -> None:
        """Pass a stanza on if the stream has proved what it says of itself (RFC 6120, 8.1.2.2)."""
        if not self.proved:
            raise StreamError("not-authorized", "prove a domain first")
        if item.malformed == "from":
            raise StreamError("invalid-from")
        if item.sender is None or item.to is None:
            raise StreamError("improper-addressing")
        pair = item.sender.domain, item.to.domain
        if self.edge.serves(pair[0]):
            raise StreamError("invalid-from", "that is served here")
        if pair not in self.proved:
            known = any(remote == pair[0] for remote, _ in self.proved)
            raise StreamError("host-unknown" if known else "invalid-from")
        self.wait(self._limits.idle_seconds)
        if self.stream.lang and item.lang is None:
            item = item.readdressed(None, None, **{"xml:lang": self.stream.lang})
        self.rest(self.edge.pass_on(item, pair[0]))

    # TLS

    def _start_tls(self) -> None:
        """RFC 6120, 5.4.2: begin TLS, or refuse it and close."""
        host = self.stream.host
        try:
            if self._secure or host is None:
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
        self._secure = True
        self._forget_proofs()  # nothing that was said in the clear counts
        self.receiving = Receiving(self)
        self.stream.restart(self._small, NEGOTIATION)
        self.settle_on(start_tls(self.transport, self, creator))

    # SASL

    def _sasl(self, item: Stanza) -> None:
        try:
            self._authenticate(item)
        except sasl.SaslError as error:
            self._failures += 1
            self.write(element("failure", SASL, None, element(error.condition)))
            if self._failures >= FAILURES:
                raise StreamError("policy-violation", "too many failures") from None
            self.read_on()

    def _authenticate(self, item: Stanza) -> None:
        """SASL EXTERNAL (XEP-0178, 3)."""
        if not self._secure:
            raise sasl.SaslError("encryption-required")
        if item.name == "abort":
            raise sasl.SaslError("aborted")
        if item.name != "auth":
            raise sasl.SaslError("malformed-request")
        peer, host = self.stream.peer, self.stream.host
        if item.attrs.get("mechanism") != "EXTERNAL" or not self._mechanism:
            raise sasl.SaslError("invalid-mechanism")
        assert peer is not None and host is not None
        if not _is_named(sasl.decode(item.own_text()), peer):
            raise sasl.SaslError("invalid-authzid")
        self._external = True
        self.write(element("success", SASL))
        events = self.stream.restart(self._limits.stanza_bytes)
        if self.prove(peer, host, "certificate (SASL EXTERNAL)"):
            self.take(self.framer.feed(events) if events else [])

    def prove(self, remote: Jid, local: Jid, how: str) -> bool:
        """Take stanzas from one domain to another from now on.

        False: that domain has too many streams, and this one has ended.
        """
        if remote.domain not in self._remotes() and not self.edge.shares.proved(remote.domain):
            self.fail(StreamError("resource-constraint", "too many streams of that domain"))
            return False
        self.proved.add((remote.domain, local.domain))
        self.how.add(how)
        self.framer.max_stanza = self._limits.stanza_bytes
        self.wait(self._limits.idle_seconds)
        self.edge.log.info(
            "{remote} may send to {local}: {how}, {tls}",
            remote=remote,
            local=local,
            how=how,
            tls=tls_facts(self.transport).version or "no TLS",
        )
        return True

    def _remotes(self) -> set[str]:
        return {remote for remote, _ in self.proved}

    def _forget_proofs(self) -> None:
        for domain in self._remotes():
            self.edge.shares.left(domain)
        self.proved.clear()

    # Reading

    def rest(self, seconds: float) -> None:
        """Do not read for so long."""
        if seconds > 0 and not self._resting and not self.over and self.transport is not None:
            self._resting = True
            self.transport.pauseProducing()  # type: ignore[attr-defined]
            self.clock.callLater(seconds, self._read_again)

    def _read_again(self) -> None:
        self._resting = False
        if not self.over and self.transport is not None:
            self.transport.resumeProducing()  # type: ignore[attr-defined]


def _is_named(authzid: bytes, peer: Jid) -> bool:
    """Whether an authorization identity is that server; none stands for the one that speaks."""
    try:
        return not authzid or Jid.parse(authzid.decode()) == peer
    except (InvalidJid, UnicodeDecodeError):
        return False
