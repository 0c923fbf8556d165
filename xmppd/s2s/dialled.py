"""A stream that we open, as far as it is the same for all: headers, TLS, features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, Header, StreamClosed, StreamOpened
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element, open_tag
from xmppd.protocol.namespaces import DIALBACK, SASL, SERVER, STREAMS, TLS
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import language_of
from xmppd.s2s.dialback import PREFIX
from xmppd.s2s.offer import Offer
from xmppd.s2s.policy import fits
from xmppd.s2s.problem import Problem
from xmppd.s2s.server_stream import ServerStream
from xmppd.tls.certificate_files import CertificateError
from xmppd.tls.transport import ForPeer, start_tls_as_client, tls_facts

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge

NEGOTIATION: Final = frozenset({TLS, SASL})


class Dialled(ServerStream):
    """One stream from one of our domains to a remote one, up to what the remote offers.

    It says as little as it can before TLS; what the remote has to prove is policy's.
    `is_open` tells that it is negotiated. `about` says how it is secured, in words.
    """

    def __init__(self, edge: ServerEdge, local: Jid, remote: Jid, direct: bool) -> None:
        super().__init__(edge)
        self.local = local
        self.remote = remote
        self.key = remote
        self.is_open = False
        self.problem = Problem("remote-server-timeout", "the server says nothing")
        self.about: dict[str, str] = {"tls": "none", "certificate": "none", "proof": "none"}
        self._policy = edge.settings.policy_of(remote)
        self._direct = direct
        self._awaited = True
        self._framer = self._new_framer()
        self._id = self._lang = ""
        self._dialback = False

    # For subclasses

    def negotiated(self, offer: Offer) -> None:
        """Stream features have come, behind all that had to be before them."""
        raise NotImplementedError

    def receive(self, item: Stanza) -> None:
        """Take what the remote says once there is a stream. Raises StreamError."""
        raise NotImplementedError

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

    def give_up(self, condition: str, text: str) -> None:
        """End the stream, for it leads nowhere."""
        self.problem = Problem(condition, text)
        self.end(reason=text)

    def still_holds(self) -> bool:
        """Whether the server is secured as it would have to be now."""
        self._policy = self.edge.settings.policy_of(self.remote)
        if not self.is_open:
            return True  # that is looked at when it opens
        remotes = {self.remote, *[pair.remote for pair in self.pairs]}
        return all(fits(self, remote) for remote in remotes) and super().still_holds()

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

    def restart(self) -> None:
        """Begin a new stream, after SASL (RFC 6120, 6.3.4)."""
        self._awaited = True
        self._again()

    def _again(self) -> None:
        self._framer = self._new_framer()
        self._greet()

    def _secured(self) -> None:
        """Go on within TLS."""
        try:
            creator = ForPeer(self.edge.certificates.context_for(self.local), self.remote)
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
        else:
            self.receive(item)

    def _error(self, item: Stanza) -> None:
        self.problem = Problem.told(item)
        self.end(reason=self.problem.text)

    def _features(self, item: Stanza) -> None:
        if not self._awaited:
            return
        offer = Offer.read(item)
        if not self.is_secure and not self._goes_on_in_plain(offer):
            return
        if self.is_secure and not self.is_open and not self._check_certificate():
            return
        self._awaited = False
        self.max_bytes = offer.max_bytes or self.max_bytes
        self.negotiated(attrs.evolve(offer, dialback=offer.dialback or self._dialback))

    # TLS

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
        why = self.certified.why_not(self.remote)
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
