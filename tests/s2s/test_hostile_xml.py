"""XML and stanzas that no server may send: whole, byte by byte, and behind a stanza that is good.

Rows X, H and S of the table of hostile inputs, on streams of servers before (S0) and after (S1)
their proof.
"""

from collections.abc import Callable

from tests.s2s.raw import HEADER, Raw, error_in
from tests.s2s.test_hostile import MESSAGE, Hostile
from xmppd.protocol.namespaces import SERVER, STREAMS

GOOD = MESSAGE.replace("'m'", "'good'").encode()
DEEP = b"<a>" * 70
MANY = b" ".join([b"a%d='x'" % number for number in range(101)])


def body(content: bytes) -> bytes:
    """A message that says so."""
    start = b"<message from='romeo@remote.test' to='juliet@capulet.test'><body>"
    return start + content + b"</body></message>"


def to(address: str) -> bytes:
    """A message for somebody."""
    return f"<message from='romeo@remote.test' to='{address}'/>".encode()


ANYWHERE = {
    b"\0": "unsupported-encoding",
    body(b"\xc0\xbc"): "unsupported-encoding",
    body(b"\xed\xa0\x80"): "unsupported-encoding",
    body(b"\xf4\x90\x80\x80"): "unsupported-encoding",
    body(b"\xe2\x82"): "unsupported-encoding",
    b"<!-- x -->": "restricted-xml",
    body(b"<!-- x -->"): "restricted-xml",
    b"<?php x?>": "restricted-xml",
    b"<?xml version='1.0'?>": "not-well-formed",
    body(b"&foo;"): "restricted-xml",
    b"<message a='&foo;'/>": "restricted-xml",
    body(b"&#0;"): "not-well-formed",
    body(b"&#xD800;"): "not-well-formed",
    body(b"\x01"): "not-well-formed",
    b"<message></iq>": "not-well-formed",
    b"<message a=b/>": "not-well-formed",
    b"<message a='<'/>": "not-well-formed",
    body(b"]]>"): "not-well-formed",
    b"<a:b:c/>": "not-well-formed",
    b"<a:message/>": "not-well-formed",
    b"<message a:b='c'/>": "not-well-formed",
    body(b"<x><a:y/></x>"): "not-well-formed",
    b"<message to='a' to='b'/>": "not-well-formed",
    b"<message xmlns:a='u' xmlns:b='u' a:q='1' b:q='2'/>": "not-well-formed",
    b"<message xmlns:xml='urn:x'/>": "not-well-formed",
    b"<message xmlns:xmlns='u'/>": "not-well-formed",
    b"<message xmlns:p=''/>": "not-well-formed",
    b"<a:x xmlns:a='jabber:server body'/>": "not-well-formed",
    b"hello": "bad-format",
    "\u00a0".encode(): "bad-format",
    b"&#32;": "bad-format",
    b"<![CDATA[ ]]>": "bad-format",
    b"<message>" + DEEP: "policy-violation",
    b"<message " + MANY + b"/>": "policy-violation",
    b"<message a='" + b"x" * 17_000: "policy-violation",
    b"<foo xmlns='bar'/>": "unsupported-stanza-type",
    b"<query/>": "unsupported-stanza-type",
    b"<route/>": "unsupported-stanza-type",
    b"<close xmlns='urn:xmppd:session:0'/>": "unsupported-stanza-type",
    b"<report/>": "unsupported-stanza-type",
    b"<handshake/>": "unsupported-stanza-type",
    b"<stream:features/>": "unsupported-stanza-type",
    b"<message xmlns='jabber:client'/>": "unsupported-stanza-type",
    b"<Message/>": "unsupported-stanza-type",
}
PROVED = {
    **dict.fromkeys(
        map(to, ("", "@b", "a@", "a@capulet.test/", "x" * 1_024 + "@capulet.test", "a@-b")),
        "improper-addressing",
    ),
    b"<message to='juliet@capulet.test' from=''/>": "invalid-from",
    b"<message to='juliet@capulet.test' from='@b'/>": "invalid-from",
}
TOLERATED = {"unsupported-encoding": "not-well-formed"}
"""What else will do (X4)."""
HEADERS = {
    HEADER.encode("utf-16-le"): "unsupported-encoding",
    HEADER.encode("utf-16-be"): "unsupported-encoding",
    HEADER.encode("utf-16"): "unsupported-encoding",
    b"<?xml version='1.0' encoding='ISO-8859-1'?>" + HEADER.encode(): "unsupported-encoding",
    b"<!-- x -->": "restricted-xml",
    b"<!DOCTYPE x>": "restricted-xml",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>": "restricted-xml",
    b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'>": "restricted-xml",
    b"<!DOCTYPE x [<!ENTITY % a SYSTEM 'http://192.0.2.1/'> %a;]>": "restricted-xml",
    b"GET / HTTP/1.1\r\n\r\n": "not-well-formed",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": "unsupported-encoding",
    f"<stream:stream xmlns='{SERVER}' xmlns:stream='urn:x'>".encode(): "invalid-namespace",
    f"<stream:strem xmlns='{SERVER}' xmlns:stream='{STREAMS}'>".encode(): "bad-format",
    f"<stream:stream xmlns='foo' xmlns:stream='{STREAMS}'>".encode(): "invalid-namespace",
    b"<stream:stream a='" + b"x" * 17_000: "policy-violation",
}


class XmlTest(Hostile):
    """Each row ends that stream with its error, and no other."""

    def walk(self, rows: dict[bytes, str], begin: Callable[[], Raw]) -> None:
        for data, wanted in rows.items():
            allowed = {wanted, TOLERATED.get(wanted, wanted)}
            self.refused(begin(), data, allowed)
            if len(data) < 2_000:
                raw = begin()
                said = "".join([raw.send(data[at : at + 1]) for at in range(len(data))])
                self.assertIn(error_in(said), allowed, data)

    def refused(self, raw: Raw, data: bytes, allowed: set[str]) -> None:
        raw.send(data)
        self.assertIn(error_in(raw.heard), allowed, data[:100])
        self.assertTrue(raw.heard.endswith("</stream:stream>"), data[:100])

    def test_headers(self) -> None:
        """S0, at its very beginning: our own header comes before the error."""
        self.walk(HEADERS, self.raw)
        self.assertEqual(self.place.got, [])

    def test_before_the_proof(self) -> None:
        """S0 within TLS."""
        self.walk(ANYWHERE, self.secured)
        self.assertEqual(self.place.got, [])

    def test_after_the_proof(self) -> None:
        """S1; a stanza before it in the same read is delivered, other streams go on."""
        other = self.proved()
        self.walk({**ANYWHERE, **PROVED}, self.proved)
        self.assertEqual(self.place.got, [])
        for data, wanted in {**ANYWHERE, **PROVED}.items():
            allowed = {wanted, TOLERATED.get(wanted, wanted)}
            self.refused(self.proved(), GOOD + data, allowed)
            self.assertEqual(self.place.heard, ["good"], data[:100])
            self.place.got.clear()
            self.network.advance(6)
        other.send(MESSAGE)
        self.assertEqual(self.place.heard, ["m"])

    def test_what_is_allowed(self) -> None:
        """X9, X16: references, CDATA, white space between stanzas."""
        raw = self.proved()
        raw.send(b" \t\r\n" + body(b"&lt;&gt;&amp;&apos;&quot;&#9;&#x1F600;<![CDATA[<x/>]]>"))
        (stanza,) = self.place.got
        found = stanza.child("", "body")
        self.assertEqual(str(found), "<>&'\"\t\U0001f600<x/>")
