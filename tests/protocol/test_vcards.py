"""What is read in vCards."""

from hashlib import sha1

from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.vcards import photo_hash


def vcard(content: str) -> bytes:
    return f"<vCard xmlns='vcard-temp'>{content}</vCard>".encode()


class PhotoTest(SynchronousTestCase):
    def test_hash(self) -> None:
        """XEP-0153, 4.5: of the image, not of its base64; white space does not count."""
        expected = sha1(b"image", usedforsecurity=False).hexdigest()
        photo = "<PHOTO><TYPE>image/png</TYPE><BINVAL>\n aW1h\n Z2U=\n</BINVAL></PHOTO>"
        self.assertEqual(photo_hash(vcard(photo)), expected)

    def test_none(self) -> None:
        for content in (
            "",
            "<PHOTO/>",
            "<PHOTO><BINVAL/></PHOTO>",
            "<PHOTO><BINVAL>?</BINVAL></PHOTO>",
        ):
            self.assertEqual(photo_hash(vcard(content)), "", content)
