"""SCRAM tied to the TLS connection it runs over (RFC 5802, 6; RFC 9266; RFC 5929, 4)."""

from OpenSSL import SSL

from tests.scenarios.raw import SASL, RawClient, told
from tests.scenarios.scram import Scram
from tests.scenarios.server import ScenarioTestCase, password_of

PLUS = "SCRAM-SHA-256-PLUS"


class ChannelBindingTest(ScenarioTestCase):
    def setUp(self) -> None:
        self.host = self.server("juliet")
        self.host.certify()

    def client(self, version: int = SSL.TLS1_3_VERSION) -> RawClient:
        client = RawClient(self.host.starttls).open().start_tls(version)
        self.addCleanup(client.__exit__)
        return client

    def outcome(self, client: RawClient, mechanism: str, header: str, binding: bytes = b"") -> str:
        """What an exchange ends with: `success`, or the condition of its failure."""
        scram = Scram("juliet", password_of("juliet"), "sha256", header, binding)
        answer = client.scram(mechanism, scram)
        if answer.tag == f"{{{SASL}}}success":
            return "success"
        self.assertEqual(answer.tag, f"{{{SASL}}}failure", told(answer))
        return answer[0].tag.removeprefix(f"{{{SASL}}}")

    def test_right_binding(self) -> None:
        client = self.client()
        self.assertIn(PLUS, client.mechanisms)
        self.assertEqual(client.bindings, {"tls-exporter", "tls-server-end-point"})
        exporter = client.encrypted.exporter()
        self.assertEqual(self.outcome(client, PLUS, "p=tls-exporter,,", exporter), "success")
        self.assertEqual(client.bind("balcony").jid, "juliet@xmpp.test/balcony")

        client = self.client()
        end_point = client.encrypted.server_end_point()
        self.assertEqual(len(end_point), 48, "of SHA-384, as the certificate's signature")
        outcome = self.outcome(client, PLUS, "p=tls-server-end-point,,", end_point)
        self.assertEqual(outcome, "success")

        with RawClient(self.host.direct).encrypt().open() as client:
            exporter = client.encrypted.exporter()
            self.assertEqual(self.outcome(client, PLUS, "p=tls-exporter,,", exporter), "success")

    def test_wrong_binding(self) -> None:
        """What a man in the middle has to offer, who has a TLS connection of his own."""
        client = self.client()
        with RawClient(self.host.direct).encrypt() as other:
            foreign = other.encrypted.exporter()
        for header, binding in (
            ("p=tls-exporter,,", foreign),
            ("p=tls-exporter,,", b""),
            ("p=tls-server-end-point,,", bytes(48)),
            ("p=tls-exporter,,", client.encrypted.server_end_point()),
        ):
            self.assertEqual(self.outcome(client, PLUS, header, binding), "not-authorized")

    def test_downgrade(self) -> None:
        """`y`: the client has seen no -PLUS. Somebody has taken it out of the features."""
        client = self.client()
        self.assertEqual(self.outcome(client, "SCRAM-SHA-256", "y,,"), "not-authorized")
        self.assertEqual(self.outcome(client, PLUS, "n,,"), "not-authorized")
        exporter = client.encrypted.exporter()
        outcome = self.outcome(client, "SCRAM-SHA-256", "p=tls-exporter,,", exporter)
        self.assertEqual(outcome, "not-authorized")
        self.assertEqual(self.outcome(client, "SCRAM-SHA-256", "n,,"), "success")

    def test_tls_1_2(self) -> None:
        """There the exporter is not known to be unique (RFC 9266, 4.2): nothing is offered."""
        client = self.client(SSL.TLS1_2_VERSION)
        self.assertIn("SCRAM-SHA-256", client.mechanisms)
        self.assertEqual([name for name in client.mechanisms if name.endswith("-PLUS")], [])
        self.assertEqual(client.bindings, set())
        outcome = self.outcome(client, PLUS, "p=tls-server-end-point,,", bytes(48))
        self.assertEqual(outcome, "invalid-mechanism")
        self.assertEqual(self.outcome(client, "SCRAM-SHA-256", "y,,"), "success")
