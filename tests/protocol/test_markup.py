from pyexpat import ParserCreate

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.markup import (
    element,
    escape_attribute,
    escape_text,
    only_xml,
    open_tag,
)

XML_TEXT = st.text().map(only_xml)


def parsed(data: bytes) -> tuple[list[dict[str, str]], str]:
    """The attributes of each element, and all text."""
    attributes: list[dict[str, str]] = []
    texts: list[str] = []
    parser = ParserCreate("UTF-8")
    parser.StartElementHandler = lambda _, found: attributes.append(found)
    parser.CharacterDataHandler = texts.append
    parser.Parse(data, True)
    return attributes, "".join(texts)


class EscapeTests(SynchronousTestCase):
    """XML 1.0, 2.4, 3.3.3 and 2.11: what is written comes back the same."""

    def test_attribute(self) -> None:
        self.assertEqual(escape_attribute('plain > "'), 'plain > "')
        self.assertEqual(escape_attribute("<&'\t\n\r"), "&lt;&amp;&apos;&#9;&#10;&#13;")

    def test_text(self) -> None:
        self.assertEqual(escape_text("plain '\"\t\n"), "plain '\"\t\n")
        self.assertEqual(escape_text("]]> & <\r"), "]]&gt; &amp; &lt;&#13;")

    def test_only_xml(self) -> None:
        """XML 1.0, 2.2."""
        bad = "\0\x01\x0b\x1f\ud800\udfff\ufffe\uffff"
        good = "\t\n\r \ud7ff\ue000\ufffd\U00010000\U0010ffff"
        self.assertEqual(only_xml(bad), "\ufffd" * len(bad))
        self.assertEqual(only_xml(good), good)

    @settings(deadline=None, max_examples=100)
    @given(XML_TEXT, XML_TEXT)
    def test_round_trip(self, value: str, text: str) -> None:
        data = element("x", None, {"a": value, "b": "", "c": None}, text)
        self.assertEqual(parsed(data), ([{"a": value, "b": ""}], text))


class ElementTests(SynchronousTestCase):
    def test_open_tag(self) -> None:
        self.assertEqual(open_tag("x", {}), "<x")
        self.assertEqual(
            open_tag("x", {"a": "1", "p:b": "'"}, "u&"), "<x xmlns='u&amp;' a='1' p:b='&apos;'"
        )
        self.assertEqual(open_tag("x", {}, ""), "<x xmlns=''")

    def test_element(self) -> None:
        self.assertEqual(element("x"), b"<x/>")
        self.assertEqual(element("x", "u", {"a": "b", "c": None}), b"<x xmlns='u' a='b'/>")
        self.assertEqual(element("x", None, None, b"<y/>", "<&"), b"<x><y/>&lt;&amp;</x>")
        self.assertEqual(element("x", None, None, "", b""), b"<x/>")
        self.assertEqual(element("x", None, None, "\xe9"), "<x>\xe9</x>".encode())
