"""Connections between servers that break under traffic (XEP-0198)."""

from typing import ClassVar

from tests.scenarios.federation import case
from tests.scenarios.federation.ours import Ours
from tests.scenarios.federation.people import hear, say
from tests.scenarios.federation.relay import Relay
from tests.scenarios.federation.security import Security
from tests.scenarios.ports import LOOPBACK

ROUNDS = 5
MESSAGES = 20
"""In each direction, in each round."""

STATIC = """
[s2s.static."ours1.example"]
connect = "{address}:{port}"
"""


class Through(Ours):
    """A server that reaches the other one through a relay."""

    relay: ClassVar[Relay]

    def settings(self) -> str:
        return super().settings() + STATIC.format(address=LOOPBACK, port=self.relay.port)


class BreakTest(case.Meeting):
    kinds = (Through, Ours)

    def test_nothing_is_lost_or_doubled(self) -> None:
        """Whatever was under way, in both directions, where streams go both ways and where not."""
        for bidi in (True, False):
            Through.relay = relay = Relay()
            self.addCleanup(relay.stop)
            first, second = self.meet(Security(bidi=bidi))
            relay.target = second.place.address, second.place.starttls
            a, b = self.person(first), self.person(second)
            for one, other in ((a, b), (b, a)):  # who has no stream yet has nothing to resume
                say(one, other, 0)
                hear(other, one, 1)
            for start in range(0, ROUNDS * MESSAGES, MESSAGES):
                wanted = list(range(start, start + MESSAGES))
                for number in wanted:
                    say(a, b, number)
                    say(b, a, number)
                relay.cut()
                self.assertEqual(hear(b, a, MESSAGES), wanted, first.logged())
                self.assertEqual(hear(a, b, MESSAGES), wanted, second.logged())
            self.assertGreater(relay.taken, 1)
