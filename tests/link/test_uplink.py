from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import House, join, message, run, settings, settle
from xmppd.link.codec import attach
from xmppd.link.envelope import Envelope
from xmppd.link.routes import RouteTaken
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

OUT = "far.example"


class TwoRoutersTests(SynchronousTestCase):
    """jabberd14's set-up: one process holds the users, the other what goes out to the world.

    The former sends up all that it does not know (`<uplink/>`); the latter has the former's domain
    as a `<host/>`. Either may dial.
    """

    def setUp(self) -> None:
        self.clock = MemoryReactorClock()
        self.inner = House(self.clock, "home.test")
        self.outer = House(self.clock, "gateway.test")
        self.world: list[object] = []
        world = self.outer.router.link([], [], default=True)
        world.receiver = self.world.append
        self.far = world

    def check(self) -> None:
        self.inner.home.send(message(f"x@{OUT}", "juliet@home.test", "1"))
        self.inner.home.send(message("gateway.test", "juliet@home.test", "2"))
        self.settle()
        (out,) = self.world
        assert isinstance(out, Stanza)
        self.assertEqual((out.id, out.sender), ("1", "juliet@home.test"))
        self.assertEqual(self.outer.received(), ["2"])
        self.far.send(message("juliet@home.test", f"x@{OUT}", "3"))
        self.outer.home.send(message("juliet@home.test", "gateway.test", "4"))
        self.settle()
        self.assertEqual(self.inner.received(), ["3", "4"])
        self.world.clear()

    def settle(self) -> None:
        settle(self.clock, self.connection)

    def inner_dials(self) -> None:
        acceptor = self.outer.acceptor(name="inner", routes=("home.test",))
        self.inner.uplink("home.test", default=True)
        self.connection = join(self.clock, acceptor)

    def outer_dials(self) -> None:
        acceptor = self.inner.acceptor(name="uplink", default=True)
        self.outer.uplink("uplink", routes=["home.test"])
        self.connection = join(self.clock, acceptor)

    def test_inner_dials(self) -> None:
        self.inner_dials()
        self.check()

    def test_outer_dials(self) -> None:
        self.outer_dials()
        self.check()

    def test_lost_and_back(self) -> None:
        self.inner_dials()
        self.connection.cut()
        self.inner.home.send(message(f"x@{OUT}", "juliet@home.test", "0"))
        self.clock.advance(2)
        (_, factory, *_), self.clock.unixClients[:] = self.clock.unixClients[-1], []
        self.assertEqual(self.world, [])
        self.clock.unixClients.append(("", factory))  # type: ignore[arg-type]
        acceptor = self.connection.cables[1].protocol._doorkeeper
        self.connection = join(self.clock, acceptor)
        self.settle()
        self.assertEqual(len(self.world), 1)
        self.world.clear()
        self.check()

    def test_nothing_runs_in_circles(self) -> None:
        """What neither knows comes back once."""
        self.inner_dials()
        self.far.close()
        self.inner.home.send(message("x@nowhere.example", "juliet@home.test"))
        self.settle()
        self.assertEqual(self.inner.errors(), ["remote-server-not-found"])

    def test_what_the_other_side_takes_for_ours(self) -> None:
        """Its routes are wider than what is here: that comes back as an error, and not by the way
        that it has come, in circles or to the end of the link."""
        for trusted in (False, True):
            self.setUp()
            options = {"settings": settings(trusted=trusted)}
            routes = ("home.test", "*.home.test")
            acceptor = self.outer.acceptor(name="inner", routes=routes, **options)
            name = "inner" if trusted else "home.test"
            said = attach(name, "1", "", routes) if trusted else b""
            self.inner.uplink(name, default=True, attach=said, **options)
            self.connection = join(self.clock, acceptor)
            self.outer.home.send(message("x@gone.home.test", "gateway.test"))
            for _ in range(10):
                self.clock.advance(0)
                self.connection.pump()
            self.assertEqual(self.outer.errors(), ["remote-server-not-found"])
            self.assertFalse(any(cable.lost for cable in self.connection.cables))

    def test_a_long_silence(self) -> None:
        """Neither side takes a ping of the other for a stanza of somebody."""
        for dials in (self.inner_dials, self.outer_dials):
            self.setUp()
            dials()
            run(self.clock, 100, self.connection)
            self.assertFalse(any(cable.lost for cable in self.connection.cables))
            self.assertEqual((self.world, self.inner.got, self.outer.got), ([], [], []))

    def test_what_the_inner_one_may_not_say(self) -> None:
        """It speaks for its own routes, and for nobody else's."""
        for dials in (self.inner_dials, self.outer_dials):
            self.setUp()
            dials()
            sides = self.connection.cables
            inner = sides[0] if dials == self.inner_dials else sides[1]
            inner.write(message("gateway.test", "gateway.test").to_bytes())
            self.settle()
            self.assertEqual(self.outer.got, [])
            self.assertTrue(all(cable.lost for cable in sides))

    def test_what_pretends_to_come_from_inside(self) -> None:
        """A server elsewhere names a domain that only the inner one knows: the link lives on."""
        for dials in (self.inner_dials, self.outer_dials):
            self.setUp()
            self.inner.component("bot.test")
            dials()
            for sender in ("x@bot.test", "x@home.test"):
                self.far.send(message("juliet@home.test", sender, "bad"))
            self.far.send(message("juliet@home.test", f"x@{OUT}", "good"))
            self.settle()
            self.assertEqual(self.inner.received(), ["good"])
            self.assertFalse(any(cable.lost for cable in self.connection.cables))

    def test_two_defaults(self) -> None:
        self.assertRaises(RouteTaken, self.outer.uplink, "up", default=True)
        self.assertRaises(RouteTaken, self.outer.uplink, "up", routes=["gateway.test"])

    def test_requests_of_a_lost_link(self) -> None:
        self.inner_dials()
        self.inner.home.send(message(OUT, "home.test", "1", "iq", type="get"))
        self.settle()
        self.connection.cut()
        self.assertEqual(self.inner.errors(), ["remote-server-timeout"])

    def test_answered_requests(self) -> None:
        self.inner_dials()
        self.inner.home.send(message(OUT, "home.test", "1", "iq", type="get"))
        self.settle()
        (asked,) = self.world
        assert isinstance(asked, Stanza)
        self.far.send(asked.reply())
        self.settle()
        self.connection.cut()
        self.assertEqual(self.inner.received(), ["1"])

    def test_silence(self) -> None:
        self.inner_dials()
        self.connection.frozen.add(self.connection.cables[1].protocol)
        run(self.clock, 60, self.connection)
        self.assertTrue(self.connection.cables[0].lost)


class TrustedTests(SynchronousTestCase):
    def test_envelopes(self) -> None:
        """Edges at one router, session managers at another."""
        clock = MemoryReactorClock()
        edges, managers = House(clock, "edges.test"), House(clock, "managers.test")
        edge = edges.component(names=("c2s-1",))
        manager = managers.component("a.test", names=("sm-1",))
        got: dict[str, list[object]] = {"edge": [], "manager": []}
        edge.receiver, manager.receiver = got["edge"].append, got["manager"].append
        acceptor = managers.acceptor(settings=settings(trusted=True))
        edges.uplink(
            "c2s-1",
            settings=settings(trusted=True),
            attach=attach("c2s-1", "1"),
            routes=["a.test"],
            names=["sm-1"],
        )
        connection = join(clock, acceptor)
        for to in ("a.test", "sm-1/1"):
            edge.send(Envelope(Jid(to), Jid("c2s-1/1.1"), (), id=to))
            manager.send(Envelope(Jid("c2s-1/1.1"), Jid(to), (), id=to))
        settle(clock, connection)
        for items in got.values():
            self.assertEqual([item.id for item in items], ["a.test", "sm-1/1"])  # type: ignore[attr-defined]
        manager.send(Envelope(Jid("c2s-1/1.1"), Jid("sm-2/1"), ()))
        settle(clock, connection)
        self.assertTrue(connection.cables[0].lost)
