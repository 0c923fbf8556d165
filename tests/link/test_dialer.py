from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import (
    Connection,
    House,
    Raw,
    join,
    message,
    refuse,
    run,
    settings,
    settle,
)
from xmppd.link.codec import attach
from xmppd.link.dialer import Dialer
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.queue import Bounds
from xmppd.link.receipts import Receipts, counted
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.events import StreamOpened
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

NAME = "irc.test"


class DialerCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.clock = self.house.clock
        self.got: list[Item] = []
        self.changes: list[bool] = []

    def dial(self, name: str = NAME, **options: object) -> Dialer:
        dialer = self.house.dialer(name, **options)
        dialer.receiver = self.got.append
        dialer.changed = self.changes.append
        return dialer

    def ids(self) -> list[str | None]:
        items, self.got[:] = self.got[:], []
        return [item.id for item in items]

    def redial(self, within: float) -> None:
        """The next attempt comes in that time, and not at once."""
        self.assertEqual(self.clock.unixClients, [])
        self.clock.advance(within)
        self.assertEqual(len(self.clock.unixClients), 1)


class LinkingTests(DialerCase):
    def setUp(self) -> None:
        super().setUp()
        self.acceptor = self.house.acceptor()

    def test_both_ways(self) -> None:
        dialer = self.dial()
        connection = join(self.clock, self.acceptor)
        self.assertTrue(dialer.is_up)
        dialer.send(message("home.test", NAME, "1"))
        settle(self.clock, connection)
        self.assertEqual(self.house.received(), ["1"])
        self.house.home.send(message(NAME, "home.test", "2"))
        settle(self.clock, connection)
        self.assertEqual((self.ids(), self.changes), (["2"], [True]))

    def test_trusted(self) -> None:
        self.acceptor = self.house.acceptor(settings=settings(trusted=True))
        trusted = settings(trusted=True)
        edge = self.dial("c2s-1", settings=trusted, attach=attach("c2s-1", "5kq1", "c2s"))
        connection = join(self.clock, self.acceptor)
        manager = self.house.component("a.test", names=("sm-1",))
        there: list[Item] = []
        manager.receiver = there.append
        edge.send(Envelope(Jid("sm-1/1"), Jid("c2s-1/5kq1.1"), (Stanza.make("message"),), 1, 1))
        settle(self.clock, connection)
        (envelope,) = there
        assert isinstance(envelope, Envelope)
        manager.send(Envelope(envelope.sender, envelope.to, envelope.items, 1, 1))
        settle(self.clock, connection)
        (back,) = self.got
        assert isinstance(back, Envelope)
        self.assertEqual((back.to, back.items[0].name), ("c2s-1/5kq1.1", "message"))

    def test_stanzas_have_children(self) -> None:
        """A component looks into what it gets: the framer has found the children already."""
        self.dial()
        connection = join(self.clock, self.acceptor)
        self.house.home.send(message(NAME, "home.test"))
        settle(self.clock, connection)
        (stanza,) = self.got
        assert type(stanza) is Stanza
        self.assertEqual(stanza.text("", "body"), "1")

    def test_stop(self) -> None:
        """In order: what was sent before goes out, what waits comes back, no more dialing."""
        dialer = self.dial()
        connection = join(self.clock, self.acceptor)
        dialer.send(message("home.test", NAME, "1"))
        stopped = dialer.stopService()
        settle(self.clock, connection)
        self.successResultOf(stopped)
        self.assertEqual((self.house.received(), self.changes), (["1"], [True, False]))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.clock.unixClients, [])

    def test_stop_before_it_is_up(self) -> None:
        dialer = self.dial()
        dialer.send(message("home.test", NAME, "1"))
        self.successResultOf(dialer.stopService())
        self.assertEqual(self.ids(), ["1"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_between_attempts(self) -> None:
        dialer = self.dial()
        refuse(self.clock)
        self.successResultOf(dialer.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_start_again(self) -> None:
        dialer = self.dial()
        connection = join(self.clock, self.acceptor)
        dialer.stopService()
        settle(self.clock, connection)
        dialer.startService()
        connection = join(self.clock, self.acceptor)
        dialer.send(message("home.test", NAME, "1"))
        settle(self.clock, connection)
        self.assertEqual(self.house.received(), ["1"])

    def test_failing_component(self) -> None:
        """It loses that stanza and nothing else."""
        dialer = self.dial()
        connection = join(self.clock, self.acceptor)

        def fail(item: Item) -> None:
            self.got.append(item)
            if len(self.got) == 1:
                raise RuntimeError("at it")

        dialer.receiver = fail
        for id in ("1", "2"):
            self.house.home.send(message(NAME, "home.test", id))
        settle(self.clock, connection)
        self.assertEqual(self.ids(), ["1", "2"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_failing_listener(self) -> None:
        """Who wants to know of the link and fails at it does not keep it from coming back."""
        dialer = self.dial()
        told: list[bool] = []

        def fail(up: bool) -> None:
            told.append(up)
            raise RuntimeError("at it")

        dialer.changed = fail
        connection = join(self.clock, self.acceptor)
        connection.cut()
        self.redial(2)
        connection = join(self.clock, self.acceptor)
        for id in ("1", "2", "3"):
            dialer.send(message("home.test", NAME, id))
        settle(self.clock, connection)
        self.assertEqual((self.house.received(), told), (["1", "2", "3"], [True, False, True]))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 3)

    def test_ended_as_it_comes_up(self) -> None:
        """No trace of that connection is left, which would swallow what is sent later."""
        dialer = self.dial()
        dialer.changed = lambda up: up and dialer.stopService()  # type: ignore[assignment,return-value]
        connection = join(self.clock, self.acceptor)
        self.assertFalse(dialer.is_up)
        settle(self.clock, connection)
        dialer.changed = self.changes.append
        dialer.startService()
        connection = join(self.clock, self.acceptor)
        for id in ("1", "2"):
            dialer.send(message("home.test", NAME, id))
        settle(self.clock, connection)
        self.assertEqual(self.house.received(), ["1", "2"])

    def test_router_that_stops_answering(self) -> None:
        dialer = self.dial()
        connection = join(self.clock, self.acceptor)
        connection.frozen.add(connection.cables[1].protocol)
        run(self.clock, 60, connection)
        self.assertFalse(dialer.is_up)
        self.assertEqual(self.changes, [True, False])
        self.assertTrue(connection.cables[0].lost)


class AgainTests(DialerCase):
    """Dialing again, with a growing delay that varies."""

    def test_nobody_there(self) -> None:
        """It is there within 5 seconds of the other side coming up, however long that took."""
        self.dial()
        for _ in range(10):
            refuse(self.clock)
            self.redial(4.6)

    def test_delays_grow_and_vary(self) -> None:
        dialer = self.dial()
        delays = [[dialer._delay(attempt) for _ in range(20)] for attempt in (1, 3, 30)]
        self.assertLess(min(delays[0]), 1.6)
        self.assertGreater(min(delays[2]), max(min(delays[0]), min(delays[1])))
        self.assertTrue(all(len(set(same)) > 1 for same in delays))

    def test_lost(self) -> None:
        dialer = self.dial()
        acceptor = self.house.acceptor()
        join(self.clock, acceptor).cut()
        self.assertEqual((dialer.is_up, self.changes), (False, [True, False]))
        dialer.send(message("home.test", NAME, "1"))
        self.redial(2)
        join(self.clock, acceptor)
        self.assertEqual((self.house.received(), self.changes), (["1"], [True, False, True]))

    def test_refused(self) -> None:
        """A wrong secret, a name that is taken: no faster than when nobody is there."""
        self.house.connect(acceptor := self.house.acceptor(), NAME)
        self.dial()
        times = 0
        for _ in range(120):
            if self.clock.unixClients:
                connection = join(self.clock, acceptor)
                times += 1
                settle(self.clock, connection)
            self.clock.advance(0.5)
        self.assertTrue(10 < times < 25, times)
        self.assertEqual(self.changes, [])

    def test_refused_after_the_handshake(self) -> None:
        """The same for what a trusted link says of itself."""
        trusted = settings(trusted=True)
        acceptor = self.house.acceptor(settings=trusted)
        self.dial("sm-1", settings=trusted, attach=attach("sm-1", "1", "sm", ["home.test"]))
        times = 0
        for _ in range(120):
            if self.clock.unixClients:
                settle(self.clock, join(self.clock, acceptor))
                times += 1
            self.clock.advance(0.5)
        self.assertTrue(10 < times < 25, times)

    def test_wrong_secret(self) -> None:
        self.dial(settings=WireSettings("wrong"))
        connection = join(self.clock, self.house.acceptor())
        self.assertTrue(all(cable.lost for cable in connection.cables))
        self.redial(3)

    def test_gone_in_the_handshake(self) -> None:
        self.dial()
        (_, factory, *_), self.clock.unixClients[:] = self.clock.unixClients[-1], []
        raw = Raw(self.clock, factory.buildProtocol(None))
        raw.connection.cut()
        self.redial(2)

    def test_no_answer_to_the_handshake(self) -> None:
        self.dial()
        (_, factory, *_), self.clock.unixClients[:] = self.clock.unixClients[-1], []
        raw = Raw(self.clock, factory.buildProtocol(None))
        raw.settle()
        self.assertIsInstance(raw.events[0], StreamOpened)
        self.clock.advance(30)
        raw.settle()
        self.assertTrue(raw.closed)
        self.redial(2)


class OtherSideTests(DialerCase):
    """What a router may say to who dials it (XEP-0114, 3)."""

    def raw(self) -> Raw:
        self.dialer = self.dial()
        (_, factory, *_), self.clock.unixClients[:] = self.clock.unixClients[-1], []
        return Raw(self.clock, factory.buildProtocol(None))

    HEADER = (
        "<stream:stream xmlns='jabber:component:accept' id='a'"
        " xmlns:stream='http://etherx.jabber.org/streams'>"
    )

    def test_flow(self) -> None:
        raw = self.raw()
        raw.settle()
        opened = raw.events[0]
        assert isinstance(opened, StreamOpened)
        self.assertEqual(opened.header.attrs, {"to": NAME})
        raw.say(self.HEADER)
        proof = raw.events[1]
        assert isinstance(proof, Stanza)
        self.assertEqual((proof.name, len(proof.inner)), ("handshake", 40))
        self.assertFalse(self.dialer.is_up)
        large = message(NAME, "home.test").adding(b"x" * 100_000)
        raw.say(b"<handshake/>" + large.to_bytes())
        self.assertTrue(self.dialer.is_up)
        self.assertEqual(self.ids(), ["1"])

    def test_errors(self) -> None:
        for data, condition in (
            (self.HEADER + "<message/>", "unsupported-stanza-type"),
            (self.HEADER.replace("accept", "connect"), "invalid-namespace"),
            (self.HEADER + "<handshake/><x/>", "unsupported-stanza-type"),
            (self.HEADER + "<stream:error><conflict xmlns='u'/></stream:error>", ""),
            (self.HEADER + "</stream:stream>", ""),
        ):
            raw = self.raw()
            raw.say(data)
            self.assertTrue(raw.closed, data)
            self.assertEqual(raw.condition, condition, data)
            self.dialer.stopService()


class QueueingTests(DialerCase):
    """What is sent while the link is down."""

    def test_bounces(self) -> None:
        dialer = self.dial(bounds=Bounds(items=3, absent=10))
        for number in range(4):
            dialer.send(message("home.test", NAME, str(number)))
        dialer.send(message("home.test", NAME, "e", type="error"))
        self.assertEqual(self.got, [], "whoever sends is not entered in the midst of it")
        self.clock.advance(0)
        self.assertEqual(self.conditions(), ["resource-constraint"])
        self.clock.advance(10)
        self.assertEqual(self.conditions(), ["remote-server-timeout"] * 3)

    def conditions(self) -> list[str]:
        items, self.house.got[:], self.got[:] = self.got[:], self.got[:], []
        self.assertTrue(all(item.to == NAME for item in items))
        return self.house.errors()

    def test_envelopes(self) -> None:
        dialer = self.dial(bounds=Bounds(absent=0))
        for type in ("", "error"):
            dialer.send(Envelope(Jid("sm-1"), Jid("c2s-1"), (), id="7", type=type))
        self.clock.advance(0)
        (back,) = self.got
        assert isinstance(back, Envelope)
        self.assertEqual((back.type, back.id, back.to), ("error", "7", "c2s-1"))

    def test_counted_messages(self) -> None:
        """Whoever counts them is told what has become of each, as by a router."""
        dialer = self.dial(bounds=Bounds(absent=0))
        dialer.send(counted(Jid("sm-1/x"), message("home.test", NAME), 5, 0))
        self.clock.advance(0)
        (back,) = self.got
        assert isinstance(back, Envelope)
        said = Receipts.parse(back.items[0])
        self.assertEqual(
            (back.to, list(said.done), said.error), ("sm-1/x", [5], "service-unavailable")
        )

    def test_close(self) -> None:
        dialer = self.dial()
        connection: Connection = join(self.clock, self.house.acceptor())
        dialer.close()
        dialer.close()
        dialer.send(message("home.test", NAME))
        settle(self.clock, connection)
        self.assertEqual((self.house.received(), self.got), ([], []))
