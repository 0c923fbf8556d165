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

    def test_cut_connections(self) -> None:
        """XEP-0198: two talk, and 50 times one of them loses the connection and resumes: nothing is
        lost, nothing comes twice, and all in order."""
        server = self.server("juliet", "romeo", settings="c2s.limits.enabled = false")
        passwords = [password_of("juliet"), password_of("romeo")]
        output = self.run_client(
            "slixmpp_resume", server.starttls, DOMAIN, *passwords, 50, trusted=server.certify()
        )
        print(output.splitlines()[0], end=" ")
        self.assertTrue(output.rstrip().endswith("all done"), output)
