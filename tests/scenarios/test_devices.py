"""What people do who have several devices, in one process and in several."""

from tests.scenarios.server import DOMAIN, SPLIT, ScenarioTestCase, password_of


class WholeTest(ScenarioTestCase):
    def test_slixmpp(self) -> None:
        server = self.server("juliet", "romeo")
        passwords = [password_of("juliet"), password_of("romeo")]
        output = self.run_client(
            "slixmpp_devices", server.starttls, DOMAIN, *passwords, trusted=server.certify()
        )
        self.assertTrue(output.rstrip().endswith("all done"), output)
        [_, report] = server.control("report", "list").splitlines()
        self.assertIn(f"juliet@{DOMAIN}  romeo@{DOMAIN}  spam", report)


class SplitTest(WholeTest):
    layout = SPLIT
