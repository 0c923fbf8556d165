"""Connections that have proved nothing, all together (XEP-0205)."""

from __future__ import annotations

from twisted.internet.address import IPv4Address
from twisted.logger import LogEvent, globalLogPublisher
from twisted.protocols.haproxy._wrapper import HAProxyWrappingFactory

from tests.s2s.raw import Raw, error_in, stream_id
from tests.s2s.test_hostile import MESSAGE, REMOTE, Hostile
from xmppd.app.config_servers import ServerLimits, ServerListen
from xmppd.s2s.dialback import Keys
from xmppd.s2s.unproved import TELL_SECONDS
from xmppd.tls.listening import place_factory


class UnprovedTest(Hostile):
    def setUp(self) -> None:
        super().setUp()
        self.place = self.new_place(limits=ServerLimits(unproved_connections=3))

    def from_address(self, address: str) -> Raw:
        """A connection from elsewhere, with a header."""
        raw = Raw(self.network)
        listen = ServerListen("tcp:5269")
        protocol = self.place.edge.build_protocol(IPv4Address("TCP", address, 1), listen)
        self.network.connect(raw, protocol)
        raw.open()
        return raw

    def flood(self, *addresses: str) -> list[Raw]:
        return [self.from_address(address) for address in addresses]

    def test_oldest_ends(self) -> None:
        first, second, third = self.flood("192.0.2.1", "192.0.2.2", "192.0.2.3")
        fourth = self.from_address("192.0.2.4")
        self.check_end(first, "resource-constraint")
        for raw in (second, third, fourth):
            self.assertEqual(error_in(raw.heard), "")
        self.assertEqual(len(self.place.edge.unproved), 3)
        self.assertEqual(self.place.edge.unproved.ended, 1)

    def test_who_has_most_goes_first(self) -> None:
        """A flood from one place displaces itself."""
        old, one, two = self.flood("192.0.2.1", "192.0.2.2", "192.0.2.2")
        self.flood("192.0.2.3")
        self.assertEqual([error_in(raw.heard) for raw in (old, one, two)][0::2], ["", ""])
        self.check_end(one, "resource-constraint")

    def test_who_has_proved_a_domain_stays(self) -> None:
        proved = self.proved()
        raws = self.flood(*[f"192.0.2.{n}" for n in range(1, 10)])
        self.assertEqual(sum(error_in(raw.heard) == "" for raw in raws), 3)
        proved.send(MESSAGE)
        self.assertEqual(self.place.heard, ["m"])

    def test_proof_while_there_is_a_flood(self) -> None:
        """Who has just come can prove a domain."""
        for number in range(1, 10):
            self.from_address(f"192.0.2.{number}")
        self.proved().send(MESSAGE)
        self.assertEqual(self.place.heard, ["m"])
        self.assertEqual(len(self.place.edge.unproved), 2)

    def test_room_is_free_again(self) -> None:
        raws = self.flood("192.0.2.1", "192.0.2.2", "192.0.2.3")
        for raw in raws:
            raw.send("</stream:stream>")
        self.assertEqual(len(self.place.edge.unproved), 0)
        self.flood("192.0.2.1", "192.0.2.2", "192.0.2.3")
        self.assertEqual(self.place.edge.unproved.ended, 0)

    def test_proof_in_the_clear_counts_no_more_after_tls(self) -> None:
        """Nor does its time: there are so many seconds to prove a domain anew."""
        self.authoritative()
        limits = ServerLimits(unproved_connections=3, proof_seconds=10)
        policy = {"remote.test": "plaintext-dialback"}
        self.place = self.new_place(limits=limits, policy=policy)
        raw = self.raw()
        raw.open()
        key = Keys("remote").key("capulet.test", "remote.test", stream_id(raw.heard))
        self.assertIn("type='valid'", raw.result(key))
        self.assertEqual(len(self.place.edge.unproved), 0)
        raw.secure()
        self.assertEqual(len(self.place.edge.unproved), 1)
        self.network.advance(11)
        self.assertTrue(raw.closed or error_in(raw.heard) == "connection-timeout")

    def test_those_that_do_not_close(self) -> None:
        """They are bounded, too."""
        for number in range(1, 20):
            self.from_address(f"192.0.2.{number}")
        self.network.settle()
        self.assertLessEqual(len(self.place.edge.live), 6)

    def test_those_that_do_not_begin_with_tls(self) -> None:
        """Where that comes first: they can be told nothing, and go all the same."""
        limits = ServerLimits(unproved_connections=3)
        self.place = self.new_place(tls="direct", limits=limits)
        raws = [self.raw() for _ in range(8)]
        self.network.advance(6)
        self.assertEqual([raw.closed for raw in raws], [True] * 5 + [False] * 3)
        self.assertEqual(len(self.place.edge.live), 3)

    def balanced(self, address: str, tls: str = "starttls") -> Raw:
        """A connection that a balancer has made for somebody (PROXY protocol)."""
        listen = ServerListen("haproxy:tcp:5269", tls)  # type: ignore[arg-type]
        factory = HAProxyWrappingFactory(place_factory(self.place.edge, listen))
        protocol = factory.buildProtocol(IPv4Address("TCP", "192.0.2.250", 1))
        raw = Raw(self.network)
        self.network.connect(raw, protocol)
        raw.send(f"PROXY TCP4 {address} 192.0.2.250 56324 5269\r\n")
        raw.open()
        return raw

    def test_behind_a_balancer(self) -> None:
        """Each counts by the address that the balancer tells, not by the balancer's own."""
        addresses = ("203.0.113.1", "203.0.113.2", "203.0.113.2")
        old, one, _ = [self.balanced(address) for address in addresses]
        self.balanced("203.0.113.3")
        self.assertEqual(error_in(old.heard), "")
        self.check_end(one, "resource-constraint")
        self.assertEqual(len(self.place.edge.unproved), 3)

    def test_limit_of_an_address_behind_a_balancer(self) -> None:
        self.place = self.new_place(limits=ServerLimits(connections_per_address=1))
        kept, other = self.balanced("203.0.113.1"), self.balanced("203.0.113.2")
        surplus = self.balanced("203.0.113.1")
        self.assertEqual([raw.closed for raw in (kept, other, surplus)], [False, False, True])
        kept.send("</stream:stream>")
        self.assertFalse(self.balanced("203.0.113.1").closed, "there is room again")
        self.assertEqual(len(self.place.edge.unproved), 2)

    def test_smaller_limit(self) -> None:
        """Taken with the next connection after a reload."""
        self.flood("192.0.2.1", "192.0.2.2", "192.0.2.3")
        self.place.reconfigure(self.authority.file, limits=ServerLimits(unproved_connections=1))
        self.flood("192.0.2.4")
        self.assertEqual(len(self.place.edge.unproved), 1)

    def test_told_once_in_a_while(self) -> None:
        told: list[LogEvent] = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)
        self.flood(*[f"192.0.2.{n}" for n in range(1, 10)])
        self.network.advance(TELL_SECONDS)
        self.flood(*[f"192.0.2.{n}" for n in range(1, 5)])
        counts = [event["more"] for event in told if "have ended for newer" in str(event)]
        self.assertEqual(counts, [1, 6])

    def test_certificate_is_proof(self) -> None:
        raw = self.secured(self.authority.sign(REMOTE))
        self.assertEqual(len(self.place.edge.unproved), 1)
        raw.external()
        raw.open()
        self.assertEqual(len(self.place.edge.unproved), 0)
