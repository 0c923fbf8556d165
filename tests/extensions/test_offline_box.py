"""The box of messages that wait for one account."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.extensions.offline_box import STRANGER, Box
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import ANY, Where


def message(sender: str) -> Stanza:
    to = "juliet@example.com"
    return parse_stanza(f"<message from='{sender}' to='{to}'><body>b</body></message>".encode())


class BoxTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.juliet = self.house.client("juliet", "balcony")
        assert self.house.host is not None
        self.box = Box(self.house.host.users["juliet"])

    def full(self, key: str, where: Where, most: int) -> bool:
        return self.successResultOf(Deferred.fromCoroutine(self.box.full(key, where, most)))

    def test_counts(self) -> None:
        """Counted once, and then known; what was written makes room."""
        strangers = Where(kinds=(STRANGER,))
        self.assertFalse(self.full("", ANY, 2))
        self.assertFalse(self.full("strangers", strangers, 1))
        self.box.append(message("juliet@example.com/x"))
        self.assertFalse(self.full("strangers", strangers, 1))
        self.box.append(message("a@remote.test/r"))
        self.assertTrue(self.full("strangers", strangers, 1))
        self.assertTrue(self.full("", ANY, 2))
        page = self.successResultOf(self.box.log.find(strangers, limit=9))
        self.box.written += [entry.id for entry in page.entries]
        self.box.sweep()
        self.assertFalse(self.full("", ANY, 2))

    def test_heir(self) -> None:
        """Who has it now, as long as it can; else the most available with a stream."""
        self.assertIsNone(self.box.heir())
        self.juliet.send("<presence/>")
        garden = self.house.client("juliet", "garden")
        garden.send("<presence><priority>5</priority></presence>")
        sessions = self.box.user.sessions
        self.assertIs(self.box.heir(), sessions["garden"])
        self.box.session = sessions["balcony"]
        self.assertIs(self.box.heir(), sessions["balcony"])
        self.juliet.send("<presence type='unavailable'/>")
        self.assertIs(self.box.heir(), sessions["garden"])
