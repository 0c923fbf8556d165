"""Who is connected to a router: what a connection says of itself, and what it then sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import attrs
from twisted.logger import Logger

from xmppd.link.binding import Binding, binding_of
from xmppd.link.envelope import Envelope
from xmppd.link.gate import Gate
from xmppd.link.link import Item
from xmppd.link.parting import given_back, is_leave, left, may_return
from xmppd.link.router import Router, answers_error
from xmppd.link.trunk import Trunk
from xmppd.link.unanswered import is_answer
from xmppd.link.wire import Wire
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.stanza import Stanza


@attrs.frozen
class Attach:
    """What a trusted link says of itself: its name, boot, role and domains."""

    name: str
    boot: str
    role: str
    domains: tuple[str, ...]

    @classmethod
    def parse(cls, stanza: Stanza) -> Attach:
        """Read the element."""
        attributes = stanza.attrs
        domains = tuple(attributes.get("domains", "").split())
        name, boot, role = [attributes.get(key, "") for key in ("name", "boot", "role")]
        return cls(name, boot, role, domains)

    @property
    def is_named_well(self) -> bool:
        """Whether the name is as addresses have it, and no domain's."""
        name = self.name
        try:
            return "." not in name and name not in self.domains and Jid.of("", name) == name
        except InvalidJid:
            return False

    def is_before(self, boot: str) -> bool:
        """Whether this life came before that one; the numbers grow with every start."""
        return (len(self.boot), self.boot) < (len(boot), boot)


@attrs.define(eq=False)
class Peer:
    """One connection that is up: what it may say, and the trunks that carry to it.

    `bound` are the names that it has itself taken while it was up.
    """

    log: ClassVar[Logger] = Logger()
    router: Router
    wire: Wire
    gate: Gate
    trunks: tuple[Trunk, ...]
    bind: Callable[[Trunk, Binding], None]
    bound: set[str] = attrs.field(factory=set)

    def received(self, item: Item) -> None:
        """Check an item and route it; raises `StreamError`."""
        checked = self.gate.check(item)
        if checked is None:
            return
        if isinstance(checked, Envelope):
            if is_leave(checked):
                self._retire(checked)
                return
            back = given_back(checked)
            if back is not None:
                self._take_back(back)
                return
        else:
            if checked.to is None:
                self._refuse(checked, self.gate.refusal(checked))
                return
            if checked.name == "iq" and self._takes(checked):
                return
        self.router.route(checked, self.wire)

    def _retire(self, asked: Envelope) -> None:
        """It is about to end: treat it as absent, but go on to take what it says."""
        self.log.info("link {name} takes no more", name=self.wire.name)
        for trunk in self.trunks:
            if may_return(asked):
                trunk.hold(self.wire)
            else:
                trunk.retire(self.wire)
        self.wire.send(left(asked))

    def _take_back(self, item: Stanza) -> None:
        """It goes where it came from, and nowhere else: who it is from has been checked before."""
        route = None if item.to is None else self.router.explain(item.to.domain)
        for trunk in self.trunks:
            if route is not None and route.port is trunk:
                trunk.take_back(self.wire, item)
                return
        self.router.bounce(item)

    def _takes(self, iq: Stanza) -> bool:
        """Look at an iq that passes; tells whether it was for the router itself."""
        if is_answer(iq):
            for trunk in self.trunks:
                trunk.answered(iq)
            return False
        try:
            binding = binding_of(iq, self.wire.name)
            if binding is None:
                return False
            self._carry_out(binding)
        except StanzaError as error:
            self._refuse(iq, error)
        else:
            self.wire.send(iq.reply(binding.answer()))
        return True

    def _carry_out(self, binding: Binding) -> None:
        if binding.verb == "bind" and binding.domain in self.bound:
            raise StanzaError("conflict", "it has that name already")  # XEP-0225, 4.3
        self.bind(self.trunks[0], binding)
        if binding.verb == "bind":
            self.bound.add(binding.domain)
        else:
            self.bound.discard(binding.domain)

    def _refuse(self, stanza: Stanza, error: StanzaError) -> None:
        if answers_error(stanza):
            self.wire.send(stanza.error(error).readdressed(None, Jid.parse(self.wire.name)))
