"""XEP-0352: what waits for a client that nobody looks at."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from tests.sm.test_session import Missed
from xmppd.component.extension import Extension
from xmppd.component.session import WINDOW_DOWN, verb
from xmppd.component.stages import Life
from xmppd.extensions.carbons import Carbons
from xmppd.extensions.client_state import ClientState, is_urgent
from xmppd.extensions.offline import Offline
from xmppd.protocol.namespaces import CARBONS, CLIENT_STATE, CONTENT
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.waiting import MAX_QUEUE

STATE = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
RECEIPT = "<received xmlns='urn:xmpp:receipts' id='1'/>"
MARKER = "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>"
PROPOSE = "<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>"
EVENT = "<event xmlns='http://jabber.org/protocol/pubsub#event'/>"
ROOM = "<x xmlns='http://jabber.org/protocol/muc#user'/>"


def message(content: str = "<body>b</body>", type: str = "chat", id: str = "m") -> str:
    return (
        f"<message from='a@remote.test/r' to='juliet@example.com/phone' type='{type}' id='{id}'>"
        f"{content}</message>"
    )


def presence(sender: str = "a@remote.test/r", content: str = "", type: str = "") -> str:
    kind = f" type='{type}'" if type else ""
    return f"<presence from='{sender}' to='juliet@example.com'{kind}>{content}</presence>"


class UrgentTest(SynchronousTestCase):
    def test_each(self) -> None:
        for xml, urgent in [
            (message(), True),
            (message(STATE), False),
            (message(STATE + "<body>b</body>"), True),
            (message(RECEIPT), False),
            (message(MARKER + "<thread>t</thread><store xmlns='urn:xmpp:hints'/>"), False),
            (message(PROPOSE), True),
            (message(EVENT, "headline"), False),
            (message(STATE, "groupchat"), False),
            (message("<subject>s</subject>", "groupchat"), True),
            (message(STATE, "error"), True),
            (presence(), False),
            (presence(type="unavailable"), False),
            (presence(type="subscribe"), True),
            (presence(type="error"), True),
            ("<iq type='set' id='1'><query xmlns='jabber:iq:roster'/></iq>", True),
        ]:
            self.assertEqual(is_urgent(parse_stanza(xml.encode())), urgent, xml)


class Case(SynchronousTestCase):
    options = ClientState.Options()
    others: tuple[type[Extension], ...] = (Carbons, Offline)

    def setUp(self) -> None:
        self.house = House([(ClientState, self.options), *self.others])
        self.phone = self.come("phone")
        self.say("inactive")

    def come(self, resource: str) -> Client:
        client = self.house.client("juliet", resource)
        client.send("<presence/>")
        client.taken()
        return client

    def say(self, state: str) -> None:
        self.phone.pass_on(Stanza.make(state, ns=CLIENT_STATE))

    def come_in(self, *xml: str) -> list[str | None]:
        """Have stanzas come from outside; what of them the phone gets."""
        for one in xml:
            self.house.from_outside(one)
        return self.told()

    def told(self) -> list[str | None]:
        return [item.id or item.type or item.text(CONTENT, "show") for item in self.phone.taken()]


class WaitingTest(Case):
    def test_feature(self) -> None:
        """XEP-0352, 4.1."""
        self.assertEqual(ClientState.after_login, (b"<csi xmlns='urn:xmpp:csi:0'/>",))

    def test_in_order_before_what_is_urgent(self) -> None:
        first, last = message(STATE, id="1"), message(STATE, id="2")
        self.assertEqual(self.come_in(first, presence(content="<show>away</show>"), last), [])
        self.assertEqual(self.come_in(message()), ["1", "away", "2", "m"])
        self.assertEqual(self.come_in(message(STATE, id="3")), [])

    def test_active_again(self) -> None:
        """XEP-0352, 5.1: what waited goes before the next request is answered."""
        self.come_in(message(STATE, id="1"))
        ping = "<iq type='get' id='p' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>"
        self.phone.pass_on(Stanza.make("active", ns=CLIENT_STATE), parse_stanza(ping.encode()))
        self.assertEqual(self.told(), ["1", "p"])
        self.assertEqual(self.come_in(message(STATE, id="2")), ["2"])

    def test_again_and_again(self) -> None:
        self.come_in(message(STATE, id="1"))
        self.say("inactive")
        self.assertEqual(self.told(), [])
        self.say("active")
        self.say("active")
        self.assertEqual(self.told(), ["1"])

    def test_newest_presence_of_each(self) -> None:
        """Of one full JID only the newest, at the place of the newest."""
        shows = [presence(content=f"<show>{show}</show>") for show in ("away", "xa", "dnd")]
        self.come_in(shows[0], shows[1], presence("b@remote.test/r", "<show>chat</show>"), shows[2])
        self.say("active")
        self.assertEqual(self.told(), ["chat", "dnd"])

    def test_presence_of_rooms(self) -> None:
        """All of it: it says more than who is there."""
        for show in "xa", "dnd":
            self.come_in(presence("r@remote.test/n", f"{ROOM}<show>{show}</show>"))
        self.say("active")
        self.assertEqual(self.told(), ["xa", "dnd"])

    def test_copies(self) -> None:
        """A copy is as urgent as what it is of."""
        laptop = self.come("laptop")
        self.phone.send(f"<iq type='set' id='c'><enable xmlns='{CARBONS}'/></iq>")
        self.told()
        laptop.send(f"<message to='a@remote.test' type='chat'>{STATE}</message>")
        self.assertEqual(self.told(), [])
        laptop.send("<message to='a@remote.test' type='chat'><body>b</body></message>")
        self.assertEqual(len(self.told()), 2)

    def test_independent_of_presence(self) -> None:
        """XEP-0352, 5: not touched by what the client says of itself."""
        self.phone.send("<presence><show>chat</show></presence>")
        self.told()
        self.assertEqual(self.come_in(message(STATE)), [])

    def test_end(self) -> None:
        """What waited is as if it had not been delivered: messages go to whoever is there."""
        laptop = self.come("laptop")
        self.come_in(message(MARKER, id="1"))
        self.phone.close("lost")
        self.assertIn("1", [item.id for item in laptop.taken()])

    def test_resumed_session(self) -> None:
        """XEP-0352, 5.2: so does one that is resumed."""
        self.come_in(message(STATE, id="1"))
        host, session = self.house.host, self.house.manager.sessions[self.phone.session]
        assert host is not None
        host.tell(Life.RESUMED, session)
        self.house.settle()
        self.assertEqual(self.told(), ["1"])
        self.assertEqual(self.come_in(message(STATE, id="2")), ["2"])

    def test_new_session(self) -> None:
        """XEP-0352, 4.2: a stream begins as active."""
        self.phone.pass_on(verb("close", how="clean", written="0"))
        self.phone = self.come("phone")
        self.assertEqual(self.come_in(message(STATE, id="1")), ["1"])


class OverflowTest(Case):
    options = ClientState.Options(stanzas=10_000, bytes=100_000_000)
    others = (Missed,)

    def test_client_that_does_not_read(self) -> None:
        """What there is no room for when its stream is closed is not lost."""
        count = MAX_QUEUE + WINDOW_DOWN + 50
        for number in range(count):
            self.house.outside.send(parse_stanza(message(MARKER, id=str(number)).encode()))
        self.house.settle()
        self.say("active")
        self.assertIsNotNone(self.phone.closed)
        self.phone.pass_on(verb("close", how="lost", written="0"))
        assert self.house.host is not None
        missed = [item.id for item in self.house.host.missed]  # type: ignore[attr-defined]
        self.assertEqual(missed, [str(number) for number in range(count)])


class BoundsTest(Case):
    options = ClientState.Options(stanzas=3, bytes=1000)

    def test_many(self) -> None:
        for number in range(3):
            self.assertEqual(self.come_in(message(STATE, id=str(number))), [])
        self.assertEqual(self.come_in(message(STATE, id="3")), ["0", "1", "2", "3"])
        self.assertEqual(self.come_in(message(STATE, id="4")), [])

    def test_large(self) -> None:
        for _ in range(20):  # what is replaced does not count
            self.assertEqual(self.come_in(presence(content=f"<status>{'x' * 500}</status>")), [])
        large = message(f"<x xmlns='urn:xmpp:hints'>{'x' * 600}</x>")
        self.assertEqual(len(self.come_in(large)), 2)
