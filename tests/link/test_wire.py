from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import BUFFER, House, Raw, message, run, settings
from xmppd.link.outbox import HIGH_WATER
from xmppd.link.queue import Bounds
from xmppd.link.traffic import ALIVE, ping
from xmppd.protocol.stanza import Stanza

NAME = "irc.test"


class WireCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.acceptor = self.house.acceptor(bounds=Bounds(items=100, absent=0))
        self.raw = self.house.connect(self.acceptor, NAME)

    def send(self, *ids: str, size: int = 0, to: str = NAME) -> None:
        for id in ids:
            self.house.home.send(message(to, "home.test", id).adding(b"x" * size))


class WritingTests(WireCase):
    def test_one_write_in_a_turn(self) -> None:
        writes: list[bytes] = []
        self.raw.wire._transport.write = writes.append
        self.send("1", "2", "3")
        self.assertEqual(writes, [])
        self.house.clock.advance(0)
        self.assertEqual([data.count(b"<message") for data in writes], [3])

    def test_high_water(self) -> None:
        """What is too much for one turn waits for the next."""
        self.send(*map(str, range(30)), size=HIGH_WATER // 10)
        trunk = self.acceptor.trunks[NAME]
        self.assertEqual(trunk.waiting, 20)
        self.assertEqual(self.raw.ids(), [str(number) for number in range(30)])

    def test_end_at_high_water(self) -> None:
        """What waits is not given to a connection that has just been closed: it comes back."""
        writes: list[bytes] = []
        self.raw.wire._transport.write = writes.append
        self.send(*map(str, range(30)), size=HIGH_WATER // 10)
        self.raw.wire.close()
        self.assertEqual(b"".join(writes).count(b"<message"), 10)
        self.assertEqual(self.house.errors(), ["service-unavailable"] * 20)

    def test_full_transport(self) -> None:
        self.raw.connection.frozen.add(self.raw)
        self.send("1", size=BUFFER)
        self.house.clock.advance(0)
        self.send("2", "3")
        self.house.clock.advance(0)
        self.assertEqual(self.acceptor.trunks[NAME].waiting, 2)
        self.raw.connection.frozen.clear()
        self.assertEqual(self.raw.ids(), ["1", "2", "3"])

    def test_nothing_after_the_end(self) -> None:
        self.raw.say("</stream:stream>")
        self.assertTrue(self.raw.closed)
        before = len(self.raw.transport.value())
        self.raw.wire.send(message(NAME, "home.test"))
        self.house.clock.advance(0)
        self.assertEqual(len(self.raw.transport.value()), before)
        self.raw.wire.close()

    def test_end_in_order(self) -> None:
        """What was sent before goes out first; a peer that stays is cut."""
        self.raw.connection.frozen.add(self.raw)
        self.send("1")
        self.raw.wire.close()
        self.send("2")
        self.assertEqual(self.house.errors(), ["service-unavailable"])
        written = self.raw.wire._transport.value()
        self.assertTrue(written.endswith(b"</message></stream:stream>"))
        self.house.clock.advance(5)
        self.assertTrue(self.raw.wire._transport.lost)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_what_comes_after_an_error_is_not_read(self) -> None:
        data = message("home.test", NAME, "1").to_bytes()
        self.raw.say(data + b"<x/>" + data)
        self.raw.wire.dataReceived(data)
        self.assertEqual(self.house.received(), ["1"])
        self.assertEqual(self.raw.condition, "unsupported-stanza-type")

    def test_lost(self) -> None:
        self.raw.connection.cut()
        self.send("1")
        self.assertEqual(self.house.errors(), ["service-unavailable"])
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_size(self) -> None:
        """X18: each link has a limit of its own."""
        raw = self.house.connect(self.house.acceptor(settings=settings(size=11_000)), "b.test")
        raw.say(message("home.test", "b.test").adding(b"x" * 10_500))
        self.assertEqual(self.house.received(), ["1"])
        raw.say(message("home.test", "b.test").adding(b"x" * 11_000))
        self.assertEqual(raw.condition, "policy-violation")
        self.assertEqual(self.house.got, [])


class PressureTests(WireCase):
    """Who fills the queue of a slow one is read no more until that takes again."""

    def setUp(self) -> None:
        super().setUp()
        self.fast = self.house.connect(self.acceptor, "fast.test")

    def flood(self, source: Raw, target: Raw, count: int, size: int = 2000) -> None:
        for number in range(count):
            stanza = message(target.wire.name, source.wire.name, str(number))
            source.say(stanza.adding(b"x" * size))

    def is_read(self, raw: Raw) -> bool:
        return bool(raw.wire._transport.producerState == "producing")

    def test_pause_and_go_on(self) -> None:
        self.raw.connection.frozen.add(self.raw)
        self.flood(self.fast, self.raw, 200)
        self.assertFalse(self.is_read(self.fast))
        trunk = self.acceptor.trunks[NAME]
        self.assertLessEqual(trunk.waiting, 60)
        self.assertEqual(self.fast.got(), [])
        self.send("still", to="fast.test")
        self.assertEqual(self.fast.ids(), ["still"])
        self.raw.connection.frozen.clear()
        while self.raw.got() or self.fast.got():
            pass
        self.assertTrue(self.is_read(self.fast))

    def test_nothing_is_lost(self) -> None:
        self.raw.connection.frozen.add(self.raw)
        self.flood(self.fast, self.raw, 200)
        self.raw.connection.frozen.clear()
        found: list[str | None] = []
        for _ in range(20):
            found += self.raw.ids()
            self.fast.settle()
        self.assertEqual(found, [str(number) for number in range(200)])

    def test_both_ways(self) -> None:
        """Two that pause each other: each still gets what is for it, so both go on."""
        for raw in (self.raw, self.fast):
            raw.connection.frozen.add(raw)
        for _ in range(2):
            self.flood(self.fast, self.raw, 100)
            self.flood(self.raw, self.fast, 100)
        self.assertEqual((self.is_read(self.fast), self.is_read(self.raw)), (False, False))
        counts = {self.raw: 0, self.fast: 0}
        for raw in counts:
            raw.connection.frozen.clear()
        for _ in range(20):
            for raw in counts:
                counts[raw] += len(raw.ids())
        self.assertEqual(list(counts.values()), [200, 200])
        self.assertEqual((self.is_read(self.fast), self.is_read(self.raw)), (True, True))

    def test_the_slow_one_is_lost(self) -> None:
        self.raw.connection.frozen.add(self.raw)
        self.flood(self.fast, self.raw, 200)
        self.raw.connection.cut()
        self.assertTrue(self.is_read(self.fast))
        self.fast.settle()
        errors = [event for event in self.fast.got() if isinstance(event, Stanza)]
        self.assertTrue(errors)
        self.assertTrue(all(b"<service-unavailable" in error.inner for error in errors))

    def test_the_paused_one_is_lost(self) -> None:
        self.raw.connection.frozen.add(self.raw)
        self.flood(self.fast, self.raw, 200)
        self.fast.connection.cut()
        self.raw.connection.frozen.clear()
        self.raw.settle()
        self.assertFalse(self.acceptor.trunks["fast.test"].is_up)

    def test_paused_is_not_silent(self) -> None:
        """Who is not read cannot be heard."""
        self.fast.wire.pause_for(self)
        run(self.house.clock, 200, self.fast)
        self.assertFalse(self.fast.closed)
        self.fast.wire.resume_from(self)
        self.fast.wire.resume_from(self)
        self.fast.settle()
        self.assertTrue(self.is_read(self.fast))

    def test_end_while_paused(self) -> None:
        self.fast.wire.pause_for(self)
        self.fast.wire.close()
        self.fast.wire.resume_from(self)
        self.fast.wire.pause_for(self)
        self.fast.settle()
        self.assertTrue(self.fast.closed)


class SilenceTests(WireCase):
    """Dead peers are found within two intervals of 30 seconds."""

    def test_asked(self) -> None:
        run(self.house.clock, 29, self.raw)
        self.assertEqual(self.raw.got(), [])
        run(self.house.clock, 1, self.raw)
        (asked,) = self.raw.got()
        assert isinstance(asked, Stanza)
        self.assertEqual((asked.to, asked.sender, asked.type), (NAME, NAME, "get"))
        self.assertEqual(asked.id, ALIVE)
        self.assertTrue(asked.has("urn:xmpp:ping", "ping"))
        for answer in (asked.reply(), asked.error("service-unavailable")):
            self.raw.say(answer)
        self.assertEqual(self.raw.got(), [])
        run(self.house.clock, 29, self.raw)
        self.assertFalse(self.raw.closed)

    def test_asking(self) -> None:
        """Who asks for a sign of life of the link is answered, and need not answer itself."""
        self.raw.say(ping(NAME))
        [answer] = self.raw.got()
        assert isinstance(answer, Stanza)
        self.assertEqual((answer.to, answer.type, answer.id), (NAME, "result", ALIVE))
        self.raw.say(ping(NAME).readdressed(id="mine"))
        self.assertEqual(self.raw.ids(), ["mine"])

    def test_stopped(self) -> None:
        """As by SIGSTOP: it reads nothing and says nothing, but its socket stays."""
        run(self.house.clock, 17, self.raw)
        self.raw.say(" ")
        self.raw.connection.frozen.add(self.raw)
        self.send("1")
        self.house.home.send(message(NAME, "home.test", "2", "iq", type="get"))
        self.house.clock.advance(30)
        self.assertTrue(self.acceptor.trunks[NAME].is_up)
        self.house.clock.advance(30)
        self.assertFalse(self.acceptor.trunks[NAME].is_up)
        self.assertEqual(self.house.errors(), ["remote-server-timeout"])
        self.send("3")
        self.assertEqual(self.house.errors(), ["service-unavailable"])
        self.assertTrue(self.raw.wire._transport.lost)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_stopped_under_load(self) -> None:
        """Memory stays in bounds, and senders are answered."""
        self.raw.connection.frozen.add(self.raw)
        trunk = self.acceptor.trunks[NAME]
        answered = 0
        for second in range(60):
            self.send(*[f"{second}.{number}" for number in range(100)], size=1000)
            self.house.clock.advance(1)
            answered += len(self.house.errors())
            self.assertLessEqual(trunk.waiting, 100)
            self.assertLess(len(self.raw.wire._transport.value()), 2 * BUFFER + 200_000)
        self.assertFalse(trunk.is_up)
        self.assertGreater(answered, 5_500)

    def test_trusted_links_need_no_asking(self) -> None:
        acceptor = self.house.acceptor(settings=settings(trusted=True))
        raw = self.house.connect(acceptor, "sm-1")
        run(self.house.clock, 29, raw)
        self.assertEqual(raw.got(), [])
        self.assertFalse(raw.closed)
        raw.connection.frozen.add(raw)
        self.house.clock.advance(15)
        self.assertTrue(raw.wire._transport.value().strip(b" ") == b"")
        self.house.clock.advance(15)
        self.house.clock.advance(15)
        self.assertFalse(acceptor.trunks["sm-1"].is_up)
