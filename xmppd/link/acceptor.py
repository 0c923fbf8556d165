"""The listening side of a router: who may connect, as what, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from xmppd.link.admission import Admission
from xmppd.link.binding import Binding
from xmppd.link.bindings import Bindings
from xmppd.link.claim import Claim
from xmppd.link.gate import Gate
from xmppd.link.handshake import Accepted, Doorkeeper
from xmppd.link.link import Receiver
from xmppd.link.peer import Attach, Peer
from xmppd.link.pool import BALANCES
from xmppd.link.queue import Bounds
from xmppd.link.router import Router
from xmppd.link.routes import RouteTaken
from xmppd.link.rules import SERVERS, LinkRules
from xmppd.link.trunk import Trunk
from xmppd.link.turn import Turn
from xmppd.link.wire import Wire
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.stanza import Stanza

ABSENT_SERVERS = 30.0
"""Seconds that what goes to other servers waits at least while nobody is there to take it."""


class Acceptor(Factory):
    """Takes the connections of one listening place.

    `is_free(name)` tells whether an outside component may have that name. Raises `RouteTaken`
    where one of the configured routes, or the default route, is another's.
    """

    noisy = False
    log = Logger()

    def __init__(
        self,
        router: Router,
        rules: LinkRules,
        clock: IReactorTime,
        turn: Turn,
        is_free: Callable[[str], bool],
    ) -> None:
        self.router = router
        self.rules = rules
        self.trunks: dict[str, Trunk] = {}
        self._clock = clock
        self._turn = turn
        self._admission = Admission(router, rules, self.trunks, is_free)
        self._bindings = Bindings(router, rules, self.trunks, is_free)
        self._wires: set[Wire] = set()
        self._peers: dict[Wire, Peer] = {}
        self._attached: dict[Wire, Attach] = {}
        if not rules.settings.trusted and (rules.routes or rules.default):
            claim = Claim(self._trunk(rules.name), rules.routes, default=rules.default)
            claim.attach(router, trusted=False)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A connection that has said nothing yet."""
        return self.accept()

    def accept(self, choose: Callable[[str], Doorkeeper] | None = None) -> Accepted:
        """A connection that this link may have to leave to another one, as `choose` says."""
        wire = Accepted(self, self.rules.settings, self._turn, self._clock, choose)
        self._wires.add(wire)
        wire.gone.addCallback(lambda _: self._wires.discard(wire))
        return wire

    def stop(self) -> Deferred[Any]:
        """End all connections in order, and refuse what waits; fires when they are gone."""
        wires = list(self._wires)
        for wire in wires:
            wire.close()
        for trunk in self.trunks.values():
            self.router.detach(trunk)  # first: who is told of what is refused may send more
            trunk.close()
        return DeferredList([wire.gone for wire in wires])

    # What a connection asks before it is up

    def admit(self, wire: Wire, name: str) -> WireSettings:
        """Whether somebody may connect under that name; raises StreamError (before any secret)."""
        if not self.rules.settings.trusted:
            self._admission.check_name(name)
        return self.rules.settings

    def attached(self, wire: Wire, attach: Stanza) -> str:
        """A trusted link says what it is; raises StreamError."""
        attached = Attach.parse(attach)
        self._admission.check_instance(attached)
        self._attached[wire] = attached
        return attached.name

    # What it tells

    def up(self, wire: Wire) -> Receiver:
        """A connection may carry stanzas now; raises `StreamError`."""
        attach = self._attached.get(wire)
        try:
            trunks = self._trunks_of(wire) if attach is None else self._trunks_at(attach)
        except RouteTaken as taken:
            raise StreamError("conflict", str(taken)) from None
        peer = Peer(self.router, wire, self._gate(wire, trunks), trunks, self._bindings.carry_out)
        self._peers[wire] = peer
        self.log.info("link {name} is up ({peer})", name=wire.name, peer=wire.peer)
        for trunk in trunks:
            trunk.join(wire, "" if attach is None else attach.name)
        return peer.received

    def drained(self, wire: Wire) -> None:
        """A connection takes again."""
        for trunk in self._peers[wire].trunks:
            trunk.drain()

    def down(self, wire: Wire) -> None:
        """A connection is lost."""
        peer = self._peers.pop(wire)
        self._attached.pop(wire, None)
        self.log.info("link {name} is down ({peer})", name=wire.name, peer=wire.peer)
        for trunk in peer.trunks:
            trunk.leave(wire)

    def failed(self, wire: Wire, reason: str) -> None:
        """A connection ended before it was up."""
        self._attached.pop(wire, None)

    # Trunks

    def _trunks_of(self, wire: Wire) -> tuple[Trunk, ...]:
        """Those of an outside component: one, which all connections of that name share."""
        self._admission.check_duplicate(wire.name)
        trunk = self._trunk(self._admission.trunk_name(wire.name))
        if self.router.owner(wire.name) is not trunk:
            claim = Claim(trunk, (wire.name,)).unmet(self.router)
            claim.attach(self.router, trusted=False)
        if self.rules.duplicates == "replace":
            self._end(trunk, "replaced by a new connection")
        return (trunk,)

    def _trunks_at(self, attach: Attach) -> tuple[Trunk, ...]:
        """Those of an instance: its own, and where it is one of a pool that of the pool."""
        rules = self.rules
        own = self._trunk(attach.name)
        claims: tuple[Claim, ...]
        name = Claim(own, names=(attach.name,))
        if attach.role == SERVERS:
            claims = (Claim(self._servers_trunk(), default=True), name)
        elif rules.duplicates == "pool":
            pool = self._trunk(rules.name)
            claims = (Claim(pool, attach.domains, default=rules.default), name)
        else:
            claims = (Claim(own, attach.domains, (attach.name,), rules.default),)
        wanted = [claim.unmet(self.router) for claim in claims]
        for claim in wanted:
            claim.check(self.router)
        self._end(own, "the instance has connected anew")
        self._release(own, attach)
        for claim in wanted:
            claim.attach(self.router, trusted=True)
        return tuple([claim.trunk for claim in claims])

    def _release(self, trunk: Trunk, attach: Attach) -> None:
        """Take from an instance the domains that it had asked for and asks for no more.

        Else whoever is to serve them now would be refused as long as the router lives.
        """
        for domain in self._admission.came(attach):
            with suppress(KeyError):  # it is another's, or the pool's
                self.router.unbind(trunk, domain)

    def _servers_trunk(self) -> Trunk:
        """The default route, which all server edges share."""
        bounds = self.rules.bounds
        bounds = attrs.evolve(bounds, absent=max(bounds.absent, ABSENT_SERVERS))
        return self._trunk(SERVERS, "domains", bounds)

    def _trunk(self, name: str, balance: str = "", bounds: Bounds | None = None) -> Trunk:
        trunk = self.trunks.get(name)
        if trunk is None:
            rules = self.rules
            chooser = BALANCES[balance or rules.balance]()
            bounds = bounds or rules.bounds
            retry = rules.duplicates == "pool"
            router = self.router
            trunk = Trunk(
                name, self._clock, router.bounce, chooser, bounds, retry, owner=router.owner
            )
            self.trunks[name] = trunk
        return trunk

    def _gate(self, wire: Wire, trunks: tuple[Trunk, ...]) -> Gate:
        rules = self.rules
        trusted = rules.settings.trusted
        attach = self._attached.get(wire)
        foreign = rules.default or (attach is not None and attach.role == SERVERS)
        return Gate(self.router, wire.name, trunks, trusted, foreign, rules.lenient)

    def _end(self, trunk: Trunk, why: str) -> None:
        """End all connections of a trunk, for another has come."""
        for wire, peer in list(self._peers.items()):
            if trunk in peer.trunks:
                wire.fail(StreamError("conflict", why))

    # Binding at run time

    def bind(self, link: str, domain: str) -> None:
        """Give a link one more domain; raises `StanzaError`."""
        self._bindings.carry_out(self._known(link), Binding("bind", domain))

    def unbind(self, link: str, domain: str) -> None:
        """Take a domain from a link; raises `StanzaError`."""
        self._bindings.carry_out(self._known(link), Binding("unbind", domain))

    def _known(self, link: str) -> Trunk:
        if link not in self.trunks:
            raise StanzaError("item-not-found", "no such link")
        return self.trunks[link]
