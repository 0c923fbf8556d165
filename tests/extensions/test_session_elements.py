"""RFC 3921, 3, and RFC 6120, 7.6.2.2."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.extensions.session_elements import SessionElements

SESSION = "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>"
BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>b</resource></bind>"


class SessionElementsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([SessionElements])
        self.juliet = self.house.client("juliet")

    def test_session_request_has_an_empty_result(self) -> None:
        for to in "", " to='example.com'":
            answer = self.juliet.answer(f"<iq type='set' id='s'{to}>{SESSION}</iq>")
            self.assertEqual((answer.type, answer.inner), ("result", b""))

    def test_second_bind_is_not_allowed(self) -> None:
        answer = self.juliet.answer(f"<iq type='set' id='b'>{BIND}</iq>")
        self.assertIn(b"<error type='cancel'><not-allowed", answer.inner)

    def test_strangers_have_no_sessions(self) -> None:
        for payload in SESSION, BIND:
            self.house.from_outside(
                f"<iq type='set' id='s' from='x@remote.test/r' to='example.com'>{payload}</iq>"
            )
            self.assertIn(b"service-unavailable", self.house.left.pop().inner)
