from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.jid import Jid
from xmppd.sm.attempts import MAX_ATTEMPTS, MAX_STREAMS, Attempts

ONE, OTHER = Jid.parse("c2s-1/e.1"), Jid.parse("c2s-1/e.2")


class AttemptsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.attempts = Attempts()

    def test_last(self) -> None:
        """RFC 6120, 6.4.5: a few attempts, whatever they fail by; then it begins anew."""
        for _ in range(2):
            lasts = [
                self.attempts.failed(ONE, number % 2 == 0)[0] for number in range(MAX_ATTEMPTS)
            ]
            self.assertEqual(lasts, [False] * (MAX_ATTEMPTS - 1) + [True])

    def test_told_once(self) -> None:
        """The first refusal, though something else has failed before."""
        told = [self.attempts.failed(ONE, refused)[1] for refused in (False, True, True, False)]
        self.assertEqual(told, [False, True, False, False])
        self.assertEqual(self.attempts.failed(OTHER, True), (False, True))

    def test_forgotten(self) -> None:
        self.attempts.failed(ONE, True)
        self.attempts.forget(ONE)
        self.attempts.forget(OTHER)
        self.assertEqual(self.attempts.failed(ONE, True), (False, True))

    def test_bounded(self) -> None:
        """The oldest of too many begins anew."""
        self.attempts.failed(ONE, True)
        for number in range(MAX_STREAMS):
            self.attempts.failed(Jid.parse(f"c2s-2/e.{number}"), True)
        self.assertTrue(self.attempts.failed(ONE, True)[1])
