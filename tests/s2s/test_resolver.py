"""What is asked of DNS, and made of its answers (RFC 6120, 3.2; XEP-0368)."""

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.names import dns
from twisted.names.error import DNSNameError, DNSQueryTimeoutError, DNSServerError
from twisted.trial.unittest import SynchronousTestCase

from xmppd.s2s.resolver import DnsResolver, NoAnswer, NotFound
from xmppd.s2s.targets import Target


class Names:
    """Stands for `twisted.names.client.Resolver`."""

    def __init__(self) -> None:
        self.records: dict[Any, Any] = {}
        self.asked: list[str] = []

    def lookup(self, kind: int, name: str) -> Deferred[Any]:
        self.asked.append(name)
        found = self.records.get((name, kind)) or self.records.get(name, [])
        if isinstance(found, Deferred):
            return found
        if isinstance(found, Exception):
            return fail(found)
        fitting = [each for each in found if kind == each.TYPE]
        if not found:
            return fail(DNSNameError())
        headers = [dns.RRHeader(name, kind, ttl=each.ttl, payload=each) for each in fitting]
        return succeed((headers, [], []))

    def lookupService(self, name: str, timeout: object) -> Deferred[Any]:
        return self.lookup(dns.SRV, name)

    def lookupAddress(self, name: str, timeout: object) -> Deferred[Any]:
        return self.lookup(dns.A, name)

    def lookupIPV6Address(self, name: str, timeout: object) -> Deferred[Any]:
        return self.lookup(dns.AAAA, name)


class ResolverTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.names = Clock(), Names()
        self.resolver = DnsResolver(self.clock)
        self.resolver.client = self.names

    def targets(self, domain: str = "a.test") -> list[Target]:
        return self.successResultOf(self.resolver.targets(domain))

    def srv(self, service: str, *records: dns.Record_SRV) -> None:
        self.names.records[f"_{service}._tcp.a.test"] = records

    def test_both_services(self) -> None:
        self.srv("xmpp-server", dns.Record_SRV(10, 0, 5269, "x.a.test", 60))
        self.srv("xmpps-server", dns.Record_SRV(5, 0, 5270, "y.a.test", 60))
        self.assertEqual(self.targets(), [Target("y.a.test", 5270, True), Target("x.a.test", 5269)])

    def test_no_records(self) -> None:
        self.assertEqual(self.targets(), [Target("a.test", 5269)])

    def test_addresses_as_domains(self) -> None:
        self.assertEqual(self.targets("192.0.2.1"), [Target("192.0.2.1", 5269)])
        self.assertEqual(self.targets("[2001:db8::1]"), [Target("2001:db8::1", 5269)])
        self.assertEqual(self.names.asked, [])

    def test_names_of_other_scripts(self) -> None:
        self.targets("bücher.test")
        self.assertIn("_xmpp-server._tcp.xn--bcher-kva.test", self.names.asked)

    def test_no_service_there(self) -> None:
        """A target `.`: the service is decidedly not available (RFC 2782)."""
        self.srv("xmpp-server", dns.Record_SRV(0, 0, 0, b"", 60))
        self.failureResultOf(self.resolver.targets("a.test"), NotFound)

    def test_one_service_is_not_there(self) -> None:
        self.srv("xmpp-server", dns.Record_SRV(0, 0, 0, b"", 60))
        self.srv("xmpps-server", dns.Record_SRV(0, 0, 5270, "y.a.test", 60))
        self.assertEqual(self.targets(), [Target("y.a.test", 5270, True)])

    def test_no_answer(self) -> None:
        for problem in (DNSQueryTimeoutError("x"), DNSServerError(), ValueError("bad")):
            for service in ("xmpp-server", "xmpps-server"):
                self.names.records[f"_{service}._tcp.a.test"] = problem
            self.failureResultOf(self.resolver.targets("a.test"), NoAnswer)

    def test_half_an_answer(self) -> None:
        self.names.records["_xmpps-server._tcp.a.test"] = DNSQueryTimeoutError("x")
        self.srv("xmpp-server", dns.Record_SRV(10, 0, 5269, "x.a.test", 60))
        self.assertEqual(self.targets(), [Target("x.a.test", 5269)])

    def test_kept_as_long_as_it_holds(self) -> None:
        self.srv("xmpp-server", dns.Record_SRV(10, 0, 5269, "x.a.test", 60))
        self.targets()
        self.targets()
        self.assertEqual(len(self.names.asked), 2)
        self.clock.advance(60)
        self.targets()
        self.assertEqual(len(self.names.asked), 4)

    def test_an_alias_that_holds_shorter(self) -> None:
        """An answer is as old as the oldest record on the way to it (RFC 1034, 3.6.2)."""
        alias = dns.RRHeader("x.a.test", dns.CNAME, ttl=5, payload=dns.Record_CNAME("y.a.test", 5))
        address = dns.RRHeader("y.a.test", dns.A, ttl=60, payload=dns.Record_A("192.0.2.1", 60))
        self.names.records["x.a.test", dns.A] = succeed(([alias, address], [], []))
        self.assertEqual(self.addresses(), ["192.0.2.1"])
        asked = len(self.names.asked)
        self.clock.advance(5)
        self.addresses()
        self.assertEqual(self.names.asked[asked:], ["x.a.test"])

    def addresses(self, host: str = "x.a.test") -> list[str]:
        return self.successResultOf(self.resolver.addresses(host))

    def test_one_family_waits_little_for_the_other(self) -> None:
        """RFC 8305, 3; what comes late is there the next time."""
        late: Deferred[Any] = Deferred()
        self.names.records["x.a.test", dns.AAAA] = late
        self.names.records["x.a.test"] = [dns.Record_A("192.0.2.1", 60)]
        found = self.resolver.addresses("x.a.test")
        self.assertNoResult(found)
        self.clock.advance(0.05)
        self.assertEqual(self.successResultOf(found), ["192.0.2.1"])
        header = dns.RRHeader(type=dns.AAAA, ttl=60, payload=dns.Record_AAAA("2001:db8::1", 60))
        late.callback(([header], [], []))
        self.assertEqual(self.addresses(), ["2001:db8::1", "192.0.2.1"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_family_without_addresses_is_not_enough(self) -> None:
        late: Deferred[Any] = Deferred()
        self.names.records["x.a.test", dns.A] = late
        found = self.resolver.addresses("x.a.test")
        self.clock.advance(1)
        self.assertNoResult(found)
        late.errback(DNSQueryTimeoutError("x"))
        self.failureResultOf(found, NoAnswer)

    def test_addresses(self) -> None:
        self.names.records["x.a.test"] = [
            dns.Record_A("192.0.2.1", 60),
            dns.Record_A("192.0.2.2", 60),
            dns.Record_AAAA("2001:db8::1", 60),
        ]
        found = self.successResultOf(self.resolver.addresses("x.a.test"))
        self.assertEqual(found, ["2001:db8::1", "192.0.2.1", "192.0.2.2"])
        self.failureResultOf(self.resolver.addresses("y.a.test"), NotFound)
        self.assertEqual(self.successResultOf(self.resolver.addresses("::1")), ["::1"])
