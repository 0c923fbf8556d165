"""Stream features (RFC 6120, 4.3)."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.feature import Feature, When, features_element

TABLE = [
    Feature(b"<tls/>", When.BEFORE_TLS),
    Feature(b"<limits/>", When.BEFORE_TLS | When.BEFORE_LOGIN),
    Feature(b"<bind/>", When.AFTER_LOGIN),
]


class FeatureTest(SynchronousTestCase):
    def test_each_at_its_stage_and_in_order(self) -> None:
        self.assertEqual(
            features_element(TABLE, When.BEFORE_TLS),
            b"<stream:features><tls/><limits/></stream:features>",
        )
        self.assertEqual(
            features_element(TABLE, When.BEFORE_LOGIN),
            b"<stream:features><limits/></stream:features>",
        )

    def test_nothing_left(self) -> None:
        """4.3.5: empty features say that negotiation is complete."""
        self.assertEqual(features_element(TABLE[:2], When.AFTER_LOGIN), b"<stream:features/>")
