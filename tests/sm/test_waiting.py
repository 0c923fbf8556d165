"""How much may wait for a client, and what says since when it does."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.forwarding import delay
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.waiting import MAX_QUEUE, MAX_QUEUE_BYTES, Inherited, is_too_much, late

HOST = Jid.parse("example.com")
TEXT = parse_stanza(b"<message><body>b</body></message>")


class InheritedTest(SynchronousTestCase):
    def test_as_much_as_may_wait(self) -> None:
        inherited = Inherited()
        taken = [inherited.takes(TEXT) for _ in range(MAX_QUEUE + 2)]
        self.assertEqual(taken, [True] * MAX_QUEUE + [False] * 2)
        self.assertFalse(is_too_much(2 * MAX_QUEUE, 2 * MAX_QUEUE, inherited))
        self.assertTrue(is_too_much(2 * MAX_QUEUE + 1, 0, inherited))

    def test_nothing_behind_what_was_too_large(self) -> None:
        inherited, large = Inherited(), Stanza("", "message", {}, b" " * MAX_QUEUE_BYTES)
        self.assertEqual([inherited.takes(one) for one in (large, TEXT)], [True, False])


class LateTest(SynchronousTestCase):
    def waiting(self, since: float, xml: bytes = b"") -> Stanza:
        stanza = TEXT.adding(xml)
        stanza.since = since
        return stanza

    def test_since_when(self) -> None:
        said = late(HOST, self.waiting(1.5))
        self.assertEqual(said.inner, TEXT.inner + delay(1_500_000, HOST))

    def test_once(self) -> None:
        """XEP-0203: not where it says so already; what others say of their own remains."""
        once = self.waiting(1.5, delay(1, HOST))
        self.assertIs(late(HOST, once), once)
        elsewhere = late(HOST, self.waiting(1.5, delay(1, Jid.parse("remote.test"))))
        self.assertEqual(len(elsewhere.children), 3)

    def test_not_what_does_not_wait(self) -> None:
        self.assertIs(late(HOST, TEXT), TEXT)
        new = self.waiting(2.0)
        self.assertIs(late(HOST, new, 2.0), new)
