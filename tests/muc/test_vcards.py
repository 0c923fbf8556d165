"""vCards of rooms, and names that addresses cannot hold."""

from hashlib import sha1

from tests.muc.kit import ROOM, SERVICE, RoomsTestCase, codes, error
from xmppd.component.discovery import DISCO_INFO, DISCO_ITEMS
from xmppd.muc.vcards import LARGEST
from xmppd.protocol.stanza import Stanza
from xmppd.testing.client import Client

PHOTO = "<PHOTO><TYPE>image/png</TYPE><BINVAL>aW1hZ2U=</BINVAL></PHOTO>"
HASH = sha1(b"image", usedforsecurity=False).hexdigest()


class VCardsTest(RoomsTestCase):
    def vcard(self, client: Client, content: str | None = None, room: str = ROOM) -> Stanza:
        """Set the room's vCard, or get it."""
        kind = "get" if content is None else "set"
        return client.ask(
            f"<iq type='{kind}' id='v' to='{room}'><vCard xmlns='vcard-temp'>{content or ''}"
            "</vCard></iq>"
        )

    def info(self, to: str = ROOM) -> str:
        query = f"<iq type='get' id='d' to='{to}'><query xmlns='{DISCO_INFO}'/></iq>"
        return self.macbeth.ask(query).inner.decode()

    def test_set_and_get(self) -> None:
        """XEP-0486, 3: set by owners, read by anybody; those inside are told by 104."""
        self.make({}, (self.hag, "hag"))
        self.assertEqual(self.vcard(self.crone, PHOTO).type, "result")
        told = self.only(self.hag)
        self.assertEqual((told.type, codes(told)), ("groupchat", [104]))
        self.assertIn(b"aW1hZ2U=", self.vcard(self.macbeth).inner)
        self.assertIn("muc#roominfo_avatarhash", self.info())
        self.assertIn(HASH, self.info())
        for place in (ROOM, SERVICE):
            self.assertIn("<feature var='vcard-temp'/>", self.info(place))

    def test_the_same_again(self) -> None:
        self.make({}, (self.hag, "hag"))
        self.vcard(self.crone, PHOTO)
        self.forget()
        self.vcard(self.crone, PHOTO)
        self.assertEqual(self.hag.received(), [])

    def test_removed(self) -> None:
        """XEP-0486, 3.2."""
        self.make()
        self.vcard(self.crone, PHOTO)
        self.assertEqual(self.vcard(self.crone, "").type, "result")
        self.assertEqual(error(self.vcard(self.hag)), ("cancel", "item-not-found"))
        self.assertNotIn("avatarhash", self.info())

    def test_refused(self) -> None:
        self.make({}, (self.hag, "hag"))
        self.admin("<item jid='hag@example.com' affiliation='admin'/>")
        self.assertEqual(error(self.vcard(self.hag, PHOTO)), ("auth", "forbidden"))
        large = f"<NOTE>{'x' * LARGEST}</NOTE>"
        self.assertEqual(error(self.vcard(self.crone, large)), ("modify", "not-acceptable"))
        missing = f"none@{SERVICE}"
        self.assertEqual(error(self.vcard(self.hag, room=missing)), ("cancel", "item-not-found"))

    def test_it_lasts_with_the_room(self) -> None:
        """Set before the room is to last, and there when it is loaded again."""
        self.make()
        self.vcard(self.crone, PHOTO)
        self.configure({"persistentroom": 1})
        rooms = self.server.service.rooms
        rooms.unload(rooms.live["cave"])
        self.assertIn(b"aW1hZ2U=", self.vcard(self.hag).inner)
        self.assertIn(HASH, self.info())
        self.owner("<destroy/>")
        self.enter(self.crone, "crone")
        self.assertEqual(error(self.vcard(self.crone)), ("cancel", "item-not-found"))

    def test_vcard_of_an_occupant(self) -> None:
        """17.4, 3: it is that of the account, and the room does not answer itself."""
        self.make({}, (self.hag, "hag"))
        self.crone.ask(
            "<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>Crone</FN></vCard></iq>"
        )
        self.assertIn(b"Crone", self.vcard(self.hag, room=f"{ROOM}/crone").inner)


class NamesTest(RoomsTestCase):
    def test_name_of_a_room_without_one(self) -> None:
        """XEP-0106, 4.1: what people see is what the address stands for."""
        room = f"space\\20cadet@{SERVICE}"
        self.enter(self.crone, "crone", room=room)
        self.crone.ask(
            f"<iq type='set' id='o' to='{room}'><query xmlns='http://jabber.org/protocol/muc#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
        )
        for place, what in ((room, DISCO_INFO), (SERVICE, DISCO_ITEMS)):
            answer = self.hag.ask(
                f"<iq type='get' id='d' to='{place}'><query xmlns='{what}'/></iq>"
            )
            self.assertIn(b"name='space cadet'", answer.inner)
        answer = self.hag.ask(
            f"<iq type='get' id='d' to='{SERVICE}'><query xmlns='{DISCO_INFO}'/></iq>"
        )
        self.assertIn(b"<feature var='jid\\20escaping'/>", answer.inner)

    def test_spaces_at_the_ends(self) -> None:
        """XEP-0106, 4.1, 6."""
        for local in ("\\20cave", "cave\\20"):
            [refused] = self.enter(self.crone, "crone", room=f"{local}@{SERVICE}")
            self.assertEqual(error(refused), ("modify", "jid-malformed"))
