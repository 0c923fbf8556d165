"""Who is connected to a router: what a connection says of itself, and what it then sends."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from xmppd.link.binding import Binding, binding_of
from xmppd.link.envelope import Envelope
from xmppd.link.gate import Gate
from xmppd.link.link import Item
from xmppd.link.router import Router, answers_error
from xmppd.link.trunk import Trunk
from xmppd.link.wire import Wire
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


@attrs.frozen
class Attach:
    """What a trusted link says of itself: its name, boot and domains."""

    name: str
    boot: str
    domains: tuple[str, ...]

    @classmethod
    def parse(cls, stanza: Stanza) -> Attach:
        """Read the element."""
        attributes = stanza.attrs
        domains = tuple(attributes.get("domains", "").split())
        return cls(attributes.get("name", ""), attributes.get("boot", ""), domains)

    def is_before(self, boot: str) -> bool:
        """Whether this life came before that one; the numbers grow with every start."""
        return (len(self.boot), self.boot) < (len(boot), boot)


@attrs.define(eq=False)
class Peer:
    """One connection that is up: what it may say, and the trunks that carry to it."""

    router: Router
    wire: Wire
    gate: Gate
    trunks: tuple[Trunk, ...]
    bind: Callable[[Trunk, Binding], None]

    def received(self, item: Item) -> None:
        """Check an item and route it; raises `StreamError`."""
        item = self.gate.check(item)
        if not isinstance(item, Envelope):
            if item.to is None:
                self._refuse(item, self.gate.refusal(item))
                return
            if item.name == "iq" and self._takes(item):
                return
        self.router.route(item, self.wire)

    def _takes(self, iq: Stanza) -> bool:
        """Look at an iq that passes; tells whether it was for the router itself."""
        if iq.type in ("result", "error"):
            for trunk in self.trunks:
                trunk.answered(iq)
            return False
        binding = binding_of(iq, self.wire.name)
        if binding is None:
            return False
        try:
            self.bind(self.trunks[0], binding)
        except StanzaError as error:
            self._refuse(iq, error)
        else:
            self.wire.send(iq.reply(binding.answer()))
        return True

    def _refuse(self, stanza: Stanza, error: StanzaError) -> None:
        if answers_error(stanza):
            self.wire.send(stanza.error(error).readdressed(None, Jid.parse(self.wire.name)))
