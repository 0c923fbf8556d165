"""Every error that XEP-0045 names for a service, by section."""

from tests.muc.kit import ROOM, SERVICE, RoomsTestCase, X, error, form
from xmppd.component.discovery import DISCO_INFO, DISCO_ITEMS
from xmppd.muc import names
from xmppd.protocol.stanza import Stanza
from xmppd.testing.client import Client

HAG, MACBETH, CRONE = "hag@example.com", "macbeth@example.com", "crone@example.com"

FORBIDDEN = ("auth", "forbidden")
NOT_ALLOWED = ("cancel", "not-allowed")
CONFLICT = ("cancel", "conflict")
BAD_REQUEST = ("modify", "bad-request")
NOT_FOUND = ("cancel", "item-not-found")


def voice(nick: str, role: str) -> str:
    return f"<item nick='{nick}' role='{role}'/>"


def standing(jid: str, affiliation: str) -> str:
    return f"<item jid='{jid}' affiliation='{affiliation}'/>"


class DiscoveryErrorsTest(RoomsTestCase):
    def test_occupant_asked_from_outside(self) -> None:
        """6.6: whether there is such an occupant or not."""
        self.make()
        for nick in ("crone", "nobody"):
            for query in (DISCO_INFO, DISCO_ITEMS):
                answer = self.hag.ask(
                    f"<iq type='get' id='d' to='{ROOM}/{nick}'><query xmlns='{query}'/></iq>"
                )
                self.assertEqual(error(answer), BAD_REQUEST)


class RoleErrorsTest(RoomsTestCase):
    def test_kick_by_a_member(self) -> None:
        """8.2: a moderator who is a member kicks neither admin nor owner, an admin no owner."""
        self.make({}, (self.hag, "hag"), (self.macbeth, "mac"))
        self.admin(standing(HAG, "member"))
        self.admin(voice("hag", "moderator"))
        self.admin(standing(MACBETH, "admin"))
        for nick in ("mac", "crone"):
            self.assertEqual(error(self.admin(voice(nick, "none"), self.hag)), NOT_ALLOWED)
        self.assertEqual(error(self.admin(voice("crone", "none"), self.macbeth)), NOT_ALLOWED)

    def test_offending_items(self) -> None:
        """8.4: the error brings back what was asked."""
        self.make({}, (self.hag, "hag"))
        self.admin(standing(HAG, "admin"))
        answer = self.admin(voice("hag", "visitor"))
        self.assertEqual(error(answer), NOT_ALLOWED)
        self.assertIn(voice("hag", "visitor").encode(), answer.inner)

    def test_voice_by_participants(self) -> None:
        """8.3, 8.5."""
        self.make({"moderatedroom": 1}, (self.hag, "hag"), (self.macbeth, "mac"))
        self.assertEqual(error(self.admin(voice("mac", "participant"), self.hag)), FORBIDDEN)
        answer = self.admin("<item role='participant'/>", self.hag, "get")
        self.assertEqual(error(answer), FORBIDDEN)

    def test_several_or_nothing(self) -> None:
        """8.5, 9.8: one change that may not be undoes the others."""
        self.make({}, (self.hag, "hag"), (self.macbeth, "mac"))
        self.admin(standing(MACBETH, "admin"))
        self.forget()
        answer = self.admin(voice("hag", "visitor") + voice("mac", "visitor"))
        self.assertEqual(error(answer), NOT_ALLOWED)
        self.assertEqual(self.hag.received(), [])

    def test_moderators(self) -> None:
        """9.6 to 9.8."""
        self.make({}, (self.hag, "hag"), (self.macbeth, "mac"))
        answer = self.admin("<item role='moderator'/>", self.hag, "get")
        self.assertEqual(error(answer), FORBIDDEN)
        self.assertEqual(error(self.admin(voice("mac", "moderator"), self.hag)), FORBIDDEN)
        self.admin(standing(HAG, "admin"))
        for nick in ("crone", "hag"):
            answer = self.admin(voice(nick, "participant"), self.hag)
            self.assertEqual(error(answer), NOT_ALLOWED)

    def test_from_outside(self) -> None:
        """8: whoever is no moderator."""
        self.make({}, (self.hag, "hag"))
        self.assertEqual(error(self.admin(voice("hag", "none"), self.macbeth)), FORBIDDEN)


class AffiliationErrorsTest(RoomsTestCase):
    def test_admins(self) -> None:
        """9.1, 9.2, 10.3 to 10.8: what admins may not."""
        self.make({}, (self.hag, "hag"))
        self.admin(standing(HAG, "admin"))
        for content, expected in (
            (standing(CRONE, "outcast"), NOT_ALLOWED),
            (standing(CRONE, "none"), FORBIDDEN),
            (standing(CRONE, "admin"), FORBIDDEN),
            (standing(HAG, "none"), FORBIDDEN),
            (standing(HAG, "outcast"), CONFLICT),
            (standing(MACBETH, "admin"), FORBIDDEN),
            (standing(MACBETH, "owner"), FORBIDDEN),
            (standing(MACBETH, "outcast") + standing(CRONE, "outcast"), NOT_ALLOWED),
        ):
            self.assertEqual(error(self.admin(content, self.hag)), expected, content)
        for kind in ("owner", "admin"):
            answer = self.admin(f"<item affiliation='{kind}'/>", self.hag, "get")
            self.assertEqual(error(answer), FORBIDDEN)

    def test_others(self) -> None:
        """9, 10: what mere members may not."""
        self.make({}, (self.hag, "hag"))
        self.admin(standing(HAG, "member"))
        for kind in ("outcast", "member", "admin", "owner", "none"):
            answer = self.admin(standing(MACBETH, kind), self.hag)
            self.assertEqual(error(answer), FORBIDDEN, kind)
        for kind in ("outcast", "member", "admin", "owner"):
            answer = self.admin(f"<item affiliation='{kind}'/>", self.hag, "get")
            self.assertEqual(error(answer), FORBIDDEN, kind)

    def test_oneself(self) -> None:
        """9.1, 10.4, 10.5."""
        self.make()
        for kind in ("outcast", "none", "member", "admin"):
            self.assertEqual(error(self.admin(standing(CRONE, kind))), CONFLICT, kind)
        self.admin(standing(HAG, "owner"))
        self.assertEqual(error(self.admin(standing(CRONE, "outcast"))), CONFLICT)
        self.assertEqual(self.admin(standing(CRONE, "none")).type, "result")

    def test_no_room(self) -> None:
        answer = self.admin(standing(HAG, "member"))
        self.assertEqual(error(answer), NOT_FOUND)


class OwnerErrorsTest(RoomsTestCase):
    def test_admins_do_not_own(self) -> None:
        """10.2, 10.9."""
        self.make({}, (self.hag, "hag"))
        self.admin(standing(HAG, "admin"))
        self.assertEqual(error(self.owner("", self.hag, "get")), FORBIDDEN)
        self.assertEqual(error(self.owner("<destroy/>", self.hag)), FORBIDDEN)
        self.assertEqual(error(self.configure({}, self.hag)), FORBIDDEN)

    def test_policies(self) -> None:
        """10.1.3."""
        self.enter(self.crone, "crone")
        answer = self.configure({"passwordprotectedroom": 1, "roomsecret": ""})
        self.assertEqual(error(answer)[1], "not-acceptable")
        self.assertEqual(error(self.enter(self.hag, "hag")[0]), NOT_FOUND)

    def test_password_that_is_missing(self) -> None:
        """A room is not left open that was to be protected; one that has a password keeps it."""
        self.make()
        answer = self.configure({"passwordprotectedroom": 1})
        self.assertEqual(error(answer), ("modify", "not-acceptable"))
        self.configure({"passwordprotectedroom": 1, "roomsecret": "cauldron"})
        self.assertEqual(self.configure({"passwordprotectedroom": 1}).type, "result")
        self.assertEqual(error(self.enter(self.hag, "hag")[0]), ("auth", "not-authorized"))

    def test_venue_that_is_none(self) -> None:
        self.make()
        answer = self.owner("<destroy jid='@'/>")
        self.assertEqual(error(answer), ("modify", "jid-malformed"))


class RegistrationErrorsTest(RoomsTestCase):
    def request(self, content: str = "", type: str = "set", room: str = ROOM) -> Stanza:
        return self.hag.ask(
            f"<iq type='{type}' id='r' to='{room}'>"
            f"<query xmlns='{names.REGISTER}'>{content}</query></iq>"
        )

    def wish(self, nick: str) -> str:
        return form("submit", names.REGISTER_FORM, {"muc#register_roomnick": nick})

    def test_no_room(self) -> None:
        """7.10."""
        missing = f"none@{SERVICE}"
        self.assertEqual(error(self.request(type="get", room=missing)), NOT_FOUND)
        self.assertEqual(error(self.request(self.wish("hag"), room=missing)), NOT_FOUND)

    def test_none(self) -> None:
        """7.10: requirements are not for those who may not, and nobody is registered."""
        self.make({f"{{{names.EXTRA}}}registration": "off"})
        self.assertEqual(error(self.request(type="get")), NOT_ALLOWED)
        unavailable = ("cancel", "service-unavailable")
        self.assertEqual(error(self.request(self.wish("hag"))), unavailable)

    def test_outcasts(self) -> None:
        self.make({f"{{{names.EXTRA}}}registration": "open"})
        self.admin(standing(HAG, "outcast"))
        self.assertEqual(error(self.request(type="get")), NOT_ALLOWED)
        self.assertEqual(error(self.request(self.wish("hag"))), NOT_ALLOWED)

    def test_reserved(self) -> None:
        self.make({f"{{{names.EXTRA}}}registration": "open"})
        self.admin(f"<item jid='{MACBETH}' affiliation='member' nick='mac'/>")
        self.assertEqual(error(self.request(self.wish("mac"))), CONFLICT)

    def test_no_form(self) -> None:
        self.make({f"{{{names.EXTRA}}}registration": "open"})
        for content in (
            "",
            "<username>hag</username>",
            "<x xmlns='jabber:x:data'/>",
            form("submit", names.REGISTER_FORM, {}),
            form("submit", names.ROOM_CONFIG, {"muc#register_roomnick": "hag"}),
        ):
            self.assertEqual(error(self.request(content)), BAD_REQUEST, content)


class MessageErrorsTest(RoomsTestCase):
    def told(self, client: Client, message: str) -> tuple[str, str]:
        client.received()
        client.send(message)
        return error(self.only(client))

    def test_to_rooms(self) -> None:
        """7.4, 8.1."""
        self.make({}, (self.hag, "hag"))
        subject = f"<message type='groupchat' to='{ROOM}'><subject>x</subject></message>"
        self.assertEqual(self.told(self.hag, subject), FORBIDDEN)
        outside = ("cancel", "not-acceptable")
        self.assertEqual(self.told(self.macbeth, subject), outside)
        said = f"<message type='groupchat' to='{ROOM}'><body>x</body></message>"
        self.assertEqual(self.told(self.macbeth, said), outside)

    def test_invitations(self) -> None:
        """7.8.2, 9.5."""
        self.make({"membersonly": 1})
        self.admin(standing(HAG, "member"))
        self.enter(self.hag, "hag")
        asked = f"<x xmlns='{names.MUC_USER}'><invite to='{{}}'/></x>"
        to_room = f"<message to='{ROOM}'>{{}}</message>"
        mac = to_room.format(asked.format(MACBETH))
        self.assertEqual(self.told(self.hag, mac), FORBIDDEN)
        self.assertEqual(self.told(self.macbeth, mac), ("cancel", "not-acceptable"))
        malformed = to_room.format(asked.format("@"))
        self.assertEqual(self.told(self.crone, malformed), ("modify", "jid-malformed"))
        nobody = to_room.format(f"<x xmlns='{names.MUC_USER}'/>")
        self.assertEqual(self.told(self.crone, nobody), BAD_REQUEST)

    def test_voice_requests_off(self) -> None:
        self.make({"moderatedroom": 1, f"{{{names.EXTRA}}}voicerequests": 0}, (self.hag, "hag"))
        asked = form("submit", names.REQUEST, {"muc#role": "participant"})
        told = self.told(self.hag, f"<message to='{ROOM}'>{asked}</message>")
        self.assertEqual(told, FORBIDDEN)

    def test_approval_by_who_may_not(self) -> None:
        """8.6."""
        self.make({"moderatedroom": 1}, (self.hag, "hag"))
        answer = {"muc#role": "participant", "muc#roomnick": "hag", "muc#request_allow": "true"}
        approved = form("submit", names.REQUEST, answer)
        told = self.told(self.hag, f"<message to='{ROOM}'>{approved}</message>")
        self.assertEqual(told, FORBIDDEN)


class PresenceErrorsTest(RoomsTestCase):
    def test_rename(self) -> None:
        """7.6: to one in use, or reserved."""
        self.make({}, (self.hag, "hag"))
        self.admin(f"<item jid='{MACBETH}' affiliation='member' nick='mac'/>")
        for nick in ("crone", "Mac"):
            self.hag.received()
            self.hag.send(f"<presence to='{ROOM}/{nick}'/>")
            self.assertEqual(error(self.only(self.hag)), CONFLICT)

    def test_errors_say_that_they_answer_a_join(self) -> None:
        """7.2."""
        self.make({"membersonly": 1})
        self.hag.send(f"<presence to='{ROOM}/hag' id='n13mt3l'>{X}</presence>")
        refused = self.only(self.hag)
        self.assertEqual((refused.sender, refused.id), (f"{ROOM}/hag", "n13mt3l"))
        self.assertTrue(refused.has(names.MUC, "x"))
