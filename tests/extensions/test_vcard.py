"""XEP-0054: vcard-temp."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.extensions.vcard import VCard
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

ASK = "<vCard xmlns='vcard-temp'/>"
CARD = "<vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN></vCard>"


class VCardTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([VCard])
        self.juliet = self.house.client("juliet")
        self.romeo = self.house.client("romeo")

    def ask(self, type: str, content: str, to: str = "") -> Stanza:
        address = f" to='{to}'" if to else ""
        return self.juliet.answer(f"<iq type='{type}' id='1'{address}>{content}</iq>")

    def test_own(self) -> None:
        """3.1, 3.2: item-not-found where there is none."""
        self.assertIn(b"<error type='cancel'><item-not-found", self.ask("get", ASK).inner)
        stored = self.ask("set", CARD)
        self.assertEqual((stored.type, stored.inner), ("result", b""))
        self.assertEqual(self.ask("get", ASK).inner, CARD.encode())
        self.assertEqual(self.ask("get", ASK, "juliet@example.com").inner, CARD.encode())

    def test_anothers_is_shown_to_anybody(self) -> None:
        """3.3."""
        self.ask("set", CARD)
        asked = f"<iq type='get' id='1' to='juliet@example.com'>{ASK}</iq>"
        self.assertEqual(self.romeo.answer(asked).inner, CARD.encode())
        self.house.from_outside(asked.replace("<iq", "<iq from='x@remote.test/r'"))
        self.assertEqual(self.house.left.pop().inner, CARD.encode())

    def test_none_and_nobody_are_answered_alike(self) -> None:
        """3.3: the same condition in both cases."""
        none = self.ask("get", ASK, "romeo@example.com")
        nobody = self.ask("get", ASK, "nobody@example.com")
        self.assertEqual(none.inner, nobody.inner)
        self.assertIn(b"<error type='cancel'><service-unavailable", none.inner)

    def test_nobody_writes_anothers(self) -> None:
        """3.2: forbidden."""
        for to in "romeo@example.com", "nobody@example.com", "example.com":
            self.assertIn(b"<error type='auth'><forbidden", self.ask("set", CARD, to).inner)

    def test_the_hosts(self) -> None:
        self.assertIn(b"service-unavailable", self.ask("get", ASK, "example.com").inner)
        assert self.house.host is not None
        self.house.host.admins = frozenset({Jid.parse("juliet@example.com")})
        self.assertEqual(self.ask("set", CARD, "example.com").type, "result")
        self.assertEqual(self.ask("get", ASK, "example.com").inner, CARD.encode())
