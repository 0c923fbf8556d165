"""An administrator's client does what `xmppctl` does."""

from tests.scenarios.server import DOMAIN, SPLIT, ScenarioTestCase, password_of


class AdministrationTest(ScenarioTestCase):
    def test_slixmpp(self) -> None:
        """XEP-0133: an account is made, its sessions ended, it is disabled and removed."""
        settings = f'admins = ["juliet@{DOMAIN}"]'
        server = self.server("juliet", settings=settings)
        output = self.run_client(
            "slixmpp_admin",
            server.starttls,
            DOMAIN,
            password_of("juliet"),
            trusted=server.certify(),
        )
        self.assertTrue(output.rstrip().endswith("all done"), output)
        self.assertNotIn("nurse", server.control("users"))


class SplitAdministrationTest(AdministrationTest):
    """The session manager carries the commands out."""

    layout = SPLIT
