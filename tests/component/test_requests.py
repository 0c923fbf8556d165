from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.scenarios.simulation_net import QuickClock
from xmppd.component.requests import MAX_OPEN, Requests, condition_of, error_of
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

HOST, JULIET, EVE = Jid("example.com"), Jid("juliet@example.net/x"), Jid("eve@evil.test")
QUERY = b"<query xmlns='u'/>"


class RequestsTests(SynchronousTestCase):
    """RFC 6120, 8.2.3."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.sent: list[Stanza] = []
        self.requests = Requests(self.sent.append, self.clock)

    def ask(self, timeout: float = 30.0) -> Deferred[Stanza]:
        iq = Stanza.make("iq", QUERY, type="get", to=JULIET, sender=HOST)
        return self.requests.ask(iq, timeout)

    def answer(
        self, type: str = "result", sender: Jid | None = JULIET, name: str = "iq", ns: str = ""
    ) -> Stanza:
        """An answer to what was asked last."""
        return Stanza.make(name, id=self.sent[-1].id, type=type, to=HOST, sender=sender, ns=ns)

    def test_result(self) -> None:
        waiting = self.ask()
        (request,) = self.sent
        self.assertEqual((request.to, request.sender, request.inner), (JULIET, HOST, QUERY))
        answer = self.answer()
        self.assertTrue(self.requests.answered(answer))
        self.assertIs(self.successResultOf(waiting), answer)
        self.assertFalse(self.requests.answered(answer))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_error(self) -> None:
        waiting = self.ask()
        error = self.sent[0].error(StanzaError("forbidden", "no <way>", type="cancel"))
        self.assertTrue(self.requests.answered(error))
        found = self.failureResultOf(waiting, StanzaError).value
        self.assertEqual(
            (found.condition, found.text, found.type), ("forbidden", "no <way>", "cancel")
        )

    def test_ids_differ(self) -> None:
        first, second = self.ask(), self.ask()
        self.assertNotEqual(self.sent[0].id, self.sent[1].id)
        self.requests.answered(self.answer())
        self.assertNoResult(first)
        self.successResultOf(second)

    def test_what_is_no_answer(self) -> None:
        """S15: it counts only from the very JID that was asked; an id alone can be guessed."""
        waiting = self.ask()
        for stanza in (
            self.answer(sender=EVE),
            self.answer(sender=JULIET.bare),
            self.answer(sender=None),
            self.answer("get"),
            self.answer("set"),
            self.answer("error", name="message"),
            self.answer("error", name="presence"),
            self.answer(ns="u"),
            Stanza.make("iq", type="result", sender=JULIET),
            Stanza.make("iq", type="result", sender=JULIET, id="other"),
        ):
            self.assertFalse(self.requests.answered(stanza), stanza)
        self.assertNoResult(waiting)
        self.assertTrue(self.requests.answered(self.answer()))
        self.successResultOf(waiting)

    def test_timeout(self) -> None:
        waiting = self.ask(5)
        self.clock.advance(4.9)
        self.assertNoResult(waiting)
        self.clock.advance(0.2)
        found = self.failureResultOf(waiting, StanzaError).value
        self.assertEqual((found.condition, found.type), ("remote-server-timeout", "wait"))
        self.assertFalse(self.requests.answered(self.answer()))

    def test_cancel(self) -> None:
        waiting = self.ask()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertFalse(self.requests.answered(self.answer()))

    def test_answered_at_once(self) -> None:
        """Where the other side is in the same process, sending may end with the answer."""
        requests = Requests(lambda iq: self.assertTrue(requests.answered(iq.reply())), self.clock)
        waiting = requests.ask(Stanza.make("iq", QUERY, type="get", to=JULIET, sender=HOST))
        self.assertEqual(self.successResultOf(waiting).type, "result")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_too_many(self) -> None:
        self.requests = Requests(self.sent.append, QuickClock(0))
        waiting = [self.ask() for _ in range(MAX_OPEN)]
        found = self.failureResultOf(self.ask(), StanzaError).value
        self.assertEqual(found.condition, "resource-constraint")
        self.assertEqual(len(self.sent), MAX_OPEN)
        self.requests.answered(self.answer())
        self.successResultOf(waiting[-1])
        self.assertNoResult(self.ask())


class ErrorTests(SynchronousTestCase):
    """RFC 6120, 8.3.2, as others may write it."""

    def check(self, error: bytes, condition: str, type: str, text: str = "") -> None:
        answer = Stanza.make("iq", QUERY + error, type="error", sender=JULIET)
        found = error_of(answer)
        self.assertEqual((found.condition, found.type, found.text), (condition, type, text))
        self.assertEqual(condition_of(answer), condition)

    def test_conditions(self) -> None:
        ns = b"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
        forbidden, text = b"<forbidden %b/>" % ns, b"<text %b>hm</text>" % ns
        self.check(b"<error type='auth'>%b</error>" % forbidden, "forbidden", "auth")
        self.check(
            b"<error type='wait'>%b%b</error>" % (text, forbidden), "forbidden", "wait", "hm"
        )
        self.check(b"<error type='foo'>%b<x xmlns='v'/></error>" % forbidden, "forbidden", "auth")

    def test_others(self) -> None:
        unknown = "undefined-condition"
        self.check(b"", unknown, "cancel")
        self.check(b"<error/>", unknown, "cancel")
        self.check(b"<error type='wait'><forbidden xmlns='v'/></error>", unknown, "wait")
        self.check(
            b"<error><new xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>", unknown, "cancel"
        )
