"""vCards as XEP-0054 writes them: what others than their owner read in them."""

import base64
import binascii
import hashlib
from typing import Any

from xmppd.protocol.parsing import parse_stanza

VCARD = "vcard-temp"


def photo_hash(vcard: bytes) -> str:
    """The SHA-1 of a vCard's photo in hexadecimal (XEP-0153, 4.5).

    Empty where there is none; one that is no base64 is none.
    """
    photo: Any = parse_stanza(vcard).child(VCARD, "PHOTO")
    data = "" if photo is None or photo.BINVAL is None else str(photo.BINVAL)
    try:
        image = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        image = b""
    return hashlib.sha1(image, usedforsecurity=False).hexdigest() if image else ""
