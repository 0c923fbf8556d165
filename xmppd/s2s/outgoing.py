"""A stream that we open: its negotiation, our proof, the keys of others that it verifies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import attrs
from twisted.internet.defer import Deferred

from xmppd.protocol import sasl
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, Header, StreamClosed, StreamOpened
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element, open_tag
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
from xmppd.protocol.stream import STANZAS, language_of
from xmppd.s2s.dialback import PREFIX, Dialback
from xmppd.s2s.offer import Offer
from xmppd.s2s.outgoing_management import OutgoingManagement
from xmppd.s2s.problem import Problem
from xmppd.s2s.questions import Questions
from xmppd.s2s.server_stream import ADDRESS, ServerStream
from xmppd.s2s.session import Session
from xmppd.tls.certificate_files import CertificateError
from xmppd.tls.transport import shown_by, start_tls_as_client, tls_facts

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge

NEGOTIATION: Final = frozenset({TLS, SASL})


class Owner(Protocol):
    """Whom a stream tells."""

    def opened(self, stream: Outgoing) -> None:
        """It may carry verifications, and our proof."""

    def accepted(self, stream: Outgoing) -> None:
        """It may carry stanzas."""

    def take_broken(self) -> Session | None:
        """The session of a broken stream, to go on over another."""

    def interrupted(self, session: Session) -> None:
        """It is broken, and its session may be resumed."""

    def ended(self, stream: Outgoing, problem: Problem) -> None:
        """It is over."""


class Outgoing(ServerStream):
    """One stream from one of our domains to a remote one.

    It says as little as it can before TLS; what the remote has to prove is policy's.
    `is_open` tells that it is negotiated, `is_accepted` that our domain is proved. Where it
    `carries` nothing, nothing is agreed on for that. `about` says how it is secured, in words.
    """

    management: OutgoingManagement

    def __init__(
        self, edge: ServerEdge, owner: Owner, local: Jid, remote: Jid, direct: bool
    ) -> None:
        super().__init__(edge)
        self.owner = owner
        self.local = local
        self.remote = remote
        self.is_open = self.is_accepted = False
        self.carries = True
        self.problem = Problem("remote-server-timeout", "the server says nothing")
        self.about: dict[str, str] = {"tls": "none", "certificate": "none", "proof": "none"}
        self._policy = edge.settings.policy_of(remote)
        self._direct = direct
        self._proving = self._restarted = False
        self._framer = self._new_framer()
        self._id = self._lang = ""
        self._dialback = False
        self._offer = Offer()
        self._asked: Dialback | None = None
        self._questions = Questions()

    def new_management(self) -> OutgoingManagement:
        """What we enable and resume."""
        return OutgoingManagement(self)

    # Wire

    @property
    def framer(self) -> Framer:
        """What reads now."""
        return self._framer

    def connectionMade(self) -> None:
        """Begin."""
        super().connectionMade()
        self.about["where"] = self.where
        self.wait(self.limits.proof_seconds)
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
        super().ended(reason)

    def due(self) -> None:
        """Not negotiated in time, or idle for long."""
        if self.is_accepted or (self.is_open and not self._proving and not self._questions):
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
            return self.has_certificate(self.remote)
        fit = self.is_secure or self._policy == "plaintext-dialback"
        return fit and super().still_holds()

    # What its owner asks for

    @property
    def peer(self) -> str:
        """The remote domain."""
        return self.remote

    @property
    def id(self) -> str:
        """The id of the remote's last header."""
        return self._id

    @property
    def lang(self) -> str:
        """The language of the remote's header."""
        return self._lang

    def condition_of(self, pair: tuple[str, str]) -> str:
        """Whoever it is: nobody else has been proved here."""
        return "invalid-from"

    def touch(self) -> None:
        """It was of use: it is not idle. One that carries no stanzas does not stay for long."""
        self.wait(self.limits.idle_seconds if self.is_accepted else self.limits.proof_seconds)

    def prove(self) -> None:
        """Prove our domain, by certificate where the remote offers it, else by dialback."""
        if self._proving or self._questions or self.over:
            return
        self._proving = True
        self.wait(self.limits.proof_seconds)
        if self._offer.bidi and self.carries and self.edge.settings.bidirectional:
            self.is_bidi = True
            self.write(element("bidi", BIDI))
        if self._offer.external:
            self.write(
                element("auth", SASL, {"mechanism": "EXTERNAL"}, sasl.encode(self.local.encode()))
            )
        else:
            self._call_back()

    @property
    def takes_verifications(self) -> bool:
        """Whether keys may be sent now: not between our certificate and its acceptance."""
        return self.is_open and (self.is_accepted or not (self._proving and self._offer.external))

    def verify(self, request: Dialback, waiting: Deferred[str]) -> None:
        """Ask whether the remote has made a key; `waiting` gets the answer's type or condition."""
        self._questions.add(request, waiting)
        self.write(request.to_bytes())

    def forget(self, request: Dialback) -> None:
        """Wait no longer for what has become of a key."""
        self._questions.forget(request)
        if self.is_open and not self._questions and not self.is_accepted and not self.over:
            self.owner.opened(self)

    # The stream

    def _new_framer(self) -> Framer:
        return Framer(self.limits.stanza_bytes_before_proof, NEGOTIATION)

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
        self.is_secure = True
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
        self._lang = language_of(header.attrs)
        self._dialback = DIALBACK in header.prefixes.values()
        if not header.attrs.get("version", "").startswith("1."):
            self.problem = Problem("remote-server-not-found", "it speaks no XMPP 1.0")
            raise StreamError("unsupported-version")

    def _step(self, item: Stanza) -> None:
        if item.ns == STREAMS and item.name == "features":
            self._features(item)
        elif item.ns == STREAMS and item.name == "error":
            self._error(item)
        elif item.ns == TLS and not self.is_secure:
            self._answer_to_tls(item)
        elif item.ns == SASL and self._proving and self._offer.external:
            self._answer_to_sasl(item)
        elif item.ns == STREAM_MANAGEMENT:
            self.management.receive(item)
        elif item.ns == DIALBACK:
            self._take_dialback(item)
        elif item.ns == CONTENT and item.name in STANZAS and self.is_bidi:
            self.take_stanza(item)
        else:
            raise StreamError("not-authorized", "nothing is to be sent on this stream")

    def _error(self, item: Stanza) -> None:
        self.problem = Problem.told(item)
        self.end(reason=self.problem.text)

    # TLS

    def _features(self, item: Stanza) -> None:
        if self.is_open and not self._restarted:
            return
        offer = Offer.read(item)
        if not self.is_secure and not self._goes_on_in_plain(offer):
            return
        if self.is_secure and not self.is_open and not self._check_certificate():
            return
        self.max_bytes = offer.max_bytes or self.max_bytes
        if self._restarted:  # a new stream after SASL
            self._restarted = False
            self._offer = attrs.evolve(self._offer, management=offer.management)
            self._accept("certificate (SASL EXTERNAL)")
            return
        self._offer = offer
        self._dialback = self._dialback or offer.dialback
        self.is_open = True
        self.problem = Problem("remote-server-timeout", "the connection was lost")
        self.touch()
        self.owner.opened(self)

    def _goes_on_in_plain(self, offer: Offer) -> bool:
        """Ask for TLS where it is offered; whether to do without."""
        if offer.tls:
            self.problem = Problem("remote-server-not-found", "it breaks off TLS")
            self.write(element("starttls", TLS))
            return False
        if self._policy != "plaintext-dialback":
            self.give_up("remote-server-not-found", "it offers no TLS")
            return False
        return True

    def _check_certificate(self) -> bool:
        shown = shown_by(self.transport)
        why = self.edge.why_not(shown, self.remote)
        self.about["tls"] = tls_facts(self.transport).version
        self.about["certificate"] = f"not valid: {why}" if why else "valid"
        if why and self._policy == "certificate":
            self.give_up("remote-server-not-found", f"its certificate: {why}")
            return False
        return True

    def _answer_to_tls(self, item: Stanza) -> None:
        if item.name != "proceed" or self.framer.rest():
            self.give_up("remote-server-not-found", "it refuses TLS")
        else:
            self._secured()

    # Proof

    def _answer_to_sasl(self, item: Stanza) -> None:
        if item.name == "success":
            self._restarted = True
            self._again()
        elif item.name == "failure":
            self._offer = attrs.evolve(self._offer, external=False)
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

    def _take_dialback(self, item: Stanza) -> None:
        said = Dialback.read(item)
        if said is not None and not said.type and self.is_bidi and self.is_accepted:
            self.receiving.receive(item)
        elif said is None or said.type not in ("valid", "invalid", "error"):
            self.edge.log.info("{remote} sends dialback out of place", remote=self.remote)
        elif self._asked is not None and said.answers(self._asked):
            self._asked = None
            self._judged(said)
        else:
            self._verified(said)

    def _judged(self, answer: Dialback) -> None:
        """What has become of our key."""
        if answer.type == "valid":
            self._accept("dialback")
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

    def _accept(self, how: str) -> None:
        """Our domain is proved; and the remote's, as far as policy demands."""
        self.is_accepted = True
        self.about["proof"] = how
        self.touch()
        certified = self.about["certificate"] == "valid"
        how = "certificate" if certified else ADDRESS
        if not self.is_bidi or self.admit(self.remote, self.local, how):
            managed = self._offer.management and self.carries
            self.management.start(managed, self.owner.take_broken())

    def ready(self) -> None:
        """Stanzas may go."""
        self.owner.accepted(self)
