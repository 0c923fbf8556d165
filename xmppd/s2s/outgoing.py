"""A stream that we open: our proof, the keys of others that it verifies, stanzas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs
from twisted.internet.defer import Deferred

from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import (
    BIDI,
    CONTENT,
    DIALBACK,
    SASL,
    STREAM_MANAGEMENT,
)
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS
from xmppd.s2s.dialback import Dialback
from xmppd.s2s.dialled import Dialled
from xmppd.s2s.offer import Offer
from xmppd.s2s.outgoing_management import OutgoingManagement
from xmppd.s2s.policy import ADDRESS, BY_KEY
from xmppd.s2s.problem import Problem
from xmppd.s2s.proving import Proving
from xmppd.s2s.questions import Questions
from xmppd.s2s.session import Session

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge
    from xmppd.s2s.pair import Pair


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


class Outgoing(Dialled):
    """One stream from one of our domains to a remote one.

    `is_accepted` tells that our domain is proved. Where it `carries` nothing, nothing is agreed on
    for that. `refused` are other pairs of domains that were not believed on it.
    """

    management: OutgoingManagement

    def __init__(
        self, edge: ServerEdge, owner: Owner, local: Jid, remote: Jid, direct: bool
    ) -> None:
        super().__init__(edge, local, remote, direct)
        self.owner = owner
        self.is_accepted = False
        self.carries = True
        self.refused: set[tuple[str, str]] = set()
        self._offer = Offer()
        self._proving = Proving(self)
        self._questions = Questions()

    def new_management(self) -> OutgoingManagement:
        """What we enable and resume."""
        return OutgoingManagement(self)

    # Wire

    def ended(self, reason: str) -> None:
        """Tell everybody who waits."""
        self._questions.fail(self.problem.dialback)
        self.owner.ended(self, self.problem)
        super().ended(reason)

    def due(self) -> None:
        """Not negotiated in time, or idle for long."""
        if self.is_accepted or (
            self.is_open and not self._proving.has_begun and not self._questions
        ):
            self.end(reason="idle")
        else:
            self.give_up("remote-server-timeout", "the server takes too long")

    # What its owner asks for

    def condition_of(self, pair: tuple[str, str]) -> str:
        """Whoever it is: nobody else has been proved here."""
        return "invalid-from"

    def touch(self) -> None:
        """It was of use: it is not idle. One that carries no stanzas does not stay for long."""
        self.wait(self.limits.idle_seconds if self.is_accepted else self.limits.proof_seconds)

    def prove(self) -> None:
        """Prove our domain, by certificate where the remote offers it, else by dialback.

        Where a new stream would follow the keys at hand are answered first, and no more are sent.
        """
        if self._proving.has_begun or self.over:
            return
        self._proving.is_due = self._offer.external
        if self._questions and self._proving.is_due:
            return
        self.wait(self.limits.proof_seconds)
        if self._offer.bidi and self.carries and self.edge.settings.bidirectional:
            self.is_bidi = True
            self.write(element("bidi", BIDI))
        self._proving.begin(self._offer)

    @property
    def is_asking(self) -> bool:
        """Whether the remote is to say what it has made of a key."""
        return bool(self._questions)

    @property
    def takes_others(self) -> bool:
        """Whether other pairs of domains may prove themselves on it by keys (XEP-0220, 2.6)."""
        carries = bool(self.pairs) and not self.over
        return (
            carries
            and self.about["proof"] == BY_KEY
            and self._offer.errors
            and not self.management.is_used
        )

    def take_in(self, pair: Pair) -> bool:
        """Have another pair go over it, whose key has been found valid.

        False: its domain has too many streams, and this one has ended.
        """
        if self.is_bidi and not self.admit(pair.remote, pair.local, self._seen_as(pair.remote)):
            return False
        self.edge.may_send(self, pair.local, pair.remote)
        return True

    @property
    def takes_verifications(self) -> bool:
        """Whether keys may be sent now: not before a new stream that is to follow."""
        return self.is_open and (self.is_accepted or not self._proving.is_due)

    def verify(self, request: Dialback, waiting: Deferred[str]) -> None:
        """Ask whether the remote has made a key; `waiting` gets the answer's type or condition."""
        self._questions.add(request, waiting)
        self.write(request.to_bytes())

    def forget(self, request: Dialback) -> None:
        """Wait no longer for what has become of a key."""
        self._questions.forget(request)
        if self.is_open and not self._questions and not self.is_accepted and not self.over:
            self.owner.opened(self)

    def negotiated(self, offer: Offer) -> None:
        """Stream features have come, behind all that had to be before them."""
        if self.is_open:  # a new stream after SASL
            self._offer = attrs.evolve(self._offer, management=offer.management)
            self.accept("certificate (SASL EXTERNAL)")
            return
        self._offer = offer
        self.is_open = True
        self.problem = Problem("remote-server-timeout", "the connection was lost")
        self.touch()
        self.owner.opened(self)

    def receive(self, item: Stanza) -> None:
        """Take what the remote says once there is a stream."""
        if item.ns == SASL and self._proving.awaits_sasl:
            self._proving.take_sasl(item)
        elif item.ns == STREAM_MANAGEMENT:
            self.management.receive(item)
        elif item.ns == DIALBACK:
            self._take_dialback(item)
        elif item.ns == CONTENT and item.name in STANZAS and self.is_bidi:
            self.take_stanza(item)
        else:
            raise StreamError("not-authorized", "nothing is to be sent on this stream")

    # Dialback

    def _take_dialback(self, item: Stanza) -> None:
        self.receiving.count()
        said = Dialback.read(item)
        if said is not None and not said.type and self.is_bidi and self.is_accepted:
            self.receiving.receive(item)
        elif said is None or said.type not in ("valid", "invalid", "error"):
            self.receiving.unasked()
        elif not self._proving.judged(said):
            self._verified(said)

    def _verified(self, answer: Dialback) -> None:
        """What has become of another's key; an answer without its question is ignored (3.1)."""
        if self._questions.answered(answer):
            self.touch()
        else:
            self.receiving.unasked()

    def accept(self, how: str) -> None:
        """Our domain is proved; and the remote's, as far as policy demands."""
        self.is_accepted = True
        self.about["proof"] = how
        self.touch()
        if not self.is_bidi or self.admit(self.remote, self.local, self._seen_as(self.remote)):
            managed = self._offer.management and self.carries
            self.management.start(managed, self.owner.take_broken())

    def _seen_as(self, remote: Jid) -> str:
        """What proves a remote domain that we have found by DNS."""
        return "certificate" if self.has_certificate(remote) else ADDRESS

    def ready(self) -> None:
        """Stanzas may go."""
        self.owner.accepted(self)
