"""A room of many: who comes is told of all of them at once."""

from tests.muc.kit import ROOM, RoomsTestCase, codes
from xmppd.chat.commands import Enter
from xmppd.muc.content import presence_of
from xmppd.muc.decode import person_of
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza

MANY = 2_000


class CrowdTest(RoomsTestCase):
    def test_enter(self) -> None:
        """More than a client is given time to read: it is not slow for that."""
        self.make()
        live = self.server.service.rooms.live["cave"]
        shown = presence_of(parse_stanza(b"<presence/>"), live.jid)
        for number in range(MANY):
            jid = Jid.parse(f"user{number}@example.com/x")
            live.room.handle(Enter(person_of(jid), f"user{number}", shown, wire=jid))
        came = self.enter(self.hag, "hag")
        presences = [each for each in came if each.name == "presence"]
        self.assertEqual(len(presences), MANY + 2)
        self.assertEqual(codes(presences[-1]), [110])
        self.assertEqual(presences[-1].sender, f"{ROOM}/hag")
