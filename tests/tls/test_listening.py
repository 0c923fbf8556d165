"""Listening, and ending it."""

from twisted.application.service import IService
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.c2s.fake_manager import Client, House, Place
from xmppd.tls.listening import Arrivals, EdgeService


class ServiceTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.house.edge.stop()
        self.reactor = MemoryReactorClock()
        places = [Place("none", "tcp:5222:interface=127.0.0.1"), Place("none", "tcp:5223")]
        self.service = EdgeService(self.house.edge, places, self.reactor)

    def test_service(self) -> None:
        verifyObject(IService, self.service)

    def test_listens(self) -> None:
        self.service.startService()
        self.successResultOf(self.service.started)
        self.assertEqual([server[0] for server in self.reactor.tcpServers], [5222, 5223])
        factory = self.reactor.tcpServers[0][1]
        self.assertIsNotNone(factory.buildProtocol(None))

    def test_stops(self) -> None:
        self.service.startService()
        connection = Arrivals(self.house.edge, Place()).buildProtocol(None)  # type: ignore[arg-type]
        assert connection is not None
        client = Client(connection)
        stopped = self.service.stopService()
        self.assertIn(b"<system-shutdown", client.said())
        self.assertNoResult(stopped)
        connection.connectionLost(None)  # type: ignore[arg-type]
        self.successResultOf(stopped)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_a_place_that_is_taken(self) -> None:
        service = EdgeService(self.house.edge, [Place("none", "tcp:nonsense")], self.reactor)
        self.assertRaises(ValueError, service.startService)
