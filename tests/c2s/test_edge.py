"""The edge as a whole: addresses, hosts, ends."""

import gc

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.trial.unittest import SynchronousTestCase

from tests.c2s.fake_manager import HEADER, HOST, FakeManager, House, Place, refusal
from xmppd.app.config_clients import Limits
from xmppd.c2s.connection import Connection
from xmppd.component.report import report
from xmppd.component.session import verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class AddressTest(SynchronousTestCase):
    def test_connections_of_one_address(self) -> None:
        """XEP-0205; a /64 counts as one, another address does not suffer."""
        house = House(Limits(connections_per_address=3))
        for host, clients in (("2001:db8::%x", 3), ("2001:db8:0:1::%x", 3)):
            for number in range(5):
                address = IPv6Address("TCP", host % number, 5222)
                made = house.edge.build_protocol(address, Place())
                self.assertEqual(made is not None, number < clients)

    def test_closed_connections_do_not_count(self) -> None:
        house = House(Limits(connections_per_address=1))
        for _ in range(3):
            client = house.client()
            self.assertIsNone(
                house.edge.build_protocol(IPv4Address("TCP", "192.0.2.7", 1), Place())
            )
            client.connection.connectionLost(None)  # type: ignore[arg-type]

    def test_limits_may_be_lifted(self) -> None:
        house = House(Limits(enabled=False, connections_per_address=1))
        house.client()
        house.client()


class HostsTest(SynchronousTestCase):
    def test_a_host_is_asked_once_a_minute(self) -> None:
        house = House()
        house.client().send(HEADER)
        house.pass_seconds(59)
        house.client().send(HEADER)
        self.assertEqual(len(house.manager.requests("hello")), 1)
        house.pass_seconds(1)
        house.client().send(HEADER)
        self.assertEqual(len(house.manager.requests("hello")), 2)

    def test_one_question_for_all_that_wait(self) -> None:
        house = House()
        asked: list[Envelope] = []
        house.manager.answers["hello"] = lambda envelope: asked.append(envelope)
        clients = [house.client() for _ in range(3)]
        for client in clients:
            client.send(HEADER)
        self.assertEqual(len(asked), 1)
        house.manager.link.send(asked[0].answer(house.manager.host()))
        for client in clients:
            self.assertIn(b"</stream:features>", client.said())

    def test_unknown_hosts_are_asked_for_again(self) -> None:
        house = House()
        good, house.manager.answers["hello"] = house.manager.answers["hello"], refusal()
        self.assertIn(b"<host-unknown", house.client().send(HEADER))
        house.manager.answers["hello"] = good
        self.assertIn(b"</stream:features>", house.client().send(HEADER))

    def test_own_hosts_are_waited_for(self) -> None:
        """An edge may be there before its session manager: its clients wait for it."""
        house = House(hosts=[HOST])
        house.manager.link.close()
        client = house.client()
        client.send(HEADER)
        house.pass_seconds(30)
        self.assertEqual(client.said(), b"")
        house.manager = FakeManager(house.router)
        house.pass_seconds(1)
        self.assertIn(b"</stream:features>", client.said())
        self.assertIn(b"</stream:features>", house.client().send(HEADER))

    def test_own_hosts_are_not_waited_for_forever(self) -> None:
        """RFC 6120, 4.9.3.15, when the time for login is over; those who came later wait on."""
        house = House(Limits(login_seconds=10), hosts=[HOST])
        house.manager.answers["hello"] = refusal()
        first = house.client()
        first.send(HEADER)
        house.pass_seconds(5)
        second = house.client()
        second.send(HEADER)
        house.pass_seconds(5)
        self.assertIn(b"<remote-connection-failed", first.said())
        self.assertEqual(second.said(), b"")
        house.pass_seconds(5)
        self.assertIn(b"<remote-connection-failed", second.said())
        asked = len(house.manager.requests("hello"))
        house.pass_seconds(5)
        self.assertEqual(len(house.manager.requests("hello")), asked)


class LinkTest(SynchronousTestCase):
    def test_what_concerns_nobody_is_ignored(self) -> None:
        house = House()
        client = house.bound()
        client.said()
        edge = Jid.parse("c2s-1/x")
        manager = house.manager
        for envelope in (
            Envelope(edge, manager.address, (verb("x"),), id="99"),
            Envelope(edge, manager.address, (verb("x"), report([("77", 1, 1, 1)]))),
            Envelope(edge, manager.address, ()),
            Envelope(edge, manager.address, (verb("report"),)),
            Envelope(Jid.parse("c2s-1/x.77"), manager.address, (verb("x"),), 1, 1),
            Envelope(Jid.parse("c2s-1/old.1"), manager.address, (verb("x"),), 1, 1),
        ):
            manager.link.send(envelope)
        house.edge.receive(Stanza.make("message"))
        self.assertEqual(client.said(), b"")
        self.assertEqual(self.flushLoggedErrors(), [])


class StopTest(SynchronousTestCase):
    def test_every_stream_ends(self) -> None:
        """RFC 6120, 4.9.3.23; the service ends when all connections have."""
        house = House()
        clients = [house.client(), house.bound(), house.bound()]
        stopped = house.edge.stop()
        self.assertNoResult(stopped)
        for client in clients:
            said = client.said()
            self.assertIn(b"<system-shutdown", said)
            self.assertTrue(said.endswith(b"</stream:stream>"))
        for client in clients:
            client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.assertIsNone(self.successResultOf(stopped))
        self.assertEqual(house.clock.getDelayedCalls(), [])

    def test_clients_that_stay_are_cut(self) -> None:
        house = House()
        client = house.bound()
        house.edge.stop()
        house.pass_seconds(6)
        self.assertTrue(client.cut)

    def test_nobody_there(self) -> None:
        house = House()
        self.assertIsNone(self.successResultOf(house.edge.stop()))
        self.assertEqual(house.clock.getDelayedCalls(), [])


class TickTest(SynchronousTestCase):
    def test_a_failure_stops_nothing(self) -> None:
        house = House(Limits(login_seconds=2))
        broken, other = house.client(), house.client()
        broken.write = None  # type: ignore[method-assign,assignment]
        house.pass_seconds(3)
        self.assertIn(b"<connection-timeout", other.said())
        self.assertEqual(len(self.flushLoggedErrors()), 1)


class ReloadTest(SynchronousTestCase):
    def test_new_limits_hold_for_those_that_are_here(self) -> None:
        house = House(Limits(enabled=False))
        client = house.bound()
        house.edge.limits = Limits(bytes_per_second=1_000, connections_per_address=1)
        client.send(b" " * 50_000)
        self.assertEqual(client.producerState, "paused")
        self.assertIsNone(house.edge.build_protocol(IPv4Address("TCP", "192.0.2.7", 1), Place()))


class MemoryTest(SynchronousTestCase):
    def test_nothing_is_kept_of_connections_that_have_gone(self) -> None:
        """Deadlines outlive connections; they must not hold them."""
        house = House()
        house.bound().connection.connectionLost(None)  # type: ignore[arg-type]
        house.pass_seconds(3)
        gc.collect()
        known = [item for item in gc.get_objects() if type(item) is Connection]
        self.assertEqual([item for item in known if item.edge is house.edge], [])
