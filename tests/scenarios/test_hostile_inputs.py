"""The table of hostile inputs: what each must get, and that nobody else feels it.

One test a row, named as in the table; `hostile_case` asserts what holds in every row. Rows about
what clients of this server cannot meet yet are left out: stream management, components, other
servers, rooms, and links of their own processes.
"""

import random
import contextlib
from typing import Any

from OpenSSL import SSL

from tests.c2s.in_memory_tls import client as tls_client
from tests.c2s.in_memory_tls import reason
from tests.scenarios.hostile_case import SECRET, HostileCase, singly
from tests.scenarios.hostile_house import HEADER, STARTTLS, Client, plain
from tests.scenarios.hostile_reading import CLIENT, STREAMS, Element
from xmppd.app.config_model import Limits

FIRST = ("C0-",)
BODY = f"{{{CLIENT}}}body"
PROCEED = "{urn:ietf:params:xml:ns:xmpp-tls}proceed"


def message(inner: bytes, attributes: bytes = b"") -> bytes:
    """A message to juliet that says what nobody may learn if it is refused."""
    return (
        b"<message to='juliet@example.com/balcony' id='q1'%b><subject>%b</subject>%b</message>"
        % (attributes, SECRET, inner)
    )


def body(inner: bytes) -> bytes:
    return message(b"<body>%b</body>" % inner)


class XmlTest(HostileCase):
    """X1 to X20."""

    def welcomed(self, client) -> None:
        [features] = client.taken()
        self.assertEqual(features.tag, f"{{{STREAMS}}}features")
        self.assertEqual(client.reader.headers[0]["version"], "1.0")
        self.assertTrue(client.open)

    def test_x1(self) -> None:
        """UTF-16."""
        text = HEADER.decode()
        inputs = [text.encode(code) for code in ("utf-16-le", "utf-16-be")]
        inputs += [("\ufeff" + text).encode(code) for code in ("utf-16-le", "utf-16-be")]
        self.refused("unsupported-encoding", *inputs, at=FIRST)

    def test_x2(self) -> None:
        """The XML declaration."""
        stream = HEADER.partition(b"?>")[2]
        latin = b"<?xml version='1.0' encoding='ISO-8859-1'?>" + stream
        self.refused("unsupported-encoding", latin, at=FIRST)
        utf8 = b"<?xml version='1.0' encoding='utf-8'?>" + stream
        newer = b"<?xml version='1.1'?>" + stream
        self.each([utf8, newer], FIRST, self.welcomed)

    def test_x3(self) -> None:
        """A byte order mark."""
        self.each([b"\xef\xbb\xbf" + HEADER], FIRST, self.welcomed)
        self.refused("bad-format", b"\xef\xbb\xbf" + body(b"x"), at=("C1",))

    def test_x4(self) -> None:
        """What is not UTF-8."""
        bad = [b"\xc0\xbc", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
        self.refused("unsupported-encoding", *[body(one) for one in bad])

    def test_x5(self) -> None:
        """Comments."""
        comment = b"<!-- %b -->" % SECRET
        self.refused("restricted-xml", comment + HEADER, at=FIRST)
        self.refused("restricted-xml", comment, body(comment))

    def test_x6(self) -> None:
        """Processing instructions, and a second XML declaration."""
        self.refused("restricted-xml", b"<?php x?>", body(b"<?php x?>"))
        self.refused("not-well-formed", b"<?xml version='1.0'?>", body(b"<?xml version='1.0'?>"))

    def test_x7(self) -> None:
        """Document types."""
        laughs = b"".join(
            b"<!ENTITY l%d '%b'>" % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10)
        )
        types = [
            b"<!DOCTYPE x>",
            b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
            b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
            b"<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x'>",
            b"<!DOCTYPE x [<!ENTITY % a SYSTEM 'file:///etc/passwd'> %a;]>",
            b"<!DOCTYPE x [<!ENTITY l0 'ha'>" + laughs + b"]>",
        ]
        self.refused("restricted-xml", *[one + HEADER for one in types], at=FIRST)

    def test_x8(self) -> None:
        """Entities that XML does not know."""
        self.refused("restricted-xml", body(b"&foo;"), message(b"<x a='&foo;'/>"))

    def test_x9(self) -> None:
        """Entities, references and CDATA that it knows."""
        text = b"&lt; &gt; &amp; &apos; &quot; &#9; &#10; &#13; &#x1F600;<![CDATA[<x/>]]>"

        def check(stanza: Element, raw: bytes) -> None:
            self.assertEqual(stanza.findtext(BODY), "< > & ' \" \t \n \r \U0001f600<x/>")

        self.delivered(body(text), check=check)

    def test_x10(self) -> None:
        """Characters that XML does not have."""
        bad = [b"&#0;", b"&#x1F;", b"&#xD800;", b"&#xFFFE;", b"\xef\xbf\xbe", b"\x01"]
        self.refused("not-well-formed", *[body(one) for one in bad])

    def test_x11(self) -> None:
        """Tags and text that are no XML."""
        bad = [b"</bodi>", b"<a b=c/>", b"<a b='<'/>", b"]]>", b"<a:b:c/>"]
        self.refused("not-well-formed", *[body(one) for one in bad])

    def test_x12(self) -> None:
        """Prefixes that nothing declares."""
        bad = [b"<a:b/>", b"<b a:c='d'/>", b"<b><c><a:d/></c></b>"]
        self.refused("not-well-formed", *[message(one) for one in bad])
        self.refused("not-well-formed", b"<a:message/>", message(b"", b" a:b='c'"))

    def test_x13(self) -> None:
        """Attributes given twice, also by their expanded names."""
        twice = message(b"", b" to='nurse@example.com'")
        expanded = message(b"<x xmlns:a='u' xmlns:b='u' a:q='1' b:q='2'/>")
        self.refused("not-well-formed", twice, expanded)

    def test_x14(self) -> None:
        """Declarations that XML-NAMES forbids."""
        bad = [
            b"xmlns:xml='urn:x'",
            b"xmlns:xmlns='u'",
            b"xmlns:p=''",
            b"xmlns:p='http://www.w3.org/XML/1998/namespace'",
        ]
        self.refused("not-well-formed", *[message(b"<x %b/>" % one) for one in bad])

    def test_x15(self) -> None:
        """CVE-2022-25236: a namespace with the parser's separator in it."""
        bad = message(b"<a:x xmlns:a='jabber:client body'/>")
        self.refused("not-well-formed", bad, at=("C1",))

    def test_x16(self) -> None:
        """Text between stanzas."""
        bad = [b"hello", b"\xc2\xa0", b"\xe2\x80\xa8", b"&#32;", b"<![CDATA[ ]]>"]
        self.refused("bad-format", *[one + body(b"x") for one in bad])
        self.silent(b" \t\r\n", at=("C0", "C1"))

    def test_x17(self) -> None:
        """The size of an element before login."""
        tag = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X'>%b</auth>"
        self.failed("invalid-mechanism", tag % (b"A" * (9_999 - len(tag) + 2)))
        over = tag % (b"A" * (10_241 - len(tag) + 2))
        self.assertEqual(len(over), 10_241)
        self.refused("policy-violation", over, at=("C0",))
        mebibyte = b"A" * (1 << 20)
        self.refused("policy-violation", tag % mebibyte, b"<iq><x>" + mebibyte, at=("C0",))

    def test_x17_no_byte_beyond_the_cap(self) -> None:
        client = self.house.client("C0")
        client.send(b"<iq><x>" + b"A" * (10_240 - 7))
        self.assertTrue(client.open)
        client.send(b"A")
        self.ended(client, "policy-violation")

    def test_x19(self) -> None:
        """Depth, attributes, and tags that do not end."""
        depth = [b"<a>" * n + b"</a>" * n for n in (64, 10_000)]
        many = b"".join(b" a%d=''" % n for n in range(101))
        self.refused("policy-violation", *[message(one) for one in depth], split=False)
        self.refused("policy-violation", message(depth[0]), message(b"<x%b/>" % many))
        long = b"<iq><x a='" + b"A" * 16_384
        self.refused("policy-violation", long)

    def test_x19_within(self) -> None:
        many = b"".join(b" a%d=''" % n for n in range(100))
        within = [message(b"<a>" * 63 + b"</a>" * 63), message(b"<x%b/>" % many)]
        self.delivered(*within, check=lambda stanza, raw: None)

    def test_x20(self) -> None:
        """Silence before login, and a byte now and then."""
        for data in (b"", HEADER[:1], HEADER):
            client = self.house.connect()
            assert client is not None
            for at in range(0, 59, 10):
                client.send(data[at // 10 : at // 10 + 1])
                self.house.pass_seconds(10 if at < 50 else 9)
            self.assertTrue(client.open)
            self.house.pass_seconds(2)
            self.ended(client, "connection-timeout")


class SmallStanzasTest(HostileCase):
    """X18, where a stanza may have 12,000 bytes."""

    options = {"limits": Limits(stanza_bytes=12_000)}  # noqa: RUF012

    def test_x18(self) -> None:
        room = 12_000 - len(body(b""))
        self.refused("policy-violation", body(b"A" * (room + 1)), at=("C1",))
        self.delivered(body(b"A" * room), check=lambda stanza, raw: None)


class StreamTest(HostileCase):
    """H1 to H8."""

    def test_h1(self) -> None:
        """What is no XML at all."""
        hello = tls_client("example.com")
        with contextlib.suppress(SSL.WantReadError):
            hello.do_handshake()
        noise = random.Random(6120).randbytes(65_536)
        for data in (b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", hello.bio_read(65_536), noise):
            self.refused("not-well-formed", data, at=FIRST)

    def test_h2(self) -> None:
        """Another root."""
        foreign = HEADER.replace(b"http://etherx.jabber.org/streams", b"urn:x")
        self.refused("invalid-namespace", foreign, at=FIRST)
        self.refused("bad-format", HEADER.replace(b"stream:stream", b"stream:strem"), at=FIRST)

    def test_h3(self) -> None:
        """Another content namespace."""
        others = [b"jabber:server", b"jabber:component:accept", b"foo"]
        headers = [HEADER.replace(b"jabber:client", other) for other in others]
        self.refused("invalid-namespace", *headers, at=FIRST)

    def prefixed(self) -> Client:
        header = (
            b"<stream xmlns='http://etherx.jabber.org/streams' xmlns:c='jabber:client' "
            b"to='example.com' version='1.0'>"
        )
        client = self.house.connect()
        client.send(header, plain("romeo"), header)
        client.send(
            b"<c:iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            b"<resource>hostile</resource></bind></c:iq>"
        )
        client.taken()
        return client

    def test_h4(self) -> None:
        """The content namespace by prefix."""
        text = b"<c:message to='juliet@example.com/balcony'>%b</c:message>"

        def read(stanza: Element, raw: bytes) -> None:
            self.assertEqual(stanza.findtext(BODY), "x")
            self.assertRegex(raw, b"^<message [^>]*><body>x</body></message>$")

        def unread(stanza: Element, raw: bytes) -> None:
            self.assertIsNone(stanza.find(BODY))
            self.assertEqual(stanza.findtext(f"{{{STREAMS}}}body"), "x")

        inputs = [(b"<c:body>x</c:body>", read), (b"<body>x</body>", unread)]
        for inner, check in inputs:
            for parts in ([text % inner], singly(text % inner)):
                self.run_one(
                    self.prefixed(),
                    parts,
                    False,
                    lambda client: self.assertTrue(client.open),
                    lambda got, check=check: check(*got[0]),
                )

    def test_h5(self) -> None:
        """Other prefixes for the streams namespace, and another namespace for theirs."""
        header = HEADER.replace(b"stream:stream", b"s:stream").replace(b"xmlns:stream", b"xmlns:s")
        foreign = header[:-1] + b" xmlns:stream='urn:x'>"
        for stream in (header, foreign):
            client = self.house.client("C1", stream)
            self.assertTrue(client.pings())
            client.lose()

        def check(stanza: Element, raw: bytes) -> None:
            self.assertIsNotNone(stanza.find("{urn:x}a"))
            self.assertEqual(stanza.find("{urn:x}a").get("{urn:x}b"), "c")

        self.delivered(
            message(b"<stream:a stream:b='c'/>"),
            check=check,
            client=lambda: self.house.client("C1", foreign),
        )

    def test_h6(self) -> None:
        """The host that is asked for."""
        to = b"to='example.com' "
        self.refused("improper-addressing", HEADER.replace(to, b""), at=FIRST)
        for other in (b"to='not a host' ", b"to='nosuch.test' "):
            self.refused("host-unknown", HEADER.replace(to, other), at=FIRST)

    def test_h7(self) -> None:
        """The version."""
        version = b" version='1.0'>"
        old = [b">", b" version='0.9'>", b" version='x'>"]
        headers = [HEADER.replace(version, one) for one in old]
        self.refused("unsupported-version", *headers, at=FIRST)

        def check(client: Client) -> None:
            self.assertTrue(client.open)
            self.assertEqual(client.reader.headers[-1]["version"], "1.0")

        newer = [b" version='1.5'>", b" version='2.0'>"]
        self.each([HEADER.replace(version, one) for one in newer], FIRST, check)

    def test_h8(self) -> None:
        """Another host after SASL."""
        other = HEADER.replace(b"to='example.com'", b"to='example.org'")
        self.refused("not-authorized", other, at=("CB-",))


class TlsTest(HostileCase):
    """H9 to H12."""

    def test_h9(self) -> None:
        """CVE-2011-0411: what comes behind the request for TLS, before there is TLS."""
        for more in (plain("romeo"), HEADER, HEADER + plain("romeo")):

            def closed(client: Client) -> None:
                self.assertTrue(client.wire.ending)
                self.assertEqual(client.taken(), [])

            self.run_one(self.house.client("C0p"), [STARTTLS + more], False, closed)

            client = self.house.client("C0p")
            client.send(*singly(STARTTLS))
            self.assertEqual([one.tag for one in client.taken()], [PROCEED])
            client.wire.clear()
            client.send(*singly(more))
            self.assertNotIn(b"stream", client.wire.value())
            client.wire.clear()
            self.assertTrue(client.wire.ending)
            client.lose()

    def test_h10(self) -> None:
        """A request for TLS where there is TLS, or can be none."""
        failure = "{urn:ietf:params:xml:ns:xmpp-tls}failure"
        makers = [
            lambda: self.house.over_tls("direct"),
            lambda: self.house.over_tls("starttls"),
            lambda: self.house.client("C0"),
            lambda: self.house.client("CB"),
        ]

        def check(client: Client) -> None:
            self.assertFalse(client.open)
            self.assertTrue(client.reader.closed)
            self.assertEqual([one.tag for one in client.taken()], [failure])

        for make in makers:
            for parts in ([STARTTLS], singly(STARTTLS)):
                self.run_one(make(), parts, False, check)

    def shaken(self, **options: Any) -> Client:
        client = self.house.connect("direct")
        assert client is not None
        client.shake(tls_client("example.com", **options))
        return client

    def test_h11(self) -> None:
        """ALPN, versions, renegotiation."""
        for protocols in ((b"xmpp-client",), (), (b"h2", b"xmpp-client")):
            client = self.shaken(alpn=protocols)
            client.send(HEADER)
            self.assertTrue(client.taken())
            client.lose()
        refusals = [
            ("no application protocol", {"alpn": (b"h2",)}),
            ("protocol version", {"highest": SSL.TLS1_1_VERSION, "lowest": SSL.TLS1_VERSION}),
        ]
        for alert, options in refusals:
            with self.assertRaises(SSL.Error) as caught:
                self.shaken(**options)
            self.assertIn(alert, reason(caught.exception))

    def test_h11_renegotiation(self) -> None:
        client = self.shaken(highest=SSL.TLS1_2_VERSION)
        client.send(HEADER)
        client.taken()
        client.peer.renegotiate()
        with contextlib.suppress(SSL.Error):
            client.peer.do_handshake()
        self.house.settle()
        self.assertEqual(client.peer.total_renegotiations(), 1)
        with self.assertRaises(SSL.Error) as caught:
            for _ in range(3):
                with contextlib.suppress(SSL.WantReadError):
                    client.peer.do_handshake()
                self.house.settle()
        self.assertIn("no renegotiation", reason(caught.exception))

    def test_h11_no_compression(self) -> None:
        """The ServerHello names none, though the client could do none but that."""
        client = self.house.connect("direct")
        assert client is not None
        peer = tls_client("example.com", highest=SSL.TLS1_2_VERSION)
        with contextlib.suppress(SSL.WantReadError):
            peer.do_handshake()
        client.send(peer.bio_read(65_536))
        hello = client.wire.value()
        client.wire.clear()
        session = hello[43]
        self.assertEqual(hello[44 + session + 2], 0)


class AddressTest(HostileCase):
    """H12, where an address may have 20 connections."""

    options = {"limits": Limits(connections_per_address=20)}  # noqa: RUF012

    def test_h12(self) -> None:
        """Connections that never log in, of one address and of one /64."""
        for number in range(100):
            one = self.house.connect(address="192.0.2.7")
            self.assertEqual(one is None, number >= 20)
            six = self.house.connect(address=f"2001:db8::{number:x}")
            self.assertEqual(six is None, number >= 20)
        for other in ("192.0.2.8", "2001:db8:0:1::1"):
            client = self.house.connect(address=other)
            assert client is not None
            client.send(HEADER)
            self.assertTrue(client.taken())
        self.house.pass_seconds(61)
        for client in self.house.clients[2:]:
            client.lose()
        self.assertIsNotNone(self.house.connect(address="192.0.2.7"))
