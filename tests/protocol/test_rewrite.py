from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.errors import StreamError
from xmppd.protocol.namespaces import CLIENT, CONTENT, NO_NAMESPACE, STREAMS
from xmppd.protocol.rewrite import Parts, rewrite

HEADER = (
    f"<s:stream xmlns='{CLIENT}' xmlns:s='{STREAMS}' xmlns:c='{CLIENT}' xmlns:p='u:p'>".encode()
)


def rewritten(text: str, content: str = CLIENT) -> Parts:
    return rewrite(text.encode(), HEADER, content, 1000)


class TopTests(SynchronousTestCase):
    def check(self, text: str, ns: str, name: str, **attrs: str) -> None:
        self.assertEqual(rewritten(text)[:3], (ns, name, attrs))

    def test_namespace(self) -> None:
        self.check("<c:iq/>", CONTENT, "iq")
        self.check("<iq/>", CONTENT, "iq")
        self.check("<iq xmlns=''/>", NO_NAMESPACE, "iq")
        self.check("<iq xmlns='u'/>", "u", "iq")
        self.check("<p:iq/>", "u:p", "iq")

    def test_attributes(self) -> None:
        self.check("<iq id='&#10;&amp;'/>", CONTENT, "iq", id="\n&")
        self.check(
            "<c:iq p:a='1' a='2' xml:lang='de'/>",
            CONTENT,
            "iq",
            **{"p:a": "1", "a": "2", "xml:lang": "de", "xmlns:p": "u:p"},
        )


class ContentTests(SynchronousTestCase):
    def check(self, inner: str, expected: str) -> None:
        _, _, _, found, children = rewritten(f"<message>{inner}</message>")
        self.assertEqual(found.decode(), expected)
        pieces = [found[start:stop] for _, _, start, stop in children]
        self.assertEqual(b"".join(pieces), found)

    def test_text(self) -> None:
        self.check("<x>a<![CDATA[<b>]]>&#13;&gt;\r\n</x>", "<x>a&lt;b&gt;&#13;&gt;\n</x>")

    def test_empty(self) -> None:
        self.check("<x></x><x/>", "<x/><x/>")

    def test_content_namespace(self) -> None:
        """Undeclared where it is inherited, declared where it is not."""
        self.check("<c:x><x xmlns='jabber:client'/></c:x>", "<x><x/></x>")
        self.check("<x xmlns='u'><c:y/></x>", "<x xmlns='u'><y xmlns='jabber:client'/></x>")

    def test_other_namespaces(self) -> None:
        self.check("<p:x><p:y/><y/></p:x>", "<x xmlns='u:p'><y/><y xmlns='jabber:client'/></x>")
        self.check("<x xmlns=''><y/><p:y/></x>", "<x xmlns=''><y/><y xmlns='u:p'/></x>")
        self.check("<x xmlns='-'><y xmlns=''/></x>", "<x xmlns='-'><y xmlns=''/></x>")
        self.check("<s:x/>", f"<x xmlns='{STREAMS}'/>")

    def test_prefixes_of_attributes(self) -> None:
        self.check(
            "<x p:a='1'><y p:a='2'/><p:z xmlns:p='v' p:a='3'><z p:a='4'/></p:z></x>",
            "<x p:a='1' xmlns:p='u:p'><y p:a='2'/><z xmlns='v' p:a='3' xmlns:p='v'>"
            "<z xmlns='jabber:client' p:a='4'/></z></x>",
        )

    def test_same_name_under_two_prefixes(self) -> None:
        self.check(
            "<x p:a='1' c:a='2' a='3'/>",
            "<x p:a='1' c:a='2' a='3' xmlns:p='u:p' xmlns:c='jabber:client'/>",
        )

    def test_xml_prefix(self) -> None:
        self.check(
            "<xml:x xml:lang='de'><y/><p:y/></xml:x>",
            "<xml:x xml:lang='de'><y/><y xmlns='u:p'/></xml:x>",
        )

    def test_spans(self) -> None:
        _, _, _, inner, children = rewritten("<m>a<c:x>b</c:x>c<p:y/>d<y xmlns=''/></m>")
        self.assertEqual(
            [(ns, name, inner[start:stop]) for ns, name, start, stop in children],
            [
                (CONTENT, "x", b"<x>b</x>"),
                ("u:p", "y", b"<y xmlns='u:p'/>"),
                (NO_NAMESPACE, "y", b"<y xmlns=''/>"),
            ],
        )

    def test_limit(self) -> None:
        rewrite(b"<m><x/></m>", HEADER, CLIENT, 4)
        error = self.assertRaises(StreamError, rewrite, b"<m><x/></m>", HEADER, CLIENT, 3)
        self.assertEqual(error.condition, "policy-violation")
