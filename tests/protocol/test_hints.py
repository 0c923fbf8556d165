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
            self.assertEqual(hints.forbids_storing(message), storing, name)
            self.assertEqual(hints.forbids_archiving(message), archiving, name)
            self.assertEqual(hints.forbids_copying(message), copying, name)
            self.assertEqual(hints.asks_storing(message), asks, name)

    def test_not_in_errors(self) -> None:
        """XEP-0334, 5."""
        error = hinted("no-store", "no-copy", "store", type="error")
        self.assertFalse(hints.forbids_storing(error) or hints.forbids_archiving(error))
        self.assertFalse(hints.forbids_copying(error) or hints.asks_storing(error))

    def test_only_in_their_namespace(self) -> None:
        self.assertFalse(hints.forbids_storing(hinted("no-store", ns="urn:xmpp:other")))
