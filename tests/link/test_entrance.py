"""Several links at one place: the name in the stream header tells whose a connection is."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import HEADER, SECRET, House, Raw, message
from xmppd.link.acceptor import Acceptor
from xmppd.link.entrance import Entrance
from xmppd.link.wire_settings import WireSettings

OWNERS = {
    "irc.test": "exact",
    "exact": "exact",
    "x.irc.test": "wild",
    "y.deep.irc.test": "deep",
    "c2s-1": "edges",
    "sm-1": "inside",
    "new.test": "open",
}
"""Names that somebody may come with, and the link that this is the business of."""


class EntranceTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.acceptors = {
            "open": self.acceptor("open"),
            "inside": self.acceptor("inside", trusted=True),
            "edges": self.acceptor("edges", trusted=True, instances=("c2s-1",)),
            "wild": self.acceptor("wild", routes=("*.irc.test",)),
            "deep": self.acceptor("deep", routes=("*.deep.irc.test",)),
            "exact": self.acceptor("exact", routes=("irc.test",)),
        }
        self.entrance = Entrance(list(self.acceptors.values()))

    def acceptor(self, name: str, trusted: bool = False, **rules: Any) -> Acceptor:
        settings = WireSettings(f"{SECRET} of {name}", trusted=trusted)
        return self.house.acceptor(name=name, settings=settings, **rules)

    def come(self, name: str, link: str) -> Raw:
        raw = Raw(self.house.clock, self.entrance.buildProtocol(None))
        raw.handshake(name, f"{SECRET} of {link}")
        return raw

    def test_each_has_its_secret(self) -> None:
        for name, link in OWNERS.items():
            for other in self.acceptors:
                with self.subTest(name=name, secret=other):
                    raw = self.come(name, other)
                    expected = "" if other == link else "not-authorized"
                    self.assertEqual((raw.condition, raw.is_up), (expected, other == link))
                    raw.connection.cut()

    def test_rules_are_those_of_the_link(self) -> None:
        """XEP-0114, 4: it speaks for its own domains, not for those of a link beside it."""
        for sender, condition in (("irc.test", ""), ("x.irc.test", "invalid-from")):
            raw = self.come("irc.test", "exact")
            raw.say(message("home.test", sender))
            self.assertEqual(raw.condition, condition)
            raw.connection.cut()
        self.assertEqual(self.house.received(), ["1"])

    def test_taken(self) -> None:
        self.come("irc.test", "exact")
        self.assertEqual(self.come("irc.test", "exact").condition, "conflict")

    def test_nobody_takes_that(self) -> None:
        """Before any secret."""
        entrance = Entrance([self.acceptors["inside"], self.acceptors["exact"]])
        raw = Raw(self.house.clock, entrance.buildProtocol(None))
        raw.say(f"{HEADER} to='other.test'>")
        self.assertEqual(raw.condition, "host-unknown")

    def test_stop_ends_all(self) -> None:
        raws = [self.come(name, link) for name, link in OWNERS.items() if "." in name]
        early = Raw(self.house.clock, self.entrance.buildProtocol(None))
        stopped = self.entrance.stop()
        for raw in [*raws, early]:
            raw.settle()
            self.assertTrue(raw.closed)
        self.successResultOf(stopped)
        self.assertFalse(
            [each for each in self.house.router.routes() if each.match == "new.test" and each.port]
        )
