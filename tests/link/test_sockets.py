"""Links over real sockets: what fakes of transports cannot show."""

import os
from collections.abc import Iterator
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import serverFromString
from twisted.trial.unittest import TestCase

from tests.link.kit import SECRET, message
from xmppd.link.acceptor import Acceptor
from xmppd.link.dialer import Dialer
from xmppd.link.link import Item
from xmppd.link.router import Router
from xmppd.link.rules import LinkRules
from xmppd.link.turn import Turn
from xmppd.link.wire_settings import WireSettings

NAME = "irc.test"
COUNT = 3000


class SocketCase:
    """Mixed with TestCase; `places` gives the endpoint strings to listen at and to dial."""

    timeout = 20

    def places(self) -> tuple[str, str]:
        raise NotImplementedError

    @inlineCallbacks
    def setUp(self) -> Iterator[Deferred[Any]]:
        self.router = Router()
        self.settings = WireSettings(SECRET, 10_000_000)
        rules = LinkRules("listen", self.settings)
        turn = Turn(reactor)  # type: ignore[arg-type]
        self.acceptor = Acceptor(self.router, rules, reactor, turn, lambda name: True)  # type: ignore[arg-type]
        listen, dial = self.places()
        self.port: Any = yield serverFromString(reactor, listen).listen(self.acceptor)
        if "{port}" in dial:
            dial = dial.format(port=self.port.getHost().port)
        self.there: list[Item] = []
        self.here: list[Item] = []
        self.far = self.router.link(["far.test"])
        self.far.receiver = self.there.append
        self.dialer = Dialer(NAME, dial, self.settings, reactor)
        self.dialer.receiver = self.here.append
        self.dialer.startService()

    @inlineCallbacks
    def tearDown(self) -> Iterator[Deferred[Any]]:
        yield self.dialer.stopService()
        yield self.acceptor.stop()
        yield self.port.stopListening()

    def arrives(self, items: list[Item], count: int) -> Deferred[None]:
        """Fires when so many are there."""
        done: Deferred[None] = Deferred()

        def look() -> None:
            if len(items) >= count:
                done.callback(None)
            else:
                reactor.callLater(0.005, look)  # type: ignore[attr-defined]

        look()
        return done

    @inlineCallbacks
    def test_both_ways(self) -> Iterator[Deferred[Any]]:
        """In order, many and large, more than the sockets hold."""
        self.dialer.send(message("far.test", NAME, "up"))
        yield self.arrives(self.there, 1)
        self.there.clear()
        for number in range(COUNT):
            large = b"x" * (100_000 if number % 300 == 0 else 100)
            self.dialer.send(message("far.test", NAME, str(number)).adding(large))
            self.far.send(message(NAME, "far.test", str(number)).adding(large))
        yield self.arrives(self.there, COUNT)
        yield self.arrives(self.here, COUNT)
        for items in (self.there, self.here):
            self.assertEqual([item.id for item in items], [str(n) for n in range(COUNT)])

    @inlineCallbacks
    def test_stop_sends_first(self) -> Iterator[Deferred[Any]]:
        self.dialer.send(message("far.test", NAME, "0"))
        yield self.arrives(self.there, 1)
        for number in range(1, 500):
            self.dialer.send(message("far.test", NAME, str(number)).adding(b"x" * 1000))
        yield self.dialer.stopService()
        yield self.arrives(self.there, 500)

    @inlineCallbacks
    def test_acceptor_stops_first(self) -> Iterator[Deferred[Any]]:
        self.dialer.send(message("far.test", NAME, "0"))
        yield self.arrives(self.there, 1)
        for number in range(500):
            self.far.send(message(NAME, "far.test", str(number)).adding(b"x" * 1000))
        yield self.acceptor.stop()
        yield self.arrives(self.here, 500)
        self.assertFalse(self.dialer.is_up)


class TcpTests(SocketCase, TestCase):
    def places(self) -> tuple[str, str]:
        return "tcp:0:interface=127.0.0.1", "tcp:127.0.0.1:{port}"


class UnixTests(SocketCase, TestCase):
    def places(self) -> tuple[str, str]:
        path = os.path.relpath(self.mktemp())  # short enough for a socket
        return f"unix:{path}", f"unix:{path}"
