"""Two edges that share the way to other servers: each pair of domains has one of them."""

from __future__ import annotations

from typing import Any

from tests.s2s.network import Place
from tests.s2s.test_between import JULIET, Between
from xmppd.app.config_servers import ServerLimits
from xmppd.link.link import Item, Receiver
from xmppd.link.pool import BALANCES
from xmppd.link.trunk import Trunk
from xmppd.protocol.jid import Jid
from xmppd.s2s.edge import ServerEdge

DOMAINS = [f"d{number}.test" for number in range(100)]


class Wire:
    """An edge's link to the router, and the router's to the edge."""

    full = False
    lossless = True

    def __init__(self, place: Place) -> None:
        self.receiver: Receiver = lambda item: None
        self._place = place

    def send(self, item: Item) -> None:
        """From either side: what is for elsewhere goes there."""
        to = item.to
        if to is not None and self._place.router.serves_address(to.domain):
            self._place.router.route(item)
        else:
            self.receiver(item)

    def close(self) -> None:
        """See `Link`."""


class InstancesTest(Between):
    def setUp(self) -> None:
        super().setUp()
        limits = ServerLimits(connections_per_address=1_000)
        self.here = self.place("capulet.test", address="11.0.0.1", certified=False, limits=limits)
        self.there = self.place(*DOMAINS, address="11.0.0.2", certified=False, limits=limits)
        router = self.here.router
        router.detach(self.here.edge.link)  # type: ignore[arg-type]
        self.trunk = Trunk("s2s", self.network.clock, router.bounce, BALANCES["domains"]())
        router.attach(self.trunk, default=True)
        self.wires: dict[str, Any] = {}
        self.edges = {name: self.edge(name) for name in ("s2s-1", "s2s-2")}

    def edge(self, name: str) -> ServerEdge:
        """One more edge, which knows the same secret and the same certificates."""
        one = self.here.edge
        self.wires[name] = wire = Wire(self.here)
        edge = ServerEdge(
            wire,  # type: ignore[arg-type]
            one.clock,
            one.settings,
            Jid.parse("capulet.test"),
            one.certificates,
            one.trust,
            one.keys,
            one.connector,
            one.serves,
        )
        self.trunk.join(wire, name)
        self.addCleanup(self.network.advance, 10)
        self.addCleanup(edge.stop)
        return edge

    def speak(self, id: str) -> None:
        """Send one message to each domain; all have to come."""
        self.there.got.clear()
        for domain in DOMAINS:
            self.here.component.send(self.here.message(JULIET, f"x@{domain}", id))
        self.network.settle()
        came = [stanza.to.domain for stanza in self.there.got if stanza.to is not None]
        self.assertCountEqual(came, DOMAINS)

    def map(self) -> dict[str, dict[str, object]]:
        """The stream to each domain, by edge."""
        return {
            name: {pair.remote: pair.stream for pair in edge.pairs.values()}
            for name, edge in self.edges.items()
        }

    def test_hundred_domains(self) -> None:
        """Each has one edge and one stream; those of one that dies move, and come back to it."""
        self.speak("1")
        first = self.map()
        self.assertCountEqual([*first["s2s-1"], *first["s2s-2"]], DOMAINS)
        self.assertTrue(all(len(domains) > 30 for domains in first.values()), first)
        self.speak("2")
        self.assertEqual(self.map(), first)
        self.trunk.leave(self.wires["s2s-1"])
        self.edges.pop("s2s-1").stop()
        self.network.advance(10)
        self.speak("3")
        after = self.map()["s2s-2"]
        self.assertCountEqual(after, DOMAINS)
        self.assertLessEqual(first["s2s-2"].items(), after.items(), "its own stay")
        self.edges["s2s-1"] = self.edge("s2s-1")
        self.speak("4")
        self.assertEqual(self.map()["s2s-1"].keys(), first["s2s-1"].keys())
