"""`<route/>` on trusted links: several elements in a frame, framed in one pass."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, Frame
from xmppd.protocol.framer import MAX_FRAME, MAX_NAMES, MAX_READ, Framer
from xmppd.protocol.namespaces import COMPONENT_ACCEPT, STREAMS
from xmppd.protocol.stanza import Stanza

HEADER = f"<stream:stream xmlns='{COMPONENT_ACCEPT}' xmlns:stream='{STREAMS}'>".encode()
ROUTE = b"<route from='c2s-1/5' to='sm-1/7' e='1'>"
MESSAGE = (
    b"<message to='B@d.test' id='%d'><body xml:lang='en'>1 &lt; 2</body><x xmlns='u'/></message>"
)
VERB = b"<hello xmlns='urn:xmppd:session:0' version='0'><a/>b</hello>"


def framer(max_stanza: int = 262_144) -> Framer:
    made = Framer(max_stanza)
    made.feed(HEADER)
    made.frames = True
    return made


def shown(events: list[Event]) -> list[object]:
    """Events in a form that can be compared."""
    found: list[object] = []
    for event in events:
        if isinstance(event, Frame):
            found.append((event.attrs, [one(item) for item in event.items]))
        elif isinstance(event, Stanza):
            found.append(one(event))
        else:
            found.append(str(event) if isinstance(event, StreamError) else type(event))
    return found


def one(item: Stanza) -> object:
    return item.to_bytes(), item.ns, item.to, item.children


def read(data: bytes, *cuts: int, max_stanza: int = 262_144) -> list[Event]:
    made = framer(max_stanza)
    edges = [0, *sorted(cuts), len(data)]
    pairs = pairwise(edges)
    return [event for start, stop in pairs for event in made.feed(data[start:stop])]


class FrameTests(SynchronousTestCase):
    def test_children(self) -> None:
        """They come as they would outside of it."""
        (frame,) = read(ROUTE + MESSAGE % 1 + VERB + b" \r\n" + MESSAGE % 2 + b"</route>")
        assert isinstance(frame, Frame)
        self.assertEqual(frame.attrs, {"from": "c2s-1/5", "to": "sm-1/7", "e": "1"})
        self.assertEqual([item.name for item in frame.items], ["message", "hello", "message"])
        alone = [event for event in read(MESSAGE % 1 + VERB) if isinstance(event, Stanza)]
        self.assertEqual([one(item) for item in frame.items[:2]], [one(stanza) for stanza in alone])
        self.assertEqual(frame.items[0].to, "b@d.test")

    def test_empty(self) -> None:
        for data in (b"<route/>", b"<route></route>", b"<route > </route >", b"<route a='/>'/>"):
            for event in (b"", MESSAGE % 1):
                frame, *rest = read(data + event)
                assert isinstance(frame, Frame)
                self.assertEqual((frame.items, len(rest)), ((), bool(event)))

    def test_split_anywhere(self) -> None:
        data = MESSAGE % 1 + ROUTE + MESSAGE % 2 + VERB + b"</route><route/>" + MESSAGE % 3
        whole = shown(read(data))
        self.assertEqual(len(whole), 4)
        for at in range(len(data)):
            self.assertEqual(shown(read(data, at)), whole, at)
        self.assertEqual(shown(read(data, *range(len(data)))), whole)

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.integers(0, 400), max_size=6))
    def test_split_often(self, cuts: list[int]) -> None:
        data = ROUTE + VERB + MESSAGE % 1 + b"</route>" + ROUTE + MESSAGE % 2 + b"</route>"
        self.assertEqual(shown(read(data, *cuts)), shown(read(data)))

    def test_without_frames(self) -> None:
        """Elsewhere it is an element like any other."""
        made = Framer()
        made.feed(HEADER)
        (event,) = made.feed(ROUTE + MESSAGE % 1 + b"</route>")
        assert isinstance(event, Stanza)
        self.assertEqual(event.name, "route")

    def test_only_of_the_content_namespace(self) -> None:
        for data in (b"<route xmlns='u'/>", b"<stream:route/>", b"<message><route/></message>"):
            (event,) = read(data)
            self.assertIsInstance(event, Stanza)

    def test_names_that_look_like_declarations(self) -> None:
        """A user may be called xmlns: that must not end the link."""
        for to in (b"to='xmlns@a.test'", b'to="a.test/ xmlns=x"', b"to='a.test/xmlns:a=\"b\"'"):
            (frame,) = read(b"<route " + to + b"><message/></route>")
            self.assertIsInstance(frame, Frame)

    def test_declarations(self) -> None:
        for tag in (b"<route xmlns:a='u'>", b"<route to='a' xmlns='jabber:component:accept'>"):
            (error,) = read(tag + b"<message/></route>")
            self.assertEqual(str(error), "bad-format: a route declares no namespaces")

    def test_idle(self) -> None:
        made = framer()
        made.feed(ROUTE)
        self.assertFalse(made.idle)
        made.feed(MESSAGE % 1)
        self.assertFalse(made.idle)
        made.feed(b"</route>")
        self.assertTrue(made.idle)


class RefusedTests(SynchronousTestCase):
    """Hostile inputs L3, and what no stream may hold."""

    def test_errors(self) -> None:
        for inside, condition in (
            (b"<route/>", "unsupported-stanza-type"),
            (MESSAGE % 1 + b"<route><message/></route>", "unsupported-stanza-type"),
            (b"text", "bad-format"),
            (MESSAGE % 1 + b"text", "bad-format"),
            (b"<![CDATA[ ]]>", "bad-format"),
            (b"&#32;", "bad-format"),
            (b"<!-- x -->", "restricted-xml"),
            (b"<?x y?>", "restricted-xml"),
            (b"</message>", "not-well-formed"),
            (b"<a:b/>", "not-well-formed"),
            (b"\0", "unsupported-encoding"),
            (b"<message>\xff</message>", "unsupported-encoding"),
            (b"<a>" * 66, "policy-violation"),
        ):
            data = MESSAGE % 7 + ROUTE + inside + b"</route>"
            for cuts in ((), tuple(range(len(data)))):
                stanza, *rest = read(data, *cuts)
                self.assertIsInstance(stanza, Stanza)
                error = rest[-1]
                assert isinstance(error, StreamError), (inside, rest)
                self.assertEqual((error.condition, len(rest)), (condition, 1), inside)

    def sized(self, *sizes: int) -> bytes:
        empty = len(b"<message></message>")
        inner = [b"<message>%b</message>" % (b"x" * (size - empty)) for size in sizes]
        return b"<route>%b</route>" % b"".join(inner)

    def test_frame_size(self) -> None:
        """64 KiB, or one stanza (session protocol, 3.5)."""
        for sizes, fits in (
            ((MAX_FRAME - 100, 100), True),
            ((MAX_FRAME - 100, 101), False),
            ((100, MAX_FRAME - 99), False),
            ((200_000,), True),
            ((200_000, 20), False),
        ):
            (event,) = read(self.sized(*sizes))
            self.assertEqual(isinstance(event, Frame), fits, sizes)
            if not fits:
                self.assertEqual(str(event)[:16], "policy-violation")

    def test_refused_while_reading(self) -> None:
        """A frame that never ends is not kept."""
        made = framer()
        made.feed(b"<route>")
        events: list[Event] = []
        for number in range(3000):
            events = made.feed(MESSAGE % number)
            if events:
                break
        self.assertLess(number * len(MESSAGE), MAX_FRAME)
        self.assertEqual(shown(events), ["policy-violation: too many bytes in one element"])

    def test_stanza_size(self) -> None:
        for size, fits in ((1000, True), (1001, False)):
            (event,) = read(self.sized(size), max_stanza=1000)
            self.assertEqual(isinstance(event, Frame), fits)


class RenewalTests(SynchronousTestCase):
    """The parser is replaced in a frame too."""

    def test_many_frames(self) -> None:
        data = ROUTE + MESSAGE % 1 + MESSAGE % 2 + b"</route>"
        made = framer()
        parsers = set()
        for _ in range(3 * MAX_READ // len(data)):
            for at in (0, 60, 200):
                cut = data[at : {0: 60, 60: 200, 200: len(data)}[at]]
                events = made.feed(cut)
                parsers.add(id(made._parser))
            self.assertEqual(len(events), 1)
        self.assertGreater(len(parsers), 1)

    def test_in_every_place(self) -> None:
        """Names run out at each place of a frame in turn."""
        names = b"<message>%b</message>" % b"".join(b"<n%d/>" % n for n in range(MAX_NAMES + 5))
        data = ROUTE + MESSAGE % 1 + VERB + b" " + MESSAGE % 2 + b"</route>" + MESSAGE % 3
        whole = shown(read(data))
        for at in range(len(data)):
            made = framer()
            events = made.feed(names + data[:at])[1:] + made.feed(data[at:])
            self.assertEqual(shown(events), whole, at)

    def test_inside(self) -> None:
        names = b"<message>%b</message>" % b"".join(b"<n%d/>" % n for n in range(MAX_NAMES + 5))
        data = MESSAGE % 1 + MESSAGE % 2 + b"</route>" + MESSAGE % 3
        for at in range(len(data)):
            made = framer()
            events = made.feed(ROUTE + names + data[:at]) + made.feed(data[at:])
            frame, last = events
            assert isinstance(frame, Frame) and isinstance(last, Stanza)
            self.assertEqual([item.name for item in frame.items], ["message"] * 3)

    def test_size_is_kept(self) -> None:
        """What a frame has had before the parser was replaced still counts."""
        names = b"<message>%b</message>" % b"".join(b"<n%d/>" % n for n in range(MAX_NAMES + 5))
        left = MAX_FRAME - len(names)
        filler = b"<iq>%b</iq>"
        for over in (0, 1):
            made = framer()
            made.feed(b"<route>" + names)
            event, *_ = made.feed(filler % (b"x" * (left - 9 + over)) + b"</route>")
            self.assertEqual(isinstance(event, Frame), not over)

    def test_work_is_linear(self) -> None:
        """A long child with many names is not read anew at each feed."""
        made = framer()
        made.feed(b"<route><message>" + b"".join(b"<n%d/>" % n for n in range(MAX_NAMES + 5)))
        made.feed(b"<a/>")
        parser = made._parser
        for _ in range(10):
            made.feed(b"<a/>")
        self.assertIs(made._parser, parser)
