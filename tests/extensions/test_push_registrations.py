"""What clients say of nodes that they enable (XEP-0357, 5)."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.words.xish.domish import Element

from xmppd.extensions.push import PUSH
from xmppd.extensions.push_registrations import PUBLISH_OPTIONS, options_of, service_of
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.parsing import parse_stanza

FORM = (
    "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
    f"<value>{PUBLISH_OPTIONS}</value></field>"
    "<field var='secret'><value>a &lt; b</value></field></x>"
)


def enable(attributes: str = "", content: str = "") -> Element:
    xml = f"<enable xmlns='{PUSH}' {attributes}>{content}</enable>"
    return parse_stanza(xml.encode()).element()


class RegistrationTest(SynchronousTestCase):
    def test_service(self) -> None:
        self.assertEqual(service_of(enable("jid='Push.Example'")), "push.example")
        for attributes, condition in ("", "bad-request"), ("jid='@'", "jid-malformed"):
            error = self.assertRaises(StanzaError, service_of, enable(attributes))
            self.assertEqual(error.condition, condition)

    def test_options(self) -> None:
        """As they are, for the day when they are published."""
        self.assertEqual(options_of(enable()), "")
        kept = options_of(enable(content=FORM))
        self.assertEqual(options_of(enable(content=kept)), kept)
        self.assertIn("a &lt; b", kept)
