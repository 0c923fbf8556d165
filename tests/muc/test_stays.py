"""Who was inside when a process died is told (XEP-0045, 15.6.2, 332)."""

from __future__ import annotations

from tests.muc.kit import ROOM, RoomsTestCase, codes, item
from xmppd.protocol.stanza import Stanza
from xmppd.testing.client import Client


class StaysTest(RoomsTestCase):
    def farewell(self, client: Client, nick: str) -> Stanza:
        found = self.only(client)
        self.assertEqual((found.type, found.sender), ("unavailable", f"{ROOM}/{nick}"))
        self.assertEqual(codes(found), [110, 332])
        self.assertEqual(item(found), {"affiliation": "none", "role": "none"})
        return found

    def test_all_inside_are_told(self) -> None:
        """Each with the nick that they have now, once, also where the room does not last."""
        self.make({}, (self.hag, "hag"), (self.macbeth, "thane"))
        self.hag.send(f"<presence to='{ROOM}/witch'/>")
        self.die()
        self.farewell(self.crone, "crone")
        self.farewell(self.hag, "witch")
        self.farewell(self.macbeth, "thane")
        self.die()
        self.assertEqual(self.crone.received(), [])

    def test_who_has_left_is_not_told(self) -> None:
        self.make({}, (self.hag, "hag"), (self.macbeth, "thane"), (self.wizard, "wizard"))
        self.hag.send(f"<presence type='unavailable' to='{ROOM}/hag'/>")
        self.admin("<item nick='thane' role='none'/>")
        self.die()
        self.farewell(self.wizard, "wizard")
        self.assertEqual(self.hag.received() + self.macbeth.received(), [])

    def test_rooms_that_end(self) -> None:
        self.make({}, (self.hag, "hag"))
        self.owner("<destroy/>")
        self.die()
        self.assertEqual(self.hag.received() + self.crone.received(), [])

    def test_a_service_that_ends_in_good_order(self) -> None:
        self.make({}, (self.hag, "hag"))
        self.rooms.shut_down()
        self.server.settle()
        self.die()
        self.assertEqual(self.hag.received() + self.crone.received(), [])
