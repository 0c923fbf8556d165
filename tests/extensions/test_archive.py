"""XEP-0313: the archives of accounts."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from twisted.internet.defer import Deferred

from tests.extensions.archive_kit import ArchiveCase, bare_message, field, message
from xmppd.component.archive import PAGE_BYTES
from xmppd.extensions.archive import Archive, shelf_of
from xmppd.extensions.archive_reading import CHEAP_SECONDS, MAX_QUERIES, PAUSES, ROOM, Reading
from xmppd.extensions.offline import Offline
from xmppd.extensions.stanza_ids import StanzaIds
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.namespaces import CLIENT, CONTENT, DELAY, FORWARD, MAM, STANZA_IDS
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Full

NO_BODY = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"


def hint(name: str) -> str:
    return f"<{name} xmlns='urn:xmpp:hints'/>"


def stanza_ids(stanza: Stanza) -> dict[str, str]:
    found = stanza.element().elements(STANZA_IDS, "stanza-id")
    return {one["by"]: one["id"] for one in found}


class KeepingTest(ArchiveCase):
    def test_both_sides(self) -> None:
        """5.1.1: what a user sends or receives; 2: in its order, as it was."""
        self.romeo.send(message("1"))
        self.juliet.send(message("2", "romeo@example.com/orchard"))
        for client in (self.romeo, self.juliet):
            found = self.read(client)
            self.assertEqual(found.bodies, ["1", "2"])
            first, second = found.messages
            self.assertEqual(first["from"], self.romeo.jid)
            self.assertEqual(first["to"], "juliet@example.com")
            self.assertEqual((first["id"], first["type"]), ("1", "chat"))
            self.assertEqual(second["to"], "romeo@example.com/orchard")

    def test_told_under_which_id(self) -> None:
        """2.6: to the recipient, and not the sender's; nobody else gives ids in our name."""
        forged = "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.com' id='forged'/>"
        other = "<stanza-id xmlns='urn:xmpp:sid:0' by='room@remote.test' id='theirs'/>"
        self.romeo.send(message("1", more=forged + other))
        [got] = [one for one in self.juliet.taken() if one.name == "message"]
        found = self.read(self.juliet)
        self.assertEqual(
            stanza_ids(got), {"juliet@example.com": found.ids[0], "room@remote.test": "theirs"}
        )

    def test_unpredictable(self) -> None:
        """2: ids are unique in the archive."""
        for number in range(10):
            self.romeo.send(message(str(number)))
        self.assertEqual(len(set(self.read(self.juliet).ids)), 10)

    def test_which_messages(self) -> None:
        """5.1.1, XEP-0334."""
        receipt = "<received xmlns='urn:xmpp:receipts' id='x'/>"
        kept = [
            message("b"),
            message("n", type="normal"),
            bare_message(receipt),
            bare_message("<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>"),
            bare_message("<encrypted xmlns='eu.siacs.conversations.axolotl'/>"),
            bare_message(NO_BODY + hint("store")),
            bare_message(
                "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@b'/></x>", type=""
            ).replace(" type=''", ""),
            message("hs", type="headline", more=hint("store")),
        ]
        lost = [
            bare_message(NO_BODY),
            bare_message(f"{NO_BODY}<x xmlns='http://jabber.org/protocol/muc#user'/>"),
            bare_message("<thread>t</thread>"),
            message("h", type="headline"),
            message("g", type="groupchat"),
            message("e", type="error"),
            message("ns", more=hint("no-store") + hint("store")),
            message("nps", more=hint("no-permanent-store")),
        ]
        self.romeo.send(*kept, *lost)
        for client in (self.juliet, self.romeo):
            self.assertEqual(len(self.read(client).ids), len(kept))

    def test_refused(self) -> None:
        """5.1: what is refused is in no archive of whoever refuses."""
        self.romeo.send(message("1", "juliet@example.com/gone", "normal"))
        self.romeo.send(message("2", "juliet@example.com/gone", "chat"))
        self.assertEqual(self.bodies(self.juliet), ["2"])

    def test_once(self) -> None:
        """5.1.1: once, however many get a copy; also what the account sends to itself."""
        other = self.house.client("juliet", "garden")
        other.send("<presence/>", "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
        self.romeo.send(message("1"))
        self.juliet.send(message("2"))
        self.assertEqual(self.bodies(self.juliet), ["1", "2"])

    def test_copies_bear_the_id(self) -> None:
        """2.6: carbons of what was sent; what goes out does not."""
        other = self.house.client("juliet", "garden")
        other.send("<presence/>", "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
        other.taken()
        self.romeo.send("<presence/>")
        self.romeo.taken()
        self.juliet.send(message("1", "romeo@example.com"))
        [copy] = [one for one in other.taken() if one.name == "message"]
        sent: Any = copy.child("urn:xmpp:carbons:2", "sent")
        carried = next(next(sent.elements(FORWARD, "forwarded")).elements(CLIENT, "message"))
        [id] = [one["id"] for one in carried.elements(STANZA_IDS, "stanza-id")]
        self.assertEqual([id], self.read(self.juliet).ids)
        [got] = [one for one in self.romeo.taken() if one.name == "message"]
        self.assertNotIn("juliet@example.com", stanza_ids(got))

    def test_disk_full(self) -> None:
        """What cannot be archived is not silently lost to the archive."""

        class FullLog:
            def append(self, *arguments: object, **more: object) -> str:
                raise Full("archive")

            def new_id(self) -> str:
                return "0" * 26

        self.house.from_outside("<message from='a@remote.test' to='juliet@example.com'/>")
        user = self.house.host.users["juliet"]
        shelf_of(user).log = FullLog()  # type: ignore[assignment]
        sent = message("1").replace(" to=", " from='a@remote.test/r' to=")
        self.house.from_outside(sent)
        [refusal] = self.house.left
        self.assertEqual(self.condition(refusal), "resource-constraint")
        self.juliet.taken()
        self.juliet.send(message("2", "a@remote.test"))
        [refusal] = [one for one in self.juliet.taken() if one.type == "error"]
        self.assertEqual((refusal.id, self.condition(refusal)), ("2", "resource-constraint"))


class QueryTest(ArchiveCase):
    def setUp(self) -> None:
        super().setUp()
        for number in range(10):
            self.house.clock.advance(1)
            self.romeo.send(message(str(number)))

    def test_results(self) -> None:
        """3: results from the account to the client, then the answer; 3.2: with their time."""
        *results, answer = self.ask(self.juliet, "", "q1")
        self.assertEqual(len(results), 10)
        self.assertEqual((answer.name, answer.type, answer.id), ("iq", "result", "q1"))
        for result in results:
            self.assertEqual(result.sender, "juliet@example.com")
            self.assertEqual(result.to, self.juliet.jid)
        element: Any = results[0].child(MAM, "result")
        forwarded = next(element.elements(FORWARD, "forwarded"))
        self.assertTrue(next(forwarded.elements(DELAY, "delay"))["stamp"].endswith("Z"))

    def test_pages(self) -> None:
        """3.3: forward and backward, the last page told as such."""
        first = self.read(self.juliet, page="<max>4</max>")
        self.assertEqual(first.bodies, ["0", "1", "2", "3"])
        self.assertEqual(first.fin.getAttribute("complete"), None)
        page = f"<max>6</max><after>{first.ids[-1]}</after>"
        rest = self.read(self.juliet, page=page)
        self.assertEqual(rest.bodies, ["4", "5", "6", "7", "8", "9"])
        self.assertEqual(rest.fin["complete"], "true")
        last = self.read(self.juliet, page="<max>4</max><before/>")
        self.assertEqual(last.bodies, ["6", "7", "8", "9"])
        before = self.read(self.juliet, page=f"<max>4</max><before>{last.ids[0]}</before>")
        self.assertEqual(before.bodies, ["2", "3", "4", "5"])
        [said] = before.fin.elements()
        texts = {one.name: str(one) for one in said.elements()}
        self.assertEqual((texts["first"], texts["last"]), (before.ids[0], before.ids[-1]))

    def test_flipped(self) -> None:
        """3.3.4."""
        found = self.read(self.juliet, page="<max>3</max><before/>", more="<flip-page/>")
        self.assertEqual(found.bodies, ["9", "8", "7"])

    def test_filters(self) -> None:
        """3.1.1 to 3.1.3."""
        self.juliet.send(message("x", "other@remote.test/home"))
        ids = self.read(self.juliet).ids
        for fields, bodies in [
            (field("with", "other@remote.test"), ["x"]),
            (field("with", "other@remote.test/home"), ["x"]),
            (field("with", "other@remote.test/work"), []),
            (field("after-id", ids[7]), ["8", "9", "x"]),
            (field("before-id", ids[2]), ["0", "1"]),
            (field("ids", ids[3], ids[1]), ["1", "3"]),
            (field("start", "2100-01-01T00:00:00Z"), []),
            (field("end", "2100-01-01T00:00:00Z") + field("after-id", ids[8]), ["9", "x"]),
        ]:
            self.assertEqual(self.bodies(self.juliet, fields), bodies, fields)

    def test_not_found(self) -> None:
        """3.1.3, 3.3.2: an id that is not there."""
        other = self.read(self.romeo).ids[0]
        for id in ("nonsense", other):
            set = f"<set xmlns='http://jabber.org/protocol/rsm'><after>{id}</after></set>"
            [answer] = self.ask(self.juliet, set)
            self.assertEqual(self.condition(answer), "item-not-found")
        self.assertEqual(len(self.bodies(self.juliet)), 10)

    def test_count(self) -> None:
        """XEP-0059, 2.7: with max 0, the number alone."""
        found = self.read(self.juliet, page="<max>0</max>")
        self.assertEqual(found.ids, [])
        [said] = found.fin.elements()
        self.assertEqual([str(one) for one in said.elements()], ["10"])

    def test_groupchat_field(self) -> None:
        """3.1.4: understood; what rooms say is in their archives."""
        self.assertEqual(len(self.bodies(self.juliet, field("include-groupchat", "true"))), 10)

    def test_foreign(self) -> None:
        """7.1: forbidden, whether the account exists or not."""
        for name in ("juliet", "nobody"):
            for type, payload in [
                ("set", f"<query xmlns='{MAM}'/>"),
                ("get", f"<query xmlns='{MAM}'/>"),
                ("get", f"<metadata xmlns='{MAM}'/>"),
                ("get", f"<prefs xmlns='{MAM}'/>"),
                ("set", f"<prefs xmlns='{MAM}' default='never'/>"),
            ]:
                asked = f"<iq type='{type}' id='f' to='{name}@example.com'>{payload}</iq>"
                self.assertEqual(self.condition(self.romeo.answer(asked)), "forbidden", asked)

    def test_form(self) -> None:
        """3.1.5."""
        answer = self.juliet.answer(f"<iq type='get' id='f'><query xmlns='{MAM}'/></iq>")
        for var in ("with", "start", "end", "before-id", "after-id", "ids", "include-groupchat"):
            self.assertIn(f"var='{var}'".encode(), answer.inner)

    def test_metadata(self) -> None:
        """4."""
        ids = self.read(self.juliet).ids
        asked = f"<iq type='get' id='m'><metadata xmlns='{MAM}'/></iq>"
        found: Any = self.juliet.answer(asked).child(MAM, "metadata")
        self.assertEqual([one["id"] for one in found.elements()], [ids[0], ids[-1]])
        self.house.host.accounts.create("empty", "secret")
        empty: Any = self.house.client("empty", "home").answer(asked).child(MAM, "metadata")
        self.assertEqual(list(empty.elements()), [])


class PatienceTest(ArchiveCase):
    """What takes long is paid for with a pause, by all sessions of the account together."""

    def test_pauses(self) -> None:
        house, log = self.house, shelf_of(self.house.host.users["juliet"]).log
        phone = house.client("juliet", "phone")
        asked: list[float] = []

        class SlowLog:
            def find(self, *arguments: Any, **more: Any) -> Any:
                asked.append(house.clock.seconds())
                house.clock.rightNow += CHEAP_SECONDS + 1.0
                return log.find(*arguments, **more)

        shelf_of(house.host.users["juliet"]).log = SlowLog()  # type: ignore[assignment]
        for client in self.juliet, phone, self.romeo:
            client.send(f"<iq type='set' id='q'><query xmlns='{MAM}'/></iq>")
        self.assertEqual(len(asked), 1)
        self.assertEqual([one.id for one in self.romeo.taken()], ["q"])
        for _ in range(3):
            house.settle(PAUSES)
        self.assertAlmostEqual(asked[1] - asked[0], CHEAP_SECONDS + 1.0 + PAUSES, 3)
        self.assertEqual([one.id for one in phone.taken() if one.name == "iq"], ["q"])


class FlowTest(ArchiveCase):
    options = Archive.Options(page=5, most=10)

    def setUp(self) -> None:
        super().setUp()
        self.romeo.send(*[message(str(number)) for number in range(15)])

    def test_size_of_pages(self) -> None:
        """3.3.1: limits of ours where the client has none, or larger ones."""
        self.assertEqual(len(self.bodies(self.juliet)), 5)
        self.assertEqual(len(self.read(self.juliet, page="<max>100</max>").ids), 10)

    def query(self, number: int) -> list[str]:
        """So many queries for ten messages each."""
        page = "<set xmlns='http://jabber.org/protocol/rsm'><max>10</max></set>"
        query = f"<query xmlns='{MAM}'>{page}</query>"
        return [f"<iq type='set' id='{at}'>{query}</iq>" for at in range(number)]

    def test_room(self) -> None:
        """With too many on their way, the next page goes out when some have been written."""
        self.drain(self.juliet)
        self.juliet.taken()
        self.juliet.send(*self.query(ROOM // 10 + 2))
        got = self.juliet.taken()
        self.assertLessEqual(len([one for one in got if one.has(MAM, "result")]), ROOM)
        self.drain(self.juliet)
        got += self.juliet.taken()
        answered = [one.id for one in got if one.name == "iq"]
        self.assertEqual(answered, [str(at) for at in range(ROOM // 10 + 2)])

    def test_too_many_queries(self) -> None:
        self.juliet.taken()
        self.juliet.send(*self.query(ROOM // 10 + MAX_QUERIES + 2))
        self.drain(self.juliet)
        [refused] = [one for one in self.juliet.taken() if one.type == "error"]
        self.assertEqual(self.condition(refused), "resource-constraint")

    def test_large_messages(self) -> None:
        """A page of large messages ends early and says so, from whichever side it begins."""
        for name in "abcd":
            body = name * (PAGE_BYTES // 3)
            self.romeo.send(f"<message to='juliet@example.com'><body>{body}</body></message>")
        found = self.read(self.juliet, page="<max>10</max><before/>")
        self.assertEqual([body[0] for body in found.bodies], ["c", "d"])
        self.assertEqual(found.fin.getAttribute("complete"), None)
        page = f"<max>10</max><after>{self.read(self.juliet, page='<max>10</max>').ids[-1]}</after>"
        found = self.read(self.juliet, page=page)
        self.assertEqual([body[0] for body in found.bodies], ["1", "1", "1", "1", "1", "a", "b"])

    def test_session_ends(self) -> None:
        """Results that were not written are nobody's messages."""
        self.juliet.send(f"<iq type='set' id='q'><query xmlns='{MAM}'/></iq>")
        self.juliet.close("lost")
        later = self.house.client("juliet", "later")
        later.send("<presence/>")
        self.assertFalse([one for one in later.taken() if one.has(MAM, "result")])

    def test_nobody_remembers_who_has_gone(self) -> None:
        """Queries that wait for room end with their session."""
        self.juliet.send(*self.query(ROOM // 10 + 3))
        manager = self.house.manager
        self.assertGreater(len(manager.overdue), 1)
        self.juliet.cut()
        self.assertEqual(len(manager.overdue), 0)

    def test_asked_and_gone(self) -> None:
        """A query that is looked at when its session has ended waits for nobody."""
        session = self.house.manager.sessions[self.juliet.session]
        self.juliet.cut()
        reading = Reading(session)
        reading.end()
        found = Deferred.fromCoroutine(reading.answer(partial(self.fail, "it was read")))
        self.failureResultOf(found, StanzaError)


class OfflineTest(ArchiveCase):
    def setUp(self) -> None:
        super().setUp()
        self.juliet.close()
        self.romeo.send(message("1"), message("2"), message("3"))

    def come(self) -> list[str | None]:
        self.juliet.send("<presence/>")
        got = [one for one in self.juliet.taken() if one.name == "message"]
        return [one.text(CONTENT, "body") for one in got]

    def test_read_before(self) -> None:
        """5.1.1: what a client has from the archive it does not get again, and all the rest."""
        self.juliet = self.house.client("juliet", "balcony")
        self.assertEqual(self.bodies(self.juliet, "", "<max>2</max>"), ["1", "2"])
        self.assertEqual(self.come(), ["3"])

    def test_not_read(self) -> None:
        """Kept messages bear the id that they have in the archive, so that clients can tell."""
        self.juliet = self.house.client("juliet", "balcony")
        self.juliet.send("<presence/>")
        got = [one for one in self.juliet.taken() if one.name == "message"]
        self.assertEqual(
            [stanza_ids(one)["juliet@example.com"] for one in got], self.read(self.juliet).ids
        )

    def test_not_written(self) -> None:
        """A page that never reached the client has not been read."""
        self.juliet = self.house.client("juliet", "balcony")
        self.juliet.send(f"<iq type='set' id='q'><query xmlns='{MAM}'/></iq>")
        self.house.streams.pop(self.juliet.stream)
        self.juliet.close("lost")
        self.juliet = self.house.client("juliet", "later")
        self.assertEqual(self.come(), [])


class OfflineFullTest(ArchiveCase):
    extensions: ClassVar[list[Any]] = [StanzaIds, (Offline, Offline.Options(messages=1))]

    def test_kept_in_the_archive(self) -> None:
        """What is in the archive is not refused because too much waits elsewhere."""
        self.juliet.close()
        self.romeo.taken()
        self.romeo.send(message("1"), message("2"))
        self.assertEqual(self.romeo.taken(), [])
        self.juliet = self.house.client("juliet", "balcony")
        self.assertEqual(self.bodies(self.juliet), ["1", "2"])


class WithoutOfflineTest(ArchiveCase):
    extensions: ClassVar[list[Any]] = [StanzaIds]

    def test_kept_in_the_archive(self) -> None:
        """Without offline storage, what the archive has is not refused; other things are."""
        self.juliet.close()
        self.romeo.taken()
        self.romeo.send(message("1"), bare_message(NO_BODY))
        [refused] = self.romeo.taken()
        self.assertEqual(refused.id, "m")
