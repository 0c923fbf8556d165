"""Nicks that are the same, and nicks that are none (RFC 8266; XEP-0045, 17.1)."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.chat.nicks import fold, is_nick


class NicksTest(SynchronousTestCase):
    def test_same(self) -> None:
        """RFC 8266, 2.4: case, width and white space do not tell two apart."""
        for one, other in (("Foo", "foo"), ("foo  bar", " Foo Bar "), ("\uff46oo", "foo")):
            self.assertEqual(fold(one), fold(other))
        self.assertNotEqual(fold("foo"), fold("foo bar"))

    def test_none(self) -> None:
        for nick in ("", " ", "\u3164", "\u200b", "\u0301", "x" * 65):
            self.assertFalse(is_nick(nick), ascii(nick))
        for nick in ("x", "\u732b", "\U0001f431", "x" * 64):
            self.assertTrue(is_nick(nick), ascii(nick))

    @given(st.text(max_size=20))
    @settings(deadline=None)
    def test_folding_is_final(self, nick: str) -> None:
        self.assertEqual(fold(fold(nick)), fold(nick))
