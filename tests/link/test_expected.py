from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import House, message
from xmppd.link.envelope import Envelope
from xmppd.link.expected import EXPECTED_SECONDS, expect
from xmppd.link.link import Item
from xmppd.link.receipts import Receipts, counted
from xmppd.link.router import Router
from xmppd.link.routes import RouteTaken
from xmppd.link.trunk import Trunk
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class ExpectedTests(SynchronousTestCase):
    """After a router's start domains that nobody has yet are waited for."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.router = Router()
        self.got: list[Item] = []
        self.home = self.router.link(["home.test"], ["home"])
        self.home.receiver = self.got.append
        self.ends = expect(self.router, self.clock, ["home.test", "a.test"])

    def ids(self) -> list[str | None]:
        return [item.id for item in self.got if isinstance(item, Stanza)]

    def send(self, *ids: str, to: str = "a.test") -> None:
        for id in ids:
            self.home.send(message(to, "home.test", id))

    def test_what_waited_goes_first(self) -> None:
        """In its order, to whoever comes."""
        self.send("1", "2")
        self.assertEqual(self.got, [])
        link = self.router.link(["a.test"])
        link.receiver = self.got.append
        self.send("3")
        self.assertEqual(self.ids(), ["3"])  # what a local link has no receiver for is lost

    def test_nobody_comes(self) -> None:
        """What waits is refused then, and later at once (RFC 6120, 8.3.3.19)."""
        self.send("1")
        self.clock.advance(EXPECTED_SECONDS)
        self.send("2")
        errors = [item for item in self.got if isinstance(item, Stanza)]
        self.assertEqual(self.ids(), ["1", "2"])
        self.assertTrue(all(b"<service-unavailable" in error.inner for error in errors))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_served_domains_are_not_expected(self) -> None:
        self.send("1", to="home.test")
        self.assertEqual(self.ids(), ["1"])

    def test_no_envelopes(self) -> None:
        """They are kept and sent again by their own rules (session protocol, 3.5)."""
        sender, to = Jid.parse("home"), Jid.parse("a.test")
        self.router.route(Envelope(to, sender, ()))
        (answer,) = self.got
        assert isinstance(answer, Envelope)
        self.assertEqual(answer.type, "error")

    def test_counted_messages(self) -> None:
        """Nobody has taken charge of them while they wait (session protocol, 3.9)."""
        self.home.send(counted(Jid.parse("home/x"), message("a.test", "home.test"), 5, 0))
        self.assertEqual(self.got, [])
        self.clock.advance(EXPECTED_SECONDS)
        (told,) = self.got
        assert isinstance(told, Envelope)
        said = Receipts.parse(told.items[0])
        self.assertEqual((list(said.done), said.error), ([5], "service-unavailable"))

    def test_taken_once(self) -> None:
        self.router.link(["a.test"])
        self.assertRaises(RouteTaken, self.router.link, ["a.test"])

    def test_its_time_ends_after_the_link_has_come(self) -> None:
        link = self.router.link(["a.test"])
        link.receiver = self.got.append
        self.clock.advance(EXPECTED_SECONDS)
        self.send("1")
        self.assertEqual(self.ids(), ["1"])


class TrunkTests(SynchronousTestCase):
    """The same with links that connect."""

    def test_before_all_that_comes_now(self) -> None:
        house = House()
        expect(house.router, house.clock, ["a.test"])
        for id in "12":
            house.home.send(message("a.test", "home.test", id))
        raw = house.connect(house.acceptor())
        raw.handshake("a.test")
        house.home.send(message("a.test", "home.test", "3"))
        self.assertEqual([id for id in raw.ids() if id], ["1", "2", "3"])
        self.assertEqual(house.errors(), [])

    def test_counted_messages(self) -> None:
        """They go on as they came to one of ours, and not at all to others."""
        for trusted, kinds in ((True, [Envelope, Stanza]), (False, [Stanza])):
            house = House()
            told: list[Item] = []
            house.router.link(["home"], ["sm-1"]).receiver = told.append
            expect(house.router, house.clock, ["a.test"])
            house.home.send(counted(Jid.parse("sm-1/x"), message("a.test", "home.test"), 5, 0))
            house.home.send(message("a.test", "home.test"))
            trunk, carrier = Trunk("a.test", house.clock, house.router.bounce), Carrier()
            house.router.attach(trunk, ["a.test"], trusted=trusted)
            trunk.join(carrier)
            self.assertEqual([type(item) for item in carrier.sent], kinds)
            self.assertEqual([type(item) for item in told], [] if trusted else [Envelope])


class Carrier:
    full = False

    def __init__(self) -> None:
        self.sent: list[Item] = []

    def send(self, item: Item) -> None:
        self.sent.append(item)
