"""The end of an edge: what has gone to nobody goes back to the router, the rest as ever."""

from __future__ import annotations

from tests.s2s.network import Place
from tests.s2s.raw import Raw
from tests.s2s.test_between import JULIET, ROMEO, Between
from xmppd.app.config_servers import ServerLimits
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.session import Sent


class StoppingTest(Between):
    def setUp(self) -> None:
        super().setUp()
        self.back: list[str] = []

    def here(self, **more: object) -> Place:
        place = self.place("capulet.test", address="11.0.0.1", **more)
        place.edge.stopping.give_back = self.take
        return place

    def take(self, stanza: Stanza) -> None:
        self.back.append(stanza.id or "")

    def say(self, place: Place, *bodies: str, to: str = ROMEO) -> None:
        """Within one turn, so that it waits."""
        for body in bodies:
            place.component.send(place.message(JULIET, to, body))

    def stop(self, place: Place) -> None:
        stopped: list[None] = []
        place.edge.stop().addCallback(stopped.append)
        self.network.advance(7)
        self.assertEqual(stopped, [None])

    def test_what_waits_for_a_stream(self) -> None:
        """Of several pairs; nothing bounces, and each has its order."""
        here = self.here()
        self.network.silent.update(("montague.test", "other.test"))
        for number in range(4):
            self.say(here, f"a{number}")
            self.say(here, f"b{number}", to="x@other.test")
        self.network.settle()
        self.stop(here)
        self.assertEqual(here.heard, [])
        for pair in "ab":
            found = [id for id in self.back if id.startswith(pair)]
            self.assertEqual(found, [f"{pair}{number}" for number in range(4)])

    def test_where_nobody_takes_it(self) -> None:
        here = self.here()
        here.edge.stopping.give_back = None
        self.network.silent.add("montague.test")
        here.say(JULIET, ROMEO, "1")
        self.stop(here)
        self.assertEqual(here.heard, ["1: remote-server-not-found"])

    def test_what_was_sent_does_not_come_back(self) -> None:
        here, there = self.here(), self.place("montague.test", address="11.0.0.2")
        here.say(JULIET, ROMEO, "1")
        self.stop(here)
        self.assertEqual((here.heard, there.heard, self.back), ([], ["1"], []))

    def test_behind_what_is_not_acknowledged(self) -> None:
        """What the other server may have got is in doubt, as ever; what waits behind it is not."""
        here = self.here(limits=ServerLimits(queue_stanzas=2))
        self.place("montague.test", address="11.0.0.2")
        here.say(JULIET, ROMEO, "0")
        self.network.advance(1)
        self.say(here, "1", "2", "3", "4")
        self.network.clock.advance(0)
        (pair,) = here.edge.pairs.values()
        self.assertEqual(len(pair.queue), 2)
        stopped = here.edge.stop()
        self.network.cut()
        self.network.advance(7)
        self.successResultOf(stopped)
        self.assertEqual(self.back, ["3", "4"])
        self.assertEqual(here.heard, [f"{id}: remote-server-timeout" for id in "12"])

    def test_what_has_been_in_doubt_before(self) -> None:
        """It was to go a second time, and does not go back for a third one."""
        here = self.here()
        self.network.silent.add("montague.test")
        here.say(JULIET, ROMEO, "2")
        (pair,) = here.edge.pairs.values()
        pair.queue.take_back(Sent(here.message(JULIET, ROMEO, "1"), pair))
        self.stop(here)
        self.assertEqual((self.back, here.heard), (["2"], ["1: remote-server-not-found"]))

    def test_what_has_not_left(self) -> None:
        """It goes back before what waited behind it."""
        here = self.here()
        self.place("montague.test", address="11.0.0.2")
        self.network.silent.add("montague.test")
        here.say(JULIET, ROMEO, "2")
        (pair,) = here.edge.pairs.values()
        raw = Raw(self.network)
        self.network.connect(raw, self.network.hosts["11.0.0.1", 5269]())
        raw.open()
        stopped = here.edge.stop()
        pair.queue.take_unsent(Sent(here.message(JULIET, ROMEO, "1"), pair))
        self.network.advance(7)
        self.successResultOf(stopped)
        self.assertEqual((self.back, here.heard), (["1", "2"], []))
