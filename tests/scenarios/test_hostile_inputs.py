"""The table of hostile inputs: what each must get, and that nobody else feels it.

One test a row, named as in the table; `hostile_case` asserts what holds in every row. Rows about
what clients of this server cannot meet yet are left out: stream management, components, other
servers, rooms, and links of their own processes.
"""

import base64
import contextlib
import random
from collections.abc import Callable
from typing import Any

from OpenSSL import SSL

from tests.c2s.in_memory_tls import client as tls_client
from tests.c2s.in_memory_tls import reason
from tests.scenarios.hostile_case import SECRET, VALID, HostileCase, singly
from tests.scenarios.hostile_house import HEADER, PASSWORD, STARTTLS, Client, auth, plain
from tests.scenarios.hostile_login import Porter, Scram, response
from tests.scenarios.hostile_reading import CLIENT, STREAMS, Element, stream_condition
from xmppd.app.config_model import Extension, Limits

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

    def test_x18(self) -> None:
        """The size of a stanza."""
        self.furnish(limits=Limits(stanza_bytes=12_000))
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

    def test_h12(self) -> None:
        """Connections that never log in, of one address and of one /64."""
        self.furnish(limits=Limits(connections_per_address=20))
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


class LoginTest(HostileCase):
    """A1 to A11."""

    def test_a1(self) -> None:
        """Passwords and stanzas where TLS comes first."""
        scram = auth(Scram("romeo").first, "SCRAM-SHA-1")
        self.failed("encryption-required", plain("romeo"), scram, at=("C0p",))
        register = b"<iq type='get' id='q1'><query xmlns='jabber:iq:register'/></iq>"
        self.refused("not-authorized", body(b"x"), register, b"<presence/>", at=("C0p",))

    def test_a2(self) -> None:
        """Mechanisms that are not offered."""
        names = ["DIGEST-MD5", "", "SCRAM-SHA-256-PLUS", "EXTERNAL", "plain"]
        self.failed("invalid-mechanism", *[auth("=", name) for name in names])

    def test_a3(self) -> None:
        """What is not base64."""
        good = base64.b64encode(f"\0romeo\0{PASSWORD}xx".encode()).decode()
        self.assertTrue(good.endswith("="))
        bad = [good[:8] + " " + good[8:], good + "\n", good[:8] + "=" + good[8:], good[:-1], "!"]
        bad += [good + "=", good[:-2] + "g=="]
        self.failed("incorrect-encoding", *[auth(text) for text in bad])

    def test_a4(self) -> None:
        """Messages that are none, for which no password is looked at."""
        asked: list[object] = []
        self.furnish(checkers=[Porter(asked)])
        asked.clear()
        messages = [b"romeo", b"\0romeo\0x\0", b"\0\0x", b"\0romeo\0", b"\0romeo\0" + b"x" * 7_000]
        self.failed("malformed-request", auth("="), *[auth(one) for one in messages])
        self.assertEqual(asked, [])

    def test_a4_scram(self) -> None:
        firsts = [
            b"n,,r=abc",
            b"n,,n=romeo",
            b"n,,n=,r=abc",
            b"n,,n=romeo,r=",
            b"x",
            b"n=romeo,r=abc",
        ]
        for first in firsts:
            self.failed("malformed-request", auth(first, "SCRAM-SHA-1"))

    def test_a5(self) -> None:
        """To act for another, or for oneself."""
        other = "juliet@example.com"
        first = Scram("romeo", gs2=f"n,a={other},").first
        for one in (plain("romeo", authzid=other), auth(first, "SCRAM-SHA-1")):
            self.failed("invalid-authzid", one)

        def let_in(client: Client) -> None:
            self.assertEqual(names(client.taken()), ["success"])

        own = "romeo@example.com"
        self.each([plain("romeo", authzid=own)], ("C0",), let_in)
        client = self.house.client("C0")
        scram = Scram("romeo", gs2=f"n,a={own},")
        self.assertEqual(names(scram.log_in(client)), ["success"])

    def test_a6(self) -> None:
        """Steps out of their order."""
        nothing = b"<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
        self.failed("aborted", nothing)
        self.failed("malformed-request", response(b"x"), response(b""))
        begun = [auth(b"", "SCRAM-SHA-1"), auth(Scram("romeo").first, "SCRAM-SHA-1")]
        for one in begun:
            for more, condition in ((one, "malformed-request"), (nothing, "aborted")):
                self.then(one, more, condition)

    def then(self, one: bytes, more: bytes, condition: str) -> None:
        """A first message is answered with a challenge, what follows with a failure."""

        def check(client: Client) -> None:
            challenge, *rest = client.taken()
            self.assertEqual(names([challenge]), ["challenge"])
            self.is_failure(rest, condition)

        self.each([one + more], ("C0",), check)

    def test_a7(self) -> None:
        """Channel binding that does not go with the mechanism or the offer."""
        wrong = [
            ("SCRAM-SHA-1", "y,,"),
            ("SCRAM-SHA-1", "p=tls-exporter,,"),
            ("SCRAM-SHA-1-PLUS", "p=tls-unique,,"),
            ("SCRAM-SHA-1-PLUS", "n,,"),
            ("SCRAM-SHA-1-PLUS", "y,,"),
        ]
        for mechanism, gs2 in wrong:
            first = auth(Scram("romeo", mechanism, gs2).first, mechanism)
            for parts in ([first], singly(first)):
                self.run_one(
                    self.house.over_tls(),
                    parts,
                    False,
                    lambda client: self.is_failure(client.taken(), "not-authorized"),
                )

    def test_a7_binding_that_is_right(self) -> None:
        for kind in ("exporter", "other"):
            client = self.house.over_tls()
            data = client.peer.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
            scram = Scram(
                "romeo",
                "SCRAM-SHA-256-PLUS",
                "p=tls-exporter,,",
                data if kind == "exporter" else bytes(32),
            )
            said = scram.log_in(client)
            if kind == "exporter":
                self.assertEqual(names(said), ["success"])
            else:
                self.is_failure(said, "not-authorized")

    def test_a8(self) -> None:
        """Final messages that are wrong, whoever knows the password."""
        earlier = Scram("romeo")
        earlier.log_in(self.house.client("C0"))
        wrong = [
            ("not-authorized", {"nonce": "xyz"}),
            ("not-authorized", {"channel": b"y,,"}),
            ("not-authorized", {"extra": ",m=x"}),
            ("malformed-request", {"extra": ",x=1,x=2"}),
            ("malformed-request", {"extra": ",r=abc"}),
            ("not-authorized", {"proof": b"short"}),
            ("malformed-request", {"whole": b"c=biws"}),
            ("not-authorized", {"whole": earlier.last}),
        ]
        for condition, how in wrong:
            for cut in (lambda data: [data], singly):
                client = self.house.client("C0")
                scram = Scram("romeo")
                final = scram.final(client, **how)
                self.run_one(
                    client,
                    cut(final),
                    False,
                    lambda one, condition=condition: self.is_failure(one.taken(), condition),
                )

    def test_a9(self) -> None:
        """Nobody can tell accounts apart that they have no password for."""
        self.furnish(store="directory", lag=0.1)
        accounts = self.house.host.accounts
        accounts.provide("tybalt")
        self.house.account("paris")
        accounts.disable("paris")
        self.house.settle()
        first = self.challenges()
        self.assertEqual(self.challenges(), first)
        self.assertEqual(
            {challenge.partition(b",i=")[2] for challenge in first.values()}, {b"10000"}
        )
        self.house.restart()
        self.assertEqual(self.challenges(), first)

    def challenges(self) -> dict[tuple[str, str], bytes]:
        """What each name is challenged with, nonces left out, and refused with."""
        found: dict[tuple[str, str], bytes] = {}
        failures: set[bytes] = set()
        for name in ("ghost", "tybalt", "paris", "juliet"):
            for mechanism in ("SCRAM-SHA-1", "SCRAM-SHA-512"):
                client = self.house.client("C0")
                scram = Scram(name, mechanism, password="wrong")
                client.send(scram.final(client))
                [(failure, raw)] = client.answers()
                self.is_failure([failure], "not-authorized")
                failures.add(raw)
                found[name, mechanism] = scram.challenge.partition(b",")[2]
            client.send(plain(name, "wrong"))
            failures.add(client.answers()[0][1])
        self.assertEqual(len(failures), 1)
        return found

    def test_a9_right_password_of_a_disabled_account(self) -> None:
        self.house.account("paris")
        self.house.host.accounts.disable("paris")
        self.house.settle()
        self.failed("not-authorized", plain("paris"), plain("ghost"), plain("paris", "wrong"))
        self.is_failure(Scram("paris").log_in(self.house.client("C0")), "not-authorized")

    def test_a10(self) -> None:
        """The fifth failure on a stream."""

        def check(client: Client) -> None:
            said = client.taken()
            self.assertEqual(names(said), [*["failure"] * 5, "error"])
            self.assertEqual(stream_condition(said[-1]), "policy-violation")
            self.assertFalse(client.open)

        self.each([plain("romeo", "wrong") * 6, response(b"x") * 6], ("C0",), check)

    def test_a11(self) -> None:
        """Stanzas before success, SASL after it."""

        def check(client: Client) -> None:
            said = client.taken()
            self.assertIn(
                names(said),
                (["challenge", "error"], ["success", "features", "error"], ["success", "error"]),
            )
            self.assertEqual(stream_condition(said[-1]), "not-authorized")

        scram = auth(Scram("romeo").first, "SCRAM-SHA-1")
        self.each([one + body(b"x") for one in (scram, plain("romeo"))], ("C0",), check)
        self.refused("unsupported-stanza-type", plain("romeo"), at=("CB", "C1"))


class BindingTest(HostileCase):
    """A12 to A17."""

    def test_a12(self) -> None:
        """Login of the last century (XEP-0078)."""
        text = b"<iq type='%b' id='q1'><query xmlns='jabber:iq:auth'>%b</query></iq>"
        asked = [
            text % (b"get", b"<username>romeo</username>"),
            text % (b"set", b"<username>romeo</username><resource>x</resource>"),
        ]
        self.refused("not-authorized", *asked, at=("C0",))
        self.answered("cancel service-unavailable", *asked)
        client = self.house.client("C1")
        self.assertNotIn(b"iq-auth", client.reader.raw)

    def test_a13(self) -> None:
        """Registration before login."""
        self.answered("cancel service-unavailable", ASK, register("paris"), at=("C0",))

    def test_a13_open(self) -> None:
        options = {"open": True, "per_address": 1_000}
        self.furnish(extensions={"registration": Extension(options=options)})
        elsewhere = [one.replace(b"<iq", b"<iq to='example.org'") for one in (ASK, register("x"))]
        self.answered("cancel not-allowed", *elsewhere, at=("C0",))
        client = self.house.client("C0")
        client.send(register("paris"))
        self.assertEqual(client.taken()[0].get("type"), "result")

        def check(client: Client) -> None:
            [answer] = client.taken()
            self.is_error(answer, "modify not-acceptable")

        for parts in ([register("tybalt")], singly(register("tybalt"))):
            client.send(*parts)
            check(client)
            self.assertTrue(client.open)

    def test_a14(self) -> None:
        """Before a resource is bound."""
        self.refused("not-authorized", body(b"x"), b"<presence/>", at=("CB",))
        get = BIND.replace(b"'set'", b"'get'") % b"x"
        bad = [BIND % one for one in (b"x" * 1_024, b"&#x85;")]
        self.answered("modify bad-request", get, *bad, at=("CB",))
        self.refused("not-well-formed", BIND % b"&#7;", at=("CB",))

        def made(client: Client) -> None:
            [answer] = client.taken()
            self.assertEqual(answer.get("type"), "result")
            resource = answer[0][0].text.partition("/")[2]
            self.assertGreaterEqual(len(resource), 8)

        self.each([BIND % b""], ("CB",), made)

    def test_a15(self) -> None:
        """A second resource, and a session of old."""
        self.answered("cancel not-allowed", BIND % b"x")
        session = (
            b"<iq type='set' id='q1'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"
        )

        def done(client: Client) -> None:
            [answer] = client.taken()
            self.assertEqual((answer.get("type"), len(answer)), ("result", 0))

        self.each([session], ("C1",), done)

    def test_a16_replace(self) -> None:
        """A resource in use."""
        for parts in ([BIND % b"hostile"], singly(BIND % b"hostile")):
            old = self.house.client("C1")
            new = self.house.client("CB")
            self.run_one(new, parts, False, self.is_bound("hostile"))
            self.ended(old, "conflict")
            old.lose()

    def test_a16_reject(self) -> None:
        self.furnish(resource_conflict="reject")
        self.answered("cancel conflict", BIND % b"orchard", at=("CB",))

    def test_a16_rename(self) -> None:
        self.furnish(resource_conflict="rename")
        check = self.is_bound(None)
        self.each([BIND % b"orchard"], ("CB",), check)

    def is_bound(self, resource: str | None) -> Callable[[Client], None]:
        def check(client: Client) -> None:
            [answer] = client.taken()
            self.assertEqual(answer.get("type"), "result")
            found = answer[0][0].text.partition("/")[2]
            if resource is None:
                self.assertNotEqual(found, "orchard")
            else:
                self.assertEqual(found, resource)

        return check

    def test_a17(self) -> None:
        """The end of a stream, twice, and what stands around it."""
        end = b"</stream:stream>"

        def closed(client: Client) -> None:
            self.assertEqual(client.taken(), [])
            self.assertFalse(client.open)
            self.assertEqual(client.reader.raw.count(end), 1)

        self.each([end + end, end + body(b"x"), end + b"<", end + b"\0\xff"], ("C1",), closed)
        ids = [f"n{number}" for number in range(1_000)]
        many = b"".join(VALID.replace(b"before", one.encode()) for one in ids)

        def all_there(got: list[tuple[Element, bytes]]) -> None:
            self.assertEqual([stanza.get("id") for stanza, _ in got], ids)

        hostile = self.house.client("C1")
        self.run_one(hostile, [many + end], False, closed, all_there)


ASK = b"<iq type='get' id='q1'><query xmlns='jabber:iq:register'/></iq>"
BIND = (
    b"<iq type='set' id='q1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
    b"<resource>%b</resource></bind></iq>"
)


def register(name: str) -> bytes:
    return (
        b"<iq type='set' id='q1'><query xmlns='jabber:iq:register'><username>%b</username>"
        b"<password>%b</password></query></iq>" % (name.encode(), PASSWORD.encode())
    )


def names(said: list[Element]) -> list[str]:
    return [one.tag.rpartition("}")[2] for one in said]
