"""XEP-0334: what hints say."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol import hints
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza


def hinted(*names: str, type: str = "chat", ns: str = hints.HINTS) -> Stanza:
    given = "".join(f"<{name} xmlns='{ns}'/>" for name in names)
    return parse_stanza(f"<message type='{type}'><body>b</body>{given}</message>".encode())


class HintsTest(SynchronousTestCase):
    def test_each(self) -> None:
        """XEP-0334, 4: no-store forbids what no-permanent-store forbids, and more."""
        for name, storing, archiving, copying, asks in [
            ("no-store", True, True, False, False),
            ("no-permanent-store", False, True, False, False),
            ("no-copy", False, False, True, False),
            ("store", False, False, False, True),
        ]:
            message = hinted(name)
            self.assertEqual(hints.is_worth_keeping(message), not storing, name)
            self.assertEqual(hints.forbids_archiving(message), archiving, name)
            self.assertEqual(hints.forbids_copying(message), copying, name)
            self.assertEqual(hints.asks_storing(message), asks, name)

    def test_worth_keeping(self) -> None:
        """XEP-0160, 3; XEP-0334, 4.2 and 4.4."""
        state = "<active xmlns='http://jabber.org/protocol/chatstates'/>"
        store, no_store = "<store xmlns='urn:xmpp:hints'/>", "<no-store xmlns='urn:xmpp:hints'/>"
        for content, worth in [
            ("<body>b</body>", True),
            ("<x xmlns='urn:xmpp:other'/>", True),
            ("", False),
            (f"<thread>t</thread>{state}", False),
            (f"<body>b</body>{state}", True),
            (f"{state}{store}", True),
            (f"<body>b</body>{no_store}", False),
            (f"{store}{no_store}<body>b</body>", False),
        ]:
            message = parse_stanza(f"<message>{content}</message>".encode())
            self.assertIs(hints.is_worth_keeping(message), worth, content)

    def test_not_in_errors(self) -> None:
        """XEP-0334, 5."""
        error = hinted("no-store", "no-copy", "store", type="error")
        self.assertFalse(hints.forbids_archiving(error))
        self.assertTrue(hints.is_worth_keeping(error))
        self.assertFalse(hints.forbids_copying(error) or hints.asks_storing(error))

    def test_only_in_their_namespace(self) -> None:
        self.assertTrue(hints.is_worth_keeping(hinted("no-store", ns="urn:xmpp:other")))
