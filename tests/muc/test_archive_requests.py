"""XEP-0313 in rooms: 6.1.2 above all; history of XEP-0045, 7.2.15, that comes from the archive."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from tests.muc.kit import ROOM, SERVICE, RoomsTestCase, X, codes, error, form
from xmppd.component.archive import MAM_EXTENDED
from xmppd.component.retention import STEP
from xmppd.muc.readers import REST
from xmppd.muc.search import STEP as SEARCH_STEP
from xmppd.protocol.namespaces import CLIENT, FORWARD, MAM, STANZA_IDS
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Owner
from xmppd.testing.client import Client

DISCO = "http://jabber.org/protocol/disco#info"
ARCHIVED = {"persistentroom": 1, "enablearchiving": 1}


def stanza_id(message: Stanza) -> str:
    """The id that the room gave a message."""
    found = message.child(STANZA_IDS, "stanza-id")
    assert found is not None and found["by"] == ROOM
    return str(found["id"])


class ArchiveTestCase(RoomsTestCase):
    """A room with an archive."""

    def archived(self, values: dict[str, Any] | None = None, *others: tuple[Client, str]) -> None:
        """Have the crone make one, and others enter it."""
        self.make({**ARCHIVED, **(values or {})}, *others)

    def tell(self, client: Client, text: str, more: str = "") -> Stanza:
        """Say something; gives what came back."""
        client.received()
        self.say(client, text, more)
        return self.only(client)

    def query(self, client: Client, content: str = "", to: str = ROOM, **fields: Any) -> list[Any]:
        """Read the archive; gives the results as trees, and what came last."""
        client.received()
        asked = form("submit", MAM, {key.replace("_", "-"): v for key, v in fields.items()})
        filters = asked if fields else ""
        client.send(
            f"<iq type='set' id='q' to='{to}'>"
            f"<query xmlns='{MAM}' queryid='f27'>{filters}{content}</query></iq>"
        )
        *found, last = client.received()
        return [*[self.result(each) for each in found], last]

    def result(self, message: Stanza) -> Any:
        self.assertEqual(message.sender, ROOM)
        result = message.child(MAM, "result")
        assert result is not None
        self.assertEqual(result["queryid"], "f27")
        return result

    def refused(self, client: Client) -> tuple[str, str]:
        [answer] = self.query(client)
        return error(answer)

    def messages(self, client: Client, content: str = "", **fields: Any) -> list[Any]:
        """Read the archive; gives the messages in it."""
        *found, last = self.query(client, content, **fields)
        self.assertEqual(last.type, "result", last.to_bytes())
        return [self.message(each) for each in found]

    def message(self, result: Any) -> Any:
        [forwarded] = result.elements(FORWARD, "forwarded")
        [message] = forwarded.elements(CLIENT, "message")
        return message

    def texts(self, client: Client, content: str = "", **fields: Any) -> list[str]:
        """Read the archive; gives what its messages say."""
        return [str(each.body) for each in self.messages(client, content, **fields) if each.body]


class ReadingTest(ArchiveTestCase):
    def test_what_was_said(self) -> None:
        """6.1.2: once, from the occupant, without `to`, under the id that it was told with."""
        self.archived({}, (self.hag, "hag"))
        told = self.tell(self.hag, "Harpier cries", "<x xmlns='urn:x'>&lt;</x>")
        [result, fin] = self.query(self.hag)
        self.assertEqual(result["id"], stanza_id(told))
        message = self.message(result)
        self.assertEqual((message["from"], message["id"]), (f"{ROOM}/hag", "said"))
        self.assertEqual((message["type"], message.getAttribute("to")), ("groupchat", None))
        self.assertEqual((str(message.body), str(message.x)), ("Harpier cries", "<"))
        self.assertEqual(fin.child(MAM, "fin")["complete"], "true")

    def test_real_addresses(self) -> None:
        """6.1.2: for those who may know them in the room, and nobody else."""
        self.archived({}, (self.hag, "hag"))
        self.tell(self.hag, "Harpier cries")
        [seen] = self.messages(self.crone)
        self.assertEqual(
            dict(seen.x.item.attributes),
            {"affiliation": "none", "role": "participant", "jid": self.hag.jid},
        )
        [unseen] = self.messages(self.macbeth)
        self.assertIsNone(unseen.x)
        self.assertNotIn("hag@example.com", unseen.toXml())
        self.configure({"whois": "anyone"})
        [seen] = self.messages(self.macbeth)
        self.assertEqual(seen.x.item["jid"], self.hag.jid)

    def test_forged_authorship(self) -> None:
        """8.4: nobody else says who somebody is, nor gives ids in the room's name."""
        self.archived({}, (self.hag, "hag"))
        forged = (
            "<x xmlns='http://jabber.org/protocol/muc#user'><item jid='forged@x'/></x>"
            f"<stanza-id xmlns='{STANZA_IDS}' by='{ROOM}' id='forged'/>"
        )
        nested = f"<y xmlns='urn:y'>{forged}</y>"
        told = self.tell(self.hag, "Harpier cries", forged + nested)
        self.assertNotEqual(stanza_id(told), "forged")
        [unseen] = self.messages(self.macbeth)
        self.assertIsNone(unseen.x)
        self.assertIn("forged", unseen.y.toXml())

    def test_topics_are_kept_and_whispers_are_not(self) -> None:
        self.archived({}, (self.hag, "hag"))
        self.crone.send(f"<message type='groupchat' to='{ROOM}'><subject>Fire</subject></message>")
        topic = self.only(self.crone)
        self.hag.send(f"<message type='chat' to='{ROOM}/crone'><body>secret</body></message>")
        self.say(self.hag, "", "<active xmlns='http://jabber.org/protocol/chatstates'/>")
        [found, _] = self.query(self.hag)[:2]
        self.assertEqual(found["id"], stanza_id(topic))
        self.assertEqual(str(self.message(found).subject), "Fire")

    def test_hints(self) -> None:
        """XEP-0334, 4: what is not to be kept is not, and what looks like nothing may be."""
        self.archived()
        told = self.tell(self.crone, "off the record", "<no-store xmlns='urn:xmpp:hints'/>")
        self.assertFalse(told.has(STANZA_IDS, "stanza-id"))
        self.crone.send(
            f"<message type='groupchat' to='{ROOM}' id='m'><x xmlns='urn:x'/>"
            "<store xmlns='urn:xmpp:hints'/></message>"
        )
        [found] = self.messages(self.crone)
        self.assertEqual(found["id"], "m")

    def test_pages(self) -> None:
        self.archived()
        ids = [stanza_id(self.tell(self.crone, text)) for text in "abcde"]
        rsm = "<set xmlns='http://jabber.org/protocol/rsm'>{}</set>".format
        self.assertEqual(self.texts(self.crone, rsm("<max>2</max>")), ["a", "b"])
        after = rsm(f"<max>2</max><after>{ids[1]}</after>")
        self.assertEqual(self.texts(self.crone, after), ["c", "d"])
        self.assertEqual(self.texts(self.crone, rsm("<max>2</max><before/>")), ["d", "e"])
        self.assertEqual(self.texts(self.crone, "<flip-page/>"), ["e", "d", "c", "b", "a"])
        self.assertEqual(self.texts(self.crone, ids=[ids[1], ids[3]]), ["b", "d"])
        last = self.query(self.crone, rsm("<max>0</max>"))
        self.assertIn(b"<count>5</count>", last[0].inner)
        self.assertEqual(error(self.query(self.crone, after_id="gone")[0])[1], "item-not-found")

    def test_times(self) -> None:
        self.archived()
        self.tell(self.crone, "early")
        self.server.advance(10)
        middle = self.messages_times(self.crone)[0]
        self.tell(self.crone, "late")
        self.assertEqual(self.texts(self.crone, end=middle), ["early"])
        self.assertEqual(self.texts(self.crone, start="2100-01-01T00:00:00Z"), [])

    def messages_times(self, client: Client) -> list[str]:
        found = [each for each in self.query(client) if not isinstance(each, Stanza)]
        return [str(each.forwarded.delay["stamp"]) for each in found]

    def test_by_author(self) -> None:
        """3.1.1: by a real address for who may know it, by an occupant's for anybody."""
        self.archived({}, (self.hag, "hag"))
        self.tell(self.hag, "by hag")
        self.tell(self.crone, "by crone")
        tablet = self.server.client("hag", "tablet")
        self.enter(tablet, "hag")
        self.tell(tablet, "by hag too")
        for client, jid, texts in (
            (self.crone, "hag@example.com", ["by hag", "by hag too"]),
            (self.crone, "hag@example.com/pda", ["by hag"]),
            (self.crone, "hag@example.com/tab", []),
            (self.crone, "nobody@example.com/pda", []),
            (self.macbeth, f"{ROOM}/hag", ["by hag", "by hag too"]),
            (self.macbeth, f"{ROOM}/nobody", []),
            (self.hag, f"{ROOM}/crone", ["by crone"]),
            (self.hag, ROOM, ["by hag", "by crone", "by hag too"]),
        ):
            self.assertEqual(self.texts(client, **{"with": jid}), texts, jid)

    def test_pages_of_an_author(self) -> None:
        """3.3.2, and XEP-0059, 2.7: what does not match is neither sent nor counted."""
        self.archived({}, (self.hag, "hag"))
        ids = [stanza_id(self.tell(client, text)) for client, text in self.dialogue("abcd")]
        rsm = "<set xmlns='http://jabber.org/protocol/rsm'>{}</set>".format
        for jid in ("hag@example.com", "hag@example.com/pda", f"{ROOM}/hag"):
            first = self.query(self.crone, rsm("<max>2</max>"), **{"with": jid})
            self.assertEqual([each["id"] for each in first[:-1]], [ids[0], ids[2]])
            self.assertIsNone(first[-1].child(MAM, "fin").getAttribute("complete"))
            rest = self.query(self.crone, rsm(f"<after>{ids[2]}</after>"), **{"with": jid})
            self.assertEqual([each["id"] for each in rest[:-1]], [ids[4], ids[6]])
            self.assertEqual(rest[-1].child(MAM, "fin")["complete"], "true")
            last = self.texts(self.crone, rsm("<max>1</max><before/>"), **{"with": jid})
            self.assertEqual(last, ["d"])
            [count] = self.query(self.crone, rsm("<max>0</max>"), **{"with": jid})
            self.assertIn(b"<count>4</count>", count.inner)
            named = self.texts(self.crone, after_id=ids[1], before_id=ids[6], **{"with": jid})
            self.assertEqual(named, ["b", "c"])
            gone = self.query(self.crone, before_id="gone", **{"with": jid})[0]
            self.assertEqual(error(gone)[1], "item-not-found")

    def dialogue(self, texts: str) -> list[tuple[Client, str]]:
        return [(client, text) for text in texts for client in (self.hag, self.crone)]

    def test_who_is_behind_a_nick(self) -> None:
        """3.1.1: filters tell nobody what they could not know; one's own address is no secret."""
        self.archived({}, (self.hag, "hag"))
        self.tell(self.hag, "by hag")
        answers = {
            self.query(self.macbeth, **{"with": jid})[0].inner
            for jid in (
                "hag@example.com",
                "hag@example.com/pda",
                "hag@example.com/other",
                "nobody@example.com",
                "elsewhere@rooms.example.com/hag",
            )
        }
        self.assertEqual(len(answers), 1)
        refused = self.query(self.macbeth, **{"with": "hag@example.com/pda"})[0]
        self.assertEqual(error(refused), ("auth", "forbidden"))
        for jid in ("hag@example.com", "hag@example.com/pda"):
            [own] = self.messages(self.hag, **{"with": jid})
            self.assertEqual((str(own.body), own.x), ("by hag", None))
        self.configure({"whois": "anyone"})
        for jid in ("hag@example.com", "hag@example.com/pda"):
            self.assertEqual(self.texts(self.macbeth, **{"with": jid}), ["by hag"])

    def test_whose_was_taken_back(self) -> None:
        """2.2: where a message was there still is whose it was."""
        self.archived({}, (self.hag, "hag"))
        told = stanza_id(self.tell(self.hag, "secret"))
        self.crone.ask(
            f"<iq type='set' id='m' to='{ROOM}'><moderate xmlns='urn:xmpp:message-moderate:1' "
            f"id='{told}'><retract xmlns='urn:xmpp:message-retract:1'/></moderate></iq>"
        )
        for jid in ("hag@example.com", "hag@example.com/pda", f"{ROOM}/hag"):
            [found, _] = self.query(self.crone, **{"with": jid})
            self.assertEqual(found["id"], told)

    def test_long_searches(self) -> None:
        """They go on turn by turn, for one account one after the other."""
        self.archived({}, (self.hag, "hag"))
        self.tell(self.hag, "old")
        for _ in range(2 * SEARCH_STEP):
            self.say(self.crone, "x")
        form_of = partial(form, "submit", MAM)
        asked = f"<iq type='set' id='{{}}' to='{ROOM}'><query xmlns='{MAM}'>{{}}</query></iq>"
        self.forget()
        for id in "ab":
            self.macbeth.send(asked.format(id, form_of({"with": f"{ROOM}/hag"})))
        self.macbeth.send(asked.format("c", form_of({"end": "1970-01-01T00:00:00Z"})))
        self.assertEqual([each.id for each in self.macbeth.received()], ["c"])
        for _ in range(10):
            self.server.advance(REST)
        found = self.macbeth.received()
        self.assertEqual([each.id for each in found if each.name == "iq"], ["a", "b"])
        self.assertEqual([b"old" in each.inner for each in found], [True, False] * 2)


class AccessTest(ArchiveTestCase):
    def test_open_room(self) -> None:
        """6.1.2: anybody but outcasts."""
        self.archived()
        self.tell(self.crone, "x")
        self.assertEqual(self.texts(self.macbeth), ["x"])
        self.admin("<item jid='macbeth@example.com' affiliation='outcast'/>")
        self.assertEqual(self.refused(self.macbeth), ("auth", "forbidden"))

    def test_members_only(self) -> None:
        self.archived({"membersonly": 1})
        self.tell(self.crone, "x")
        self.assertEqual(self.refused(self.macbeth), ("auth", "forbidden"))
        self.admin("<item jid='macbeth@example.com' affiliation='member'/>")
        self.assertEqual(self.texts(self.macbeth), ["x"])

    def test_password(self) -> None:
        """Who does not know it reads nothing from outside."""
        self.archived({"passwordprotectedroom": 1, "roomsecret": "cauldron"})
        self.assertEqual(self.refused(self.macbeth), ("auth", "forbidden"))
        x = "<x xmlns='http://jabber.org/protocol/muc'><password>cauldron</password></x>"
        self.enter(self.macbeth, "thane", x)
        self.assertEqual(self.texts(self.macbeth), [])

    def test_rooms_without(self) -> None:
        """Where nothing is advertised nothing answers; ids are there to take messages back by."""
        for values in ({}, {"persistentroom": 1, "enablearchiving": 0}, {"enablearchiving": 1}):
            self.make(values)
            self.assertTrue(stanza_id(self.tell(self.crone, "x")))
            self.assertEqual(self.refused(self.crone), ("cancel", "service-unavailable"))
            self.assertNotIn(MAM.encode(), self.info())
            self.owner("<destroy/>")

    def info(self) -> bytes:
        asked = f"<iq type='get' id='i' to='{ROOM}'><query xmlns='{DISCO}'/></iq>"
        return self.hag.ask(asked).inner

    def test_advertised(self) -> None:
        """7; XEP-0359, 5."""
        self.archived()
        for feature in (MAM, MAM_EXTENDED, STANZA_IDS):
            self.assertIn(f"<feature var='{feature}'/>".encode(), self.info())

    def test_form_and_metadata(self) -> None:
        self.archived()
        asked = f"<iq type='get' id='i' to='{ROOM}'><{{}} xmlns='{MAM}'/></iq>"
        self.assertIn(b"var='before-id'", self.hag.ask(asked.format("query")).inner)
        empty = self.hag.ask(asked.format("metadata"))
        self.assertEqual(empty.inner, f"<metadata xmlns='{MAM}'/>".encode())
        first = stanza_id(self.tell(self.crone, "x"))
        last = stanza_id(self.tell(self.crone, "y"))
        found = self.hag.ask(asked.format("metadata")).child(MAM, "metadata")
        assert found is not None
        self.assertEqual((found.start["id"], found.end["id"]), (first, last))

    def test_another_room_of_that_name(self) -> None:
        """What was said in a room that is no more is not for those of the next one."""
        self.archived()
        told = stanza_id(self.tell(self.crone, "x"))
        self.owner("<destroy/>")
        self.archived()
        self.assertEqual(self.texts(self.crone), [])
        self.assertEqual(error(self.query(self.crone, after_id=told)[0])[1], "item-not-found")

    def test_much_was_said(self) -> None:
        """An archive that goes goes whole, and that of the next room of that name stays."""
        self.archived()
        for _ in range(STEP + 1):
            self.say(self.crone, "x")
        self.owner("<destroy/>")
        self.archived()
        self.tell(self.crone, "y")
        self.server.advance(1)
        log = self.server.service.room_stores.of(SERVICE).log("archive")
        found = self.server.result(log.find(Owner(SERVICE, "cave"), limit=10))
        self.assertEqual(len(found.entries), 1)

    def test_no_longer_archived(self) -> None:
        self.archived()
        self.tell(self.crone, "x")
        self.configure({"enablearchiving": 0})
        self.assertEqual(self.refused(self.crone), ("cancel", "service-unavailable"))


class WarnedTest(ArchiveTestCase):
    """XEP-0045, 7.2.12 and 10.2.1: people know that what they say can be read later."""

    def test_newcomers(self) -> None:
        self.archived()
        self.assertEqual(codes(self.enter(self.hag, "hag")[1]), [110, 170])

    def test_changes(self) -> None:
        self.make({"persistentroom": 1}, (self.hag, "hag"))
        for value, expected in ((0, [171]), (1, [170]), (0, [171])):
            self.configure({"enablearchiving": value})
            self.assertEqual(codes(self.only(self.hag)), expected)
        self.configure({"enablearchiving": 1, "persistentroom": 0})
        self.assertEqual(codes(self.only(self.hag)), [104])
        self.configure({"persistentroom": 1})
        self.assertEqual(codes(self.only(self.hag)), [104, 170])

    def test_published_anyway(self) -> None:
        self.make({"persistentroom": 1, "enablelogging": 1}, (self.hag, "hag"))
        self.configure({"enablearchiving": 0})
        self.assertEqual(codes(self.only(self.hag)), [104])


class DefaultTest(ArchiveTestCase):
    settings = {"defaults": {"persistent": True}}  # noqa: RUF012

    def test_default(self) -> None:
        """Rooms that last have an archive, but while they are not open yet."""
        self.enter(self.crone, "crone")
        self.tell(self.crone, "locked")
        self.configure({})
        self.crone.received()
        self.tell(self.crone, "open")
        self.assertEqual(self.texts(self.crone), ["open"])


class DefaultOffTest(ArchiveTestCase):
    settings = {"defaults": {"archive": False, "persistent": True}}  # noqa: RUF012

    def test_default(self) -> None:
        self.make({})
        self.assertEqual(self.refused(self.crone), ("cancel", "service-unavailable"))


class HistoryTest(ArchiveTestCase):
    def test_history_bears_ids(self) -> None:
        self.archived()
        told = self.tell(self.crone, "x")
        found = [each for each in self.enter(self.hag, "hag") if each.has("", "body")]
        self.assertEqual([stanza_id(each) for each in found], [stanza_id(told)])
        self.assertTrue(all(each.has("urn:xmpp:delay", "delay") for each in found))

    def test_after_a_restart(self) -> None:
        """The same, in the same words, whoever asks for how much (XEP-0045, 7.2.15)."""
        self.archived({"muc#maxhistoryfetch": 3})
        told = [self.tell(self.crone, text, "<x xmlns='urn:x'/>") for text in "abcd"]
        self.crone.send(f"<message type='groupchat' to='{ROOM}'><subject>Fire</subject></message>")
        before = self.enter(self.hag, "hag")
        self.hag.send(f"<presence type='unavailable' to='{ROOM}/hag'/>")
        self.server.service.rooms.live.clear()  # as a process does that ends
        again = self.enter(self.hag, "hag")
        said = [each for each in again if each.has("", "body")]
        self.assertEqual([stanza_id(each) for each in said], [stanza_id(each) for each in told[1:]])
        self.assertEqual(
            [self.told(each) for each in said],
            [self.told(each) for each in before if each.has("", "body")],
        )
        self.assertEqual(self.told(again[-1]), self.told(before[-1]))
        wish = X.replace("/>", "><history maxstanzas='1'/></x>")
        self.assertEqual(self.bodies(self.enter(self.hag, "hag", wish)), ["d"])

    def told(self, message: Stanza) -> bytes:
        """A message, to the second."""
        return re.sub(rb"\.\d{6}Z'", b"Z'", message.to_bytes())


class RetentionTest(ArchiveTestCase):
    settings = {"archive_days": 2, "archive_messages": 3}  # noqa: RUF012

    def later(self, seconds: int) -> Client:
        """Let time pass, which ends clients that say nothing; gives one that comes then."""
        self.server.advance(seconds)
        client = self.server.client("crone", "later")
        client.received()
        return client

    def test_the_oldest_goes_first(self) -> None:
        """2.2: by number and by age."""
        self.archived()
        for text in "abcde":
            self.tell(self.crone, text)
        client = self.later(3_601)
        self.assertEqual(self.texts(client), ["c", "d", "e"])
        self.enter(client, "later")
        self.tell(client, "f")
        for _ in range(47):
            self.server.clock.advance(3_600)
        self.assertEqual(self.texts(self.later(1)), ["f"])
