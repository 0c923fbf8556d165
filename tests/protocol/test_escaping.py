"""XEP-0106."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.escaping import escape, is_escaped_well, unescape
from xmppd.protocol.jid import Jid

EXAMPLES = {
    "space cadet": "space\\20cadet",
    'call me "ishmael"': "call\\20me\\20\\22ishmael\\22",
    "at&t guy": "at\\26t\\20guy",
    "d'artagnan": "d\\27artagnan",
    "/.fanboy": "\\2f.fanboy",
    "::foo::": "\\3a\\3afoo\\3a\\3a",
    "<foo>": "\\3cfoo\\3e",
    "user@host": "user\\40host",
    "c:\\net": "c\\3a\\net",
    "c:\\\\net": "c\\3a\\\\net",
    "c:\\cool stuff": "c\\3a\\cool\\20stuff",
    "c:\\5commas": "c\\3a\\5c5commas",
    "\\3and\\2is\\5cool": "\\5c3and\\2is\\5c5cool",
    "\\2plus\\2is\\4": "\\2plus\\2is\\4",
    "foo\\bar": "foo\\bar",
    "foob\\41r": "foob\\41r",
}


class EscapingTest(SynchronousTestCase):
    def test_examples(self) -> None:
        """5.1 and 4.3."""
        for name, local in EXAMPLES.items():
            self.assertEqual(escape(name), local)
            self.assertEqual(unescape(local), name)
            self.assertEqual(Jid.of(local, "example.com").local, local)

    @settings(deadline=None, max_examples=200)
    @given(st.text("\\ 2057ace\"&'/:<>@x", max_size=12))
    def test_both_ways(self, name: str) -> None:
        if name.strip(" ") == name:
            self.assertEqual(unescape(escape(name)), name)

    def test_spaces_at_the_ends(self) -> None:
        """4.1, 6."""
        for name in (" x", "x "):
            self.assertRaises(ValueError, escape, name)
        self.assertEqual(
            [is_escaped_well(local) for local in ("\\20x", "x\\20", "x\\20y")],
            [False, False, True],
        )
