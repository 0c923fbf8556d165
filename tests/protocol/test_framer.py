from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.fuzz import corpus, framer, streams
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, StreamClosed, StreamOpened
from xmppd.protocol.framer import MAX_ATTRIBUTES, MAX_DEPTH, MAX_NAMES, MAX_READ, MAX_TAG, Framer
from xmppd.protocol.namespaces import CLIENT, CONTENT, NO_NAMESPACE, SASL, SERVER, STREAMS
from xmppd.protocol.stanza import Stanza

HEADER = (
    b"<?xml version='1.0'?><stream:stream to='example.com' version='1.0' xmlns='jabber:client'"
    b" xmlns:stream='http://etherx.jabber.org/streams'>"
)
BODY = b"<message><body>%b</body></message>"


def frame(data: bytes, size: int = 0, header: bytes = HEADER, **caps: int) -> list[Event]:
    """What a framer makes of a header and that data, fed in pieces of that size, else at once."""
    made = Framer(**caps)
    whole = header + data
    size = size or len(whole)
    return [e for at in range(0, len(whole), size) for e in made.feed(whole[at : at + size])]


def texts(events: list[Event]) -> list[str]:
    """Events in a form that reads well; the header is left out."""
    return [framer_text(event) for event in events if not isinstance(event, StreamOpened)]


def framer_text(event: Event) -> str:
    if isinstance(event, Stanza):
        return event.to_bytes().decode()
    return "closed" if isinstance(event, StreamClosed) else str(framer.show(event))


class HeaderTests(SynchronousTestCase):
    """RFC 6120, 4.7 and 4.8: the framer tells what the header says; the stream judges it."""

    def opened(self, header: bytes) -> StreamOpened:
        (event,) = frame(b"", header=header)
        assert isinstance(event, StreamOpened)
        return event

    def test_header(self) -> None:
        header = self.opened(
            b"<?xml version='1.0' encoding='utf-8'?>\n<s:stream xmlns:s='http://etherx.jabber.org/"
            b"streams' xmlns='jabber:client' to='example.com' version='1.0' xml:lang='en'>"
        ).header
        self.assertEqual((header.namespace, header.name), (STREAMS, "stream"))
        self.assertEqual((header.content, header.default), (CLIENT, CLIENT))
        self.assertEqual(header.prefixes, {"s": STREAMS})
        self.assertEqual(header.attrs, {"to": "example.com", "version": "1.0", "xml:lang": "en"})

    def test_content_namespace(self) -> None:
        """RFC 6120, 4.8.2: as default namespace or by a prefix, but then only one."""
        for declared, content in (
            ("xmlns='jabber:server' xmlns:c='jabber:client'", SERVER),
            ("xmlns='http://etherx.jabber.org/streams' xmlns:c='jabber:client'", CLIENT),
            ("xmlns:c='jabber:client' xmlns:d='jabber:client'", CLIENT),
            ("xmlns:c='jabber:client' xmlns:d='jabber:server'", None),
            ("xmlns='foo' xmlns:c='jabber:client'", None),
            ("xmlns='foo'", None),
            ("xmlns=''", None),
            ("", None),
        ):
            tag = f"<s:stream xmlns:s='{STREAMS}' {declared}>".encode()
            self.assertEqual(self.opened(tag).header.content, content, declared)

    def test_no_content_namespace(self) -> None:
        """Then no element is taken for content, whatever its namespace is called."""
        header = f"<s xmlns='{STREAMS}'>".encode()
        for name in ("?", "-", "", CLIENT):
            _, stanza = frame(f"<message xmlns='{name}'/>".encode(), header=header)
            self.assertNotEqual(stanza.ns, CONTENT)

    def test_byte_order_mark(self) -> None:
        """RFC 6120, 11.6: ignored at the start, text anywhere else."""
        for size in (0, 1):
            events = frame(b"\xef\xbb\xbf" + HEADER + b"<iq/>", size, header=b"")
            self.assertEqual(texts(events), ["<iq/>"])
            self.assertEqual(texts(frame(b"<iq/>\xef\xbb\xbf<iq/>", size)), ["<iq/>", "bad-format"])

    def test_white_space_before(self) -> None:
        """What a client put behind `</auth>` may come when its next stream is due."""
        for size in (0, 1):
            events = frame(b" \t\r\n" + HEADER + b"<iq/>", size, header=b"")
            self.assertEqual(texts(events), ["<iq/>"])
            self.assertEqual(texts(frame(b"\n&", size, header=b"")), ["not-well-formed"])

    def test_declaration(self) -> None:
        for text, events in (
            ("version='1.0' encoding='ISO-8859-1'", ["unsupported-encoding"]),
            ("version='1.0' encoding='utf-8'", []),
            ("version='1.1'", []),
        ):
            header = f"<?xml {text}?>".encode() + HEADER.partition(b"?>")[2]
            self.assertEqual(texts(frame(b"", header=header)), events, text)

    def test_attributes(self) -> None:
        """Declarations count in a header: every stanza that is rewritten has it read again."""
        many = b"".join(b" xmlns:p%d='u'" % number for number in range(MAX_ATTRIBUTES))
        self.assertEqual(texts(frame(b"", header=HEADER[:-1] + many + b">")), ["policy-violation"])

    def test_no_stream(self) -> None:
        """H1: what is no XML at all is not well-formed, whatever its bytes."""
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01", b"\xff\x80abc"):
            for size in (0, 1):
                self.assertEqual(texts(frame(data, size, header=b"")), ["not-well-formed"], data)


class EncodingTests(SynchronousTestCase):
    """RFC 6120, 11.6: UTF-8 and nothing else."""

    def test_utf_16(self) -> None:
        text = HEADER.decode()
        for codec in ("utf-16-le", "utf-16-be"):
            for mark in ("", "\ufeff"):
                for size in (0, 1, 2, 7):
                    data = (mark + text).encode(codec)
                    self.assertEqual(texts(frame(data, size, b"")), ["unsupported-encoding"])

    def test_not_utf_8(self) -> None:
        for bad in (b"\xc0\xbc", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xff"):
            for size in (0, 1, 2, 3):
                for place in (BODY % (b"h\xc3\xa9" + bad + b"<x/>"), b"<iq id='a" + bad + b"'/>"):
                    self.assertEqual(texts(frame(place, size)), ["unsupported-encoding"], place)

    def test_later_bytes_do_not_matter(self) -> None:
        """An error is called what it is, even if worse comes after it in the same read."""
        self.assertEqual(texts(frame(b"<iq a=b/>\xff")), ["not-well-formed"])

    def test_nul(self) -> None:
        for size in (0, 1):
            self.assertEqual(
                texts(frame(b"<iq/><message>\0</message>", size)), ["<iq/>", "unsupported-encoding"]
            )


class RestrictionTests(SynchronousTestCase):
    """RFC 6120, 11.1 and 4.9.3: each error by its name, the stanza before it still given out."""

    def check(self, data: bytes, condition: str) -> None:
        for size in (0, 1, 2, 5):
            events = texts(frame(b"<presence/>" + data, size))
            self.assertEqual(events, ["<presence/>", condition], data)

    def test_restricted(self) -> None:
        for text in (b"<!-- x -->", b"<?php x?>"):
            self.check(text, "restricted-xml")
            self.check(BODY % text, "restricted-xml")
            events = texts(frame(HEADER[21:], header=text))
            self.assertEqual(events, ["restricted-xml"])
        for text in (b"&foo;", b"<x a='&foo;'/>"):
            self.check(BODY % text, "restricted-xml")

    def test_doctype(self) -> None:
        laughs = b"<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>"
        for text in (
            b"<!DOCTYPE x>",
            b"<!DOCTYPE x [%b]>" % laughs,
            b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
            b"<!DOCTYPE x SYSTEM 'http://192.0.2.1/'>",
            b"<!DOCTYPE x [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]>",
        ):
            for size in (0, 1):
                self.assertEqual(texts(frame(text + HEADER, size, b"")), ["restricted-xml"], text)

    def test_references_and_cdata(self) -> None:
        text = b"&lt;&gt;&amp;&apos;&quot;&#9;&#10;&#13;&#x1F600;<![CDATA[<x/>]]>\r\n"
        _, stanza = frame(BODY % text)
        assert isinstance(stanza, Stanza)
        self.assertEqual(stanza.text(CONTENT, "body"), "<>&'\"\t\n\r\U0001f600<x/>\n")
        self.assertEqual(stanza.to_bytes(), BODY % text)

    def test_not_well_formed(self) -> None:
        for text in (
            *(b"&#0;", b"&#x1F;", b"&#xD800;", b"&#xFFFE;", "\ufffe".encode(), b"\x01", b"]]>"),
            *(b"</x>", b"<a b=c/>", b"<a b='<'/>", b"<a:b:c/>", b"<?xml version='1.0'?>"),
            *(b"<u:x/>", b"<x u:a=''/>", b"<x><y><u:z/></y></x>", b"<x a='a' a='b'/>"),
            b"<x xmlns:a='u' xmlns:b='u' a:q='1' b:q='2'/>",
            *(b"<x xmlns:xml='urn:x'/>", b"<x xmlns:xmlns='u'/>", b"<x xmlns:p=''/>"),
            b"<x xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
            b"<a:x xmlns:a='jabber:client body'/>",
        ):
            self.check(BODY % text, "not-well-formed")

    def test_second_declaration(self) -> None:
        self.check(b"<?xml version='1.0'?>", "not-well-formed")

    def test_text_between_stanzas(self) -> None:
        for text in ("hello", "\xa0", "\u2028", "&#32;", "<![CDATA[ ]]>", "&foo;", "\x01", "]]>"):
            self.check(text.encode(), "bad-format")
            self.check(text.encode() + b"<message/>", "bad-format")
            self.check(b" \r\n" + text.encode() + b"</stream:stream>", "bad-format")
            self.check(text.encode() + b"<!-- x -->", "bad-format")

    def test_a_stream_in_the_stream(self) -> None:
        """RFC 6120, 4.9.3.24: refused where it begins, for it would end with the stream only."""
        again = HEADER.partition(b"?>")[2]
        for header in (again, again.replace(b"stream:", b"s:").replace(b":stream=", b":s=")):
            self.check(header + b"<iq/>", "unsupported-stanza-type")

    def test_space_between_stanzas(self) -> None:
        for size in (0, 1, 2):
            events = texts(frame(b" <iq/>\t\r\n<iq/>\r \n</stream:stream>", size))
            self.assertEqual(events, ["<iq/>", "<iq/>", "closed"])

    def test_nothing_after_an_error(self) -> None:
        framed = Framer()
        framed.feed(HEADER + b"</x>")
        self.assertEqual(framed.feed(b"<iq/>"), [])

    def test_nothing_after_the_end(self) -> None:
        for size in (0, 1):
            events = texts(frame(b"<iq/></stream:stream>\0<!-- --><iq/></stream:stream>", size))
            self.assertEqual(events, ["<iq/>", "closed"])


class CapTests(SynchronousTestCase):
    """RFC 6120, 13.12: caps hold while reading, and however the bytes come."""

    def check(self, data: bytes, *expected: str, **caps: int) -> None:
        for size in (0, 1000, 7):
            got = [text[:20] for text in texts(frame(data, size, **caps))]
            self.assertEqual(got, list(expected))

    def test_stanza(self) -> None:
        most = BODY % (b"x" * (9_999 - len(BODY) + 2))
        self.assertEqual(len(most), 9_999)
        self.check(most, "<message><body>xxxxx", max_stanza=9_999)
        self.check(most + most, *["<message><body>xxxxx"] * 2, max_stanza=9_999)
        self.check(most, "policy-violation", max_stanza=9_998)
        self.check(b"<iq/>" + most[:9_999], "<iq/>", "policy-violation", max_stanza=9_998)
        self.check(most[:-9], max_stanza=9_998)

    def test_header(self) -> None:
        long = HEADER[:-1] + b" x='%b'>" % (b"x" * 400)
        for size in (0, 1):
            self.assertEqual(
                texts(frame(b"", size, header=long, max_stanza=500)), ["policy-violation"]
            )
            self.assertEqual(texts(frame(b"<iq/>", size, header=long, max_stanza=700)), ["<iq/>"])

    def test_cap_after_login(self) -> None:
        framed = Framer(max_stanza=200)
        framed.feed(HEADER)
        framed.max_stanza = 2000
        (stanza,) = framed.feed(BODY % (b"x" * 1000))
        self.assertIsInstance(stanza, Stanza)

    def test_depth(self) -> None:
        """A stanza at depth one; 64 are allowed."""
        for depth, ok in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False), (10_000, False)):
            self.check(
                b"<x>" * depth + b"</x>" * depth,
                "<x><x><x><x><x><x><x" if ok else "policy-violation",
            )

    def test_attributes(self) -> None:
        for number, ok in ((MAX_ATTRIBUTES, True), (MAX_ATTRIBUTES + 1, False)):
            many = b" ".join(b"a%d=''" % key for key in range(number))
            self.check(b"<x %b/>" % many, "<x a0='' a1='' a2=''" if ok else "policy-violation")
            self.check(
                b"<m><x %b/></m>" % many, "<m><x a0='' a1='' a2"[:20] if ok else "policy-violation"
            )

    def test_tag(self) -> None:
        """A long tag is refused also when it comes at once, for it could have come in pieces."""
        empty = len(b"<x a=''/>")
        most = b"<x a='%b'/>" % (b"v" * (MAX_TAG - empty))
        over = b"<x a='%b'/>" % (b"v" * (MAX_TAG - empty + 1))
        self.check(most, "<x a='vvvvvvvvvvvvvv")
        self.check(over, "policy-violation")
        self.check(b"<m>" + most + b"</m>", "<m><x a='vvvvvvvvvvv")
        self.check(b"<iq/><m>" + over + b"</m>", "<iq/>", "policy-violation")
        self.check(b"<m></m" + b" " * MAX_TAG + b">", "policy-violation")
        self.check(b"<m><x a='" + b"v" * MAX_TAG, "policy-violation")
        text = b"x" * 3 * MAX_TAG
        self.check(BODY % text, "<message><body>xxxxx")
        self.check(BODY % (b"<![CDATA[<x a='" + text + b"'>]]>"), "<message><body><![CD")

    def test_rewritten(self) -> None:
        """Prefixes do not turn a small stanza into a huge one."""
        long = b"u" * 5000
        children = b"<a:b/>" * 5000
        data = b"<message xmlns:a='%b'>%b</message>" % (long, children)
        self.check(data, "policy-violation")

    def test_dribble(self) -> None:
        """Bytes that come one by one cost what they cost, not their square."""
        for data in (
            b"<message a='" + b"v" * 2 * MAX_TAG,
            b"<message>" + b"<x/>" * 20_000,
            b"<message>" + b"x" * 50_000,
            b" " * 50_000,
        ):
            framed = Framer()
            framed.feed(HEADER)
            for at in range(0, len(data)):
                framed.feed(data[at : at + 1])


class ForwardingTests(SynchronousTestCase):
    """The rules of raw forwarding: what is the stream's own does not leave it."""

    def check(self, data: str, expected: str, header: bytes = HEADER) -> Stanza:
        for size in (0, 1, 2):
            events = frame(data.encode(), size, header)
            self.assertEqual(texts(events), [expected])
        stanza = events[-1]
        assert isinstance(stanza, Stanza)
        return stanza

    def test_as_it_stands(self) -> None:
        text = "<message to='a@b.test' xml:lang='de'><body a=\"'\">x</body><x xmlns='u'/></message>"
        stanza = self.check(text, text)
        self.assertEqual([child[:2] for child in stanza.children], [("", "body"), ("u", "x")])
        self.assertEqual(stanza.lang, "de")

    def test_addresses(self) -> None:
        """They leave in their prepared form."""
        stanza = self.check(
            "<iq to='A@B.test/R' from='C.test.'/>", "<iq to='a@b.test/R' from='c.test'/>"
        )
        self.assertEqual((stanza.to, stanza.sender), ("a@b.test/R", "c.test"))

    def test_malformed_addresses(self) -> None:
        for key in ("to", "from"):
            for text in ("", "@b", "a@", "a@b/"):
                stanza = self.check(f"<iq {key}='{text}'/>", f"<iq {key}='{text}'/>")
                self.assertEqual((stanza.malformed, stanza.to, stanza.sender), (key, None, None))
        self.assertEqual(self.check("<iq to='' from=''/>", "<iq to='' from=''/>").malformed, "from")

    def test_explicit_content_namespace(self) -> None:
        """S7: undeclared at the top and on direct children."""
        for text in (
            "<message xmlns='jabber:client'><body/></message>",
            "<c:message xmlns:c='jabber:client'><c:body/></c:message>",
            "<message><body xmlns='jabber:client'/></message>",
            "<message><body xmlns='jabber:&#99;lient'/></message>",
        ):
            stanza = self.check(text, "<message><body/></message>")
            self.assertTrue(stanza.has(CONTENT, "body"))

    def test_forwarded(self) -> None:
        """A forwarded message (XEP-0297) keeps its content namespace across other streams."""
        inner = "<message xmlns='jabber:client'><body/></message>"
        text = f"<message><f xmlns='urn:f'>{inner}</f></message>"
        self.check(text, text)

    def test_no_namespace(self) -> None:
        """S8: neither of these is a body."""
        for declared, ns in (("", NO_NAMESPACE), ("jabber:server", "jabber:server")):
            text = f"<message><body xmlns='{declared}'>x</body></message>"
            stanza = self.check(text, text)
            self.assertEqual([child[:2] for child in stanza.children], [(ns, "body")])
            self.assertFalse(stanza.adding(b"<x/>").has(CONTENT, "body"))

    def test_namespace_that_looks_like_none(self) -> None:
        text = "<message><x xmlns='-'><y xmlns=''/></x><x xmlns=''/></message>"
        stanza = self.check(text, text)
        self.assertEqual(stanza.child_bytes(NO_NAMESPACE, "x"), b"<x xmlns=''/>")

    def test_streams_as_default(self) -> None:
        """H4, RFC 6120, 4.8.5."""
        header = f"<stream xmlns='{STREAMS}' xmlns:c='jabber:client'>".encode()
        self.check(
            "<c:message><c:body>x</c:body></c:message>", "<message><body>x</body></message>", header
        )
        stanza = self.check(
            "<c:message><body>x</body></c:message>",
            f"<message><body xmlns='{STREAMS}'>x</body></message>",
            header,
        )
        self.assertFalse(stanza.has(CONTENT, "body"))

    def test_header_prefixes(self) -> None:
        """S9, H5: declared in what leaves, in each direct child that needs it."""
        header = HEADER[:-1] + b" xmlns:q='urn:q'>"
        self.check(
            "<message><x q:a='1'><y><q:z q:a='2'/></y></x><x q:a='3'/></message>",
            "<message><x q:a='1' xmlns:q='urn:q'><y><z xmlns='urn:q' q:a='2'/></y></x>"
            "<x q:a='3' xmlns:q='urn:q'/></message>",
            header,
        )
        header = HEADER.replace(b"xmlns:stream='http", b"xmlns:stream='urn:x' xmlns:s='http")
        header = header.replace(b"<stream:", b"<s:")
        self.check(
            "<message><stream:x/></message>", "<message><x xmlns='urn:x'/></message>", header
        )

    def test_prefixes_of_the_top_tag(self) -> None:
        """Each child stands for itself, for it may be copied elsewhere."""
        stanza = self.check(
            "<message xmlns:a='u'><a:x a:y='1'/></message>",
            "<message xmlns:a='u'><x xmlns='u' a:y='1' xmlns:a='u'/></message>",
        )
        self.assertEqual(stanza.child_bytes("u", "x"), b"<x xmlns='u' a:y='1' xmlns:a='u'/>")

    def test_prefix_in_text(self) -> None:
        body = BODY.decode().replace("%b", "%s")
        for text in ("stream:x", "xmlns='jabber:client' &#62;", "jabber:client"):
            stanza = self.check(body % text, body % text.replace("&#62;", "&gt;"))
            self.assertEqual(stanza.text(CONTENT, "body"), text.replace("&#62;", ">"))

    def test_xml_prefix(self) -> None:
        """It needs no declaration, and its namespace may not become a default (XML-NAMES, 3)."""
        header = HEADER[:-1] + b" xmlns:a='u'>"
        self.check(
            "<message xml:space='preserve'><xml:x a:b=''><body/></xml:x></message>",
            "<message xml:space='preserve'><xml:x a:b='' xmlns:a='u'><body/></xml:x></message>",
            header,
        )
        self.check("<xml:x><body/></xml:x>", "<xml:x><body/></xml:x>")

    def test_prefixed_attribute_is_no_address(self) -> None:
        stanza = self.check(
            "<iq xmlns:f='u' f:from='victim@x'/>", "<iq f:from='victim@x' xmlns:f='u'/>"
        )
        self.assertIsNone(stanza.sender)

    def test_spans(self) -> None:
        for inner in (
            b"<message/>",
            b"<message></message>",
            b"<x a='/>'>/></x>",
            b"<x><y/></x>",
            b'<x a="\'/>" />text<x >/></x >',
            b"<x></x\n><x\n/>",
        ):
            for size in (0, 1):
                _, stanza = frame(b"<message>%b</message>" % inner, size)
                assert isinstance(stanza, Stanza)
                for _, name, start, stop in stanza.children:
                    piece = stanza.inner[start:stop]
                    self.assertTrue(piece.startswith(b"<" + name.encode()))
                    self.assertTrue(piece.endswith(b">"))
                self.assertEqual(Stanza("", "m", {}, stanza.inner).children, stanza.children)


class StoppingTests(SynchronousTestCase):
    """Negotiation: what follows an element in the same read may belong to another framer."""

    DATA = HEADER + f"<iq/><auth xmlns='{SASL}'>eA==</auth><iq/> <message/>".encode()

    def test_stop(self) -> None:
        """At any split, `rest()` gives what was not read, and `resume()` reads on."""
        for at in range(len(self.DATA) + 1):
            framed = Framer(stop_at=frozenset({SASL}))
            events = framed.feed(self.DATA[:at]) + framed.feed(self.DATA[at:])
            self.assertEqual(texts(events)[0], "<iq/>")
            self.assertEqual(len(texts(events)), 2)
            self.assertEqual(texts(framed.resume()), ["<iq/>", "<message/>"])
            self.assertEqual(texts(framed.feed(b"<iq/>")), ["<iq/>"])

    def test_rest(self) -> None:
        for at in range(len(self.DATA) + 1):
            framed = Framer(stop_at=frozenset({SASL}))
            framed.feed(self.DATA[:at])
            framed.feed(self.DATA[at:])
            self.assertEqual(framed.rest(), b"<iq/> <message/>")
            self.assertEqual(framed.rest(), b"")
            self.assertEqual(framed.feed(b"more"), [])
            self.assertEqual(framed.rest(), b"more")

    def test_white_space_is_no_rest(self) -> None:
        """RFC 6120, 5.3.3 and 6.3.5 forbid it there, and some clients send it after all."""
        data = HEADER + f"<auth xmlns='{SASL}'/>".encode() + b"\r\n"
        for size in (0, 1):
            framed = Framer(stop_at=frozenset({SASL}))
            for at in range(0, len(data), size or len(data)):
                framed.feed(data[at : at + (size or len(data))])
            self.assertEqual(framed.rest(), b"")

    def test_what_follows_is_not_judged(self) -> None:
        """H9: it may be a TLS greeting."""
        framed = Framer(stop_at=frozenset({SASL}))
        data = f"<auth xmlns='{SASL}'/>".encode() + b"\x16\x03<\0!--\0\xff"
        self.assertEqual(len(framed.feed(HEADER + data)), 2)
        self.assertEqual(framed.rest(), b"\x16\x03<\0!--\0\xff")

    def test_resume_without_rest(self) -> None:
        framed = Framer(stop_at=frozenset({SASL}))
        framed.feed(HEADER + f"<auth xmlns='{SASL}'/>".encode())
        self.assertEqual(framed.resume(), [])
        self.assertEqual(texts(framed.feed(b"<iq/></stream:stream>")), ["<iq/>", "closed"])

    def test_nul_after_resuming(self) -> None:
        framed = Framer(stop_at=frozenset({SASL}))
        framed.feed(HEADER + f"<auth xmlns='{SASL}'/><iq/>".encode() + b"\0")
        self.assertEqual(texts(framed.resume()), ["<iq/>", "unsupported-encoding"])


class SleepTests(SynchronousTestCase):
    """An idle stream needs no parser, and a busy one forgets the names that it has read."""

    def test_sleep_at_any_split(self) -> None:
        data = HEADER + b"<iq/> <message><stream:x/><body>x</body></message></stream:stream>"
        expected = texts(frame(data[len(HEADER) :]))
        for at in range(len(data)):
            framed = Framer()
            events = framed.feed(data[:at])
            framed.sleep()
            events += framed.feed(data[at : at + 1])
            framed.sleep()
            self.assertEqual(texts(events + framed.feed(data[at + 1 :])), expected)

    def test_idle(self) -> None:
        framed = Framer()
        framed.feed(HEADER)
        self.assertTrue(framed.idle)
        framed.feed(b"<message>")
        self.assertFalse(framed.idle)
        framed.feed(b"</message>\r\n")
        self.assertTrue(framed.idle)

    def check(self, data: bytes, expected: list[str]) -> None:
        """Where each read ends within an element, too."""
        for size in (100, 101, 1999, 4096):
            framed = Framer()
            events = framed.feed(HEADER)
            most = 0
            for at in range(0, len(data), size):
                events += framed.feed(data[at : at + size])
                most = max(most, len(framed._names))
            self.assertEqual(texts(events), expected)
            self.assertLess(most, 4 * MAX_NAMES)

    def test_many_names(self) -> None:
        stanzas = [f"<message><n{number}/></message>" for number in range(4 * MAX_NAMES)]
        self.check("".join(stanzas).encode(), stanzas)

    def test_many_names_in_one(self) -> None:
        names = "".join(f"<n{number}/>" for number in range(2 * MAX_NAMES))
        stanzas = [f"<message>{names}</message>", "<iq/>", f"<iq>{names}</iq>"]
        self.check("".join(stanzas).encode(), stanzas)

    def test_much(self) -> None:
        """Prefixes that are never used stay in expat's memory, so bytes count as well."""
        stanzas = [f"<iq><x xmlns:p{number}='u'/></iq>" for number in range(MAX_READ // 10)]
        self.check("".join(stanzas).encode(), stanzas)


class SplitTests(SynchronousTestCase):
    """However a stream is cut, its events are the same, and the references agree."""

    def test_corpus(self) -> None:
        framer.run_corpus()

    def test_random_streams(self) -> None:
        for number in range(1000):  # `make fuzz` has many more
            framer.run_case(number)

    @settings(deadline=None, max_examples=200)
    @given(st.integers(min_value=0), st.booleans(), st.randoms(use_true_random=False))
    def test_streams(self, seed: int, breaking: bool, random: Random) -> None:
        data = streams.stream(Random(seed), breaking)
        framer.check(data, streams.split(random, data))

    @settings(deadline=None, max_examples=300)
    @given(
        st.lists(st.sampled_from([*streams.BROKEN, *streams.TEXTS, "<x>", "</x>", "<x", " a=''"]))
    )
    def test_fragments(self, parts: list[str]) -> None:
        data = HEADER + "".join(parts).encode()
        framer.check(data, [data[at : at + 1] for at in range(len(data))])

    @settings(deadline=None, max_examples=300)
    @given(st.binary())
    def test_noise(self, data: bytes) -> None:
        framer.check(data, [data[at : at + 1] for at in range(len(data))])
        framer.check(HEADER + data, [HEADER, data])

    def test_corpus_is_read(self) -> None:
        """Every entry opens a stream or ends it."""
        for data in corpus.STREAMS:
            self.assertTrue(frame(data, header=b""))

    def test_errors_come_last(self) -> None:
        events = frame(b"<iq/></x><iq/>")
        self.assertIsInstance(events[-1], StreamError)
