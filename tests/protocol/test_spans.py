from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.namespaces import CLIENT, CONTENT, NO_NAMESPACE
from xmppd.protocol.spans import (
    children_of,
    end_of,
    namespace_symbol,
    tag_at,
    tag_size,
    uri_of,
    wrap,
)


class TagTests(SynchronousTestCase):
    def test_tag(self) -> None:
        for tag in (
            b"<a>",
            b"<a/>",
            b"<a b='>' c=\"/>'\" />",
            b"<a b=''\n>",
            b"</a >",
            b'<a b=""/>',
        ):
            for buffer in (tag, b"x" + tag + b">'\"", bytearray(b"<b>" + tag)):
                start = buffer.index(tag)
                found = tag_at(buffer, start)
                self.assertEqual(found, tag)
                self.assertIsInstance(found, bytes)
                self.assertEqual(tag_size(buffer, start), len(tag))

    def test_not_complete(self) -> None:
        for tag in (b"<", b"<a", b"<a b='>", b"<a b='>\""):
            self.assertEqual(tag_size(tag, 0), 0)

    def test_end(self) -> None:
        """expat reports the end of a self-closed element behind its tag, of others before it."""
        for element, at in (
            (b"<a/>", 4),
            (b"<a></a>", 3),
            (b"<a></a >", 3),
            (b"<a>/></a>", 5),
            (b"<a><b/></a>", 7),
            (b"<a b='/>'></a>", 10),
        ):
            self.assertEqual(end_of(element + b"<c/>", 0, at), len(element), element)


class SymbolTests(SynchronousTestCase):
    def test_round_trip(self) -> None:
        """Every namespace has a symbol of its own."""
        uris = ["", "-", "- -", "u", CLIENT, "urn:x-y"]
        symbols = [namespace_symbol(uri) for uri in uris]
        self.assertEqual(len(set(symbols)), len(uris))
        self.assertNotIn(CONTENT, symbols)
        self.assertEqual([uri_of(symbol) for symbol in symbols], uris)
        self.assertEqual(symbols[0], NO_NAMESPACE)


class ChildrenTests(SynchronousTestCase):
    def check(self, inner: bytes, *expected: tuple[str, str, bytes], ns: str = CONTENT) -> None:
        wrapped, offset = wrap(inner, ns, {"xmlns:p": "u:p"})
        found = [(ns, name, inner[a:b]) for ns, name, a, b in children_of(wrapped, offset)]
        self.assertEqual(found, list(expected))

    def test_content(self) -> None:
        self.check(b"")
        self.check(b"text")
        self.check(
            b"<body>x</body>text<body/>",
            (CONTENT, "body", b"<body>x</body>"),
            (CONTENT, "body", b"<body/>"),
        )

    def test_namespaces(self) -> None:
        """Only what declares nothing is content: the names of streams' namespaces are not it."""
        for uri, symbol in (
            ("", NO_NAMESPACE),
            ("-", "- "),
            (CLIENT, CLIENT),
            ("jabber:server", "jabber:server"),
            ("a:b", "a:b"),
            ("u&amp;&apos;", "u&'"),
        ):
            child = f"<x xmlns='{uri}'><y/></x>".encode()
            self.check(child, (symbol, "x", child))

    def test_prefix(self) -> None:
        self.check(b"<p:x/>", ("u:p", "x", b"<p:x/>"))

    def test_other_parent(self) -> None:
        for ns in ("urn:x-y", CLIENT, NO_NAMESPACE):
            self.check(b"<x/>", (ns, "x", b"<x/>"), ns=ns)
