"""A stream that we open: its negotiation, our proof, the keys of others that it verifies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.words.xish import domish

from xmppd.protocol import sasl
from xmppd.protocol.errors import STREAM_CONDITIONS, StreamError
from xmppd.protocol.events import Event, Header, StreamClosed, StreamOpened
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element, open_tag
from xmppd.protocol.namespaces import (
    DIALBACK,
    DIALBACK_FEATURE,
    SASL,
    SERVER,
    STREAM_ERRORS,
    STREAM_LIMITS,
    STREAMS,
    TLS,
)
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.dialback import PREFIX, Dialback
from xmppd.s2s.problem import Problem
from xmppd.s2s.questions import Questions
from xmppd.s2s.wire import ServerWire
from xmppd.tls.certificate_files import CertificateError
from xmppd.tls.transport import shown_by, start_tls_as_client, tls_facts

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge

NEGOTIATION: Final = frozenset({TLS, SASL})
LEAST_LIMIT: Final = 10_000
"""No server may take less in one stanza (RFC 6120, 13.12)."""


class Owner(Protocol):
    """Whom a stream tells."""

    def opened(self, stream: Outgoing) -> None:
        """It may carry verifications, and our proof."""

    def proved(self, stream: Outgoing) -> None:
        """It may carry stanzas."""

    def drained(self, stream: Outgoing) -> None:
        """It takes again."""

    def ended(self, stream: Outgoing, problem: Problem) -> None:
        """It is over."""


class Outgoing(ServerWire):
    """One stream from one of our domains to a remote one.

    It says as little as it can before TLS; what the remote has to prove is policy's.
    `is_open` tells that it is negotiated, `is_proved` that stanzas may go; `max_bytes` is what
    the remote takes in one. `about` says how it is secured, in words.
    """

    def __init__(
        self, edge: ServerEdge, owner: Owner, local: Jid, remote: Jid, direct: bool
    ) -> None:
        super().__init__(edge)
        self.owner = owner
        self.local = local
        self.remote = remote
        self.is_open = self.is_proved = False
        self.max_bytes = edge.settings.limits.stanza_bytes
        self.problem = Problem("remote-server-timeout", "the server says nothing")
        self.about: dict[str, str] = {"tls": "none", "certificate": "none", "proof": "none"}
        self._policy = edge.settings.policy_of(remote)
        self._direct = direct
        self._secure = self._proving = self._accepted = False
        self._framer = self._new_framer()
        self._id = ""
        self._external = self._dialback = False
        self._asked: Dialback | None = None
        self._questions = Questions()

    # Wire

    @property
    def framer(self) -> Framer:
        """What reads now."""
        return self._framer

    def connectionMade(self) -> None:
        """Begin."""
        super().connectionMade()
        self.about["where"] = self.where
        self.wait(self.edge.settings.limits.proof_seconds)
        if self._direct:
            self._secured()
        else:
            self._greet()

    def closing(self, last: bytes) -> bytes:
        """A last element and our closing tag."""
        return last + b"</stream:stream>"

    def ended(self, reason: str) -> None:
        """Tell everybody who waits."""
        self._questions.fail(self.problem.dialback)
        self.owner.ended(self, self.problem)

    def drained(self) -> None:
        """The transport takes again."""
        self.owner.drained(self)

    def due(self) -> None:
        """Not negotiated in time, or idle for long."""
        if self.is_proved or (self.is_open and not self._proving and not self._questions):
            self.end(reason="idle")
        else:
            self.give_up("remote-server-timeout", "the server takes too long")

    def give_up(self, condition: str, text: str) -> None:
        """End the stream, for it leads nowhere."""
        self.problem = Problem(condition, text)
        self.end(reason=text)

    def still_holds(self) -> bool:
        """Whether the server is secured as it would have to be now."""
        self._policy = self.edge.settings.policy_of(self.remote)
        if not self.is_open:
            return True  # that is looked at when it opens
        if self._policy == "certificate":
            return not self.edge.why_not(shown_by(self.transport), self.remote)
        return self._secure or self._policy == "plaintext-dialback"

    # What its owner asks for

    def send(self, data: bytes) -> None:
        """Write a stanza."""
        self.write(data)

    def touch(self) -> None:
        """It was of use: it is not idle. One that carries no stanzas does not stay for long."""
        limits = self.edge.settings.limits
        self.wait(limits.idle_seconds if self.is_proved else limits.proof_seconds)

    def prove(self) -> None:
        """Prove our domain, by certificate where the remote offers it, else by dialback."""
        if self._proving or self._questions or self.over:
            return
        self._proving = True
        self.wait(self.edge.settings.limits.proof_seconds)
        if self._external:
            self.write(
                element("auth", SASL, {"mechanism": "EXTERNAL"}, sasl.encode(self.local.encode()))
            )
        else:
            self._call_back()

    @property
    def takes_verifications(self) -> bool:
        """Whether keys may be sent now: not between our certificate and its acceptance."""
        return self.is_open and (self.is_proved or not (self._proving and self._external))

    def verify(self, request: Dialback, waiting: Deferred[str]) -> None:
        """Ask whether the remote has made a key; `waiting` gets the answer's type or condition."""
        self._questions.add(request, waiting)
        self.write(request.to_bytes())

    def forget(self, request: Dialback) -> None:
        """Wait no longer for what has become of a key."""
        self._questions.forget(request)
        if self.is_open and not self._questions and not self.is_proved and not self.over:
            self.owner.opened(self)

    # The stream

    def _new_framer(self) -> Framer:
        return Framer(self.edge.settings.limits.stanza_bytes_before_proof, NEGOTIATION)

    def _greet(self) -> None:
        """Our header (RFC 6120, 4.7)."""
        attributes = {
            "from": self.local,
            "to": self.remote,
            "version": "1.0",
            "xml:lang": "en",
            f"xmlns:{PREFIX}": DIALBACK,
            "xmlns:stream": STREAMS,
        }
        tag = open_tag("stream:stream", attributes, SERVER)
        self.write(f"<?xml version='1.0'?>{tag}>".encode())

    def _again(self) -> None:
        self._framer = self._new_framer()
        self._greet()

    def _secured(self) -> None:
        """Go on within TLS."""
        try:
            creator = self.edge.tls_towards(self.local, self.remote)
        except CertificateError as problem:
            self.give_up("remote-server-not-found", str(problem))
            return
        self.flush()
        self.output.forget_producer()
        self._secure = True
        self.problem = Problem("remote-server-not-found", "TLS fails")
        self.settle_on(start_tls_as_client(self.transport, self, creator))
        self._again()

    def handle(self, event: Event) -> None:
        """Take what the remote says."""
        if isinstance(event, StreamOpened):
            self._header(event.header)
        elif isinstance(event, Stanza):
            self._step(event)
        elif isinstance(event, StreamClosed):
            self.end(reason="closed by the server")
        elif isinstance(event, StreamError):
            self.problem = Problem("remote-server-not-found", f"it sends {event.condition}")
            self.fail(event)

    def _header(self, header: Header) -> None:
        if (header.namespace, header.name) != (STREAMS, "stream") or header.content != SERVER:
            self.problem = Problem("remote-server-not-found", "it is no XMPP server")
            raise StreamError("invalid-namespace")
        self._id = header.attrs.get("id", "")
        self._dialback = DIALBACK in header.prefixes.values()
        if not header.attrs.get("version", "").startswith("1."):
            self.problem = Problem("remote-server-not-found", "it speaks no XMPP 1.0")
            raise StreamError("unsupported-version")

    def _step(self, item: Stanza) -> None:
        if item.ns == STREAMS and item.name == "features":
            self._features(item)
        elif item.ns == STREAMS and item.name == "error":
            self._error(item)
        elif item.ns == TLS and not self._secure:
            self._answer_to_tls(item)
        elif item.ns == SASL and self._proving and self._external:
            self._answer_to_sasl(item)
        elif item.ns == DIALBACK:
            self._answer_to_dialback(item)
        else:
            raise StreamError("not-authorized", "nothing is to be sent on this stream")

    def _error(self, item: Stanza) -> None:
        named = [child.name for child in item.element().elements() if child.uri == STREAM_ERRORS]
        condition = next((name for name in named if name in STREAM_CONDITIONS), "an error")
        # nothing else means that it would serve us another time
        late = condition in ("connection-timeout", "remote-connection-failed", "reset")
        name = "remote-server-timeout" if late else "remote-server-not-found"
        self.problem = Problem(name, f"it answers {condition}", condition == "host-unknown")
        self.end(reason=f"stream error {condition}")

    # TLS

    def _features(self, item: Stanza) -> None:
        if self.is_open and not self._accepted:
            return
        if not self._secure:
            if item.has(TLS, "starttls"):
                self.problem = Problem("remote-server-not-found", "it breaks off TLS")
                self.write(element("starttls", TLS))
                return
            if self._policy != "plaintext-dialback":
                self.give_up("remote-server-not-found", "it offers no TLS")
                return
        if self._secure and not self.is_open and not self._check_certificate():
            return
        self._note_limit(item.child(STREAM_LIMITS, "limits"))
        if self._accepted:  # a new stream after SASL
            self._proved("certificate (SASL EXTERNAL)")
            return
        self._external = self._secure and _offers_external(item)
        self._dialback = self._dialback or item.has(DIALBACK_FEATURE, "dialback")
        self.is_open = True
        self.problem = Problem("remote-server-timeout", "the connection was lost")
        self.touch()
        self.owner.opened(self)

    def _check_certificate(self) -> bool:
        shown = shown_by(self.transport)
        why = self.edge.why_not(shown, self.remote)
        self.about["tls"] = tls_facts(self.transport).version
        self.about["certificate"] = f"not valid: {why}" if why else "valid"
        if why and self._policy == "certificate":
            self.give_up("remote-server-not-found", f"its certificate: {why}")
            return False
        return True

    def _note_limit(self, limits: domish.Element | None) -> None:
        """Take the size of stanzas that the remote announces (XEP-0478)."""
        for child in () if limits is None else limits.elements():
            text = str(child)
            if child.name == "max-bytes" and text.isascii() and text.isdigit():
                self.max_bytes = max(LEAST_LIMIT, int(text[:12]))

    def _answer_to_tls(self, item: Stanza) -> None:
        if item.name != "proceed" or self.framer.rest():
            self.give_up("remote-server-not-found", "it refuses TLS")
        else:
            self._secured()

    # Proof

    def _answer_to_sasl(self, item: Stanza) -> None:
        if item.name == "success":
            self._accepted = True
            self._again()
        elif item.name == "failure":
            self._external = False
            self._call_back()
            self.read_on()
        else:
            self.write(element("abort", SASL))
            self.read_on()

    def _call_back(self) -> None:
        if not self._dialback:
            self.give_up("remote-server-not-found", "it takes no proof that we have")
            return
        key = self.edge.keys.key(self.remote, self.local, self._id)
        self._asked = Dialback("result", self.local, self.remote, "", "", key)
        self.write(self._asked.to_bytes())

    def _answer_to_dialback(self, item: Stanza) -> None:
        answer = Dialback.read(item)
        if answer is None or answer.type not in ("valid", "invalid", "error"):
            self.edge.log.info("{remote} sends dialback out of place", remote=self.remote)
        elif self._asked is not None and answer.answers(self._asked):
            self._asked = None
            self._judged(answer)
        else:
            self._verified(answer)

    def _judged(self, answer: Dialback) -> None:
        """What has become of our key."""
        if answer.type == "valid":
            self._proved("dialback")
        else:
            late = answer.condition in ("remote-server-timeout", "remote-connection-failed")
            condition = "remote-server-timeout" if late else "remote-server-not-found"
            self.give_up(condition, f"dialback is answered {answer.condition or answer.type}")

    def _verified(self, answer: Dialback) -> None:
        """What has become of another's key; an answer without its question is ignored (3.1)."""
        if self._questions.answered(answer):
            self.touch()
            return
        self.edge.log.info("{remote} answers dialback nobody asked for", remote=self.remote)

    def _proved(self, how: str) -> None:
        self.is_proved = True
        self.about["proof"] = how
        self.touch()
        self.owner.proved(self)


def _offers_external(features: Stanza) -> bool:
    mechanisms = features.child(SASL, "mechanisms")
    offered: list[Any] = [] if mechanisms is None else list(mechanisms.elements())
    return any(str(each).strip() == "EXTERNAL" for each in offered)
