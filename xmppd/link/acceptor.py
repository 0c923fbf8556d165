"""The listening side of a router: who may connect, as what, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from xmppd.link.gate import Gate
from xmppd.link.link import Item
from xmppd.link.pool import BALANCES
from xmppd.link.queue import Bounds
from xmppd.link.router import Router, RouteTaken
from xmppd.link.trunk import Trunk
from xmppd.link.turn import Turn
from xmppd.link.wire import Accepted, Wire, WireSettings
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.stanza import Stanza


@attrs.frozen
class LinkRules:
    """What one configured link may do.

    `routes` are the domains and wildcards that it serves, and together with the name it connects
    under all it may say a `from` of. Without any, it may take each name that is free. A trusted
    link attaches under one of `instances`, any where there are none.
    """

    name: str
    settings: WireSettings
    routes: tuple[str, ...] = ()
    default: bool = False
    instances: tuple[str, ...] = ()
    duplicates: str = "reject"
    balance: str = "round-robin"
    bounds: Bounds = attrs.field(factory=Bounds)
    lenient: bool = False


class Acceptor(Factory):
    """Takes the connections of one listening place.

    `is_free(name)` tells whether an outside component may have that name.
    """

    noisy = False
    log = Logger()

    def __init__(
        self,
        router: Router,
        rules: LinkRules,
        clock: Any,
        turn: Turn,
        is_free: Callable[[str], bool],
    ) -> None:
        self.router = router
        self.rules = rules
        self._clock = clock
        self._turn = turn
        self._is_free = is_free
        self._trunks: dict[str, Trunk] = {}
        self._gates: dict[Wire, Gate] = {}
        self._wires: dict[Wire, str] = {}
        self._instances: dict[Wire, Mapping[str, str]] = {}

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A connection that has said nothing yet."""
        return Accepted(self, self.rules.settings, self._turn, self._clock)

    # What a connection asks and tells

    def admit(self, wire: Wire, name: str) -> WireSettings:
        """Whether somebody may connect under that name; raises StreamError (before any secret)."""
        rules = self.rules
        if not rules.settings.trusted:
            if rules.routes and not _covers(rules.routes, name):
                raise StreamError("host-unknown")
            if not rules.routes and not self._is_free(name):
                raise StreamError("host-unknown")
            trunk = self._trunks.get(name)
            if trunk is not None and trunk.is_up and rules.duplicates == "reject":
                raise StreamError("conflict", "this name is connected")
        return rules.settings

    def attached(self, wire: Wire, attach: Stanza) -> None:
        """A trusted link says what it is; raises StreamError."""
        name = attach.attrs.get("name", "")
        allowed = self.rules.instances
        if not name or "." in name or (allowed and name not in allowed):
            raise StreamError("not-authorized", "no instance of that name is expected")
        if name in self._trunks and self._trunks[name].is_up:
            self._replace(name, attach.attrs.get("boot", ""))
        self._instances[wire] = attach.attrs

    def up(self, wire: Wire) -> None:
        """A connection may carry stanzas now."""
        attach = self._instances.get(wire)
        try:
            trunk = self._trunk(wire, attach)
        except RouteTaken as taken:
            wire.fail(StreamError("conflict", str(taken)))
            return
        if self.rules.duplicates == "replace":
            for old in list(trunk.carriers):
                self._close(old, StreamError("conflict", "replaced by a new connection"))
        domains = frozenset(_domains(attach)) | frozenset(self.rules.routes) | {wire.name}
        self._gates[wire] = Gate(
            wire.name,
            lambda domain: domain in domains or _covers(domains, domain),
            wire.name if attach is not None else "",
            self.rules.lenient,
        )
        self._wires[wire] = wire.name
        self.log.info("link {name} is up ({peer})", name=wire.name, peer=wire.peer)
        trunk.join(wire)

    def received(self, wire: Wire, item: Item) -> None:
        """Check an item and route it."""
        try:
            item = self._gates[wire].check(item)
        except StanzaError as error:
            if isinstance(item, Stanza) and item.type not in ("error", "result"):
                wire.send(item.error(error))
            return
        if type(item) is Stanza and item.name == "iq" and item.type in ("result", "error"):
            self._trunks[self._wires[wire]].answered(wire, item)
        self.router.route(item, wire)

    def drained(self, wire: Wire) -> None:
        """A connection takes again."""
        name = self._wires.get(wire)
        if name is not None:
            self._trunks[name].drain()

    def down(self, wire: Wire) -> None:
        """A connection is lost."""
        name = self._wires.pop(wire, None)
        self._gates.pop(wire, None)
        self._instances.pop(wire, None)
        if name is not None:
            self.log.info("link {name} is down ({peer})", name=name, peer=wire.peer)
            self._trunks[name].leave(wire)

    def failed(self, wire: Wire) -> None:
        """A connection ended before it was up."""
        self._instances.pop(wire, None)

    def stop(self) -> None:
        """Close all connections."""
        for wire in list(self._wires):
            wire.close()

    # Trunks

    def _trunk(self, wire: Wire, attach: Mapping[str, str] | None) -> Trunk:
        trunk = self._trunks.get(wire.name)
        if trunk is None:
            rules = self.rules
            trunk = Trunk(
                wire.name, self._clock, self.router.bounce, BALANCES[rules.balance](), rules.bounds
            )
            if attach is not None:
                domains, names = _domains(attach), [wire.name]
            else:
                domains, names = [*(rules.routes or (wire.name,))], []
            self.router.attach(trunk, domains, names, rules.default)
            self._trunks[wire.name] = trunk
        return trunk

    def _replace(self, name: str, boot: str) -> None:
        """A newer life of an instance ends the connections of the older one."""
        for wire, known in list(self._wires.items()):
            if known == name:
                self._close(wire, StreamError("conflict", "the instance has connected anew"))

    def _close(self, carrier: Any, error: StreamError) -> None:
        carrier.fail(error)
        self.down(carrier)


def _domains(attach: Mapping[str, str] | None) -> list[str]:
    return [] if attach is None else attach.get("domains", "").split()


def _covers(routes: Any, domain: str) -> bool:
    """Whether one of the routes is that domain or a wildcard above it."""
    if domain in routes:
        return True
    rest = domain
    while rest:
        _, _, rest = rest.partition(".")
        if f"*.{rest}" in routes:
            return True
    return False
