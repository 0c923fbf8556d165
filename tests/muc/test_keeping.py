"""What is kept of rooms, and when it is told (storage: acknowledged means kept)."""

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.chat.kit import OPTIONS
from xmppd.chat.commands import (
    Configure,
    Destroy,
    Enter,
    Leave,
    Say,
    SetStandings,
    SetTopic,
    StandingChange,
)
from xmppd.chat.model import Affiliation, Author, Message, Person, Presence, Saved, Standing
from xmppd.chat.outcome import SaveStanding
from xmppd.chat.room import Room
from xmppd.muc.content import StanzaContent
from xmppd.muc.graves import Grave
from xmppd.muc.keeping import Listed, RoomStore, everything
from xmppd.muc.live import LiveRoom
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.storage.interfaces import Full
from xmppd.storage.stores import StoreMap

DOMAIN = "rooms.test"
OWNER = Person(Jid("owner@home.test"), "desk")
CONSTRAINT = "resource-constraint"
WIRE = Jid("owner@home.test/desk")


def content(xml: str, storable: bool = False) -> StanzaContent:
    return StanzaContent(parse_stanza(xml.encode()), storable)


def saved(**config: Any) -> Saved:
    room = Saved(f"room@{DOMAIN}", OWNER.account, "secret", 1.0, config=config)
    room.standings[OWNER.account] = Standing(Affiliation.OWNER, at=1.0)
    return room


class StoreTest(SynchronousTestCase):
    def setUp(self) -> None:
        clock = Clock()
        names = ["memory"]
        self.stores = StoreMap(None, clock, names, lambda *_: "memory", lambda *_: None)
        self.successResultOf(self.stores.open())
        self.store = RoomStore(self.stores.of(DOMAIN), DOMAIN)
        self.clock = clock

    def load(self) -> Saved | None:
        loading = Deferred.fromCoroutine(self.store.load("room"))
        self.clock.advance(1)
        return self.successResultOf(loading)

    def keep(self, room: Saved, *writes: Any) -> None:
        kept = self.store.keep("room", room, Listed("Name", True), writes or everything(room))
        self.clock.advance(1)
        self.successResultOf(kept)

    def test_round_trip(self) -> None:
        room = saved(moderated=True)
        room.standings["domain.test"] = Standing(Affiliation.OUTCAST, reason="spam", at=2.0)
        subject = content("<message type='groupchat'><subject>S &amp; é</subject></message>")
        room.topic = Message("1", 3.0, Author("nick", "id", OWNER.account), subject)
        room.card, room.picture = b"<vCard xmlns='vcard-temp'><FN>R</FN></vCard>", "abc"
        room.config["member_list"] = ("visitor",)
        self.keep(room)
        self.assertEqual(self.load(), room)

    def test_standings_alone(self) -> None:
        room = saved()
        self.keep(room)
        row = Standing(Affiliation.MEMBER, "nick", at=1.0)
        self.keep(room, SaveStanding("a@b.test", row))
        self.assertEqual(self.load().standings["a@b.test"], row)
        self.keep(room, SaveStanding("a@b.test", None))
        self.assertEqual(self.load(), room)

    def test_graves(self) -> None:
        """Rooms that were destroyed are remembered as long as they are to be, and not listed."""
        now, graves = int(self.clock.seconds()), self.store.graves
        grave = Grave(now + 100.0, frozenset({OWNER.account}), "heath@rooms.test", "Macbeth")
        for local in ("one", "two"):
            graves.bury(local, grave)
        graves.unearth("two")
        self.successResultOf(Deferred.fromCoroutine(graves.open()))
        self.assertEqual([graves.of(local, now) for local in ("one", "two")], [grave, None])
        listing = Deferred.fromCoroutine(self.store.listed())
        self.assertEqual(self.successResultOf(listing), {})
        self.clock.advance(101)
        self.successResultOf(Deferred.fromCoroutine(graves.open()))
        self.assertEqual(len(graves), 0)

    def test_list_and_removal(self) -> None:
        self.keep(saved())
        listing = Deferred.fromCoroutine(self.store.listed())
        self.assertEqual(self.successResultOf(listing), {"room": Listed("Name", True)})
        self.store.remove("room")
        self.clock.advance(1)
        self.assertIsNone(self.load())
        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(self.store.listed())), {})


class FakeStore:
    """A store that says when it has kept something only when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[None]] = []
        self.writes: list[tuple[Any, ...]] = []
        self.removed: list[str] = []
        self.refuses = False
        self.stays = self

    def note(self, *_: object) -> None:
        """Who is inside is not what is looked at here."""

    def keep(self, local: str, saved: Any, listed: Any, writes: Any, said: Any) -> Deferred[None]:
        if self.refuses:
            raise Full("room")
        self.writes.append(tuple(writes))
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def remove(self, local: str) -> Deferred[None]:
        self.removed.append(local)
        return succeed(None)


class ToldWhenKeptTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.store: Any = FakeStore()
        self.sent: list[str] = []
        room = Room(saved(persistent=True, archive=False), OPTIONS, lambda: 5.0, lambda: "1")
        self.live = LiveRoom(room, self.store, self.send, lambda live: None, stored=True)
        presence = Presence(content("<presence/>"))
        self.assertIsNone(self.live.do(Enter(OWNER, "me", presence, wire=WIRE)))
        self.sent.clear()

    def send(self, stanza: Any, to: Any) -> None:
        self.sent += [stanza.name for _ in to]

    def test_topic_waits_and_others_wait_behind_it(self) -> None:
        subject = content("<message type='groupchat'><subject>S</subject></message>")
        first = self.live.do(SetTopic(OWNER, subject))
        second = self.live.do(Enter(OWNER, "me", Presence(content("<presence/>")), wire=WIRE))
        assert first is not None and second is not None
        self.assertEqual(self.sent, [])
        self.store.waiting[0].callback(None)
        self.assertEqual(self.sent, ["message", "presence", "message"])
        self.successResultOf(first)
        self.successResultOf(second)

    def test_what_cannot_be_kept_is_told_to_who_asked(self) -> None:
        change = StandingChange("a@b.test", Affiliation.MEMBER)
        done = self.live.do(SetStandings(OWNER, (change,)))
        assert done is not None
        self.store.waiting[0].errback(Full("room"))
        self.assertEqual(self.failureResultOf(done, StanzaError).value.condition, CONSTRAINT)
        self.assertEqual(len(self.flushLoggedErrors(Full)), 1)

    def archive(self) -> None:
        """Have the room keep what is said."""
        self.live.room.saved.config = {"persistent": True, "archive": True}
        self.live.room.reconfigured(self.live.room.saved.config)

    def test_messages_wait_for_the_archive_and_all_others_behind_them(self) -> None:
        self.archive()
        said = content("<message type='groupchat'><body>B</body></message>", storable=True)
        first = self.live.do(Say(OWNER, said))
        second = self.live.do(Say(OWNER, content("<message type='groupchat'/>")))
        assert first is not None and second is not None
        self.assertEqual(self.sent, [])
        self.store.waiting[0].callback(None)
        self.assertEqual(self.sent, ["message", "message"])
        self.successResultOf(second)

    def test_without_an_archive_nobody_waits(self) -> None:
        said = content("<message type='groupchat'><body>B</body></message>", storable=True)
        self.assertIsNone(self.live.do(Say(OWNER, said)))
        self.assertEqual(self.sent, ["message"])

    def test_what_the_archive_cannot_keep_is_told_to_nobody(self) -> None:
        """Its author gets an error, and newcomers are not told of it either."""
        self.archive()
        said = content("<message type='groupchat'><body>B</body></message>", storable=True)
        done = self.live.do(Say(OWNER, said))
        assert done is not None
        self.store.waiting[0].errback(Full("archive"))
        self.assertEqual(self.failureResultOf(done, StanzaError).value.condition, CONSTRAINT)
        self.assertEqual((self.sent, list(self.live.room.history)), ([], []))
        self.assertEqual(len(self.flushLoggedErrors(Full)), 1)

    def fail(self, number: int = -1) -> None:
        """Have the store not keep what it was given to keep."""
        self.store.waiting[number].errback(Full("room"))
        self.assertEqual(len(self.flushLoggedErrors(Full)), 1)

    def test_what_was_not_kept_is_kept_with_the_next(self) -> None:
        """People have been told of it: after a restart it must be so. As it is by then."""
        one, two = (StandingChange(f"{each}@b.test", Affiliation.MEMBER) for each in "ab")
        done = self.live.do(SetStandings(OWNER, (one, two)))
        assert done is not None
        self.fail()
        self.failureResultOf(done, StanzaError)
        self.assertFalse(self.live.is_settled)
        self.live.do(SetStandings(OWNER, (StandingChange("a@b.test", Affiliation.NONE),)))
        self.live.do(Leave(OWNER))
        self.assertEqual(
            set(self.store.writes[-1]),
            {
                SaveStanding("a@b.test", None),
                SaveStanding("b@b.test", self.live.room.saved.standings["b@b.test"]),
            },
        )
        self.store.waiting[-1].callback(None)
        self.assertTrue(self.live.is_settled)
        self.assertEqual(len(self.store.writes), 2)

    def test_store_that_refuses_at_once(self) -> None:
        """A log does so: it is as if it had done so later."""
        self.archive()
        self.store.refuses = True
        said = content("<message type='groupchat'><body>B</body></message>", storable=True)
        done = self.live.do(Say(OWNER, said))
        assert done is not None
        self.assertEqual(self.failureResultOf(done, StanzaError).value.condition, CONSTRAINT)
        self.assertEqual((self.sent, list(self.live.room.history)), ([], []))
        self.assertEqual(len(self.flushLoggedErrors(Full)), 1)

    def test_room_that_was_not_kept_at_first(self) -> None:
        """Not even its owner would be known later."""
        self.live.do(Configure(OWNER, {"persistent": False}))
        done = self.live.do(Configure(OWNER, {"persistent": True}))
        assert done is not None
        self.fail()
        self.failureResultOf(done, StanzaError)
        subject = content("<message type='groupchat'><subject>S</subject></message>")
        self.live.do(SetTopic(OWNER, subject))
        self.assertLessEqual(set(everything(self.live.room.saved)), set(self.store.writes[-1]))

    def test_topic_that_is_not_kept(self) -> None:
        """Newcomers are told of it: so must those be who are inside."""
        self.archive()
        subject = content("<message type='groupchat'><subject>S</subject></message>")
        done = self.live.do(SetTopic(OWNER, subject))
        assert done is not None
        self.fail()
        self.failureResultOf(done, StanzaError)
        self.assertEqual(self.sent, ["message"])

    def test_room_that_has_ended_stays_so(self) -> None:
        """What comes late, such as a failed ping, does not have it kept anew."""
        self.live.do(Destroy(OWNER))
        self.assertEqual(self.store.removed, ["room"])
        presence = Presence(content("<presence/>"))
        for late in (Leave(OWNER), Enter(OWNER, "me", presence, wire=WIRE)):
            with self.assertRaises(StanzaError) as caught:
                self.live.do(late)
            self.assertEqual(caught.exception.condition, "item-not-found")
        self.assertEqual(self.store.waiting, [])

    def test_no_longer_persistent(self) -> None:
        self.live.do(Configure(OWNER, {"persistent": False}))
        self.assertEqual(self.store.removed, ["room"])
        self.live.do(Configure(OWNER, {"persistent": True}))
        self.assertEqual(len(self.store.waiting), 1)
