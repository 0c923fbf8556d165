"""Two streams between the same domains that both go both ways (XEP-0288): one is enough."""

from __future__ import annotations

from tests.s2s.network import Place
from tests.s2s.test_between import JULIET, ROMEO, Between
from xmppd.s2s.surplus import GIVE_IN_SECONDS, QUIET_SECONDS


class SurplusTest(Between):
    def at_once(self, **more: object) -> tuple[Place, Place]:
        """Both sides open a stream at the same time."""
        here = self.place("capulet.test", address="11.0.0.1", **more)
        there = self.place("montague.test", address="11.0.0.2", **more)
        self.speak(here, there, "0", "1")
        self.assertEqual((here.heard, there.heard), (["0", "1"],) * 2)
        self.assertEqual(len(here.edge.live), 2)
        return here, there

    def speak(self, here: Place, there: Place, *bodies: str) -> None:
        """Each says the same in one turn."""
        for body in bodies:
            for place, sender, to in ((here, JULIET, ROMEO), (there, ROMEO, JULIET)):
                place.component.send(place.message(sender, to, body))
        self.network.settle()

    def check_one(self, here: Place, there: Place, opened_by: Place) -> None:
        """One is left, that of the lesser domain; both send over it."""
        for place in (here, there):
            (pair,) = place.edge.pairs.values()
            self.assertEqual(len(pair.ways), 1)
            self.assertEqual(len([each for each in place.edge.live if not each.over]), 1)
            self.assertEqual(pair.stream is not None, place is opened_by)

    def test_one_is_left(self) -> None:
        """Both sides know which, without a word: that of the domain that sorts first."""
        here, there = self.at_once()
        self.network.advance(QUIET_SECONDS + 1)
        self.check_one(here, there, here)
        self.speak(here, there, "2")
        self.assertEqual((here.heard, there.heard), (["0", "1", "2"],) * 2)
        self.assertEqual(len(self.network.dialed), 2)

    def test_with_dialback(self) -> None:
        here, there = self.at_once(certified=False)
        self.network.advance(40)
        self.check_one(here, there, here)
        self.speak(here, there, "2")
        self.assertEqual((here.heard, there.heard), (["0", "1", "2"],) * 2)

    def test_under_traffic(self) -> None:
        """Nothing is lost, doubled, out of order."""
        here, there = self.at_once()
        for number in range(2, 200):
            for place, sender, to in ((here, JULIET, ROMEO), (there, ROMEO, JULIET)):
                place.component.send(place.message(sender, to, str(number)))
            self.network.clock.advance(0.05)
            for pipe in list(self.network.pipes)[:: 1 if number % 3 else 2]:
                pipe.move()
        self.network.settle()
        self.check_one(here, there, here)
        self.assertEqual((here.heard, there.heard), ([*map(str, range(200))],) * 2)

    def test_who_knows_no_rule(self) -> None:
        """Where the other side keeps its own, ours ends after a while."""
        here, there = self.at_once()
        (pair,) = there.edge.pairs.values()
        pair.surplus.look = lambda: None  # type: ignore[method-assign]
        pair.surplus.stop()
        self.network.advance(GIVE_IN_SECONDS - 1)
        self.assertEqual(len(here.edge.live), 2)
        self.network.advance(QUIET_SECONDS + 1)
        self.check_one(here, there, there)
        self.speak(here, there, "2")
        self.assertEqual((here.heard, there.heard), (["0", "1", "2"],) * 2)

    def test_where_streams_go_one_way(self) -> None:
        """Both are needed then."""
        here, there = self.at_once(bidi=False)
        self.network.advance(60)
        self.assertEqual((len(here.edge.live), len(there.edge.live)), (2, 2))

    def test_what_another_pair_needs(self) -> None:
        """A stream stays that carries what the other one does not."""
        here = self.place("capulet.test", address="11.0.0.1")
        there = self.place("montague.test", "rooms.test", address="11.0.0.2")
        self.speak(here, there, "0")
        (own,) = [pair.stream for pair in there.edge.pairs.values() if pair.stream is not None]
        own.proved.add(("other.test", "rooms.test"))
        self.network.advance(GIVE_IN_SECONDS - 1)
        self.assertFalse(own.over)
        own.proved.discard(("other.test", "rooms.test"))
