"""What a stream with another server may bring and take, whichever side has opened it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.python.failure import Failure

from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT, STREAM_MANAGEMENT
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS
from xmppd.s2s.certified import Certified
from xmppd.s2s.management import Management
from xmppd.s2s.pace import Pace
from xmppd.s2s.policy import satisfies
from xmppd.s2s.receiving import Receiving
from xmppd.s2s.session import Sent
from xmppd.s2s.unsent import Unsent
from xmppd.s2s.wire import ServerWire
from xmppd.tls.transport import tls_facts

if TYPE_CHECKING:
    from xmppd.s2s.edge import ServerEdge
    from xmppd.s2s.pair import Pair


class ServerStream(ServerWire):
    """One stream, in both directions as far as each has been proved.

    `proved` are the pairs of domains, remote and ours, whose stanzas may come; until there is one
    little may come and not for long. `how` says by what each remote domain was proved. `pairs` are
    those whose stanzas go out over it; `key` is what the other side counts as: its network address
    where it has come to us. `max_bytes` is what the remote takes in one. `is_bidi` tells that
    stanzas go both ways (XEP-0288).
    """

    def __init__(self, edge: ServerEdge) -> None:
        super().__init__(edge)
        self.key = ""
        self.limits = edge.settings.limits
        self.max_bytes = self.limits.stanza_bytes
        self.proved: set[tuple[str, str]] = set()
        self.how: dict[str, str] = {}
        self.pairs: list[Pair] = []
        self.receiving = Receiving(self)
        self.management = self.new_management()
        self.is_bidi = False
        self.is_secure = False
        self.certified = Certified(self)
        self.pace = Pace(self, self.limits.bytes_per_second)
        self._ending = False
        self._unsent = Unsent()

    # For subclasses

    def new_management(self) -> Management:
        """This side's part of stream management."""
        raise NotImplementedError

    @property
    def peer(self) -> str:
        """What the other side calls itself, or where it is."""
        raise NotImplementedError

    @property
    def id(self) -> str:
        """The stream's id, given by whom did not open it."""
        raise NotImplementedError

    @property
    def lang(self) -> str:
        """The language of what comes; empty if it was not said."""
        raise NotImplementedError

    def condition_of(self, pair: tuple[str, str]) -> str:
        """The stream error for stanzas of a pair that has not been proved."""
        raise NotImplementedError

    def touch(self) -> None:
        """It was of use: it is not idle."""
        raise NotImplementedError

    # Wire

    def dataReceived(self, data: bytes) -> None:
        """Take what one read brought; read on when its bytes are allowed for."""
        super().dataReceived(data)
        self.pace.spend(len(data))

    @property
    def full(self) -> bool:
        """Whether it is to be given no more for now."""
        return self.choked or self.management.is_full

    def drained(self) -> None:
        """It takes again."""
        for pair in list(self.pairs):
            pair.drained(self)

    def flush(self) -> None:
        """Write now, and ask for an acknowledgement where one is due."""
        if self._pieces and not self._ending:
            self._pieces.append(self.management.request())
        before = self.output.left()
        super().flush()
        self._unsent.flushed(before, self.output.left())

    def end(self, last: bytes = b"", reason: str = "closed") -> None:
        """End the stream in order, after a last acknowledgement."""
        if not self.over:
            self.write(self.management.farewell())
            self._ending = True
            super().end(last, reason)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """The socket has gone; what it has not taken goes elsewhere."""
        if self.over:
            self._give_back_unsent()
        super().connectionLost(reason)

    def ended(self, reason: str) -> None:
        """What went out over it must find another way."""
        if self.is_broken:
            self._give_back_unsent()
        self.management.ended(self.is_broken, self.listens)
        self.leave()
        for pair in self.proved:
            self.edge.shares.left(pair)
        if self.proved:
            self.edge.log.info("stream with {peer} is over: {why}", peer=self.peer, why=reason)

    def _give_back_unsent(self) -> None:
        for sent in self._unsent.take(self.output.left()):
            sent.pair.queue.take_unsent(sent)

    def late(self, item: Stanza) -> None:
        """Take what was under way when we closed (RFC 6120, 4.4).

        Where streams are managed no stanza is taken, and it comes again: it was not acknowledged.
        Keys are not looked at any more.
        """
        if item.ns == STREAM_MANAGEMENT:
            self.management.late(item)
        elif item.ns != CONTENT or item.name not in STANZAS:
            return
        elif not self.has_failed and not self.management.is_used:
            self._pass_on(item)

    def heard_out(self) -> None:
        """Nothing comes any more."""
        self.management.heard_out()

    def leave(self) -> None:
        """Have nothing go out over it any more."""
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            pair.leave(self)

    # What has been proved

    def allows_plaintext(self, domain: Jid | None) -> bool:
        """Whether a domain may do without TLS."""
        return self.edge.settings.policy_of(domain or "") == "plaintext-dialback"

    def has_certificate(self, domain: str) -> bool:
        """Whether it has shown a certificate that is valid for a domain."""
        return self.is_secure and not self.certified.why_not(domain)

    def still_holds(self) -> bool:
        """Whether every domain has proved itself as it would have to now."""
        return all(satisfies(self, remote) for remote, _ in self.proved)

    @property
    def proof(self) -> str:
        """By what all were proved, in words."""
        return ", ".join(sorted(set(self.how.values())))

    def admit(self, remote: Jid, local: Jid, how: str) -> bool:
        """Take stanzas from one domain to another from now on.

        False: that domain has too many streams, and this one has ended.
        """
        pair = remote.domain, local.domain
        if pair not in self.proved and not self.edge.shares.proved(pair):
            self.fail(StreamError("resource-constraint", "too many streams of that domain"))
            return False
        self.edge.backoffs.succeeded(remote.domain)  # it is there, so it may be tried
        self.proved.add(pair)
        self.how[remote.domain] = how
        self.framer.max_stanza = self.limits.stanza_bytes
        self.touch()
        self.edge.log.info(
            "{remote} may send to {local}: {how}, {tls}",
            remote=remote,
            local=local,
            how=how,
            tls=tls_facts(self.transport).version or "no TLS",
        )
        return True

    def answer_on_it(self) -> None:
        """Have those that may send be sent to, where it goes both ways (XEP-0288, 2.2)."""
        for remote, local in sorted(self.proved) if self.is_bidi else ():
            self.edge.may_send(self, Jid.parse(local), Jid.parse(remote))

    def start_over(self) -> None:
        """Nothing that was proved or agreed counts any more."""
        for pair in self.proved:
            self.edge.shares.left(pair)
        self.proved.clear()
        self.how.clear()
        self.is_bidi = False
        self.management.ended(broken=False)
        self.management = self.new_management()
        self.leave()
        self.receiving = Receiving(self)

    # Stanzas

    def take_stanza(self, item: Stanza) -> None:
        """Pass a stanza on if the stream has proved what it says of itself (RFC 6120, 8.1.2.2)."""
        self._pass_on(item)
        self.management.handled()
        self.touch()

    def carry(self, sent: Sent) -> None:
        """Write a stanza of ours, or refuse it for its size."""
        data = sent.stanza.to_bytes()
        if len(data) > self.max_bytes:
            self.edge.bounce(sent.stanza, "policy-violation")
            return
        self.touch()
        self.write(data)
        if not self.management.sent(sent):
            self._unsent.add(sent)
            self.edge.settled(sent.stanza)

    def _pass_on(self, item: Stanza) -> None:
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
            raise StreamError(self.condition_of(pair))
        if self.lang and item.lang is None:
            item = item.readdressed(None, None, **{"xml:lang": self.lang})
        self.pace.rest(self.edge.pass_on(item, pair[0]))
