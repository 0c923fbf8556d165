"""Floods of connections that never prove a secret (XEP-0205, 3)."""

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import HEADER, House, Raw, run, settings
from xmppd.link.entrance import Entrance
from xmppd.link.newcomers import Newcomers
from xmppd.link.wire import CLOSE_SECONDS, HANDSHAKE_SECONDS


def at(host: str) -> IPv4Address | IPv6Address:
    kind = IPv6Address if ":" in host else IPv4Address
    return kind("TCP", host, 40_000)


class NewcomersTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.newcomers = Newcomers(5, 3)
        self.entrance = self.place()

    def place(self, **rules: Any) -> Entrance:
        return Entrance([self.house.acceptor(**rules)], self.newcomers)

    def come(self, address: Any = None, entrance: Entrance | None = None) -> Raw:
        protocol = (entrance or self.entrance).buildProtocol(address or at("192.0.2.1"))
        raw = Raw(self.house.clock, protocol)
        raw.settle()
        return raw

    def test_flood_from_one_address(self) -> None:
        """It is refused what goes beyond, and others come as before."""
        flood = [self.come() for _ in range(100)]
        self.assertEqual([raw.closed for raw in flood], [False] * 3 + [True] * 97)
        other = self.come(at("192.0.2.2"))
        other.handshake("irc.test")
        self.assertTrue(other.is_up)

    def test_ipv6_network(self) -> None:
        flood = [self.come(at(f"2001:db8::{number:x}")) for number in range(1, 5)]
        self.assertEqual([raw.closed for raw in flood], [False, False, False, True])
        self.assertFalse(self.come(at("2001:db8:0:1::1")).closed)

    def test_flood_from_everywhere(self) -> None:
        """In all, over every place that has the bound in common; UNIX sockets count there too."""
        other = self.place(name="trusted", settings=settings(trusted=True))
        for number in range(4):
            self.assertFalse(self.come(at(f"192.0.2.{number}")).closed)
        self.assertFalse(self.come(UNIXAddress(b"/run/router"), other).closed)
        for entrance in (self.entrance, other):
            self.assertTrue(self.come(UNIXAddress(b"/run/router"), entrance).closed)

    def test_who_is_known_does_not_count(self) -> None:
        known = [self.come() for _ in range(3)]
        for number, raw in enumerate(known):
            raw.handshake(f"c{number}.test")
            self.assertTrue(raw.is_up)
        again = [self.come() for _ in range(4)]
        self.assertEqual([raw.closed for raw in again], [False, False, False, True])
        known[0].connection.cut()
        self.assertTrue(self.come().closed, "it has been counted out already")

    def test_who_goes_does_not_count(self) -> None:
        for end in (
            lambda raw: raw.connection.cut(),
            lambda raw: raw.handshake("irc.test", "a wrong one"),
            lambda raw: raw.say("<html>"),
        ):
            for _ in range(10):
                raw = self.come()
                self.assertFalse(raw.closed)
                end(raw)
                raw.settle()
                self.assertTrue(raw.closed)

    def test_who_says_nothing(self) -> None:
        """Half a minute, and then some seconds, for one that reads nothing either."""
        raws = [self.come() for _ in range(3)]
        raws[0].say(f"{HEADER} to='irc.test'>")
        raws[1].connection.frozen.add(raws[1])
        run(self.house.clock, HANDSHAKE_SECONDS + CLOSE_SECONDS, *raws)
        self.assertEqual([self.come().closed for _ in range(4)], [False, False, False, True])

    def test_who_says_much(self) -> None:
        """What comes before the proof is short."""
        raw = self.come()
        raw.say(f"{HEADER} to='irc.test'><handshake>", "x" * 20_000)
        self.assertEqual(raw.condition, "policy-violation")
        self.assertFalse(self.come().closed)
