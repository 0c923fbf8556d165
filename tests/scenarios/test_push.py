"""A push service as a component tells of messages that wait, in one process and in several."""

import sys

from tests.scenarios.raw import CLIENT, logged_in
from tests.scenarios.server import DOMAIN, SPLIT
from tests.scenarios.test_components import SCRIPTS, ComponentsTestCase

PUSH = "urn:xmpp:push:0"
OPTIONS = (
    "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
    "<value>http://jabber.org/protocol/pubsub#publish-options</value></field>"
    "<field var='secret'><value>of the app</value></field></x>"
)


class WholeTest(ComponentsTestCase):
    name = f"push.{DOMAIN}"

    def start_service(self) -> None:
        """Have a push service that tells romeo, and an account for juliet."""
        self.host.add_accounts("juliet")
        self.romeo.send("<presence/>")
        self.run_component(
            sys.executable, SCRIPTS / "push_service.py", self.port, self.name, self.secret_file,
            f"romeo@{DOMAIN}",
        )  # fmt: skip

    def test_push(self) -> None:
        """Juliet's phone has gone; romeo writes, and sees what the service is told."""
        self.start_service()
        self.assertIn(PUSH, self.features())
        with logged_in(self.host.plain, "juliet") as juliet:
            for node in "open", "closed":
                juliet.send(
                    f"<iq type='set' id='{node}'><enable xmlns='{PUSH}' jid='{self.name}' "
                    f"node='{node}'>{OPTIONS}</enable></iq>"
                )
                self.assertEqual(juliet.read().get("type"), "result")
            juliet.close()
        first = self.say(2)
        self.assertEqual([text.partition(":")[0] for text in first], ["open", "closed"])
        self.assertIn("of the app", first[0])
        self.assertNotIn("But soft", first[0])
        [second] = self.say(1)
        self.assertTrue(second.startswith("open:"), second)

    def test_detached(self) -> None:
        """The phone has lost its connection: its session waits, and the service is told."""
        self.start_service()
        with logged_in(self.host.plain, "juliet") as juliet:
            juliet.send(
                "<presence/><enable xmlns='urn:xmpp:sm:3' resume='true'/>"
                f"<iq type='set' id='e'><enable xmlns='{PUSH}' jid='{self.name}' node='open'/></iq>"
            )
            juliet.read_until(lambda element: element.get("id") == "e")
        self.romeo.ping()
        [told] = self.say(1)
        self.assertTrue(told.startswith("open:"), told)

    def say(self, notifications: int) -> list[str]:
        """Write to juliet; return what the service is told."""
        self.romeo.send(
            f"<message type='chat' to='juliet@{DOMAIN}'><body>But soft</body></message>"
        )
        told = [self.body() for _ in range(notifications)]
        self.romeo.ping()
        return sorted(told, reverse=True)

    def body(self) -> str:
        found = self.romeo.read_until(lambda element: element.tag.endswith("}message"))
        return found.findtext(f"{{{CLIENT}}}body", "")


class SplitTest(WholeTest):
    layout = SPLIT
