"""What people do with two clients made with slixmpp."""

from tests.scenarios.server import DOMAIN, ScenarioTestCase, password_of


class SlixmppTest(ScenarioTestCase):
    def test_two_people(self) -> None:
        """Contacts, presence, chat, messages that were missed, and what else clients ask for."""
        server = self.server("juliet", "romeo")
        passwords = [password_of("juliet"), password_of("romeo")]
        output = self.run_client(
            "slixmpp_pair", server.starttls, DOMAIN, *passwords, trusted=server.certify()
        )
        self.assertTrue(output.rstrip().endswith("all done"), output)
