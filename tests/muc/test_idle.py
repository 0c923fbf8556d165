"""Rooms that nobody uses."""

from typing import Any

from twisted.internet.defer import Deferred

from tests.muc.kit import ROOM, RoomsTestCase, codes, item
from xmppd.chat.commands import Destroy
from xmppd.chat.model import ITSELF
from xmppd.component.discovery import DISCO_ITEMS
from xmppd.muc import names
from xmppd.protocol.namespaces import DELAY, STANZA_IDS

IDLE, UNOPENED = 90, 60


class IdleTest(RoomsTestCase):
    settings = {"unload_seconds": IDLE, "unopened_seconds": UNOPENED}  # noqa: RUF012

    def in_memory(self) -> bool:
        return "cave" in self.server.service.rooms.live

    def leave(self) -> None:
        self.crone.send(f"<presence type='unavailable' to='{ROOM}/crone'/>")

    def test_empty_room_leaves_the_memory(self) -> None:
        """It is listed all the same, and there again when somebody comes."""
        self.make({"persistentroom": 1, "roomname": "A Dark Cave"})
        self.leave()
        self.server.advance(61)
        self.assertTrue(self.in_memory())
        self.server.advance(120)
        self.assertFalse(self.in_memory())
        answer = self.hag.ask(
            f"<iq type='get' id='d' to='rooms.example.com'><query xmlns='{DISCO_ITEMS}'/></iq>"
        )
        self.assertIn(b"A Dark Cave", answer.inner)
        [mine, _] = self.enter(self.crone, "crone")
        self.assertEqual((codes(mine), item(mine)["affiliation"]), ([110, 170], "owner"))
        self.assertTrue(self.in_memory())

    def idle(self) -> None:
        """Let a room be left alone until it is not in memory."""
        self.leave()
        self.server.advance(181)
        self.assertFalse(self.in_memory())

    def test_nobody_is_remembered_who_is_gone(self) -> None:
        """How often somebody came and spoke, and when they were heard of, are no memories."""
        self.make({"persistentroom": 1}, (self.hag, "hag"))
        self.say(self.hag, "Double, double")
        self.hag.send(f"<presence type='unavailable' to='{ROOM}/hag'/>")
        self.server.advance(121)
        live = self.rooms.live["cave"]
        paces = live.paces.messages, live.paces.presences, live.paces.joins
        self.assertEqual([len(pace._until) for pace in paces], [0, 0, 0])
        self.assertEqual([person.account for person in live.heard], ["crone@example.com"])

    def test_history(self) -> None:
        """Newcomers are told of what was said, whether an archive has it or not."""
        for archived in (1, 0):
            self.make({"persistentroom": 1, "enablearchiving": archived})
            self.say(self.crone, "Double, double")
            for _ in range(2):
                self.idle()
                found = self.enter(self.crone, "crone")
                self.assertEqual(self.bodies(found), ["Double, double"])
                [said] = [each for each in found if each.has("", "body")]
                self.assertEqual(said.sender, f"{ROOM}/crone")
                self.assertTrue(said.has(DELAY, "delay"))
            self.owner("<destroy/>")

    def test_history_that_is_older_than_the_archive(self) -> None:
        self.make({"persistentroom": 1, "enablearchiving": 0})
        self.say(self.crone, "before")
        self.configure({"enablearchiving": 1})
        self.say(self.crone, "after")
        self.idle()
        self.assertEqual(self.bodies(self.enter(self.crone, "crone")), ["before", "after"])
        self.configure({"enablearchiving": 0})
        self.idle()
        self.assertEqual(self.bodies(self.enter(self.crone, "crone")), ["before", "after"])

    def test_history_of_a_service_that_ends_in_good_order(self) -> None:
        self.make({"persistentroom": 1, "enablearchiving": 0})
        self.say(self.crone, "Double, double")
        self.rooms.shut_down()
        self.server.settle()
        self.die()
        self.assertEqual(self.bodies(self.enter(self.crone, "crone")), ["Double, double"])

    def test_what_was_taken_back_stays_so(self) -> None:
        """Of a history nothing is put away while the room is in memory."""
        self.make({"persistentroom": 1, "enablearchiving": 0})
        self.say(self.crone, "rash words")
        self.idle()
        [said] = [each for each in self.enter(self.crone, "crone") if each.has("", "body")]
        tree = said.child(STANZA_IDS, "stanza-id")
        assert tree is not None
        self.crone.send(
            f"<message type='groupchat' to='{ROOM}'>"
            f"<retract xmlns='{names.RETRACT}' id='{tree['id']}'/></message>"
        )
        self.idle()
        self.assertEqual(self.bodies(self.enter(self.crone, "crone")), [])

    def test_history_has_its_bounds(self) -> None:
        """By the room's own configuration, and in bytes."""
        self.make({"persistentroom": 1, "enablearchiving": 0, "muc#maxhistoryfetch": 100})
        for number in range(8):
            self.say(self.crone, f"{number}" + "x" * 40_000)
        self.idle()
        found = self.bodies(self.enter(self.crone, "crone"))
        self.assertEqual([body[0] for body in found if body], list("234567"))

    def test_nothing_is_left_of_a_room_that_ends(self) -> None:
        self.make({"persistentroom": 1, "enablearchiving": 0})
        self.say(self.crone, "Double, double")
        self.idle()
        rooms: Any = self.server.service.rooms
        put_away = rooms.store.histories
        self.server.result(rooms.store.remove("cave"))
        found = Deferred.fromCoroutine(put_away.take("cave"))
        self.assertEqual(self.server.result(found), [])

    def test_room_that_is_not_to_last(self) -> None:
        self.make({}, (self.hag, "hag"))
        self.leave()
        self.server.advance(181)
        self.assertTrue(self.in_memory())

    def test_room_with_people(self) -> None:
        self.make({"persistentroom": 1})
        self.server.advance(181)
        self.assertTrue(self.in_memory())

    def test_room_nobody_opens(self) -> None:
        """13.7: it ends, and its owner is told, whoever that is by then."""
        self.enter(self.crone, "crone")
        self.admin("<item jid='hag@example.com' affiliation='owner'/>")
        self.enter(self.hag, "hag")
        self.admin("<item jid='crone@example.com' affiliation='none'/>")
        self.hag.received()
        self.server.advance(UNOPENED + 61)
        [gone] = [each for each in self.hag.received() if each.type == "unavailable"]
        self.assertIn(b"<destroy/>", gone.inner)
        self.assertFalse(self.in_memory())

    def test_what_waits_for_a_room_finds_what_has_become_of_it(self) -> None:
        """Whoever comes behind its end while it is read does not get into what was."""
        self.make({"persistentroom": 1})
        self.leave()
        self.server.advance(181)
        self.assertFalse(self.in_memory())
        found: list[object] = []
        rooms: Any = self.server.service.rooms
        read: Deferred[None] = Deferred()
        load = rooms.store.load

        async def slowly(local: str) -> Any:
            await read
            return await load(local)

        rooms.store.load = slowly
        rooms.at("cave", lambda live: rooms.do(live, Destroy(ITSELF)))
        rooms.at("cave", found.append)
        read.callback(None)
        self.server.settle()
        self.assertEqual(found, [None])
