"""Accounts that are somebody else's: credential checkers of Twisted (`twistd --auth`)."""

from pathlib import Path

from tests.scenarios.raw import RawClient, logged_in, told
from tests.scenarios.server import ScenarioTestCase, Server


class CheckerTest(ScenarioTestCase):
    def assert_logs_in(self, server: Server) -> None:
        """Romeo does, by PLAIN alone, and only with his password."""
        with RawClient(server.starttls).open().start_tls() as client:
            self.assertEqual(client.mechanisms, ["PLAIN"])
            self.assertIn("not-authorized", told(client.plain("romeo", "wrong")))
            self.assertIn("not-authorized", told(client.plain("nobody")))
            self.assertIn("success", told(client.plain("romeo")))
            self.assertEqual(client.bind("orchard").jid, "romeo@xmpp.test/orchard")
            client.send("<presence/>")
            self.assertEqual(client.ping().get("type"), "result")

    def test_file(self) -> None:
        path = Path(self.mktemp()).resolve()
        path.write_text("romeo:secret of romeo\njuliet:secret of juliet\n")
        server = self.server(arguments=("--auth", f"file:{path}"))
        self.assert_logs_in(server)
        self.assert_keeps_messages(server)

    def assert_keeps_messages(self, server: Server) -> None:
        """From the first login on an account is like one of our own but for its password."""
        logged_in(server.plain, "juliet").close()
        with logged_in(server.plain, "romeo") as romeo:
            romeo.send("<message to='juliet@xmpp.test'><body>But soft</body></message>")
            romeo.ping()
        with logged_in(server.plain, "juliet") as juliet:
            juliet.send("<presence/>")
            message = juliet.read_until(lambda each: each.tag.endswith("message"))
            self.assertEqual(message.findtext("{jabber:client}body"), "But soft")

    def test_memory(self) -> None:
        self.assert_logs_in(self.server(arguments=("--auth", "memory:romeo:secret of romeo")))
