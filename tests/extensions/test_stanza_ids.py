"""XEP-0359: ids in an account's name."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.extensions.disco import Disco
from xmppd.extensions.stanza_ids import StanzaIds

ID = "<stanza-id xmlns='urn:xmpp:sid:0' id='x' by='{}'/>"


class StanzaIdsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([StanzaIds, Disco])
        self.juliet = self.house.client("juliet")

    def test_forged_ids_are_deleted_and_others_stay(self) -> None:
        """XEP-0359, business rules 2 and 3."""
        theirs = ID.format("room@muc.example.com") + "<origin-id xmlns='urn:xmpp:sid:0' id='y'/>"
        forged = ID.format("juliet@example.com")
        xml = f"<message from='a@remote.test/b' to='{self.juliet.jid}'>{forged}{theirs}</message>"
        self.house.from_outside(xml)
        [got] = self.juliet.taken()
        self.assertEqual(got.inner, theirs.encode())

    def test_clients_give_none_either(self) -> None:
        """XEP-0359, business rules 2 and 3: not in their own account's name."""
        theirs = ID.format("a@remote.test") + "<origin-id xmlns='urn:xmpp:sid:0' id='y'/>"
        forged = ID.format("Juliet@example.com") + ID.format("juliet@EXAMPLE.com")
        self.juliet.send(f"<message to='a@remote.test'>{forged}{theirs}</message>")
        [left] = self.house.left
        self.assertEqual(left.inner, theirs.encode())

    def test_announced(self) -> None:
        """XEP-0359, 5."""
        query = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
        answer = self.juliet.answer(f"<iq type='get' id='d' to='juliet@example.com'>{query}</iq>")
        self.assertIn(b"<feature var='urn:xmpp:sid:0'/>", answer.inner)
