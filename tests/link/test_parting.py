from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import House, Raw, join, message, run, settings, settle
from xmppd.link.codec import LINK, attach, to_bytes
from xmppd.link.dialer import Dialer
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.parting import (
    LEAVE_SECONDS,
    given_back,
    is_leave,
    leave,
    left,
    may_return,
    returned,
)
from xmppd.link.queue import Bounds
from xmppd.link.rules import SERVERS
from xmppd.protocol.framer import MAX_FRAME
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class VerbTests(SynchronousTestCase):
    def test_what_it_is(self) -> None:
        asked = leave("s2s-1")
        self.assertTrue(is_leave(asked))
        self.assertEqual((asked.sender, asked.to), ("s2s-1", "router"))
        answer = left(asked)
        self.assertEqual((answer.sender, answer.to), ("router", "s2s-1"))
        self.assertFalse(is_leave(answer))

    def test_what_it_is_not(self) -> None:
        (verb,) = leave("sm-1").items
        for to, items in (
            ("sm-2", (verb,)),
            ("router", ()),
            ("router", (verb, verb)),
            ("router", (Stanza("urn:xmpp:sm:3", "leave", {}, b""),)),
        ):
            self.assertFalse(is_leave(Envelope(Jid(to), Jid("sm-1"), items)), (to, items))

    def test_what_is_given_back(self) -> None:
        for asks in (False, True):
            self.assertEqual(may_return(left(leave("s2s-1", asks))), asks)
        stanza = message("x@remote.test", "home.test")
        back = returned("s2s-1", stanza)
        self.assertIs(given_back(back), stanza)
        self.assertFalse(is_leave(back) or may_return(back))
        for other in (
            leave("s2s-1"),
            Envelope(Jid("sm-1"), Jid("s2s-1"), back.items, type=back.type),
            Envelope(back.to, back.sender, back.items),
            Envelope(back.to, back.sender, (), type=back.type),
        ):
            self.assertIsNone(given_back(other))


class RouterTestCase(SynchronousTestCase):
    """A router, with edges towards other servers."""

    def setUp(self) -> None:
        self.house = House()
        self.acceptor = self.house.acceptor(settings=settings(trusted=True))

    def edge(self, name: str, boot: str = "1", look: bool = True) -> Raw:
        raw = Raw(self.house.clock, self.acceptor.buildProtocol(None))
        raw.handshake(name)
        raw.say(attach(name, boot, SERVERS))
        if look:
            raw.got()
        return raw

    def send(self, *ids: str) -> None:
        for id in ids:
            self.house.home.send(message("x@remote.test", "home.test", id))


class RouterTests(RouterTestCase):
    """What a router does with an instance that wants no more."""

    def test_what_comes_then_waits_for_the_next_life(self) -> None:
        old = self.edge("s2s-1")
        self.send("1")
        old.say(to_bytes(leave("s2s-1")))
        self.send("2", "3")
        stanza, answer = old.got()
        assert isinstance(stanza, Stanza) and isinstance(answer, Stanza)
        self.assertEqual((stanza.id, answer.name), ("1", "route"))
        self.assertIn(f"<left xmlns='{LINK}'/>".encode(), answer.inner)
        old.say("</stream:stream>")
        self.assertEqual(self.edge("s2s-1", "2", look=False).ids(), [None, "2", "3"])
        self.assertEqual(self.house.errors(), [])

    def test_next_life_comes_before_the_last_has_ended(self) -> None:
        old = self.edge("s2s-1")
        old.say(to_bytes(leave("s2s-1")))
        self.send("1")
        self.assertEqual(self.edge("s2s-1", "2", look=False).ids(), [None, "1"])
        old.settle()
        self.assertTrue(old.closed)

    def test_others_take_over(self) -> None:
        one, other = self.edge("s2s-1"), self.edge("s2s-2")
        one.say(to_bytes(leave("s2s-1")))
        one.got()
        for number in range(10):
            self.house.home.send(message(f"x@d{number}.test", "home.test", str(number)))
        self.assertEqual(other.ids(), [str(number) for number in range(10)])
        self.assertEqual(one.ids(), [])

    def test_it_still_answers(self) -> None:
        edge = self.edge("s2s-1")
        request = message("x@remote.test", "home.test", "asked", "iq", type="get")
        self.house.home.send(request)
        edge.say(to_bytes(leave("s2s-1")))
        edge.say(message("home.test", "x@remote.test", "news"))
        edge.say(message("home.test", "x@remote.test", "asked", "iq", type="result"))
        edge.say("</stream:stream>")
        self.assertEqual(self.house.received(), ["news", "asked"])

    def test_what_it_leaves_unanswered(self) -> None:
        edge = self.edge("s2s-1")
        self.house.home.send(message("x@remote.test", "home.test", "1", "iq", type="get"))
        edge.say(to_bytes(leave("s2s-1")))
        self.assertEqual(self.house.errors(), [])
        edge.say("</stream:stream>")
        self.assertEqual(self.house.errors(), ["remote-server-timeout"])

    def test_asked_twice(self) -> None:
        edge = self.edge("s2s-1")
        edge.say(to_bytes(leave("s2s-1")), to_bytes(leave("s2s-1")))
        self.assertEqual((len(edge.got()), edge.closed), (2, False))

    def test_in_the_name_of_another(self) -> None:
        """Nobody sends others away."""
        one, other = self.edge("s2s-1"), self.edge("s2s-2")
        one.say(to_bytes(leave("s2s-2")))
        self.assertEqual(one.condition, "invalid-from")
        self.send("1")
        self.assertEqual(other.ids(), ["1"])

    def test_domains_wait_as_long_as_the_link_says(self) -> None:
        rules = {"name": "muc", "settings": settings(trusted=True)}
        acceptor = self.house.acceptor(bounds=Bounds(absent=5), **rules)
        rooms = self.house.connect(acceptor, "muc-1", "rooms.test")
        rooms.say(to_bytes(leave("muc-1")))
        self.house.home.send(message("a@rooms.test", "home.test"))
        self.house.clock.advance(4)
        self.assertEqual(self.house.errors(), [])
        self.house.clock.advance(1)
        self.assertEqual(self.house.errors(), ["remote-server-timeout"])


class ReturnTests(RouterTestCase):
    """What a router does with an instance that gives back what it has not passed on."""

    def leaving(self, *names: str) -> list[Raw]:
        """Edges, the first of which has begun to leave."""
        edges = [self.edge(name) for name in names]
        edges[0].say(to_bytes(leave(names[0], True)))
        return edges

    def give_back(self, edge: Raw, *items: Stanza) -> None:
        edge.say(*[to_bytes(returned("s2s-1", item)) for item in items])

    def stanza(self, id: str, **more: str) -> Stanza:
        return message("x@remote.test", "home.test", id, **more)

    def test_it_may(self) -> None:
        (edge,) = self.leaving("s2s-1")
        (answer,) = edge.got()
        assert isinstance(answer, Stanza)
        self.assertIn(b"<left", answer.inner)
        self.assertIn(b"returns='true'", answer.inner)

    def test_goes_before_what_came_since(self) -> None:
        (edge,) = self.leaving("s2s-1")
        self.send("3", "4")
        self.give_back(edge, self.stanza("1"), self.stanza("2"))
        edge.say("</stream:stream>")
        self.send("5")
        next_life = self.edge("s2s-1", "2", look=False)
        self.assertEqual(next_life.ids(), [None, "1", "2", "3", "4", "5"])
        self.assertEqual(self.house.errors(), [])

    def test_goes_to_others(self) -> None:
        """Only once it has gone: until then it may yet say what is on its way."""
        one, other = self.leaving("s2s-1", "s2s-2")
        pairs = [f"d{number}.test" for number in range(20)]
        for domain in pairs:
            self.house.home.send(message(f"x@{domain}", "home.test", f"late {domain}"))
        moved = {f"late {domain}" for domain in pairs} - {str(id) for id in other.ids()}
        self.assertTrue(moved)
        for late in sorted(moved):
            domain = late.removeprefix("late ")
            self.give_back(one, message(f"x@{domain}", "home.test", f"early {domain}"))
        self.assertEqual(other.ids(), [])
        one.say("</stream:stream>")
        ids = [str(id) for id in other.ids()]
        self.assertEqual(
            sorted(ids), sorted([*moved, *(m.replace("late", "early") for m in moved)])
        )
        for late in moved:
            self.assertLess(ids.index(late.replace("late", "early")), ids.index(late))

    def test_lost_in_the_middle(self) -> None:
        (edge,) = self.leaving("s2s-1")
        self.send("2")
        self.give_back(edge, self.stanza("1"))
        edge.connection.cut()
        self.assertEqual(self.edge("s2s-1", "2", look=False).ids(), [None, "1", "2"])

    def test_request(self) -> None:
        """It is neither refused nor asked twice."""
        edge = self.edge("s2s-1")
        request = self.stanza("1", name="iq", type="get")
        self.house.home.send(request)
        edge.say(to_bytes(leave("s2s-1", True)))
        self.give_back(edge, request)
        edge.say("</stream:stream>")
        self.assertEqual(self.edge("s2s-1", "2", look=False).ids(), [None, "1"])
        self.assertEqual(self.house.errors(), [])

    def test_larger_than_a_frame(self) -> None:
        (edge,) = self.leaving("s2s-1")
        self.give_back(edge, self.stanza("1").adding(b"<x/>" * (MAX_FRAME // 2)))
        edge.say("</stream:stream>")
        self.assertEqual(self.edge("s2s-1", "2", look=False).ids(), [None, "1"])

    def test_bounded(self) -> None:
        """In time, as all that waits."""
        (edge,) = self.leaving("s2s-1")
        self.give_back(edge, self.stanza("1"))
        edge.say("</stream:stream>")
        self.house.clock.advance(31)
        self.assertEqual(self.house.errors(), ["remote-server-timeout"])

    def test_without_having_asked(self) -> None:
        edge = self.edge("s2s-1")
        self.give_back(edge, self.stanza("1"))
        self.assertEqual((edge.ids(), self.house.errors()), ([], ["remote-server-timeout"]))

    def test_what_would_go_elsewhere(self) -> None:
        """Nobody is made to believe that somebody here has sent something."""
        (edge,) = self.leaving("s2s-1")
        self.give_back(edge, message("home.test", "someone@home.test", "forged"))
        self.assertEqual(self.house.errors(), ["service-unavailable"])


class DialerTests(SynchronousTestCase):
    """What the instance does."""

    def setUp(self) -> None:
        self.house = House()
        self.clock: MemoryReactorClock = self.house.clock
        self.acceptor = self.house.acceptor(settings=settings(trusted=True))
        self.got: list[Item] = []
        self.over: list[bool] = []

    def dial(self) -> Dialer:
        trusted = settings(trusted=True)
        said = attach("s2s-1", "1", SERVERS)
        dialer = self.house.dialer("s2s-1", settings=trusted, attach=said)
        dialer.receiver = self.got.append
        return dialer

    def leave(self, dialer: Dialer) -> None:
        dialer.leave().addCallback(self.over.append)

    def send(self, id: str) -> None:
        self.house.home.send(message("x@remote.test", "home.test", id))

    def test_nothing_is_lost_on_the_way(self) -> None:
        dialer = self.dial()
        connection = join(self.clock, self.acceptor)
        self.send("1")
        self.leave(dialer)
        self.assertEqual(self.over, [])
        self.send("2")
        settle(self.clock, connection)
        self.assertEqual(([item.id for item in self.got], self.over), (["1", "2"], [False]))
        self.send("3")
        settle(self.clock, connection)
        dialer.send(message("home.test", "x@remote.test", "answer"))
        settle(self.clock, connection)
        self.assertEqual((len(self.got), self.house.received()), (2, ["answer"]))
        self.assertTrue(dialer.is_up)
        dialer.stopService()
        settle(self.clock, connection)
        self.assertTrue(all(cable.lost for cable in connection.cables))
        self.assertEqual(self.house.errors(), [])

    def test_giving_back(self) -> None:
        dialer = self.dial()
        connection = join(self.clock, self.acceptor)
        self.send("1")
        dialer.leave(returns=True).addCallback(self.over.append)
        self.send("2")
        settle(self.clock, connection)
        self.assertEqual(self.over, [True])
        for item in self.got:
            assert isinstance(item, Stanza)
            dialer.give_back(item)
        dialer.stopService()
        settle(self.clock, connection)
        dialer.startService()
        connection = join(self.clock, self.acceptor)
        settle(self.clock, connection)
        self.assertEqual([item.id for item in self.got], ["1", "2", "1", "2"])

    def test_silent_router(self) -> None:
        dialer = self.dial()
        connection = join(self.clock, self.acceptor)
        connection.frozen.add(connection.cables[1].protocol)
        self.leave(dialer)
        run(self.clock, LEAVE_SECONDS - 1, connection)
        self.assertEqual(self.over, [])
        run(self.clock, 1, connection)
        self.assertEqual(self.over, [False])

    def test_router_that_does_not_know_it(self) -> None:
        dialer = self.dial()
        join(self.clock, self.acceptor)
        self.leave(dialer)
        refused = Envelope(Jid("s2s-1"), Jid("router"), (), type="error")
        dialer.receiver(refused)
        self.assertEqual((self.over, self.got), ([False], []))

    def test_link_lost_meanwhile(self) -> None:
        dialer = self.dial()
        connection = join(self.clock, self.acceptor)
        connection.frozen.add(connection.cables[1].protocol)
        self.leave(dialer)
        connection.cut()
        self.assertEqual(self.over, [False])
        self.clock.advance(10)
        self.assertEqual(self.clock.unixClients, [], "nobody dials again")

    def test_link_that_does_not_come_up(self) -> None:
        self.leave(self.dial())
        self.assertEqual(self.over, [False])
        self.clock.unixClients.clear()
        self.clock.advance(10)
        self.assertEqual(self.clock.unixClients, [])

    def test_link_in_its_handshake(self) -> None:
        """It does not come up any more."""
        dialer = self.dial()
        (_, factory, *_), self.clock.unixClients[:] = self.clock.unixClients[-1], []
        raw = Raw(self.clock, factory.buildProtocol(None))
        self.leave(dialer)
        raw.settle()
        self.assertEqual((self.over, raw.closed), ([False], True))
        self.clock.advance(10)
        self.assertEqual(self.clock.unixClients, [])

    def test_started_again(self) -> None:
        dialer = self.dial()
        self.leave(dialer)
        dialer.stopService()
        self.clock.unixClients.clear()
        dialer.startService()
        join(self.clock, self.acceptor)
        self.assertTrue(dialer.is_up)
