from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.fuzz import reference, streams
from tests.fuzz.framer import enclosed
from xmppd.link.reader import MOST_EQUALS, MOST_TAGS, RENEW, Passed, Reader
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, Header, StreamOpened
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import COMPONENT_ACCEPT, CONTENT, STREAMS
from xmppd.protocol.stanza import Stanza

HEADER = f"<stream:stream xmlns='{COMPONENT_ACCEPT}' xmlns:stream='{STREAMS}'>".encode()
PLAIN = (
    b"<message from='a@c.test' to='b@d.test/x' id='%d'><body>Hello</body><x xmlns='u'/></message>"
)

PIECES = (
    PLAIN % 1,
    PLAIN % 2,
    b"<presence from='c.test' to='d.test'/>",
    b"<presence from='c.test' to='d.test' xml:lang='en'></presence>",
    b"<iq type='get' id='1' to='d.test' from='c.test'><ping xmlns='urn:xmpp:ping'/></iq>",
    b"<iq type='result' id='1' to='d.test' from='c.test' />",
    b"<message to='D.Test' from='A@c.test'><body>&lt;/message> &amp;</body></message>",
    b"<message to='@' from='@'/>",
    b"<message to='x to=' from='x from='/>",
    b"<message><forwarded xmlns='u'><message xmlns='jabber:client'/></forwarded></message>",
    b"<message><message></message><message/></message>",
    b"<message ><body></message></body></message >",
    b"<message></message >",
    b"<message><![CDATA[</message>]]></message>",
    b"<message><a b='/>'/><a b=\"</message\"/></message>",
    b'<message to="d.test">\'</message>',
    b"<message to='a' to='b'/>",
    b"<message xmlns='u'/>",
    b"<message xmlns:a='u' a:b='c'/>",
    b"<message id='a&amp;b'/>",
    b"<message id='a\nb'/>",
    b"<message id='\xc3\xa9'><body>\xe2\x82\xac</body></message>",
    b"<message id='\xff'/>",
    b"<message><body>\xe2\x82</body></message>",
    b"<message><a:b/></message>",
    b"<message><b xmlns:a='jabber:&#x63;omponent:accept'><a:b/></b></message>",
    b"<message><b xmlns:a='jabber:component:accept'><a:b/></b></message>",
    b"<message><stream:b/></message>",
    b"<message>&foo;</message>",
    b"<message><!-- </message> --></message>",
    b"<message><?x </message>?></message>",
    b"<messages></messages>",
    b"<iq-message></iq-message>",
    b"<a:message xmlns:a='u'></a:message>",
    b"<message><a:message xmlns:a='u'></a:message></message>",
    b"<route to='a' from='b'><message/></route>",
    b" ",
    b"\r\n",
    b"text",
    b"</stream:stream>",
    b"</message>",
    b"<message>",
    b"\0",
    b"<message>" + b"<a>" * 65 + b"</a>" * 65 + b"</message>",
    b"<iq>" + b"<a>" * 50 + b"</a>" * 50 + b"</iq>",
    b"<message><a " + b" ".join(b"a%d=''" % n for n in range(101)) + b"/></message>",
    b"<message " + b" ".join(b"a%d=''" % n for n in range(101)) + b"/>",
    b"<message><a b='" + b"x" * 16_400 + b"'/></message>",
    b"<message><body>" + b"x" * 20_000 + b"</body></message>",
    b"<message><body>" + b"x=<a/>" * 120 + b"</body></message>",
)


def shown(event: Event) -> object:
    if isinstance(event, Stanza):
        facts = (event.ns, event.name, event.attrs, event.inner, event.children)
        return *facts, event.to, event.sender, event.malformed
    return type(event), str(event) if isinstance(event, StreamError) else ""


def opened(header: bytes = HEADER, max_stanza: int = 262_144) -> tuple[Framer, Header]:
    framer = Framer(max_stanza)
    (event,) = framer.feed(header)
    assert isinstance(event, StreamOpened)
    return framer, event.header


class SameTests(SynchronousTestCase):
    """Reading many at once gives what the framer gives."""

    def check(self, pieces: list[bytes], header: bytes = HEADER, most: int = 262_144) -> None:
        framer, _ = opened(header, most)
        expected = [event for piece in pieces for event in framer.feed(piece)]
        reader = Reader(*opened(header, most))
        events = [event for piece in pieces for event in reader.feed(piece)]
        self.assertEqual([shown(event) for event in events], [shown(event) for event in expected])
        for event in events:
            if type(event) is Passed:
                self.check_written(event, header)

    def check_written(self, stanza: Passed, header: bytes) -> None:
        """What leaves is what would be written anew (rules of raw forwarding, 2)."""
        anew = Stanza(CONTENT, stanza.name, stanza.attrs, stanza.inner).to_bytes()
        trees = [reference.tree(enclosed(data, "c")) for data in (anew, stanza.to_bytes())]
        self.assertEqual(trees[0], trees[1])
        if stanza.inner:
            self.assertEqual(stanza.to_bytes(), anew)

    def test_each_piece(self) -> None:
        """Between two plain stanzas; at once, and cut in the middle."""
        for piece in PIECES:
            data = PLAIN % 1 + piece + PLAIN % 2
            self.check([data])
            self.check([data[:110], data[110:]])
            self.check([data, PLAIN % 3])

    def test_split_anywhere(self) -> None:
        data = b"".join(PIECES[:9])
        for at in range(len(data)):
            self.check([data[:at], data[at:]])

    def test_small_caps(self) -> None:
        for piece in PIECES:
            self.check([PLAIN % 1 + piece + PLAIN % 2], most=120)

    @settings(max_examples=60, deadline=None)
    @given(st.randoms(use_true_random=False))
    def test_pieces(self, random: Random) -> None:
        data = b"".join(random.choices(PIECES[:30], weights=[9] * 6 + [1] * 24, k=8))
        self.check(streams.split(random, data))
        self.check([data])

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32), st.booleans())
    def test_any_stream(self, seed: int, breaking: bool) -> None:
        random = Random(seed)
        _, _, data = streams.stream(random, False).partition(b">")
        if breaking:
            data = streams.broken(random, data)
        self.check([PLAIN % 1 + data, PLAIN % 2])
        self.check(streams.split(random, PLAIN % 1 + data + PLAIN % 2))


class PassedTests(SynchronousTestCase):
    """What is not looked at while reading is there when asked for."""

    def read(self, data: bytes) -> Stanza:
        (event,) = Reader(*opened()).feed(data)
        assert type(event) is Passed
        return event

    def test_parts(self) -> None:
        stanza = self.read(PLAIN % 7)
        self.assertEqual((stanza.to, stanza.sender), (Jid("b@d.test/x"), Jid("a@c.test")))
        self.assertEqual((stanza.id, stanza.type, stanza.lang), ("7", None, None))
        self.assertEqual([child[:2] for child in stanza.children], [("", "body"), ("u", "x")])
        self.assertEqual(stanza.text("", "body"), "Hello")
        self.assertRaises(AttributeError, getattr, stanza, "other")

    def test_others_made_of_it(self) -> None:
        stanza = self.read(PLAIN % 7)
        moved = stanza.readdressed(Jid("e.test"))
        self.assertEqual((type(moved), moved.to, moved.inner), (Stanza, "e.test", stanza.inner))
        self.assertEqual(stanza.error("conflict").attrs["to"], "a@c.test")
        self.assertIn(b"xmlns='jabber:client'", stanza.to_bytes("jabber:client"))
        self.assertFalse(stanza.without("u", "x").has("u", "x"))


class SpeedTests(SynchronousTestCase):
    """Most of what comes is read without the framer."""

    def kinds(self, data: bytes, times: int = 1) -> list[type[Event]]:
        reader = Reader(*opened())
        return [type(event) for _ in range(times) for event in reader.feed(data)]

    def test_plain(self) -> None:
        data = b" ".join([PLAIN % 1, *PIECES[2:5]])
        self.assertEqual(self.kinds(data), [Passed] * 4)

    def test_last_not_whole(self) -> None:
        reader = Reader(*opened())
        data = PLAIN % 1 * 3
        first, second = reader.feed(data[:-20]), reader.feed(data[-20:] + PLAIN % 2)
        self.assertEqual(
            [type(event) for event in first + second], [Passed, Passed, Stanza, Passed]
        )

    def test_renewed(self) -> None:
        size = len(PLAIN % 1)
        self.assertEqual(
            self.kinds(PLAIN % 1 * 100, RENEW // size // 50), [Passed] * (RENEW // size // 50 * 100)
        )

    def test_caps(self) -> None:
        """Where the caps might be passed the framer decides."""
        body = b"<message><body>%b</body></message>"
        self.assertEqual(self.kinds(body % (b"x" * 15_000)), [Passed])
        self.assertEqual(self.kinds(body % (b"x" * 17_000)), [Stanza])
        self.assertEqual(self.kinds(body % (b"<a/>" + b"=" * 400)), [Stanza])
        self.assertEqual(self.kinds(body % (b"=" * MOST_EQUALS + b"x" * 400)), [Passed])
        self.assertEqual(self.kinds(body % (b"<abcdef/>" * MOST_TAGS)), [Stanza])
