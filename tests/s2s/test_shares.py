"""What one remote domain may do, wherever it comes from."""

from tests.s2s.raw import Raw, error_in
from tests.s2s.test_hostile import MESSAGE, REMOTE, Hostile
from xmppd.app.config_servers import ServerLimits
from xmppd.s2s.shares import ASKS, ASKS_A_SECOND, MAX_DOMAINS, Shares


class DomainTest(Hostile):
    def limit(self, **limits: int) -> None:
        self.place = self.new_place(limits=ServerLimits(**limits))

    def tried(self) -> Raw:
        """One that has shown a certificate and asked for more."""
        raw = self.secured(self.authority.sign(REMOTE))
        raw.external()
        return raw

    def test_streams(self) -> None:
        """One too many ends; it is taken when another has gone."""
        self.limit(connections_per_domain=2)
        first, _ = self.proved(), self.proved()
        third = self.tried()
        third.open()
        self.assertEqual(error_in(third.heard), "resource-constraint")
        self.network.advance(6)
        self.assertTrue(third.closed)
        first.send("</stream:stream>")
        self.proved().send(MESSAGE)
        self.assertEqual(self.place.heard, ["m"])

    def test_streams_by_dialback(self) -> None:
        self.limit(connections_per_domain=1)
        self.proved()
        raw = self.secured(self.authority.sign(REMOTE))
        raw.result()
        self.assertEqual(error_in(raw.heard), "resource-constraint")
        self.assertNotIn("valid", raw.heard)

    def test_claims_count_for_nothing(self) -> None:
        """Nobody can keep a domain out by calling himself so."""
        self.limit(connections_per_domain=1)
        for _ in range(5):
            self.secured()
        self.proved()

    def test_keys(self) -> None:
        """Over all streams; those that were answered count no more."""
        self.limit(verifications_per_domain=2)
        self.network.silent.add("remote.test")
        for _ in range(2):
            self.assertEqual(self.secured().result(), "")
        raw = self.secured()
        self.assertEqual(error_in(raw.result()), "resource-constraint")
        self.assertFalse(raw.closed)
        self.network.silent.add("other.test")
        self.assertEqual(raw.result(sender="other.test"), "")
        self.network.advance(31)
        self.assertEqual(self.secured().result(), "")

    def test_keys_of_one_address(self) -> None:
        """Nobody has us connect to others as often as they like, on however many streams."""
        self.limit(verifications=1_000)
        asks = self.place.edge.shares.asks
        for _ in range(ASKS):
            self.assertEqual(asks("192.0.2.9"), 0)
        raw = self.secured()
        for number in range(2 * ASKS_A_SECOND):
            raw.result(sender=f"d{number}.test")
        self.assertEqual(error_in(raw.heard), "")
        self.assertEqual(asks("192.0.2.10"), 0)
        self.network.advance(3)
        self.assertEqual(error_in(raw.heard), "remote-server-not-found")

    def test_stanzas(self) -> None:
        """More than a domain may send is read later, on whatever stream it comes."""
        self.limit(domain_stanzas_per_second=10)
        one, other = self.proved(), self.proved()
        one.send(MESSAGE * 41)
        other.send(MESSAGE)
        other.send(MESSAGE)
        self.assertEqual(len(self.place.got), 42)
        self.network.advance(1)
        self.assertEqual(len(self.place.got), 43)

    def test_bytes(self) -> None:
        self.limit(domain_bytes_per_second=1_000)
        raw = self.proved()
        large = MESSAGE.replace("/>", f"><body>{'x' * 5_000}</body></message>")
        raw.send(large)
        raw.send(MESSAGE)
        self.assertEqual(len(self.place.got), 1)
        self.network.advance(2)
        self.assertEqual(len(self.place.got), 2)

    def test_traffic_of_many_domains(self) -> None:
        self.limit()
        raw = self.proved()
        raw.send(MESSAGE)
        stanza = self.place.got[0]
        shares = Shares(self.network.clock, ServerLimits(domain_stanzas_per_second=1))
        for number in range(MAX_DOMAINS + 10):
            self.assertEqual(shares.came(stanza, f"d{number}.test"), 0)
        self.assertEqual(len(shares._traffic), MAX_DOMAINS)
