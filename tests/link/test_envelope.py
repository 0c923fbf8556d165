from twisted.trial.unittest import SynchronousTestCase

from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

EDGE, SM = Jid("c2s-1/5kq1.42"), Jid("juliet@example.com")


class EnvelopeTests(SynchronousTestCase):
    def test_answer(self) -> None:
        """It repeats the id, goes back, and may come from a more exact address."""
        request = Envelope(SM, EDGE, (), 3, 4, "7")
        verb = Stanza.make("open", ns="u")
        answer = request.answer(verb)
        self.assertEqual((answer.to, answer.sender, answer.items), (EDGE, SM, (verb,)))
        self.assertEqual((answer.id, answer.type), ("7", ""))
        self.assertEqual((answer.epoch, answer.number), (0, 0))
        session = Jid("sm-2/5kpz.7")
        self.assertEqual(request.answer(sender=session, type="error").sender, session)

    def test_repr_shows_no_content(self) -> None:
        """Envelopes carry passwords."""
        verb = Stanza.make("authenticate", b"secret", ns="u")
        self.assertNotIn("secret", repr(Envelope(SM, EDGE, (verb,))))
