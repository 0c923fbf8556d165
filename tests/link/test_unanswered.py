from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import message
from xmppd.link import unanswered
from xmppd.link.envelope import Envelope
from xmppd.link.unanswered import MAX_REQUESTS, Unanswered, wants_answer
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


def iq(id: str, type: str = "get", **others: Any) -> Stanza:
    return message("a.test", "b.test", id, "iq", type=type, **others)


class UnansweredTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.open = Unanswered()

    def test_requests_only(self) -> None:
        for item in (
            iq("1", "result"),
            iq("2", "error"),
            message("a.test", "b.test", type="get"),
            Stanza.make("iq", type="get", to=Jid("a.test")),
            Envelope(Jid("a.test"), Jid("b.test"), (iq("3"),)),
        ):
            self.assertFalse(wants_answer(item))
        for item in (iq("1"), iq("2", "set")):
            self.assertTrue(wants_answer(item))
            self.open.note(item)
        self.assertEqual([item.id for item in self.open.take()], ["1", "2"])
        self.assertEqual(self.open.take(), [])

    def test_answers(self) -> None:
        """They match by both addresses and id."""
        self.open.note(request := iq("1"))
        answer = request.reply()
        for other in (
            answer.readdressed(Jid("c.test")),
            answer.readdressed(None, Jid("c.test")),
            answer.readdressed(id="2"),
            Stanza.make("iq", id="1", type="result"),
        ):
            self.assertFalse(self.open.answered(other))
        self.assertTrue(self.open.answered(answer))
        self.assertFalse(self.open.answered(answer))

    def test_same_again(self) -> None:
        for _ in range(3):
            self.open.note(iq("1"))
        self.assertEqual(len(self.open), 1)

    def test_bounds(self) -> None:
        """The newest are remembered."""
        for number in range(MAX_REQUESTS + 5):
            self.open.note(iq(str(number)))
        taken = self.open.take()
        self.assertEqual((len(taken), taken[0].id), (MAX_REQUESTS, "5"))
        big = b"x" * (unanswered.MAX_BYTES // 4)
        for number in range(10):
            self.open.note(iq(str(number)).adding(big))
        self.assertEqual([item.id for item in self.open.take()], ["7", "8", "9"])
