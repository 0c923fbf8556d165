"""The edge between the router and other servers: nothing goes around either."""

from cryptography import x509
from twisted.internet.defer import Deferred

from tests.s2s.raw import Raw, error_in
from tests.s2s.test_hostile import MESSAGE, REMOTE, Hostile
from xmppd.app.config_servers import ServerLimits
from xmppd.link.link import Item
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import BIDI, STREAM_MANAGEMENT
from xmppd.s2s.dialback import Dialback
from xmppd.s2s.edge import MAX_PAIRS
from xmppd.s2s.pair import Pair
from xmppd.s2s.probe import Probe
from xmppd.s2s.receiving import MAX_PROVED
from xmppd.s2s.targets import Target


class WayTest(Hostile):
    def setUp(self) -> None:
        super().setUp()
        self.passed: list[str | None] = []
        self.place.router.watch = self._passes

    def _passes(self, item: Item) -> None:
        self.passed.append(item.id)

    def test_what_comes_in(self) -> None:
        """It passes the router, whomever it is for: nobody is served by a short cut."""
        raw = self.proved()
        raw.send(MESSAGE)
        raw.send(MESSAGE.replace("juliet@capulet.test", "capulet.test").replace("'m'", "'n'"))
        self.assertEqual((self.passed, self.place.heard), (["m", "n"], ["m", "n"]))

    def test_what_is_served_here_does_not_leave(self) -> None:
        for to in ("x@second.test", "capulet.test"):
            self.place.say("juliet@capulet.test", to)
        self.assertEqual((self.network.dialed, self.place.edge.pairs), ([], {}))

    def test_names_of_processes(self) -> None:
        """No stanza reaches them, and nobody is asked for them."""
        for name in ("s2s-1", "x@s2s-1/y"):
            self.place.say("juliet@capulet.test", name, "1")
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"] * 2)
        self.assertEqual(self.place.edge.pairs, {})

    def test_for_others_than_ours(self) -> None:
        """The edge speaks for those alone who are served here."""
        self.network.known["remote.test"] = []
        self.place.say("juliet@elsewhere.test", "x@remote.test", "1")
        self.assertEqual((self.network.dialed, self.place.edge.pairs), ([], {}))


class BoundsTest(Hostile):
    def test_who_does_not_read(self) -> None:
        """Answers are not kept without end for somebody who asks and takes none."""
        raw = self.raw()
        raw.open()
        (stream,) = self.place.edge.incoming
        stream.pauseProducing()
        ask = f"<resume xmlns='{STREAM_MANAGEMENT}' previd='x' h='0'/>"
        for _ in range(100):
            raw.send(ask * 100)
            if raw.closed:
                break
        self.assertTrue(raw.closed)
        self.assertEqual(self.place.edge.live, set())

    def test_more_streams_than_a_domain_may_have(self) -> None:
        """One that has proved something else before takes nothing with it that goes out."""
        self.place = self.new_place(limits=ServerLimits(connections_per_domain=1))
        self.proved()
        names = [*REMOTE, x509.DNSName("more.test")]
        raw = self.secured(self.authority.sign(names))
        raw.send(f"<bidi xmlns='{BIDI}'/>")
        raw.result(sender="more.test")
        raw.external()
        raw.open()
        self.assertEqual(error_in(raw.heard), "resource-constraint")
        self.network.advance(10)
        self.assertEqual(self.place.edge.pairs, {})

    def test_who_proves_many_domains(self) -> None:
        """They fill neither the stream nor the pairs that ours need."""
        names = [*REMOTE, x509.DNSName("more.test")]
        raw = self.secured(self.authority.sign(names))
        self.assertIn("type='valid'", raw.result())
        (stream,) = self.place.edge.incoming
        stream.proved |= {(f"{number}.test", "capulet.test") for number in range(MAX_PROVED)}
        self.assertEqual(error_in(raw.result(sender="more.test")), "resource-constraint")
        self.assertIn("type='valid'", raw.result())

    def test_others_leave_room(self) -> None:
        """Pairs that others bring about are fewer than all there may be."""
        edge = self.place.edge
        ours = Jid.parse("capulet.test")
        for number in range(MAX_PAIRS // 2):
            edge.pairs["capulet.test", f"{number}.test"] = Pair(edge, ours, ours)
        question = Dialback("verify", ours, Jid.parse("remote.test"), "s", "", "key")
        self.assertEqual(self.successResultOf(edge.verify(question)), "remote-connection-failed")
        self.place.say("juliet@capulet.test", "x@nosuch.test", "1")
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])
        edge.pairs.clear()


class LeftBehindTest(Hostile):
    def test_stopped_while_a_domain_is_checked(self) -> None:
        elsewhere = Raw(self.network)
        self.network.hosts["11.0.0.7", 5269] = lambda: elsewhere
        self.network.known["remote.test"] = [Target("11.0.0.7")]
        edge = self.place.edge
        probe = Probe(edge, Jid.parse("capulet.test"), Jid.parse("remote.test"))
        told = Deferred.fromCoroutine(probe.run())
        self.network.settle()
        stopped = edge.stop()
        self.network.advance(6)
        self.successResultOf(stopped)
        self.assertTrue(self.successResultOf(told).problems)

    def test_what_is_refused_at_once(self) -> None:
        """Who is left alone takes no place among the pairs, of which there is a bounded number."""
        for body in "123":
            self.place.say("juliet@capulet.test", "x@nosuch.test", body)
        self.network.settle()
        wanted = [f"{body}: remote-server-not-found" for body in "123"]
        self.assertEqual((self.place.heard, self.place.edge.pairs), (wanted, {}))
