from twisted.trial.unittest import SynchronousTestCase

from xmppd.link.codec import LINK, attach, envelope, to_bytes
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Frame
from xmppd.protocol.framer import MAX_FRAME, Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import COMPONENT_ACCEPT, SESSION_PROTOCOL, STREAMS
from xmppd.protocol.stanza import Stanza

HEADER = f"<stream:stream xmlns='{COMPONENT_ACCEPT}' xmlns:stream='{STREAMS}'>".encode()
EDGE, SESSION = Jid("c2s-1/5kq1.42"), Jid("sm-2/5kpz.7")


def frames(data: bytes) -> list[Frame]:
    framer = Framer(10_000_000)
    framer.feed(HEADER)
    framer.frames = True
    events = framer.feed(data)
    return [event for event in events if isinstance(event, Frame)]


def back(item: Envelope) -> list[Envelope]:
    return [envelope(frame) for frame in frames(to_bytes(item))]


def sized(number: int, size: int) -> Stanza:
    return Stanza.make("message", b"x" * size, id=str(number))


class CodecTests(SynchronousTestCase):
    def test_traffic(self) -> None:
        """Session protocol, 3.5."""
        item = Envelope(SESSION, EDGE, (Stanza.make("message", id="1"),), 1, 12)
        self.assertEqual(
            to_bytes(item),
            b"<route from='c2s-1/5kq1.42' to='sm-2/5kpz.7' e='1' n='12'><message id='1'/></route>",
        )
        (found,) = back(item)
        self.assertEqual((found.to, found.sender), (SESSION, EDGE))
        self.assertEqual((found.epoch, found.number, found.id, found.type), (1, 12, "", ""))

    def test_verbs(self) -> None:
        """Session protocol, 3.1: in a namespace of their own, with what they carry."""
        verb = Stanza(SESSION_PROTOCOL, "hello", {"version": "0"}, b"<x xmlns='urn:x'>a&amp;b</x>")
        item = Envelope(Jid("a.test"), EDGE, (verb,), id="1&'2", type="error")
        (found,) = back(item)
        self.assertEqual((found.id, found.type, found.number), ("1&'2", "error", 0))
        (again,) = found.items
        self.assertEqual((again.ns, again.name, again.attrs), (verb.ns, "hello", verb.attrs))
        self.assertEqual(again.inner, verb.inner)

    def test_empty(self) -> None:
        (found,) = back(Envelope(SESSION, EDGE, ()))
        self.assertEqual(found.items, ())

    def test_too_large_for_a_frame(self) -> None:
        """It becomes several, whose numbers go on."""
        items = tuple(sized(n, size) for n, size in enumerate((30_000, 30_000, 30_000, 90_000, 5)))
        found = back(Envelope(SESSION, EDGE, items, 3, 7))
        self.assertEqual([item.number for item in found], [7, 9, 10, 11])
        self.assertEqual([item.epoch for item in found], [3] * 4)
        ids = [stanza.id for part in found for stanza in part.items]
        self.assertEqual(ids, ["0", "1", "2", "3", "4"])

    def test_just_fits(self) -> None:
        overhead = 2 * len(sized(0, 0).to_bytes().replace(b"/>", b"></message>"))
        for more, parts in ((0, 1), (1, 2)):
            first = sized(0, MAX_FRAME - overhead - 100 + more)
            found = back(Envelope(SESSION, EDGE, (first, sized(1, 100)), 1, 1))
            self.assertEqual(len(found), parts)

    def test_one_large_stanza(self) -> None:
        self.assertEqual(len(back(Envelope(SESSION, EDGE, (sized(0, 200_000),), 1, 1))), 1)

    def test_wrong_frames(self) -> None:
        for attributes in (
            {},
            {"to": "a.test"},
            {"from": "a.test"},
            {"from": "@", "to": "a.test"},
            {"from": "a.test", "to": "b.test", "e": "x"},
            {"from": "a.test", "to": "b.test", "n": ""},
        ):
            error = self.assertRaises(StreamError, envelope, Frame(attributes, ()))
            self.assertEqual(error.condition, "improper-addressing")

    def test_attach(self) -> None:
        ((frame),) = frames(attach("sm-1", "5kq1", "sm", ["a.test", "b.test"]))
        (item,) = frame.items
        self.assertEqual((item.ns, item.name), (LINK, "attach"))
        self.assertEqual(
            item.attrs,
            {"name": "sm-1", "boot": "5kq1", "role": "sm", "domains": "a.test b.test"},
        )
