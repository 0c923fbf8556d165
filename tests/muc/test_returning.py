"""Who was inside when a process ended is inside again, with `after_restart = "readmit"`."""

from __future__ import annotations

from typing import Any

from tests.muc.kit import ROOM, SERVICE, RoomsTestCase, X, codes, error, item
from xmppd.muc import names
from xmppd.muc.ghosts import ANSWERING, GRACE
from xmppd.muc.service import LATE
from xmppd.muc.settings import RoomSettings
from xmppd.protocol.namespaces import CONTENT
from xmppd.storage.interfaces import Owner, StorageError
from xmppd.testing.client import Client

PLACE = f"{ROOM}/hag"
ALL = Owner(SERVICE, "")
LASTING = {"persistentroom": 1}


class ReturningTest(RoomsTestCase):
    settings = {"after_restart": "readmit"}  # noqa: RUF012

    def rows(self) -> Any:
        """Where it is noted who is inside."""
        return self.rooms.store.stays._table

    def stop_service(self) -> None:
        """End the rooms in good order, and begin them anew."""
        self.rooms.shut_down()
        self.server.settle()
        self.assertEqual(self.crone.received() + self.hag.received(), [])
        self.die()

    def test_they_talk_and_are_heard(self) -> None:
        for end in (self.die, self.stop_service):
            with self.subTest(end=end.__name__):
                self.make(LASTING, (self.hag, "hag"))
                end()
                self.say(self.hag, "Thrice")
                for client in (self.hag, self.crone):
                    said = self.only(client)
                    self.assertEqual(said.sender, PLACE)
                self.owner("<destroy/>")
                self.forget()

    def test_room_that_cannot_be_read_at_first(self) -> None:
        """Who comes has an error; later all is there, history and people."""
        self.make({**LASTING, "enablearchiving": 0}, (self.hag, "hag"))
        self.say(self.hag, "Thrice")
        self.forget()
        self.stop_service()
        store: Any = self.rooms.store
        for part, name in ((store.stays, "of"), (store.histories, "take")):
            with self.subTest(part=name):
                found = getattr(part, name)
                setattr(part, name, self.failing)
                [refused] = self.enter(self.wizard, "wizard")
                self.assertEqual(error(refused), ("wait", "resource-constraint"))
                self.assertEqual(len(self.flushLoggedErrors(StorageError)), 1)
                setattr(part, name, found)
        found = self.enter(self.wizard, "wizard")
        self.assertEqual(len([each for each in found if each.name == "presence"]), 3)
        self.assertEqual(self.bodies(found), ["Thrice"])

    async def failing(self, local: str) -> None:
        raise StorageError("away")

    def test_self_ping(self) -> None:
        """XEP-0410, 3.3: nobody need come again."""
        self.make(LASTING, (self.hag, "hag"))
        self.die()
        ping = f"<iq type='get' id='p' to='{PLACE}'><ping xmlns='{names.PING}'/></iq>"
        self.assertEqual(self.hag.ask(ping).type, "result")

    def test_newcomers_see_them_as_they_were(self) -> None:
        """What they showed last, in all their sessions, and under their last nick."""
        self.make(LASTING, (self.hag, "hag"))
        second = self.server.client("hag", "laptop")
        self.enter(second, "hag")
        self.hag.send(f"<presence to='{PLACE}'><show>away</show><status>\u00e9</status></presence>")
        self.crone.send(f"<presence to='{ROOM}/witch'/>")
        self.server.advance(LATE)
        self.die()
        found = {each.sender: each for each in self.enter(self.wizard, "wizard")}
        self.assertEqual(item(found[f"{ROOM}/witch"])["affiliation"], "owner")
        self.assertEqual(found[PLACE].text(CONTENT, "status"), "\u00e9")
        self.say(self.wizard, "All hail")
        for client in (self.hag, second, self.crone):
            self.assertEqual(self.bodies(client.received()), ["All hail"])

    def test_presence_is_noted_late(self) -> None:
        """However often it changes, it is written once; and in good order at once."""
        self.make(LASTING, (self.hag, "hag"))
        for status in ("a", "b", "c"):
            self.hag.send(f"<presence to='{PLACE}'><status>{status}</status></presence>")
        self.die()
        self.assertIsNone(self.shown().text(CONTENT, "status"))
        self.hag.send(f"<presence to='{PLACE}'><status>d</status></presence>")
        self.rooms.shut_down()
        self.die()
        self.assertEqual(self.shown().text(CONTENT, "status"), "d")

    def shown(self) -> Any:
        """What the hag shows to who comes now."""
        [found] = [each for each in self.enter(self.wizard, "wizard") if each.sender == PLACE]
        self.wizard.send(f"<presence type='unavailable' to='{ROOM}/wizard'/>")
        return found

    def test_entering_anew(self) -> None:
        """A client that comes again is told all; nobody else is told anything."""
        self.make(LASTING, (self.hag, "hag"))
        self.die()
        found = self.enter(self.hag, "hag")
        self.assertEqual([each.sender for each in found[:2]], [f"{ROOM}/crone", PLACE])
        self.assertEqual(codes(found[1]), [110, 170])
        self.assertEqual(self.crone.received(), [])

    def test_rooms_that_do_not_last(self) -> None:
        """And those that nobody has opened yet: XEP-0045, 15.6.2."""
        self.make({}, (self.hag, "hag"))
        other = f"moor@{SERVICE}"
        self.enter(self.macbeth, "thane", room=other)
        self.die()
        for client, nick in (
            (self.hag, PLACE),
            (self.crone, f"{ROOM}/crone"),
            (self.macbeth, f"{other}/thane"),
        ):
            farewell = self.only(client)
            self.assertEqual((farewell.type, farewell.sender), ("unavailable", nick))
            self.assertEqual(codes(farewell), [110, 332])
        self.die()
        self.assertEqual(self.hag.received() + self.crone.received(), [])

    def test_stopping_those_that_do_not_last(self) -> None:
        self.make({}, (self.hag, "hag"))
        self.rooms.shut_down()
        self.server.settle()
        self.assertEqual(codes(self.only(self.hag)), [110, 332])

    def test_banned_meanwhile(self) -> None:
        """The ban was kept, and the process died before it was told."""
        self.make(LASTING, (self.hag, "hag"), (self.wizard, "wizard"))
        standings = self.server.service.room_stores.of(SERVICE).table("standings", self.codec())
        row = {"affiliation": "outcast", "nick": "", "reason": "", "at": 0.0}
        standings.put(Owner(SERVICE, "cave"), "hag@example.com", row)
        self.die()
        self.server.advance(1)
        for client, told in ((self.hag, [110, 301]), (self.wizard, [301])):
            left = self.only(client)
            self.assertEqual((left.type, left.sender), ("unavailable", PLACE))
            self.assertEqual(codes(left), told)
        self.die()
        self.server.advance(1)
        self.assertEqual(self.hag.received() + self.crone.received(), [])

    def codec(self) -> Any:
        return self.rooms.store._standings._codec

    # Those who are gone

    def test_who_is_gone_is_removed(self) -> None:
        """Its server says so; others are told (XEP-0045, 9.1: 333), though nobody asks."""
        self.make(LASTING, (self.hag, "hag"))
        self.kill_client(self.hag)
        self.server.advance(GRACE + ANSWERING + 1)
        left = self.left_among(self.crone)
        self.assertEqual((left.sender, codes(left)), (PLACE, [333]))
        self.assertEqual(len(self.rooms.live["cave"].room.sessions), 1)

    def kill_client(self, client: Client) -> None:
        """End a session while there are no rooms, then have them be there again."""
        link = self.rooms._link
        link.receiver = lambda item: None
        client.close()
        self.die()

    def left_among(self, client: Client) -> Any:
        """Answer pings; gives the one presence that says that somebody has left."""
        found = client.received()
        for each in found:
            if each.name == "iq" and each.type == "get":
                client.send(f"<iq type='result' id='{each.id}' to='{each.sender}'/>")
        [left] = [each for each in found if each.type == "unavailable"]
        return left

    def test_silence(self) -> None:
        """Who never answers is out; who has said something meanwhile is not asked."""
        self.make(LASTING, (self.hag, "hag"))
        self.die()
        self.say(self.hag, "Here")
        self.assertEqual(self.bodies(self.crone.received()), ["Here"])
        self.server.advance(GRACE + ANSWERING + 1)
        self.assertEqual(self.bodies(self.hag.received()), ["Here"])
        self.assertEqual(self.only(self.crone).name, "iq")
        self.server.advance(40)
        left = self.only(self.crone)
        self.assertEqual((left.type, codes(left)), ("unavailable", [110, 333]))

    def test_who_answers_stays(self) -> None:
        """Also with an error that only a client gives."""
        self.make(LASTING, (self.hag, "hag"))
        self.die()
        self.server.advance(GRACE + ANSWERING + 1)
        ping = self.only(self.hag)
        self.assertEqual((ping.sender, ping.has(names.PING, "ping")), (ROOM, True))
        self.hag.send(
            f"<iq type='error' id='{ping.id}' to='{ROOM}'><error type='cancel'>"
            "<feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )
        self.server.advance(40)
        self.assertEqual(self.hag.received()[-1].sender, f"{ROOM}/crone")
        self.say(self.hag, "Still")
        self.assertEqual(self.bodies(self.hag.received()), ["Still"])

    # What is stored

    def test_another_policy_while_running(self) -> None:
        """What people show is noted of those too who are inside already."""
        self.rooms.take_settings(RoomSettings())
        self.make(LASTING)
        presence = f"<presence to='{PLACE}'>{X}<status>a</status></presence>"
        self.hag.send(presence)
        self.rooms.take_settings(RoomSettings(after_restart="readmit"))
        self.server.advance(LATE)
        self.die()
        self.assertEqual(self.shown().text(CONTENT, "status"), "a")

    def test_older_notes(self) -> None:
        """They are the nick alone: such a session shows nothing but that it is there."""
        self.make(LASTING, (self.hag, "hag"))
        self.rows().put(ALL, "hag@example.com/pda", "hag", section="cave")
        self.die()
        self.assertEqual(self.shown().type, None)

    def test_damaged_notes(self) -> None:
        """They are skipped, the others are not."""
        self.make(LASTING, (self.hag, "hag"))
        shown = {"nick": "x", "affiliation": "none", "role": "visitor", "since": 1}
        for number, value in enumerate(
            (
                None,
                7,
                "",
                {"nick": 3},
                {"nick": "x"},
                shown | {"presence": "<presence"},
                shown | {"presence": "<message/>"},
                shown | {"presence": "<presence type='unavailable'/>"},
                shown | {"presence": "<presence/>", "role": "king"},
                shown | {"presence": "<presence/>", "since": None},
            )
        ):
            self.rows().put(ALL, f"x@example.com/{number}", value, section="cave")
        self.rows().put(ALL, "@@", shown | {"presence": "<presence/>"}, section="cave")
        self.rows().put(ALL, "x@example.com/0", None, section="no such room")
        self.die()
        self.say(self.hag, "Thrice")
        self.assertEqual(self.bodies(self.crone.received()), ["Thrice"])
        self.assertEqual(len(self.rooms.live["cave"].room.sessions), 2)
        left = self.successResultOf(self.rows().items(ALL))
        self.assertEqual(len(left), 2)

    def test_told_after_all(self) -> None:
        """Who was to be inside again is told when the configuration says so by now."""
        self.make(LASTING, (self.hag, "hag"))
        self.rooms.shut_down()
        self.rooms.settings = RoomSettings()
        self.die()
        self.assertEqual(codes(self.only(self.hag)), [110, 332])

    def test_too_late(self) -> None:
        """While the service ends nothing happens any more that could not be kept."""
        self.make(LASTING, (self.hag, "hag"))
        self.rooms.shut_down()
        self.say(self.hag, "Late")
        self.assertEqual(self.only(self.hag).type, "error")
        self.hag.send(f"<presence type='unavailable' to='{PLACE}'/>")
        self.assertEqual(self.crone.received(), [])
