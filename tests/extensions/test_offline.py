"""XEP-0160 and XEP-0203: messages kept for those who are not there."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.component.report import report
from xmppd.extensions.offline import PAGE, Offline
from xmppd.extensions.offline_box import Box
from xmppd.link.envelope import Envelope
from xmppd.protocol.datetimes import parse_microseconds
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT, DELAY
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Full


def message(number: object = "hi", type: str = "chat", to: str = "juliet@example.com") -> str:
    return f"<message to='{to}' type='{type}' id='{number}'><body>{number}</body></message>"


def bodies(stanzas: list[Stanza]) -> list[str | None]:
    return [item.text(CONTENT, "body") for item in stanzas if item.name == "message"]


class Case(SynchronousTestCase):
    options = Offline.Options()

    def setUp(self) -> None:
        self.house = House([(Offline, self.options)])
        self.romeo = self.house.client("romeo", "orchard")

    def errors(self) -> list[str]:
        return [item.id or "" for item in self.romeo.taken() if item.type == "error"]

    def written(self, client: Client, count: int) -> None:
        """The edge reports what the client's socket has taken."""
        entry = client.stream.resource.partition(".")[2], 1, 0, count
        edge = Jid.parse("c2s-1/e")
        self.house.edge.send(Envelope(self.house.manager.address, edge, (report([entry]),)))
        self.house.settle()

    def come(self, presence: str = "<presence/>", resource: str = "balcony") -> Client:
        juliet = self.house.client("juliet", resource)
        juliet.send(presence)
        return juliet


class KeepingTest(Case):
    def test_for_an_account_that_is_disabled(self) -> None:
        """XEP-0133, 4.3: for a while nobody logs in; nothing is lost by that."""
        assert self.house.host is not None and self.house.host.accounts is not None
        accounts = self.house.host.accounts
        accounts.disable("juliet")
        self.house.settle()
        self.romeo.send(message(1))
        self.assertEqual(self.errors(), [])
        accounts.disable("juliet", False)
        self.house.settle()
        self.house.host.forget("juliet")
        self.assertEqual(bodies(self.come().taken()), ["1"])

    def test_delivered_in_order_with_the_time_and_place_of_the_delay(self) -> None:
        """XEP-0160, 2; XEP-0203, 2."""
        sent = self.house.clock.seconds()
        self.romeo.send(message(1), message(2, "normal"))
        self.house.settle(3600)
        got = [item for item in self.come().taken() if item.name == "message"]
        self.assertEqual(bodies(got), ["1", "2"])
        self.assertEqual(got[0].sender, self.romeo.jid)
        delay = got[0].child(DELAY, "delay")
        assert delay is not None
        self.assertEqual(delay["from"], "example.com")
        stamp = parse_microseconds(delay["stamp"]) / 1_000_000
        self.assertLess(abs(stamp - sent), 1)
        self.assertEqual(self.errors(), [])

    def test_negative_priority_gets_nothing_until_it_rises(self) -> None:
        self.romeo.send(message(1))
        juliet = self.come("<presence><priority>-1</priority></presence>")
        self.romeo.send(message(2))
        self.assertEqual(bodies(juliet.taken()), [])
        juliet.send("<presence><priority>1</priority></presence>")
        self.assertEqual(bodies(juliet.taken()), ["1", "2"])

    def test_what_is_not_kept_comes_back(self) -> None:
        """XEP-0160, 3; XEP-0334, 4.2."""
        self.romeo.send(
            message("g", "groupchat"),
            message("h", "headline"),
            message("e", "error"),
            "<message to='juliet@example.com' type='chat' id='s'>"
            "<composing xmlns='http://jabber.org/protocol/chatstates'/><thread>t</thread>"
            "</message>",
            "<message to='juliet@example.com' type='chat' id='n'><body>n</body>"
            "<no-store xmlns='urn:xmpp:hints'/></message>",
        )
        self.assertEqual(self.errors(), ["g", "s", "n"])
        self.assertEqual(bodies(self.come().taken()), [])

    def test_what_asks_to_be_kept(self) -> None:
        """XEP-0334, 4.4; no-store counts for more."""
        hint = "<{} xmlns='urn:xmpp:hints'/>"
        state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
        both = hint.format("store") + hint.format("no-store")
        for id, hints in ("s", hint.format("store")), ("b", both):
            self.romeo.send(
                f"<message to='juliet@example.com' type='chat' id='{id}'>{state}{hints}</message>"
            )
        self.assertEqual(self.errors(), ["b"])
        self.assertEqual([item.id for item in self.come().taken() if item.name == "message"], ["s"])

    def test_nobody_else_says_that_we_delayed_it(self) -> None:
        """XEP-0203, 5: discarded; a delay elsewhere stays."""
        forged = message(1).replace(
            "</message>",
            "<delay xmlns='urn:xmpp:delay' from='example.com' stamp='2002-09-10T23:08:25Z'/>"
            "<delay xmlns='urn:xmpp:delay' from='remote.test' stamp='2003-09-10T23:08:25Z'/>"
            "</message>",
        )
        juliet = self.come()
        self.romeo.send(forged)
        [got] = [item for item in juliet.taken() if item.name == "message"]
        self.assertNotIn(b"2002", got.inner)
        self.assertIn(b"2003", got.inner)

    def test_a_missing_account_keeps_nothing(self) -> None:
        self.romeo.send(message(1, to="nobody@example.com"))
        self.assertEqual(self.errors(), ["1"])


class LimitsTest(Case):
    options = Offline.Options(messages=5, from_strangers=3, from_one_stranger=2)

    def test_a_stranger_cannot_fill_the_box(self) -> None:
        """What contacts send is still kept."""
        juliet = self.come()
        juliet.send(
            "<iq type='set' id='r'><query xmlns='jabber:iq:roster'>"
            "<item jid='romeo@example.com'/></query></iq>"
        )
        juliet.close()
        for number in range(4):
            self.house.from_outside(
                f"<message from='x@remote.test/r{number}' to='juliet@example.com' id='{number}'>"
                "<body>spam</body></message>"
            )
        for name in "yz":
            self.house.from_outside(
                f"<message from='{name}@remote.test/r' to='juliet@example.com' id='{name}'>"
                "<body>spam</body></message>"
            )
        refused = [item for item in self.house.left if item.type == "error"]
        self.assertEqual([item.id for item in refused], ["2", "3", "z"])
        self.assertIn(b"service-unavailable", refused[0].inner)
        self.romeo.send(*[message(number) for number in range(4)])
        self.assertEqual(self.errors(), ["2", "3"])

    def test_there_is_room_again_once_they_are_written(self) -> None:
        self.romeo.send(message(1), message(2), message(3))
        self.assertEqual(self.errors(), ["3"])
        self.come().close()
        self.romeo.send(message(4))
        self.assertEqual(self.errors(), [])


class CustodyTest(Case):
    """Kept until written: neither lost nor doubled."""

    def test_not_delivered_again_after_it_was_written(self) -> None:
        self.romeo.send(message(1))
        juliet = self.come()
        self.written(juliet, 2)
        juliet.close("lost")
        self.assertEqual(bodies(self.come().taken()), [])

    def test_what_a_cut_connection_has_not_got_stays(self) -> None:
        self.romeo.send(message(1), message(2))
        juliet = self.house.client("juliet")
        juliet.send("<presence/>")
        first = next(i for i, item in enumerate(juliet.received) if item.name == "message")
        juliet._got = first + 1
        juliet.close("lost")
        again = self.come()
        self.assertEqual(bodies(again.taken()), ["2"])
        again.close()
        self.assertEqual(bodies(self.come().taken()), [])

    def test_goes_to_another_session_of_the_account(self) -> None:
        self.romeo.send(message(1))
        juliet = self.come()
        other = self.come(resource="garden")
        self.assertEqual(bodies(other.taken()), [])
        juliet._got = 0
        juliet.close("lost")
        self.assertEqual(bodies(other.taken()), ["1"])

    def test_a_page_at_a_time_and_newcomers_behind(self) -> None:
        count = PAGE + 10
        house = self.house
        self.romeo.send(*[message(number) for number in range(count)])
        juliet = self.come()
        self.assertEqual(len(bodies(juliet.received)), PAGE)
        self.romeo.send(message("late"))
        self.assertEqual(len(bodies(juliet.received)), PAGE)
        self.written(juliet, len(juliet.received))
        self.romeo.send(message("later"))
        self.assertEqual(bodies(juliet.received), [*map(str, range(count)), "late", "later"])
        self.written(juliet, len(juliet.received))
        self.assertIsNone(house.client("juliet", "x").closed)
        self.assertEqual(self.errors(), [])
        juliet.close()
        self.assertEqual(bodies(self.come().taken()), [])

    def test_nobody_gets_twice_what_came_meanwhile(self) -> None:
        """What another session has been given at once, while these go out to the first one."""
        self.romeo.send(*[message(number) for number in range(PAGE + 1)])
        juliet, other = self.come(), self.come(resource="garden")
        self.romeo.send(message("late"))
        self.assertEqual(bodies(other.taken()), ["late"])
        self.written(juliet, len(juliet.received))
        juliet._got = PAGE + 1  # its own presence comes first
        juliet.close("lost")
        self.assertEqual(bodies(other.taken()), [str(PAGE)])
        self.written(other, other._got)
        self.assertEqual(bodies(self.come().taken()), [])

    def test_one_page_is_not_followed_while_its_reader_hides(self) -> None:
        self.romeo.send(*[message(number) for number in range(PAGE + 1)])
        juliet = self.come()
        juliet.send("<presence type='unavailable'/>")
        self.written(juliet, len(juliet.received))
        self.assertEqual(len(bodies(juliet.taken())), PAGE)
        juliet.send("<presence/>")
        self.assertEqual(bodies(juliet.taken()), [str(PAGE)])

    def test_a_kicked_session_loses_nothing(self) -> None:
        self.romeo.send(message(1))
        juliet = self.house.client("juliet")
        session = self.house.manager.sessions[juliet.session]
        session.close(StreamError("reset"))
        juliet.send("<presence/>")
        juliet._got = 0
        juliet.close("lost")
        self.assertEqual(bodies(self.come().taken()), ["1"])

    def test_the_next_page_goes_to_whoever_is_there(self) -> None:
        self.romeo.send(*[message(number) for number in range(PAGE + 1)])
        juliet, other = self.come(), self.come(resource="garden")
        juliet.send("<presence type='unavailable'/>")
        self.written(juliet, len(juliet.received))
        self.assertEqual(len(bodies(juliet.taken())), PAGE)
        self.assertEqual(bodies(other.taken()), [str(PAGE)])

    def test_what_cannot_be_kept_comes_back_and_may_be_tried_again(self) -> None:
        """RFC 6120, 8.3.3.18: resource-constraint."""

        def full(*_: object, **__: object) -> str:
            raise Full("offline")

        juliet = self.house.client("juliet")
        box = Box(self.house.manager.sessions[juliet.session].user)
        box.log.append = full  # type: ignore[method-assign]
        error = self.assertRaises(StanzaError, box.append, Stanza.make("message"))
        self.assertEqual(error.condition, "resource-constraint")
