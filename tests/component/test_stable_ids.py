"""XEP-0359, section 3: business rules."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.stable_ids import given_id, stanza_id, with_stanza_id, without_stanza_id
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

ROOM, OTHER = Jid.parse("room@muc.example.com"), Jid.parse("other@muc.example.com")
ORIGIN = b"<origin-id xmlns='urn:xmpp:sid:0' id='mine'/>"


def message(*payload: bytes) -> Stanza:
    return parse_stanza(b"<message>%b</message>" % b"".join(payload))


class StableIdsTest(SynchronousTestCase):
    def test_only_ids_in_that_name_go(self) -> None:
        """Rules 2 and 3."""
        others = stanza_id("x", OTHER) + ORIGIN
        found = without_stanza_id(message(stanza_id("forged", ROOM), others), ROOM)
        assert found is not None
        self.assertEqual(found.inner, others)
        self.assertIsNone(without_stanza_id(message(others), ROOM))

    def test_one_id_at_most(self) -> None:
        """Rule 4."""
        forged = message(stanza_id("forged", ROOM), ORIGIN, stanza_id("forged too", ROOM))
        self.assertEqual(with_stanza_id(forged, "a", ROOM).inner, ORIGIN + stanza_id("a", ROOM))
        self.assertEqual(with_stanza_id(message(), "a", ROOM).inner, stanza_id("a", ROOM))

    def test_what_was_given(self) -> None:
        """The id that we have given, among those of others."""
        given = with_stanza_id(message(stanza_id("theirs", OTHER), ORIGIN), "a", ROOM)
        self.assertEqual(given_id(given, ROOM), "a")
        self.assertEqual(given_id(parse_stanza(given.to_bytes()), ROOM), "a")
        self.assertIsNone(given_id(message(stanza_id("theirs", OTHER), ORIGIN), ROOM))
