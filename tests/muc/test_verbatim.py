"""What people say and show passes through rooms byte by byte (XEP-0045, 17.1, 4).

They are on another server: what streams make of it is not looked at here.
"""

from random import Random

from tests.fuzz.streams import HEADER_PREFIXES, HEADERS, NAMES, Writer
from tests.muc.kit import ROOM, RoomsTestCase, X
from xmppd.protocol.framer import Framer
from xmppd.protocol.namespaces import MAM
from xmppd.protocol.stanza import Stanza

MESSAGES = 60
AUTHOR, READER = "author@far.test/x", "reader@far.test/x"


def written(seed: int) -> bytes:
    """Elements that use every freedom of XML namespaces, as they are once they stand alone."""
    writer = Writer(Random(seed))
    for _ in range(writer.random.randint(1, 3)):
        writer.element(HEADER_PREFIXES[0], writer.random.choice((1, 2, 3)), NAMES)
    framer = Framer(1_000_000)
    list(framer.feed(HEADERS[0].encode()))
    [stanza] = framer.feed(f"<message>{''.join(writer.out)}</message>".encode())
    assert isinstance(stanza, Stanza)
    return stanza.inner


class VerbatimTest(RoomsTestCase):
    settings = {"unload_seconds": 90}  # noqa: RUF012

    def setUp(self) -> None:
        super().setUp()
        self.far = self.server.elsewhere("far.test")

    def come(self, who: str) -> list[Stanza]:
        """Enter the room; gives the messages that come of it."""
        self.far.received()
        nick = who.partition("@")[0]
        self.far.send(f"<presence from='{who}' to='{ROOM}/{nick}'>{X}</presence>")
        return [each for each in self.far.received() if each.name == "message"]

    def have_said(self, name: str, to: str, contents: list[bytes]) -> list[Stanza]:
        """Have the author send all that; gives what the reader receives."""
        self.far.received()
        for content in contents:
            inner = content.decode()
            self.far.send(f"<{name} from='{AUTHOR}' to='{to}' xml:lang='en'>{inner}</{name}>")
        return [each for each in self.far.received() if each.to == READER]

    def same(self, stanzas: list[Stanza], sent: list[bytes]) -> None:
        """Each begins with what was sent, and goes on with what the room says."""
        self.assertEqual(len(stanzas), len(sent))
        for stanza, content in zip(stanzas, sent, strict=True):
            self.assertTrue(stanza.inner.startswith(content), (content, stanza.inner))
            self.assertEqual(stanza.attrs.get("xml:lang"), "en")

    def test_messages(self) -> None:
        """To all inside, to newcomers once the room was read from the store, from the archive."""
        values = {"persistentroom": 1, "enablearchiving": 1, "muc#maxhistoryfetch": MESSAGES}
        self.make(values)
        self.come(AUTHOR)
        self.come(READER)
        made = map(
            written, range(2 * MESSAGES)
        )  # what has references may be written anew when read
        sent = [b"<body>x</body>" + content for content in made if b"&" not in content]
        self.assertGreater(len(sent), 20)
        to = f"{ROOM}' type='groupchat"
        self.same(self.have_said("message", to, sent), sent)
        for who in (AUTHOR, READER):
            self.far.send(f"<presence from='{who}' to='{ROOM}/x' type='unavailable'/>")
        self.crone.send(f"<presence to='{ROOM}/crone' type='unavailable'/>")
        self.server.advance(181)
        self.assertNotIn("cave", self.server.service.rooms.live)
        *history, _topic = self.come(READER)
        self.same(history, sent)
        query = f"<query xmlns='{MAM}'/>"
        self.far.send(f"<iq type='set' id='q' from='{READER}' to='{ROOM}'>{query}</iq>")
        *page, _fin = self.far.received()
        for result, content in zip(page, sent, strict=False):
            self.assertIn(b">" + content + b"<", result.inner)

    def test_private_messages(self) -> None:
        self.make()
        self.come(AUTHOR)
        self.come(READER)
        sent = [written(seed) for seed in range(MESSAGES, 2 * MESSAGES)]
        self.same(self.have_said("message", f"{ROOM}/reader", sent), sent)

    def test_presences(self) -> None:
        self.make()
        self.come(READER)
        self.come(AUTHOR)
        sent = [written(seed) for seed in range(2 * MESSAGES, 3 * MESSAGES)]
        self.same(self.have_said("presence", f"{ROOM}/author", sent), sent)
