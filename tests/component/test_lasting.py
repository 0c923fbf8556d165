"""What is worth keeping without a body."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.lasting import says_something
from xmppd.protocol.parsing import parse_stanza


class LastingTest(SynchronousTestCase):
    def says(self, content: str, *more: frozenset[str]) -> bool:
        return says_something(parse_stanza(f"<message>{content}</message>".encode()), *more)

    def test_what_lasts(self) -> None:
        """A body, what is said of other messages, ciphertext."""
        for content in (
            "<body>b</body>",
            "<retract xmlns='urn:xmpp:message-retract:1' id='1'/>",
            "<reactions xmlns='urn:xmpp:reactions:0' id='1'/>",
            "<encrypted xmlns='eu.siacs.conversations.axolotl'/>",
        ):
            self.assertTrue(self.says(content), content)

    def test_what_does_not(self) -> None:
        for content in "", "<subject>s</subject>", "<body xmlns='urn:x'/>", "<x xmlns='urn:x'/>":
            self.assertFalse(self.says(content), content)

    def test_more(self) -> None:
        self.assertTrue(self.says("<x xmlns='urn:x'/>", frozenset({"urn:x"})))
