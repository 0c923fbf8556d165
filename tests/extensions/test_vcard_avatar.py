"""XEP-0153 as the server does it for its clients (XEP-0398, 4)."""

import base64
import hashlib

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.extensions.vcard import VCard
from xmppd.extensions.vcard_avatar import VCardAvatar

IMAGE = b"\x89PNG an image"
HASH = hashlib.sha1(IMAGE).hexdigest()
NOTE = f"<x xmlns='vcard-temp:x:update'><photo>{HASH}</photo></x>".encode()


def card(binval: str) -> str:
    photo = f"<PHOTO><TYPE>image/png</TYPE><BINVAL>{binval}</BINVAL></PHOTO>"
    return f"<iq type='set' id='v'><vCard xmlns='vcard-temp'>{photo}</vCard></iq>"


CARD = card("\n  ".join(base64.b64encode(IMAGE).decode()))


class VCardAvatarTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([VCard, VCardAvatar])
        self.juliet = self.house.client("juliet")
        self.other = self.house.client("juliet", "garden")

    def shown(self, presence: str = "<presence/>") -> bytes:
        self.juliet.taken()
        self.juliet.send(presence)
        return next(item.inner for item in self.juliet.taken() if item.name == "presence")

    def test_hash_of_the_image_data(self) -> None:
        """3.1: of the image itself; white space in base64 does not count (4.6)."""
        self.juliet.answer(CARD)
        self.assertEqual(self.shown(), NOTE)
        self.assertEqual(
            self.shown("<presence><show>away</show></presence>"), b"<show>away</show>" + NOTE
        )

    def test_no_vcard_no_note(self) -> None:
        self.assertEqual(self.shown(), b"")
        own = "<x xmlns='vcard-temp:x:update'><photo>abc</photo></x>"
        self.assertEqual(self.shown(f"<presence>{own}</presence>"), own.encode())

    def test_a_new_photo_shows_at_once_whoever_set_it(self) -> None:
        self.assertEqual(self.shown(), b"")
        self.other.answer(CARD)
        self.assertEqual(self.shown(), NOTE)
        self.other.answer(card(""))
        self.assertEqual(self.shown(), b"")

    def test_bad_base64_is_no_photo(self) -> None:
        self.juliet.answer(card("*"))
        self.assertEqual(self.shown(), b"")

    def test_what_the_client_says(self) -> None:
        """XEP-0398, 4: an empty photo stays, an empty x and another hash are overwritten."""
        self.juliet.answer(CARD)
        empty = "<x xmlns='vcard-temp:x:update'><photo/></x>"
        self.assertEqual(self.shown(f"<presence>{empty}</presence>"), empty.encode())
        for claimed in "", "<photo>abc</photo>":
            update = f"<x xmlns='vcard-temp:x:update'>{claimed}</x>"
            self.assertEqual(self.shown(f"<presence>{update}</presence>"), NOTE)
        same = NOTE.decode().replace("<photo>", "<photo >")
        self.assertEqual(self.shown(f"<presence>{same}</presence>"), same.encode())

    def test_directed_presence_too(self) -> None:
        """XEP-0398, 4: such as joining a room; but never unavailable."""
        self.juliet.answer(CARD)
        self.juliet.send(
            "<presence to='room@remote.test/nick'/>",
            "<presence to='room@remote.test/nick' type='unavailable'/>",
        )
        self.assertEqual([item.inner for item in self.house.left], [NOTE, b""])
