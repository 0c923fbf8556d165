"""Mechanisms and features that a stream is offered."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config_clients import Limits
from xmppd.c2s.hosts import HostFacts
from xmppd.c2s.offers import feature_table, usable_mechanisms
from xmppd.protocol.feature import When, features_element

ALL = ("SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "EXTERNAL", "PLAIN")


class MechanismsTest(SynchronousTestCase):
    def test_over_tls_1_3(self) -> None:
        self.assertEqual(
            usable_mechanisms(ALL, True, True), ("SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN")
        )

    def test_no_binding_no_plus(self) -> None:
        self.assertEqual(usable_mechanisms(ALL, True, False), ("SCRAM-SHA-1", "PLAIN"))

    def test_no_tls_no_password(self) -> None:
        """RFC 6120, 13.8.3."""
        self.assertEqual(usable_mechanisms(ALL, False, False), ("SCRAM-SHA-1",))


class FeaturesTest(SynchronousTestCase):
    def offered(self, mechanisms: tuple[str, ...], limits: Limits | None = None) -> bytes:
        facts = HostFacts("1", mechanisms, frozenset(), (), ())
        bindings = ("tls-exporter", "tls-server-end-point")
        table = feature_table(facts, mechanisms, bindings, limits or Limits())
        return features_element(table, When.BEFORE_LOGIN)

    def test_types_of_binding(self) -> None:
        """XEP-0440: beside mechanisms that can use them."""
        self.assertIn(
            b"<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>"
            b"<channel-binding type='tls-exporter'/>"
            b"<channel-binding type='tls-server-end-point'/></sasl-channel-binding>"
            b"<mechanisms ",
            self.offered(("SCRAM-SHA-1-PLUS",)),
        )
        self.assertNotIn(b"sasl-cb", self.offered(("SCRAM-SHA-1",)))

    def test_no_mechanism(self) -> None:
        """RFC 6120, A.4: the list holds at least one."""
        self.assertNotIn(b"mechanisms", self.offered(()))

    def test_limits(self) -> None:
        """XEP-0478; no idle-seconds where silence is never asked about."""
        facts = HostFacts("1", (), frozenset(), (), ())
        table = feature_table(facts, (), (), Limits(stanza_bytes=20_000, idle_ping_seconds=0))
        self.assertIn(
            b"<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>20000</max-bytes></limits>",
            features_element(table, When.AFTER_LOGIN),
        )
