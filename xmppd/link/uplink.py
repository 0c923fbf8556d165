"""Routers linked to routers: a link that this router dials, with routes of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xmppd.link.dialer import Dialer
from xmppd.link.gate import Gate
from xmppd.link.link import Item, Receiver
from xmppd.link.queue import Bounds
from xmppd.link.router import Router
from xmppd.link.trunk import Trunk
from xmppd.link.unanswered import is_answer
from xmppd.link.wire import Wire
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.stanza import Stanza


class Uplink(Dialer):
    """What has `routes` goes up, with `default` all that has no other route.

    Who is at the other end may say a `from` of those routes; with `default` also of all that is
    not local here: what pretends to come from here is dropped then, and what is for nobody here
    bounces. Raises `RouteTaken` where one of the routes is another's.
    """

    forwards = True

    def __init__(
        self,
        router: Router,
        name: str,
        endpoint: str,
        settings: WireSettings,
        reactor: Any,
        attach: bytes = b"",
        bounds: Bounds | None = None,
        routes: Iterable[str] = (),
        names: Iterable[str] = (),
        default: bool = False,
    ) -> None:
        trunk = Trunk(name, reactor, router.bounce, bounds=bounds)
        super().__init__(name, endpoint, settings, reactor, attach, trunk=trunk)
        self._router = router
        router.attach(trunk, routes, names, default, settings.trusted)
        self._gate = Gate(router, name, (trunk,), settings.trusted, default)

    def receives(self, wire: Wire) -> Receiver:
        """Check what comes, and route it."""
        gate, router, trunk = self._gate, self._router, self.trunk

        def received(item: Item) -> None:
            checked = gate.check(item)
            if checked is None:
                return
            if isinstance(checked, Stanza) and is_answer(checked):
                trunk.answered(checked)
            router.route(checked, wire)

        return received
