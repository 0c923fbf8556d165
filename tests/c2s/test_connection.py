"""Reading and writing, and when not to (XEP-0205)."""

from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.c2s.fake_manager import HEADER, Client, House
from xmppd.app.config_clients import Limits
from xmppd.c2s.connection import Connection
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza


class TcpClient(Client):
    """A transport that knows of TCP_NODELAY."""

    nodelay = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.nodelay = enabled


def connection(house: House) -> Connection:
    return house.client().connection


class ConnectionTest(SynchronousTestCase):
    def test_interfaces(self) -> None:
        made = connection(House())
        verifyObject(IProtocol, made)
        verifyObject(IPushProducer, made)

    def test_small_packets_go_at_once(self) -> None:
        self.assertTrue(TcpClient(connection(House())).nodelay)

    def test_nothing_is_said_before_the_client(self) -> None:
        self.assertEqual(House().client().said(), b"")

    def test_idle_sessions_hold_no_parser(self) -> None:
        house = House()
        client = house.bound()
        house.pass_seconds(3)
        self.assertEqual(house.edge.awake, [])
        self.assertIsNone(client.connection.stream.framer._parser)
        client.send(b"<presence/>")
        self.assertEqual([item.name for item in house.manager.traffic()], ["presence"])
        self.assertEqual(house.edge.awake, [client.connection])


class RateTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(Limits(bytes_per_second=1_000))
        self.client = self.house.bound()

    def test_a_flood_is_read_slowly_and_all_of_it(self) -> None:
        flood = b"<message><body>%b</body></message>" % (b"x" * 10_000)
        self.client.send(flood)
        self.assertEqual(self.client.producerState, "paused")
        self.house.pass_seconds(5)
        self.assertEqual(self.client.producerState, "paused")
        self.house.pass_seconds(2)
        self.assertEqual(self.client.producerState, "producing")
        self.assertEqual(len(self.house.manager.traffic()), 1)
        self.assertEqual(self.house.edge.throttled, set())

    def test_others_are_not_slowed(self) -> None:
        other = self.house.bound()
        self.client.send(b" " * 20_000)
        other.send(b"<presence/>")
        self.assertEqual(other.producerState, "producing")

    def test_bursts_after_silence_are_bounded(self) -> None:
        self.house.pass_seconds(50)
        self.client.send(b" " * 5_000)
        self.assertEqual(self.client.producerState, "paused")

    def test_no_limits(self) -> None:
        house = House(Limits(enabled=False))
        client = house.bound()
        client.send(b" " * 10_000_000)
        self.assertEqual(client.producerState, "producing")

    def test_throttled_client_goes(self) -> None:
        self.client.send(b" " * 20_000)
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.house.pass_seconds(30)
        self.assertEqual(self.house.edge.throttled, set())

    def test_reasons_add_up(self) -> None:
        """Whoever is both too fast and ahead of its session manager waits for both."""
        house = House(Limits(bytes_per_second=1_000))
        client = house.bound()
        client.send(b"<message/>" * 1_000)
        self.assertEqual(client.producerState, "paused")
        house.pass_seconds(20)
        self.assertEqual(client.producerState, "paused")
        for handled in (256, 512, 768, 1_000):
            house.manager.handled(client.connection.address, handled)
        self.assertEqual(client.producerState, "producing")


class SlowReaderTest(SynchronousTestCase):
    def test_a_buffer_that_stands_still_is_given_up(self) -> None:
        """The close says how much was written."""
        house = House()
        client = house.bound()
        address = client.connection.address
        body = Stanza.make("message", element("body", None, None, "x"))
        house.manager.say(address, 1, body)
        client.connection.pauseProducing()
        house.manager.say(address, 2, body)
        house.pass_seconds(59)
        self.assertFalse(client.disconnecting)
        house.pass_seconds(2)
        self.assertIn(b"<policy-violation", client.said())
        (close,) = house.manager.traffic()
        self.assertEqual(close.attrs["written"], "1")

    def test_a_buffer_that_empties_is_not(self) -> None:
        house = House()
        client = house.bound()
        for _ in range(5):
            client.connection.pauseProducing()
            house.pass_seconds(50)
            client.connection.resumeProducing()
        self.assertFalse(client.disconnecting)


class EndTest(SynchronousTestCase):
    def test_a_client_that_does_not_close_is_cut(self) -> None:
        house = House()
        client = house.client()
        client.send(HEADER + b"</stream:stream>")
        house.pass_seconds(4)
        self.assertFalse(client.cut)
        house.pass_seconds(2)
        self.assertTrue(client.cut)

    def test_nothing_is_heard_after_the_end(self) -> None:
        house = House()
        client = house.bound()
        client.said()
        self.assertEqual(client.send(b"</stream:stream>"), b"</stream:stream>")
        self.assertEqual(client.send(b"<message/>", b"&"), b"")
        house.manager.say(client.connection.address, 1, Stanza.make("message"))
        self.assertEqual(client.said(), b"")

    def test_held_clients_are_read_to_the_end(self) -> None:
        """Unread, the client's own closing would not be seen."""
        house = House(Limits(bytes_per_second=1_000))
        client = house.bound()
        client.send(b" " * 20_000 + b"</stream:stream>")
        self.assertEqual(client.producerState, "producing")
        client.send(b" " * 20_000)
        self.assertEqual(client.producerState, "producing")
