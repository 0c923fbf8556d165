"""Clients made with Twisted's own words, and with wokkel on top of it, talk to each other."""

from tests.scenarios.server import DOMAIN, ScenarioTestCase, password_of


class TwistedClientsTest(ScenarioTestCase):
    def test_chat(self) -> None:
        server = self.server("juliet", "romeo")
        passwords = [password_of("juliet"), password_of("romeo")]
        output = self.run_client(
            "twisted_pair", server.starttls, DOMAIN, *passwords, trusted=server.certify()
        )
        self.assertTrue(output.rstrip().endswith("all done"), output)
