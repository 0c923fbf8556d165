"""Rooms that nobody uses."""

from typing import Any

from twisted.internet.defer import Deferred

from tests.muc.kit import ROOM, RoomsTestCase, codes, item
from xmppd.chat.commands import Destroy
from xmppd.chat.model import ITSELF
from xmppd.component.discovery import DISCO_ITEMS

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

    def test_history_of_an_archive(self) -> None:
        """What is in the archive need not be in memory; newcomers are told of it all the same."""
        for archived, expected in ((1, False), (0, True)):
            self.make({"persistentroom": 1, "enablearchiving": archived})
            self.say(self.crone, "Double, double")
            self.leave()
            self.server.advance(181)
            self.assertEqual(self.in_memory(), expected)
            found = self.bodies(self.enter(self.crone, "crone"))
            self.assertIn("Double, double", found)
            self.owner("<destroy/>")

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
