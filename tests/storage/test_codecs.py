"""Codecs write what they can read, over releases that add fields."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from xmppd.storage.codecs import AttrsCodec, JsonCodec, XmlCodec


@attrs.frozen
class Contact:
    name: str
    groups: tuple[str, ...] = ()
    key: bytes = b""
    asked: bool = False
    added: int | None = None


class CodecTest(SynchronousTestCase):
    def test_attrs(self) -> None:
        """Values of a class come back equal; defaults are left out."""
        codec = AttrsCodec(Contact)
        contact = Contact("Roméo", ("Friends",), b"\0\xff", True, 3)
        self.assertEqual(codec.decode(codec.encode(contact)), contact)
        self.assertEqual(codec.encode(Contact("Romeo")), '{"name":"Romeo"}')

    def test_later_release(self) -> None:
        """A field that a later release added is ignored."""
        self.assertEqual(AttrsCodec(Contact).decode('{"name":"a","new":1}'), Contact("a"))

    def test_wrong(self) -> None:
        """What does not decode is a ValueError."""
        for raw in ("{}", "[]", "3", "{", '{"name":"a","groups":7}', b"\xff"):
            self.assertRaises(ValueError, AttrsCodec(Contact).decode, raw)
        self.assertRaises(ValueError, JsonCodec().decode, "{")
        self.assertRaises(ValueError, XmlCodec().decode, "{}")
        self.assertRaises(ValueError, JsonCodec().encode, float("nan"))
