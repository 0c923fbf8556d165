"""XEP-0199."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.component.requests import condition_of
from xmppd.extensions.ping import Ping


class PingTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([Ping])
        self.juliet = self.house.client("juliet")

    def ping(self, to: str) -> str:
        return f"<iq type='get' id='1' {to}><ping xmlns='urn:xmpp:ping'/></iq>"

    def test_host(self) -> None:
        """4.2: an empty result from the address that was asked."""
        answer = self.juliet.answer(self.ping("to='example.com'"))
        self.assertEqual((answer.type, answer.inner), ("result", b""))
        self.assertEqual(answer.sender, "example.com")
        self.assertEqual(answer.to, self.juliet.jid)

    def test_own_account(self) -> None:
        """4.2: the client's bare JID, or no `to` at all."""
        for to in "", "to='juliet@example.com'":
            self.assertEqual(self.juliet.answer(self.ping(to)).type, "result")

    def test_from_another_server(self) -> None:
        """4.3."""
        self.house.from_outside(
            "<iq type='get' id='s' from='remote.test' to='example.com'>"
            "<ping xmlns='urn:xmpp:ping'/></iq>"
        )
        [answer] = self.house.left
        self.assertEqual((answer.type, answer.id, answer.to), ("result", "s", "remote.test"))

    def test_strangers_account_looks_like_none(self) -> None:
        """7: nothing can be told from the answers."""
        for name in "romeo", "nobody", "romeo@example.com/gone", "nobody@example.com/gone":
            jid = name if "@" in name else f"{name}@example.com"
            answer = self.juliet.answer(self.ping(f"to='{jid}'"))
            self.assertEqual(condition_of(answer), "service-unavailable")
            self.assertEqual(answer.sender, jid)

    def test_client(self) -> None:
        """4.4: a full JID's ping is the client's to answer."""
        romeo = self.house.client("romeo", "orchard")
        self.juliet.send(self.ping("to='romeo@example.com/orchard'"))
        [request] = romeo.taken()
        self.assertTrue(request.has("urn:xmpp:ping", "ping"))
