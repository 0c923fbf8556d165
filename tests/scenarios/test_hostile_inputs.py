"""The table of hostile inputs: what each must get, and that nobody else feels it.

One test a row, named as in the table; `hostile_case` asserts what holds in every row. Rows about
what clients of this server cannot meet yet are left out: stream management, components, other
servers, rooms, and links of their own processes.
"""

import base64
import contextlib
import gc
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

from OpenSSL import SSL

from tests.scenarios.hostile_case import SECRET, VALID, HostileCase, singly
from tests.scenarios.hostile_house import HEADER, PASSWORD, STARTTLS, Client, auth, plain
from tests.scenarios.hostile_login import Porter, Scram, response
from tests.scenarios.hostile_reading import CLIENT, STREAMS, Element, alone, stream_condition
from tests.tls.in_memory_tls import client as tls_client
from tests.tls.in_memory_tls import reason
from xmppd.accounts.contacts import Contact
from xmppd.app.config_clients import Limits
from xmppd.app.config_model import Extension
from xmppd.protocol.jid import CACHED_JIDS, Jid
from xmppd.protocol.stanza import Stanza

FIRST = ("C0-",)
WHO = (b"ghost", b"nurse")
BODY = f"{{{CLIENT}}}body"
MESSAGE = f"{{{CLIENT}}}message"
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

        def unknown(client: Client) -> None:
            self.house.catch_up()
            self.ended(client, "host-unknown")

        hosts = (b"to='not a host' ", b"to='nosuch.test' ")
        self.each([HEADER.replace(to, other) for other in hosts], FIRST, unknown)

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
        self.use_tls()
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
        self.use_tls()
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
        self.use_tls()
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
        client = self.house.client("C0")
        earlier.log_in(client)
        client.lose()
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
        self.begin()
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
            self.begin()
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
            self.house.catch_up()
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


class AddressingTest(HostileCase):
    """S1 to S16."""

    def is_from_romeo(self, stanza: Element, raw: bytes) -> None:
        self.assertEqual(stanza.get("from"), "romeo@example.com/hostile")
        self.assertEqual(raw.partition(b">")[0].count(b" from="), 1)
        self.assertEqual(stanza.get("id"), "q1")

    def test_s1(self) -> None:
        """One's own address in every form."""
        own = [b"romeo@example.com/hostile", b"romeo@example.com", b"ROMEO@EXAMPLE.COM"]
        inputs = [message(b"", b" from='%b'" % one) for one in own]
        self.delivered(message(b""), *inputs, check=self.is_from_romeo)

    def test_s1_subscription(self) -> None:
        """RFC 6121, 3.1.2: from the bare JID; S25: to the bare JID."""
        client = self.house.client("C1")
        client.send(b"<presence type='subscribe' to='juliet@example.com/balcony'/>")
        [presence] = self.house.juliet.taken()
        self.assertEqual(
            presence.attrib,
            {
                "type": "subscribe",
                "from": "romeo@example.com",
                "to": "juliet@example.com",
            },
        )

    def test_s2(self) -> None:
        """The address of another."""
        others = [
            b"juliet@example.com",
            b"romeo@example.com/orchard",
            b"example.com",
            b"",
            b"a b@c@d",
        ]
        self.refused("invalid-from", *[message(b"", b" from='%b'" % x) for x in others], at=("C1",))

    def test_s3(self) -> None:
        """Attributes that look like `from`, and other ways to write them."""
        rest = b" to='juliet@example.com/balcony' id='q1'/>"
        many = b"".join(b" a%d='x'" % number for number in range(90))
        plain = [
            b"<message xmlns:f='urn:f' f:from='victim@x'" + rest,
            b"<message to='juliet&#64;example.com/balcony' id='q1'/>",
            b'<message id="q1"\n\tfrom=\'romeo@example.com\' to="juliet@example.com/balcony" />',
            b"<message" + many + b" from='romeo@example.com'" + rest,
        ]
        self.delivered(*plain, check=self.is_from_romeo)
        for text in (" from='victim@x' ", "a>b"):
            stanza = b"<message to='juliet@example.com/balcony' id=\"%b\"/>" % text.encode()

            def check(stanza: Element, raw: bytes, text: str = text) -> None:
                self.assertEqual(stanza.get("id"), text)
                self.assertEqual(stanza.get("from"), "romeo@example.com/hostile")

            self.delivered(stanza, check=check)

    def test_s4(self) -> None:
        """Ids come back as they were."""
        ids = [b"&apos;", b'"', b"&lt;", b"&amp;", b"&#9;", b"&#10;", b"\t", b"\r\n", b"x" * 1_024]
        for id in ids:
            ping = (
                b"<iq type='get' to='example.com' id='%b'><ping xmlns='urn:xmpp:ping'/></iq>" % id
            )
            sent = alone(ping).get("id")

            def check(client: Client, sent: str | None = sent) -> None:
                [answer] = client.taken()
                self.assertEqual((answer.get("type"), answer.get("id")), ("result", sent))

            self.each([ping], ("C1",), check)

    def test_s5(self) -> None:
        """Elements that are no stanzas."""
        bad = [
            b"<foo xmlns='bar'>%b</foo>",
            b"<query>%b</query>",
            b"<route>%b</route>",
            b"<close xmlns='urn:xmppd:session:0'>%b</close>",
            b"<close xmlns='urn:xmppd:session:0' how='clean' written='0'>%b</close>",
            b"<report xmlns='urn:xmppd:session:0'>%b</report>",
            b"<report>%b</report>",
            b"<db:result xmlns:db='jabber:server:dialback'>%b</db:result>",
            b"<handshake>%b</handshake>",
            b"<stream:stream to='example.com'>%b</stream:stream>",
            b"<stream:features>%b</stream:features>",
        ]
        self.refused("unsupported-stanza-type", *[one % SECRET for one in bad], at=("C1",))
        again = HEADER.partition(b"?>")[2] + body(b"x")
        self.refused("unsupported-stanza-type", again)

    def test_s6(self) -> None:
        """Stanzas of other namespaces, or by another name."""
        text = message(b"<body>x</body>")
        spaces = [b"jabber:server", b"", b"jabber:component:accept"]
        foreign = [text.replace(b"<message", b"<message xmlns='%b'" % one) for one in spaces]
        capital = text.replace(b"message", b"Message")
        self.refused("unsupported-stanza-type", *foreign, capital, at=("C1",))

    def test_s7(self) -> None:
        """The content namespace, declared again."""
        to = b" to='juliet@example.com/balcony' id='q1'>"
        inputs = [
            b"<message xmlns='jabber:client'" + to + b"<body>x</body></message>",
            b"<c:message xmlns:c='jabber:client'" + to + b"<c:body>x</c:body></c:message>",
            b"<message" + to + b"<body xmlns='jabber:client'>x</body></message>",
        ]

        def check(stanza: Element, raw: bytes) -> None:
            self.is_from_romeo(stanza, raw)
            self.assertEqual(stanza.findtext(BODY), "x")
            self.assertNotIn(b"xmlns", raw)

        self.delivered(*inputs, check=check)

    def test_s8(self) -> None:
        """A body that is none."""
        for space in ("", "jabber:server"):

            def check(stanza: Element, raw: bytes, space: str = space) -> None:
                self.assertIsNone(stanza.find(BODY))
                found = stanza.find(f"{{{space}}}body" if space else "body")
                self.assertIsNotNone(found)

            self.delivered(message(b"<body xmlns='%b'>x</body>" % space.encode()), check=check)

    def test_s9(self) -> None:
        """A prefix that only the stream header declares."""
        header = HEADER[:-1] + b" xmlns:p='urn:p'>"

        def check(stanza: Element, raw: bytes) -> None:
            found = stanza.find("{urn:a}a/{urn:a}b/{urn:p}c")
            assert found is not None
            self.assertEqual(found.get("{urn:p}d"), "e")

        self.delivered(
            message(b"<a xmlns='urn:a'><b><p:c p:d='e'/></b></a>"),
            check=check,
            client=lambda: self.house.client("C1", header),
        )

    def test_s10(self) -> None:
        """Stanzas and stream elements inside a message."""
        payloads = {
            b"<stream:error/>": f"{{{STREAMS}}}error",
            b"<presence/>": f"{{{CLIENT}}}presence",
            b"<message from='admin@example.com'><body>x</body></message>": f"{{{CLIENT}}}message",
        }
        for payload, tag in payloads.items():

            def check(stanza: Element, raw: bytes, tag: str = tag) -> None:
                self.is_from_romeo(stanza, raw)
                self.assertEqual(stanza[-1].tag, tag)
                self.assertIsNone(stanza.find(BODY))

            self.delivered(message(payload), check=check)

    def test_s11(self) -> None:
        """Addresses that are none."""
        bad = [
            b"",
            b"@b",
            b"a@",
            b"a@b/",
            b"x" * 1_024 + b"@b",
            b"a@-b",
            "\u0378@example.com".encode(),
        ]
        kinds = [
            b"<message to='%b' id='q1'/>",
            b"<presence to='%b' id='q1'/>",
            b"<iq type='get' to='%b' id='q1'><ping xmlns='urn:xmpp:ping'/></iq>",
        ]

        def check(client: Client) -> None:
            [answer] = client.taken()
            self.is_error(answer, "modify jid-malformed")
            self.assertEqual(answer.get("from"), "example.com")

        self.each([kind % one for kind in kinds for one in bad], ("C1",), check)

    def test_s12(self) -> None:
        """No address at all."""
        unknown = b"<iq type='get' id='q1'><x xmlns='urn:nobody'/></iq>"
        self.answered("cancel service-unavailable", unknown)
        client = self.house.client("C1")
        client.send(b"<presence id='p'/>")
        self.assertEqual([one.get("id") for one in self.house.orchard.taken()], ["p"])
        client.taken()
        client.send(b"<message id='m'><body>x</body></message>")
        self.assertEqual([one.get("id") for one in client.taken()], ["m"])

    def test_s13(self) -> None:
        """Requests without what a request needs."""
        ping = b"<ping xmlns='urn:xmpp:ping'/>"
        text = b"<iq to='juliet@example.com/balcony' %b>%b</iq>"
        none = text % (b"type='get'", ping)
        self.answered("modify bad-request", none, id=None)
        bad = [(b"", ping), (b" type='foo'", ping)]
        bad += [
            (b" type='%b'" % type, inner) for type in (b"get", b"set") for inner in (b"", ping * 2)
        ]
        self.answered("modify bad-request", *[text % (b"id='q1'" + a, inner) for a, inner in bad])

    def test_s14(self) -> None:
        """Answers that nobody asked for."""
        places = [b"", b" to='romeo@example.com'", b" to='example.com'", b" to='nurse@example.com'"]
        answers = [
            b"<iq type='result' id='q1'%b/>",
            b"<iq type='error' id='q1'%b><error type='cancel'/></iq>",
        ]
        self.silent(*[one % place for one in answers for place in places])
        error = b"<message type='error' id='q1' to='%b'><error type='cancel'/></message>"
        self.silent(
            *[error % to for to in (b"ghost@example.com", b"nurse@example.com", b"nosuch.test")]
        )
        result = b"<iq type='result' id='q1' to='juliet@example.com/balcony'/>"
        self.delivered(result, check=self.is_from_romeo)

    def test_s15(self) -> None:
        """An answer of somebody who was not asked."""
        ping = Stanza.make(
            "iq",
            b"<ping xmlns='urn:xmpp:ping'/>",
            type="get",
            sender=self.house.host.jid,
            to=Jid.parse("juliet@example.com/balcony"),
        )
        answers: list[Stanza] = []
        self.house.host.ask(ping, 1_000).addCallback(answers.append)
        self.house.settle()
        [asked] = self.house.juliet.taken()
        self.begin()
        answer = b"<iq type='result' to='example.com' id='%b'/>" % asked.get("id", "").encode()
        self.silent(answer)
        self.assertEqual(answers, [])
        self.house.juliet.send(answer)
        self.assertEqual(len(answers), 1)

    def test_s16(self) -> None:
        """Types that nobody knows."""
        self.delivered(message(b"", b" type='foo'"), check=self.is_from_romeo)
        presence = b"<presence type='foo' id='q1'%b/>"
        to = b" to='juliet@example.com/balcony'"
        self.answered("modify bad-request", presence % b"", presence % to)


class DeliveryTest(HostileCase):
    """S17 to S22."""

    def test_s17(self) -> None:
        """Presence with a priority or show that is none."""
        text = b"<presence id='q1'><priority>%b</priority></presence>"
        bad = [text % one for one in (b"200", b"x", b"-129")]
        self.answered("modify bad-request", *bad)
        client = self.house.client("C1")
        client.send(b"<presence id='p'><show>foo</show></presence>")
        self.assertEqual([one.get("id") for one in self.house.orchard.taken()], ["p"])

    def test_s18(self) -> None:
        """An account that does not exist."""
        iq = b"<iq type='get' id='q1' to='%b'><x xmlns='urn:nobody'/></iq>"
        chat = b"<message id='q1' to='%b'%b><body>x</body></message>"
        for to in (b"ghost@example.com", b"ghost@example.com/x"):
            said = [iq % to, chat % (to, b""), chat % (to, b" type='chat'")]
            self.answered("cancel service-unavailable", *said)
            self.silent(chat % (to, b" type='error'"))
        presence = b"<presence id='q1' to='%b'%b/>"
        silent = [
            presence % (b"ghost@example.com", b" type='%b'" % kind)
            for kind in (b"unavailable", b"subscribe")
        ]
        self.silent(presence % (b"ghost@example.com", b""), *silent, keeps=True)
        probes = [presence % (b"%b@example.com" % who, b" type='probe'") for who in WHO]
        self.silent(*probes, keeps=True)

    def test_s18_probe_from_outside(self) -> None:
        """A client is not told `unsubscribed` where it never was (RFC 6121, A.3.4): silence."""
        outside, answers = self.outside()
        for name in ("ghost", "nurse"):
            jid, stranger = Jid.parse(f"{name}@example.com"), Jid.parse("s@remote.test/x")
            outside.send(Stanza.make("presence", to=jid, sender=stranger, type="probe"))
            self.house.settle()
            answer = answers.pop()
            self.assertEqual((answer.type, answer.sender), ("unsubscribed", jid))
            self.assertEqual(answers, [])

    def test_s19(self) -> None:
        """An account with nobody connected."""
        text = b"<message id='q1' to='nurse@example.com' type='%b'><body>%b</body></message>"
        self.answered("cancel service-unavailable", text % (b"groupchat", SECRET))
        self.silent(text % (b"headline", SECRET), text % (b"error", SECRET))
        self.silent(text % (b"chat", b"one"), text % (b"normal", b"two"), keeps=True)
        nurse = self.house.bound("nurse", "kitchen")
        nurse.send(b"<presence><priority>-1</priority></presence>")
        self.silent(text % (b"chat", b"three"), keeps=True)
        self.assertEqual([one for one in nurse.taken() if one.tag == MESSAGE], [])
        nurse.send(b"<presence/>")
        got = [one.findtext(BODY) for one in nurse.taken() if one.tag == MESSAGE]
        self.assertEqual(got, [*["one"] * 3, *["two"] * 3, *["three"] * 3])

    def test_s19_what_is_kept_can_be_found(self) -> None:
        """So that (a) of every other row means something."""
        self.house.client("C1").send(
            body(b"x").replace(b"juliet@example.com/balcony", b"nurse@example.com")
        )
        self.assertTrue(self.house.kept(SECRET)[1])

    def test_s20(self) -> None:
        """A resource that is not there."""
        to = b" id='q1' to='juliet@example.com/nowhere'"
        iq = b"<iq type='get'%b><ping xmlns='urn:xmpp:ping'/></iq>" % to
        text = b"<message%b type='%%b'><body>x</body></message>" % to
        refused = [text % kind for kind in (b"normal", b"headline", b"groupchat")]
        self.answered("cancel service-unavailable", iq, *refused)
        self.silent(text % b"error")
        self.delivered(text % b"chat", check=lambda stanza, raw: None)

    def test_s21(self) -> None:
        """Groupchat to somebody."""
        self.answered(
            "cancel service-unavailable",
            b"<message id='q1' to='juliet@example.com' type='groupchat'><body>x</body></message>",
        )

    def test_s22(self) -> None:
        """Names of instances, and domains that are nowhere."""
        session = next(iter(self.house.server.manager.sessions))
        places = ["sm-1", "c2s-1", self.house.server.edge.address, session, "nosuch.test"]
        iq = b"<iq type='get' id='q1' to='%b'><ping xmlns='urn:xmpp:ping'/></iq>"
        text = b"<message id='q1' to='%b'><close xmlns='urn:xmppd:session:0'/></message>"
        for kind in (iq, text):
            inputs = [kind % place.encode() for place in places]
            self.answered("cancel remote-server-not-found", *inputs)


class AccountsTest(HostileCase):
    """S23 to S31."""

    def test_s23(self) -> None:
        """Roster sets."""
        text = b"<iq type='set' id='q1'%b><query xmlns='jabber:iq:roster'>%b</query></iq>"
        item = b"<item jid='nurse@example.com'%b>%b</item>"
        bad = {
            "modify bad-request": [
                item % (b"", b"") + item.replace(b"nurse", b"paris") % (b"", b""),
                item % (b"", b"<group>a</group><group>a</group>"),
            ],
            "modify not-acceptable": [
                item % (b"", b"<group/>"),
                item % (b" name='%b'" % (b"x" * 2_000), b""),
            ],
            "cancel item-not-found": [item % (b" subscription='remove'", b"")],
        }
        for error, items in bad.items():
            self.answered(error, *[text % (b"", one) for one in items])
        whom = [b" to='nurse@example.com'", b" to='ghost@example.com'"]
        self.answered("auth forbidden", *[text % (to, item % (b"", b"")) for to in whom])
        client = self.house.client("C1")
        client.send(b"<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
        client.taken()
        client.send(text % (b"", item % (b" subscription='both'", b"")))
        push = next(one for one in client.taken() if one.get("type") == "set")
        self.assertEqual(push[0][0].get("subscription"), "none")

    def test_s24(self) -> None:
        """A roster push to somebody else's client."""
        push = (
            b"<iq type='set' id='q1' to='juliet@example.com/balcony'>"
            b"<query xmlns='jabber:iq:roster'><item jid='%b@x'/></query></iq>" % SECRET
        )
        self.answered("cancel service-unavailable", push)

    def test_s25(self) -> None:
        """Subscriptions to nobody, and from too many."""
        own = b"<presence type='subscribe' id='q1'%b/>"
        places = [b"", b" to='romeo@example.com'", b" to='romeo@example.com/orchard'"]
        self.answered("modify bad-request", *[own % to for to in places])
        outside, answers = self.outside()
        nurse = Jid.parse("nurse@example.com")
        for number in range(1_200):
            stranger = Jid.parse(f"s{number}@remote.test")
            outside.send(Stanza.make("presence", to=nurse, sender=stranger, type="subscribe"))
        self.house.settle()
        self.assertEqual(answers, [])
        self.assertEqual(len(self.house.host.users["nurse"].requests), 1_000)

    def test_s26(self) -> None:
        """Nobody can tell an account without data from none."""
        queries = {
            "http://jabber.org/protocol/disco#info query": "cancel service-unavailable",
            "http://jabber.org/protocol/disco#items query": "",
            "vcard-temp vCard": "cancel service-unavailable",
            "jabber:iq:last query": "auth forbidden",
            "jabber:iq:version query": "cancel service-unavailable",
        }
        text = "<iq type='get' id='q1' to='{}@example.com'><{} xmlns='{}'/></iq>"
        for query, error in queries.items():
            space, name = query.split()
            said = [self.told(who, text.format(who, name, space)) for who in ("nurse", "ghost")]
            self.assertEqual(said[0], said[1])
            if error:
                self.is_error(alone(said[0]), error)
            else:
                self.assertEqual(len(alone(said[0])[0]), 0)

    def told(self, who: str, asked: str) -> bytes:
        """The answer, with the name that was asked for left out."""
        found: set[bytes] = set()

        def check(client: Client) -> None:
            [(_, raw)] = client.answers()
            found.add(raw.replace(who.encode(), b"whoever"))

        self.each([asked.encode()], ("C1",), check, keeps=True)
        [only] = found
        return only

    def test_s27(self) -> None:
        """What is somebody else's, and removals and passwords that are half said."""
        private = b"<query xmlns='jabber:iq:private'><x xmlns='urn:x'/></query>"
        change = (
            b"<query xmlns='jabber:iq:register'><username>%b</username>"
            b"<password>stolen</password></query>"
        )
        text = b"<iq type='%b' id='q1'%b>%b</iq>"
        theirs = [
            text % (kind, b" to='%b@example.com'" % who, query)
            for kind in (b"get", b"set")
            for who in (b"juliet", b"ghost")
            for query in (private, b"<query xmlns='jabber:iq:register'/>", change % who)
        ]
        named = text % (b"set", b"", change % b"juliet")
        self.answered("auth forbidden", *theirs, named)
        remove = b"<query xmlns='jabber:iq:register'><remove/><username>romeo</username></query>"
        empty = (change % b"romeo").replace(b"stolen", b"")
        self.answered("modify bad-request", *[text % (b"set", b"", one) for one in (remove, empty)])
        for name in ("romeo", "juliet"):
            client = self.house.client("C0")
            client.send(plain(name))
            self.assertEqual(names(client.taken()), ["success"])

    def test_s28(self) -> None:
        """Ids of stanzas in the recipient's name (XEP-0359, 3)."""
        one = b"<stanza-id xmlns='urn:xmpp:sid:0' id='x' by='%b'/>"
        forged = [b"juliet@example.com", b"JULIET@example.com"]
        ids = b"".join(one % by for by in [*forged, b"nurse@example.com"])

        def check(stanza: Element, raw: bytes) -> None:
            left = [child.get("by") for child in stanza.findall("{urn:xmpp:sid:0}stanza-id")]
            self.assertEqual(left, ["nurse@example.com"])

        self.delivered(message(ids), check=check, whole=False)

    def test_s29(self) -> None:
        """An attribute by which routers would name the asker."""

        def check(stanza: Element, raw: bytes) -> None:
            self.assertIsNone(stanza.get("router_from"))

        self.delivered(message(b"", b" router_from='juliet@example.com'"), check=check)

    def test_s30(self) -> None:
        """Directed presence to very many, and the connection is lost."""
        client = self.house.client("C1")
        text = b"<presence to='x%d@example.com' id='n%d'/>"

        def check(client: Client) -> None:
            self.house.catch_up()
            said = client.taken()
            self.assertEqual(
                [one.get("id") for one in said], [f"n{n}" for n in range(1_000, 1_010)]
            )
            for one in said:
                self.is_error(one, "wait resource-constraint", one.get("id"))

        everybody = b"".join(text % (number, number) for number in range(1_010))
        self.run_one(client, [everybody], False, check)

    def test_s30_flood(self) -> None:
        """Reading slows down; others notice nothing."""
        self.furnish(limits=Limits(bytes_per_second=2_000))
        client = self.house.client("C1")
        disco = (
            b"<iq type='get' id='n%d' to='example.com'>"
            b"<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )
        for number in range(300):
            client.send(disco % number)
        answered = len(client.taken())
        self.assertLess(answered, 100)
        self.assertTrue(client.wire.unread)
        for one in self.house.bystanders:
            self.assertTrue(one.pings())
        self.house.pass_seconds(20)
        self.assertEqual(answered + len(client.taken()), 300)

    def test_s30_echoes(self) -> None:
        """Bounces and echoes for somebody who reads nothing: few wait, and then it is over."""
        echo = {"echo": Extension(enabled=True)}
        self.furnish(limits=Limits(enabled=False), extensions=echo)
        for to in (b"nosuch.test", b"echo.example.com"):
            client = self.house.bound("nurse", "kitchen")
            client.wire.producer.pauseProducing()
            text = body(b"x" * 10_000).replace(b"juliet@example.com/balcony", to)
            most = 0
            for _ in range(20):
                client.send(text * 50)
                self.house.catch_up()
                most = max(most, self.house.held())
            self.assertLess(most, 6_000_000)
            for one in self.house.bystanders:
                self.assertTrue(one.pings())
            self.house.pass_seconds(60)
            self.assertTrue(client.wire.ending)
            client.lose()
            self.house.pass_seconds(self.house.forgets)
            self.assertLess(self.house.held(), 1_100_000)  # what is kept for later

    def test_s30_presence(self) -> None:
        """The same with changes of presence, which go to many."""
        self.furnish(limits=Limits(bytes_per_second=2_000))
        _, came = self.outside()
        contacts = self.house.host.users["romeo"].contacts
        for number in range(50):
            jid = Jid.parse(f"s{number}@remote.test")
            contacts[jid] = Contact(jid, subscription="from")
        client = self.house.client("C1")
        changes = [b"<presence><status>%d</status></presence>" % number for number in range(400)]
        client.send(*changes)
        self.assertLess(len(came), 50 * 300)
        self.house.catch_up()
        for one in self.house.bystanders:
            self.assertTrue(one.pings())
        self.house.pass_seconds(20)
        self.assertEqual(len(came), 50 * 400)

    def test_s31(self) -> None:
        """Very many messages of a stranger to somebody who is not there."""
        options = {"from_one_stranger": 5}
        self.furnish(extensions={"offline": Extension(options=options)})
        nurse = self.house.bound("nurse", "kitchen")
        nurse.send(
            b"<iq type='set' id='r'><query xmlns='jabber:iq:roster'>"
            b"<item jid='juliet@example.com'/></query></iq>"
        )
        nurse.lose()
        text = b"<message id='q1' to='nurse@example.com' type='chat'><body>%b</body></message>"
        client = self.house.client("C1")
        for _ in range(5):
            client.send(text % b"hey")
        self.assertEqual(client.taken(), [])
        self.begin()
        self.answered("cancel service-unavailable", text % SECRET)
        self.house.juliet.send(text % b"good")
        self.assertEqual(self.house.juliet.taken(), [])
        nurse = self.house.bound("nurse", "kitchen")
        nurse.send(b"<presence/>")
        got = [one.findtext(BODY) for one in nurse.taken() if one.tag == MESSAGE]
        self.assertEqual(got, [*["hey"] * 5, "good"])


class MemoryTest(HostileCase):
    """What is left of very many."""

    def crowd(self, number: int) -> None:
        """Some of each kind, none of which gets anybody else anything."""
        bad = [body(b"\xff"), body(b"<a:b/>"), b"x", message(b"", b" from='a@b'"), b"<foo/>"]
        later = [
            b"<message id='q1' to='ghost%d@example.com'/>" % number,
            b"<iq type='get' id='q1' to='nosuch.test'><x xmlns='urn:x'/></iq>",
            b"<presence to='ghost%d@example.com'/></stream:stream>" % number,
        ]
        logins = [plain("ghost"), auth(Scram("ghost").first, "SCRAM-SHA-1"), plain("romeo")]
        for state, inputs in (("C1", (*bad, *later)), ("C0", (*logins, *bad))):
            for data in inputs:
                client = self.house.client(state)
                client.send(data)
                client.lose()

    def test_memory(self) -> None:
        """The process holds what it held before."""

        def run() -> int:
            for number in range(5):
                self.crowd(number)
            self.house.pass_seconds(self.house.forgets)
            self.events.clear()  # the test's own: refused logins are logged
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        self.furnish()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for number in range(CACHED_JIDS):
            Jid.parse(f"someone.{number}@example.com")
        run()
        before = run()
        for _ in range(2):
            run()
        self.assertLess(run() - before, 65_536)

    def test_entries(self) -> None:
        """Nothing is remembered for longer than ten minutes."""
        self.furnish(limits=Limits(idle_ping_seconds=0))
        self.crowd(0)
        self.house.pass_seconds(700)
        before = self.house.entries()
        for number in range(1, 6):
            self.crowd(number)
        self.assertGreater(self.house.entries(), before)
        self.house.pass_seconds(700)
        self.assertEqual(self.house.entries(), before)


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
