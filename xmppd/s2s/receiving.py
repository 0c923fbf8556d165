"""The keys that another server sends on a stream (XEP-0220, 2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred

from xmppd.component.allowance import Allowance
from xmppd.protocol.errors import StreamError
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.dialback import FAILED, Dialback
from xmppd.s2s.policy import BY_KEY

if TYPE_CHECKING:
    from xmppd.s2s.server_stream import ServerStream

KEYS_A_SECOND: Final = 100
"""So many elements are looked at in a second; what goes beyond waits."""

MAX_PROVED: Final = 1_000
"""Pairs of domains that one stream may prove."""

_TOLD: Final = frozenset({FAILED, "remote-server-timeout"})


class Receiving:
    """Takes keys, as receiving and as authoritative server; ends with the stream or its restart."""

    def __init__(self, stream: ServerStream) -> None:
        self._stream = stream
        self._keys = Allowance(stream.clock, KEYS_A_SECOND, KEYS_A_SECOND)
        self._verifying: set[tuple[str, str]] = set()
        self._has_wondered = False

    @property
    def is_waiting(self) -> bool:
        """Whether an authoritative server is being asked."""
        return bool(self._verifying)

    def count(self) -> None:
        """Count an element of dialback; what goes beyond the limit is read later."""
        self._stream.pace.rest(self._keys.spend(1))

    def unasked(self) -> None:
        """An answer has come to nothing that was asked (XEP-0220, 3.1).

        That is told of once: who sends such may send many.
        """
        if not self._has_wondered:
            self._has_wondered = True
            peer = self._stream.peer
            self._stream.edge.log.info("{peer} answers dialback nobody asked for", peer=peer)

    def receive(self, item: Stanza) -> None:
        """Take an element of dialback. Raises StreamError.

        Answers are not taken here: none was asked for on this side (XEP-0220, 3.1).
        """
        self.count()
        request = Dialback.read(item)
        if request is None:
            raise StreamError("improper-addressing", "dialback between domains")
        if request.type:
            self.unasked()
            return
        if request.name == "verify":
            self._verify(request)
        else:
            self._prove_by_key(request)

    def _verify(self, request: Dialback) -> None:
        """Say whether a key is ours (XEP-0220, 2.2.2); it is made for the server that asks."""
        if not self._stream.edge.serves(request.to.domain):
            answer = request.answer("error", "item-not-found")
        else:
            right = self._stream.edge.keys.is_right(
                request.key, request.sender, request.to, request.id
            )
            answer = request.answer("valid" if right else "invalid")
        self._stream.write(answer.to_bytes())

    def _prove_by_key(self, request: Dialback) -> None:
        """Take a key, or say why not (XEP-0220, 2.2.1)."""
        refusal = self._refusal(request)
        if refusal:
            self._stream.write(request.answer("error", refusal).to_bytes())
        elif (request.sender.domain, request.to.domain) in self._stream.proved:
            self._stream.write(request.answer("valid").to_bytes())
        elif len(self._stream.proved) >= MAX_PROVED:
            self._stream.write(request.answer("error", "resource-constraint").to_bytes())
        elif self._stream.has_certificate(request.sender):
            self._admit(request, "certificate (dialback)")
        elif self._needs_certificate(request):
            self._stream.write(request.answer("error", "not-authorized").to_bytes())
        elif len(self._verifying) >= self._stream.edge.settings.limits.verifications:
            self._stream.write(request.answer("error", "resource-constraint").to_bytes())
        else:
            self._ask(request)

    def _refusal(self, request: Dialback) -> str:
        """The condition that forbids to ask at all; empty for none."""
        if not self._stream.edge.serves(request.to.domain):
            return "item-not-found"
        if self._stream.edge.serves(request.sender.domain):
            return "not-acceptable"
        if not self._stream.is_secure and not self._stream.allows_plaintext(request.sender):
            return "policy-violation"
        return ""

    def _needs_certificate(self, request: Dialback) -> bool:
        return self._stream.edge.settings.policy_of(request.sender) == "certificate"

    def _ask(self, request: Dialback) -> None:
        pair = request.sender.domain, request.to.domain
        if pair in self._verifying:
            return
        if not self._stream.edge.shares.asked(request.sender.domain):
            self._stream.write(request.answer("error", "resource-constraint").to_bytes())
            return
        self._stream.pace.rest(self._stream.edge.shares.asks(self._stream.key))
        self._verifying.add(pair)
        question = Dialback("verify", request.to, request.sender, self._stream.id, "", request.key)
        asked: Deferred[str] = self._stream.edge.verify(question)
        asked.addCallback(self._verified, request)

    def _admit(self, request: Dialback, how: str) -> None:
        """Say so before stanzas go the other way (XEP-0288, 2.2)."""
        if self._stream.admit(request.sender, request.to, how):
            self._stream.write(request.answer("valid").to_bytes())
            self._stream.answer_on_it()

    def _believed(self, request: Dialback) -> None:
        """Its key is right: that is enough unless policy has become stricter meanwhile."""
        refusal = self._refusal(request)
        if not refusal and self._needs_certificate(request):
            refusal = "not-authorized"
        if refusal:
            self._stream.write(request.answer("error", refusal).to_bytes())
        else:
            self._admit(request, BY_KEY)

    def _verified(self, outcome: str, request: Dialback) -> None:
        """The authoritative server has spoken, or could not be asked."""
        self._verifying.discard((request.sender.domain, request.to.domain))
        self._stream.edge.shares.answered(request.sender.domain)
        if self._stream.over or self._stream.receiving is not self:
            return
        if outcome == "valid":
            self._believed(request)
        elif outcome != "invalid":
            # whatever else the authoritative server says: it does not know the domain
            condition = outcome if outcome in _TOLD else "remote-server-not-found"
            self._stream.write(request.answer("error", condition).to_bytes())
        elif self._stream.proved or self._verifying:
            self._stream.write(request.answer("error", "forbidden").to_bytes())
        else:
            self._stream.write(request.answer("invalid").to_bytes())
            self._stream.end(reason="wrong dialback key")
