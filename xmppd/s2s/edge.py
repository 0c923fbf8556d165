"""The server edge: all streams with other servers, and one link to a router."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.logger import Logger

from xmppd.link.addresses import AddressLimits, address_key
from xmppd.link.custodian import Custodian
from xmppd.link.link import Item, Link
from xmppd.link.receipts import is_counted
from xmppd.link.router import answers_error
from xmppd.link.turn import Turn
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.backoff import Backoffs
from xmppd.s2s.connector import Connector
from xmppd.s2s.dialback import Dialback, Keys
from xmppd.s2s.incoming import Incoming
from xmppd.s2s.pair import Pair
from xmppd.s2s.problem import Problem
from xmppd.s2s.server_stream import ServerStream
from xmppd.s2s.sessions import Sessions
from xmppd.s2s.settings import Settings
from xmppd.s2s.shares import Shares
from xmppd.s2s.stopping import Stopping
from xmppd.s2s.unproved import Unproved
from xmppd.s2s.wire import ServerWire
from xmppd.tls.certificates import Certificates
from xmppd.tls.listening import Listen, is_balanced
from xmppd.tls.trust import Trust

MAX_PAIRS = 20_000
"""Pairs of domains at once; what comes for further ones bounces."""
MAX_BROUGHT = MAX_PAIRS // 2
"""So many there may be for others to bring about further ones."""


class ServerEdge:
    """One edge towards other servers; a component that is its router's default route.

    `serves` tells of a domain whether it is routed here, be it ours or a component's: no other
    server may speak for it, and only to it and from it do others speak with us.
    """

    log = Logger()

    def __init__(
        self,
        link: Link,
        clock: IReactorTime,
        settings: Settings,
        default_host: Jid,
        certificates: Certificates,
        trust: Trust,
        keys: Keys,
        connector: Connector,
        serves: Callable[[str], bool],
    ) -> None:
        """
        :param default_host: our name towards servers that ask for no domain of ours.
        :param certificates: made with `peer_context`.
        :param keys: the same for all edges that serve a domain.
        """
        self.link = link
        self.clock = clock
        self.turn = Turn(clock)
        self.settings = settings
        self.default_host = default_host
        self.certificates = certificates
        self.trust = trust
        self.keys = keys
        self.connector = connector
        self.serves = serves
        self.backoffs = Backoffs(clock)
        self.shares = Shares(clock, settings.limits)
        self.sessions = Sessions(clock)
        self.unproved = Unproved(clock, settings.limits.unproved_connections)
        self.pairs: dict[tuple[str, str], Pair] = {}
        self.live: set[ServerWire] = set()
        self.stopping = Stopping(self)
        self._addresses = AddressLimits(settings.limits.connections_per_address)
        self._custodian: Custodian | None = None
        self._counted: dict[Stanza, Deferred[None]] = {}
        link.receiver = self.receive

    def build_protocol(self, address: IAddress | None, listen: Listen) -> Incoming | None:
        """Make the protocol of a new connection, or None if its address has too many."""
        key = "" if is_balanced(listen) else address_key(address)
        if self.stopped or not self._addresses.connected(key):
            return None
        return Incoming(self, key, listen.tls)

    @property
    def stopped(self) -> bool:
        """Whether it is about to end."""
        return self.stopping.has_begun

    # What the link brings

    def receive(self, item: Item) -> None:
        """Take a stanza for a domain elsewhere, or one that somebody counts."""
        if not isinstance(item, Stanza):
            if self._custodian is not None and is_counted(item):
                self._custodian.came(item)
            return
        if item.ns != CONTENT:
            return
        if item.to is None or item.sender is None:
            return
        remote, local = item.to.domain, item.sender.domain
        if self.stopped or self.serves(remote) or not self.serves(local):
            self.bounce(item, "remote-server-not-found")
            return
        pair = self._pair(item.sender.host, item.to.host)
        if pair is None:
            self.bounce(item, "resource-constraint")
        else:
            pair.send(item)

    def take_charge(self, address: Jid) -> None:
        """Tell those who count their messages what becomes of these; `address` is our instance's.

        One is done with when the remote has acknowledged it or, where it acknowledges nothing,
        when it has been written; or when it has been refused.
        """
        self._custodian = Custodian(address, self.link.send, self.clock, self._take_counted)

    def _take_counted(self, stanza: Stanza) -> Deferred[None] | None:
        if stanza.ns != CONTENT:
            return None
        done = self._counted[stanza] = Deferred()
        self.receive(stanza)
        return done

    def is_owed(self, stanza: Stanza) -> bool:
        """Whether somebody waits to hear what becomes of a stanza, and keeps it until then."""
        return stanza in self._counted

    def settled(self, stanza: Stanza) -> None:
        """There is no more to do about a stanza."""
        done = self._counted.pop(stanza, None)
        if done is not None:
            done.callback(None)

    def bounce(self, item: Item, condition: str) -> None:
        """Send a stanza back to its sender as an error, unless it is an answer itself."""
        if self._counted and isinstance(item, Stanza):
            self.settled(item)
        if isinstance(item, Stanza) and item.sender is not None and answers_error(item):
            self.link.send(item.error(condition))

    # What streams ask for

    def verify(self, question: Dialback) -> Deferred[str]:
        """Ask a domain's server whether a key is its own (XEP-0220, 2.1.2)."""
        pair = self._pair(question.sender, question.to, MAX_BROUGHT)
        if pair is None:
            return succeed("remote-connection-failed")
        return pair.verify(question)

    def may_send(self, stream: ServerStream, local: Jid, remote: Jid) -> None:
        """Have what goes from one domain to another go over a stream that goes both ways."""
        pair = self._pair(local, remote, MAX_BROUGHT)
        if pair is not None:
            pair.join(stream)

    def pass_on(self, stanza: Stanza, domain: str) -> float:
        """Give the router a stanza that a domain may send; gives the seconds until it may more."""
        self.link.send(stanza)
        return self.shares.came(stanza, domain)

    @property
    def incoming(self) -> list[Incoming]:
        """The streams that others have opened."""
        return [wire for wire in self.live if isinstance(wire, Incoming) and not wire.over]

    def came(self, wire: ServerWire) -> None:
        """A connection begins."""
        self.live.add(wire)
        if isinstance(wire, Incoming):
            self.unproved.came(wire)

    def told_address(self, wire: Incoming, address: IAddress | None) -> bool:
        """Count a connection of a balancer's by whom it is for. False: that one has too many."""
        key = address_key(address)
        if not self._addresses.connected(key):
            return False
        self.unproved.is_from(wire, key)
        return True

    def left(self, wire: ServerWire) -> None:
        """A connection has gone."""
        self.live.discard(wire)
        if isinstance(wire, Incoming):
            self._addresses.disconnected(wire.key)
            self.unproved.gone(wire)
        if not self.live:
            self.stopping.emptied()

    def look_at(self, pair: Pair) -> None:
        """Something of a pair has ended: forget it where it has no more to do."""
        self.turn.later(partial(self._forget, pair))

    # Administration

    def reconfigure(self, settings: Settings, trust: Trust, connector: Connector) -> None:
        """Go on with other settings; streams that do not satisfy them end (RFC 6120, 4.9.3.16).

        Those that stay keep the sizes and rates with which they began.
        """
        self.settings = settings
        self.trust = trust
        self.connector = connector
        self.shares.limit(settings.limits)
        self.unproved.most = settings.limits.unproved_connections
        self._addresses.connections = settings.limits.connections_per_address
        self.backoffs.forget()
        for wire in [each for each in self.live if not each.over and not each.still_holds()]:
            wire.fail(StreamError("reset", "another policy"))

    def close(self, domain: str) -> int:
        """End all streams with a domain; gives how many there were."""
        problem = Problem("remote-server-not-found", "closed by an administrator")
        pairs = [pair for pair in self.pairs.values() if pair.remote == domain and pair.streams]
        streams = {stream for pair in pairs for stream in pair.streams}
        streams.update(stream for stream in self.incoming if stream.is_of(domain))
        for pair in pairs:
            pair.close(problem)
        for stream in streams:
            stream.end(reason=problem.text)
        return len(streams)

    def stop(self) -> Deferred[None]:
        """Close all streams; fires when the connections have gone.

        What waits goes back to the router, where `stopping` knows how; else it bounces.
        """
        return self.stopping.begin()

    def _pair(self, local: Jid, remote: Jid, most: int = MAX_PAIRS) -> Pair | None:
        place = local.domain, remote.domain
        pair = self.pairs.get(place)
        if pair is None and len(self.pairs) < most:
            pair = self.pairs[place] = Pair(self, local, remote)
        return pair

    def _forget(self, pair: Pair) -> None:
        place = pair.local.domain, pair.remote.domain
        if pair.is_idle and self.pairs.get(place) is pair:
            del self.pairs[place]
