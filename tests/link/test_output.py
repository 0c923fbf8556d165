"""Writing to transports (the shortcut of plain TCP against a real one)."""

import socket

from twisted.internet.tcp import Server
from twisted.internet.testing import MemoryReactor, StringTransport
from twisted.trial.unittest import SynchronousTestCase

from xmppd.link.output import Output


class Nobody:
    """A protocol and a port that do nothing."""

    _realPortNumber = 5222

    def connectionLost(self, reason: object) -> None:
        """It has gone."""


class TcpTest(SynchronousTestCase):
    """A Twisted TCP transport over a pair of sockets, without a running reactor."""

    def setUp(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.theirs.setblocking(False)
        self.addCleanup(self.ours.close)
        self.addCleanup(self.theirs.close)
        self.reactor = MemoryReactor()
        self.transport = Server(
            self.ours,
            Nobody(),
            ("192.0.2.7", 1),
            Nobody(),
            1,
            self.reactor,  # type: ignore
        )
        self.output = Output(self.transport)

    def test_straight_to_the_socket(self) -> None:
        self.output.write(b"abc")
        self.assertEqual(self.theirs.recv(10), b"abc")
        self.assertEqual(self.reactor.getWriters(), [])
        self.assertEqual(self.output.left(), 0)

    def test_what_the_socket_does_not_take_waits_in_order(self) -> None:
        data = b"x" * 10_000_000
        self.output.write(data)
        self.output.write(b"end")
        self.assertEqual(self.reactor.getWriters(), [self.transport])
        got = b""
        while self.output.left():
            got += self.theirs.recv(1_000_000)
            self.transport.doWrite()
        self.theirs.setblocking(True)
        while len(got) < len(data) + 3:
            got += self.theirs.recv(1_000_000)
        self.assertEqual(got, data + b"end")

    def test_finish_closes_our_side_after_all_is_written(self) -> None:
        self.output.write(b"x" * 1_000_000)
        self.output.finish()
        self.theirs.setblocking(True)
        got = b""
        while self.transport in self.reactor.getWriters():
            self.transport.doWrite()
            got += self.theirs.recv(1_000_000)
        while part := self.theirs.recv(1_000_000):
            got += part
        self.assertEqual(len(got), 1_000_000)
        self.assertFalse(self.transport.disconnected)

    def test_nothing_is_written_to_a_connection_that_closes(self) -> None:
        self.transport.loseConnection()
        self.output.write(b"abc")
        self.assertRaises(BlockingIOError, self.theirs.recv, 10)

    def test_a_dead_socket_is_left_to_the_reactor(self) -> None:
        self.theirs.close()
        self.output.write(b"abc")
        self.output.write(b"def")
        self.assertEqual(self.reactor.getWriters(), [self.transport])


class OtherTransportTest(SynchronousTestCase):
    def test_just_written_to(self) -> None:
        transport = StringTransport()
        output = Output(transport)
        output.write(b"abc")
        self.assertEqual((transport.value(), output.left()), (b"abc", 0))
        output.finish()
        self.assertTrue(transport.disconnecting)
