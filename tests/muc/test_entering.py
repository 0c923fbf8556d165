"""Coming, being there and going: what no example shows (XEP-0045, 7.1 to 7.7, 7.14)."""

from tests.muc.kit import ROOM, SERVICE, RoomsTestCase, X, codes, error
from xmppd.muc import names


class EnteringTest(RoomsTestCase):
    def test_cancel_ends_the_room(self) -> None:
        self.enter(self.crone, "crone")
        self.owner("<x xmlns='jabber:x:data' type='cancel'/>")
        [gone] = [each for each in self.crone.received() if each.name == "presence"]
        self.assertEqual(gone.type, "unavailable")
        self.assertEqual(codes(self.enter(self.hag, "hag")[0]), [110, 201])

    def test_occupant_ids(self) -> None:
        """XEP-0421: the same at every visit, and one alone."""
        self.make()
        forged = f"{X}<occupant-id xmlns='{names.OCCUPANT_ID}' id='forged'/>"
        ids = []
        for nick in ("hag", "other"):
            found = self.enter(self.hag, nick, forged)
            presence = next(each for each in found if codes(each) == [110])
            tags = [child for child in presence.children if child[1] == "occupant-id"]
            self.assertEqual(len(tags), 1)
            ids.append(presence.child(names.OCCUPANT_ID, "occupant-id")["id"])
            self.hag.send(f"<presence type='unavailable' to='{ROOM}/{nick}'/>")
        self.assertEqual(ids[0], ids[1])
        self.assertNotEqual(ids[0], "forged")

    def test_nick_nobody_sees(self) -> None:
        """M1."""
        self.make()
        for nick in ("\u3164", "\u2800", "\u115f\u1160"):
            [refused] = self.enter(self.hag, nick)
            self.assertEqual(error(refused), ("modify", "jid-malformed"))
        [refused] = self.enter(self.hag, "   ")
        self.assertEqual(error(refused), ("modify", "jid-malformed"))

    def test_nick_in_use(self) -> None:
        """M1; 7.2.8: also one that only looks the same."""
        self.make()
        for nick in ("crone", "CRONE", "\uff43rone"):
            [refused] = self.enter(self.hag, nick)
            self.assertEqual(error(refused), ("cancel", "conflict"), nick)

    def test_banned_domain(self) -> None:
        """9.1: a ban of a domain is one of everybody there who has no standing of their own."""
        self.make({}, (self.hag, "hag"))
        self.admin("<item jid='example.com' affiliation='outcast'/>")
        [gone] = self.hag.received()
        self.assertEqual(codes(gone), [110, 301])
        self.assertEqual(error(self.enter(self.hag, "hag")[0]), ("auth", "forbidden"))
        self.assertEqual(codes(self.enter(self.crone, "crone")[0]), [110])

    def test_several_sessions_of_one_nick(self) -> None:
        """7.2.8: another session of the same account joins; it leaves, the first stays."""
        self.make({}, (self.hag, "hag"))
        phone = self.server.client("hag", "phone")
        found = self.enter(phone, "hag")
        self.assertEqual(codes(found[1]), [110])
        self.forget()
        self.say(self.crone, "both hear it")
        self.assertEqual(self.bodies(phone.received()), ["both hear it"])
        self.assertEqual(self.bodies(self.hag.received()), ["both hear it"])
        self.crone.received()
        phone.send(f"<presence type='unavailable' to='{ROOM}/hag'/>")
        self.assertEqual([each.type for each in self.crone.received()], [None])
        self.assertEqual(phone.received()[0].type, "unavailable")

    def test_lost_session(self) -> None:
        """A session that ends leaves its rooms."""
        self.make({}, (self.hag, "hag"))
        self.hag.close()
        self.assertEqual(self.only(self.crone).type, "unavailable")

    def test_temporary_room_ends(self) -> None:
        self.make()
        self.crone.send(f"<presence type='unavailable' to='{ROOM}/crone'/>")
        self.assertEqual(codes(self.enter(self.hag, "hag")[0]), [110, 201])

    def test_history_wishes(self) -> None:
        """7.2.15."""
        self.make()
        for number in range(5):
            self.say(self.crone, f"number {number}")
            self.server.advance(10)
        for wish, expected in (
            ("maxstanzas='2'", [3, 4]),
            ("maxchars='0'", []),
            ("maxchars='450'", [4]),
            ("seconds='25'", [3, 4]),
            ("since='2027-01-15T08:00:15Z'", [2, 3, 4]),
            ("maxstanzas='nonsense'", [0, 1, 2, 3, 4]),
        ):
            x = f"<x xmlns='{names.MUC}'><history {wish}/></x>"
            found = self.bodies(self.enter(self.hag, "hag", x))
            self.assertEqual(found, [f"number {number}" for number in expected], wish)
            self.hag.send(f"<presence type='unavailable' to='{ROOM}/hag'/>")

    def test_ghost(self) -> None:
        """An error from a session that is no more takes it out, 333."""
        self.make()
        far = self.server.elsewhere("far.test")
        far.send(f"<presence from='a@far.test/x' to='{ROOM}/far'>{X}</presence>")
        self.crone.received()
        far.received()
        far.send(
            f"<message type='error' from='a@far.test/x' to='{ROOM}'><error type='cancel'>"
            "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        )
        gone = self.only(self.crone)
        self.assertEqual((gone.type, codes(gone)), ("unavailable", [333]))

    def test_no_such_room(self) -> None:
        self.hag.send(f"<message type='groupchat' to='none@{SERVICE}'><body>x</body></message>")
        self.assertEqual(error(self.only(self.hag)), ("cancel", "item-not-found"))
        self.hag.send(f"<presence type='unavailable' to='none@{SERVICE}/x'/>")
        self.assertEqual(self.hag.received(), [])


class AdminsOnlyTest(RoomsTestCase):
    settings = {"create": "admins"}  # noqa: RUF012

    def test_creation(self) -> None:
        """Only administrators make rooms where the service says so."""
        self.assertEqual(error(self.enter(self.hag, "hag")[0]), ("cancel", "not-allowed"))
        self.assertEqual(codes(self.enter(self.wizard, "wizard")[0]), [110, 201])


class SilenceTest(RoomsTestCase):
    settings = {"silence_seconds": 60}  # noqa: RUF012

    def test_silent_ghost(self) -> None:
        """Who is silent for long is pinged, and taken out when its server knows it no more."""
        self.make()
        far = self.server.elsewhere("far.test")
        far.send(f"<presence from='a@far.test/x' to='{ROOM}/far'>{X}</presence>")
        far.received()
        self.server.advance(125)
        ping = next(each for each in far.received() if each.name == "iq")
        far.send(
            f"<iq type='error' id='{ping.id}' from='a@far.test/x' to='{ROOM}'><error type='cancel'>"
            "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )
        self.assertEqual([codes(each) for each in self.crone.received()][-1], [333])
