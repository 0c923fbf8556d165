"""How much one person may do (XEP-0045, 13.7)."""

from typing import Any

from tests.muc.kit import ROOM, SERVICE, RoomsTestCase, X, codes, error, form
from xmppd.muc import names
from xmppd.muc.settings import Limits, RoomSettings

TOO_FAST = ("wait", "policy-violation")
BUSY = ("wait", "resource-constraint")
EACH_ONE: dict[str, Any] = {
    "messages": 1,
    "presences": 1,
    "joins": 1,
    "invitations": 1,
    "creations": 1,
}


class LimitsTest(RoomsTestCase):
    settings = {"limits": EACH_ONE}  # noqa: RUF012
    others = {"c2s": {"limits": {"enabled": True}}}  # noqa: RUF012

    def test_messages(self) -> None:
        """50 at once, then one a second; what is over is refused, and nobody else hears it."""
        self.make({}, (self.hag, "hag"))
        for _ in range(51):
            self.say(self.hag, "x")
        found = self.hag.received()
        self.assertEqual(error(found[-1]), TOO_FAST)
        self.assertEqual(len(self.bodies(self.crone.received())), 50)
        self.server.advance(1)
        self.say(self.hag, "y")
        self.assertEqual(self.bodies(self.crone.received()), ["y"])

    def test_whispers_count(self) -> None:
        self.make({}, (self.hag, "hag"))
        for _ in range(51):
            self.hag.send(f"<message type='chat' to='{ROOM}/crone'><body>x</body></message>")
        self.assertEqual(error(self.only(self.hag)), TOO_FAST)

    def test_moderators_are_exempt(self) -> None:
        self.make()
        for _ in range(60):
            self.say(self.crone, "x")
        self.assertEqual(len(self.bodies(self.crone.received())), 60)

    def test_presences(self) -> None:
        """Shows and nicks; going is always possible."""
        self.make({}, (self.hag, "hag"))
        for number in range(21):
            self.hag.send(f"<presence to='{ROOM}/hag'><status>{number}</status></presence>")
        refused = self.hag.received()[-1]
        self.assertEqual(error(refused), TOO_FAST)
        self.hag.send(f"<presence to='{ROOM}/other'/>")
        self.assertEqual(error(self.only(self.hag)), TOO_FAST)
        self.hag.send(f"<presence to='{ROOM}/hag' type='unavailable'/>")
        self.assertEqual(codes(self.only(self.hag)), [110])

    def test_joins(self) -> None:
        self.make()
        for _ in range(30):
            self.assertEqual(codes(self.enter(self.hag, "hag")[1]), [110])
            self.hag.send(f"<presence to='{ROOM}/hag' type='unavailable'/>")
        [refused] = self.enter(self.hag, "hag")
        self.assertEqual(error(refused), BUSY)
        self.assertTrue(refused.has(names.MUC, "x"))
        self.assertEqual(codes(self.enter(self.macbeth, "mac")[1]), [110])

    def test_registrations(self) -> None:
        """Each costs the admins a message."""
        self.make()
        for number in range(31):
            fields = {"muc#register_roomnick": f"nick{number}"}
            answer = self.hag.ask(
                f"<iq type='set' id='r' to='{ROOM}'><query xmlns='{names.REGISTER}'>"
                f"{form('submit', names.REGISTER_FORM, fields)}</query></iq>"
            )
        self.assertEqual(error(answer), BUSY)
        self.assertEqual(len(self.crone.received()), 30)

    def test_invitations(self) -> None:
        self.make()
        invites = "<invite to='{}@example.com'/>" * 10
        x = f"<x xmlns='{names.MUC_USER}'>{invites.format(*range(10))}</x>"
        for _ in range(2):
            self.crone.send(f"<message to='{ROOM}'>{x}</message>")
        self.crone.received()
        self.crone.send(f"<message to='{ROOM}'>{x}</message>")
        self.assertEqual(error(self.crone.received()[0]), TOO_FAST)

    def test_invitations_by_affiliation(self) -> None:
        """9.5: new members of a closed room are invited; so many are members without that."""
        self.make({"membersonly": 1})
        items = "<item jid='x{}@example.com' affiliation='member'/>" * 20
        self.admin(items.format(*range(20)))
        item = "<item jid='hag@example.com' affiliation='member'><reason>x</reason></item>"
        self.assertEqual(self.admin(item).type, "result")
        self.assertEqual(self.hag.received(), [])
        self.assertEqual(codes(self.enter(self.hag, "hag")[1]), [110])
        self.server.advance(60)
        self.admin("<item jid='macbeth@example.com' affiliation='member'/>")
        self.assertIn(b"<invite", self.only(self.macbeth).inner)

    def test_creations(self) -> None:
        for number in range(20):
            found = self.enter(self.crone, "crone", room=f"r{number}@{SERVICE}")
            self.assertEqual(codes(found[0]), [110, 201])
        [refused] = self.enter(self.crone, "crone", room=f"more@{SERVICE}")
        self.assertEqual(error(refused), BUSY)
        self.assertEqual(codes(self.enter(self.hag, "hag")[0]), [110, 201])


class NoLimitsTest(RoomsTestCase):
    settings = {"limits": {**EACH_ONE, "enabled": False}}  # noqa: RUF012
    others = {"c2s": {"limits": {"enabled": True}}}  # noqa: RUF012

    def test_messages(self) -> None:
        self.make({}, (self.hag, "hag"))
        for _ in range(100):
            self.say(self.hag, "x")
        self.assertEqual(len(self.bodies(self.crone.received())), 100)


class SizesTest(RoomsTestCase):
    settings = {"message_bytes": 10_000, "presence_bytes": 1_000}  # noqa: RUF012
    TOO_BIG = ("modify", "policy-violation")

    def test_messages(self) -> None:
        """13.7: so that no message costs as much as it has readers."""
        self.make({}, (self.hag, "hag"))
        for to, type in ((ROOM, "groupchat"), (f"{ROOM}/crone", "chat")):
            body = "x" * 10_000
            self.hag.send(f"<message to='{to}' type='{type}'><body>{body}</body></message>")
            self.assertEqual(error(self.only(self.hag)), self.TOO_BIG)
        self.assertEqual(self.crone.received(), [])

    def test_presences(self) -> None:
        self.make()
        status = f"<status>{'x' * 1_000}</status>"
        self.assertEqual(error(self.enter(self.hag, "hag", f"{X}{status}")[0]), self.TOO_BIG)
        self.enter(self.hag, "hag")
        self.hag.send(f"<presence to='{ROOM}/hag'>{status}</presence>")
        self.assertEqual(error(self.only(self.hag)), self.TOO_BIG)

    def test_going(self) -> None:
        """Going is always possible; but what is too large is not passed on."""
        self.make({}, (self.hag, "hag"))
        status = f"<status>{'x' * 1_000}</status>"
        self.hag.send(f"<presence to='{ROOM}/hag' type='unavailable'>{status}</presence>")
        self.assertEqual(codes(self.only(self.hag)), [110])
        gone = self.only(self.crone)
        self.assertEqual((gone.type, gone.has("", "status")), ("unavailable", False))


class ReloadTest(RoomsTestCase):
    def test_rooms_in_memory(self) -> None:
        """Other limits hold from now on, in the rooms that are there too."""
        self.make({}, (self.hag, "hag"))
        limits = Limits(messages=1, invitations=1, creations=1, pages=1)
        self.rooms.take_settings(RoomSettings(limits=limits, most_occupants=2))
        [refused] = self.enter(self.macbeth, "mac")
        self.assertEqual(error(refused), ("wait", "service-unavailable"))
        for _ in range(51):
            self.say(self.hag, "x")
        self.assertEqual(error(self.hag.received()[-1]), TOO_FAST)
        for number in range(21):
            found = self.enter(self.hag, "hag", room=f"other{number}@{SERVICE}")
        self.assertEqual(error(found[0]), BUSY)


class MostRoomsTest(RoomsTestCase):
    settings = {"most_rooms": 1, "most_occupants": 2}  # noqa: RUF012

    def test_rooms(self) -> None:
        """Administrators of the server may make more."""
        self.make()
        [refused] = self.enter(self.hag, "hag", room=f"other@{SERVICE}")
        self.assertEqual(error(refused), BUSY)
        found = self.enter(self.wizard, "wizard", room=f"other@{SERVICE}")
        self.assertEqual(codes(found[0]), [110, 201])

    def test_occupants(self) -> None:
        self.make({}, (self.hag, "hag"))
        [refused] = self.enter(self.macbeth, "mac")
        self.assertEqual(error(refused), ("wait", "service-unavailable"))
