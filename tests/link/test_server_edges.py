"""Links of those that speak with other servers: they share the default route, by pairs."""

from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import House, Raw, message, settings
from xmppd.link.acceptor import ABSENT_SERVERS
from xmppd.link.codec import attach
from xmppd.link.rules import SERVERS


def ids_of(edge: Raw) -> list[str]:
    """Ids of the stanzas that it has got since the last look."""
    return [id for id in edge.ids() if id]


class ServerEdgesTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.acceptor = self.house.acceptor(settings=settings(trusted=True))

    def edge(self, name: str, boot: str = "1") -> Raw:
        raw = Raw(self.house.clock, self.acceptor.buildProtocol(None))
        raw.handshake(name)
        raw.say(attach(name, boot, SERVERS))
        return raw

    def send(self, *domains: str) -> None:
        for domain in domains:
            self.house.home.send(message(f"x@{domain}", "home.test", domain))

    def test_default_route(self) -> None:
        edge = self.edge("s2s-1")
        self.send("remote.test")
        self.assertEqual(ids_of(edge), ["remote.test"])

    def test_pairs_are_shared_and_stay(self) -> None:
        edges = [self.edge("s2s-1"), self.edge("s2s-2")]
        domains = [f"d{number}.test" for number in range(100)]
        self.send(*domains)
        first = [ids_of(edge) for edge in edges]
        self.assertCountEqual([*first[0], *first[1]], domains)
        self.assertTrue(all(len(ids) > 20 for ids in first))
        self.send(*domains)
        self.assertEqual([ids_of(edge) for edge in edges], first)

    def test_pairs_of_one_that_has_gone_move(self) -> None:
        one, other = self.edge("s2s-1"), self.edge("s2s-2")
        one.say("</stream:stream>")
        domains = [f"d{number}.test" for number in range(10)]
        self.send(*domains)
        self.assertEqual(ids_of(other), domains)

    def test_kept_while_nobody_is_there(self) -> None:
        self.edge("s2s-1").say("</stream:stream>")
        self.send("remote.test")
        self.house.clock.advance(ABSENT_SERVERS - 1)
        self.assertEqual(ids_of(self.edge("s2s-1", "2")), ["remote.test"])

    def test_what_waits_for_long_bounces(self) -> None:
        self.edge("s2s-1").say("</stream:stream>")
        self.send("remote.test")
        self.house.clock.advance(ABSENT_SERVERS)
        self.assertEqual(self.house.errors(), ["remote-server-timeout"])

    def test_what_pretends_to_come_from_here(self) -> None:
        """It is dropped, and the link stays: others have made it believe so."""
        edge = self.edge("s2s-1")
        edge.say(message("home.test", "x@home.test", "bad"), message("home.test", "remote.test"))
        self.assertEqual(self.house.received(), ["1"])
        self.assertTrue(edge.is_up)
