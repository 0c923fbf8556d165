"""Moderators, admins, owners: what no example shows (XEP-0045, 8 to 10)."""

from tests.muc.kit import ROOM, RoomsTestCase, codes, error, form, item
from xmppd.muc import names
from xmppd.protocol.stanza import Stanza

HAG = "hag@example.com"
MACBETH = "macbeth@example.com"
CRONE = "crone@example.com"


def role(nick: str, role: str, reason: str = "") -> str:
    return f"<item nick='{nick}' role='{role}'><reason>{reason}</reason></item>"


def standing(jid: str, affiliation: str, more: str = "") -> str:
    return f"<item jid='{jid}' affiliation='{affiliation}' {more}/>"


def listed(answer: Stanza) -> list[dict[str, str]]:
    query = answer.payload()
    assert query is not None
    return [{str(k): str(v) for k, v in each.attributes.items()} for each in query.elements()]


class RolesTest(RoomsTestCase):
    def test_kick_refused(self) -> None:
        """8.2, M4: not by who is no moderator, and not of one's betters."""
        self.make({}, (self.hag, "hag"), (self.macbeth, "mac"))
        self.assertEqual(error(self.admin(role("mac", "none"), self.hag)), ("auth", "forbidden"))
        refused = self.admin(role("crone", "none"), self.hag)
        self.assertEqual(error(refused), ("cancel", "not-allowed"))
        self.admin(role("hag", "moderator"))
        refused = self.admin(role("crone", "none"), self.hag)
        self.assertEqual(error(refused), ("cancel", "not-allowed"))
        missing = self.admin(role("nobody", "none"))
        self.assertEqual(error(missing), ("cancel", "item-not-found"))

    def test_bad_requests(self) -> None:
        """M4."""
        self.make({}, (self.hag, "hag"))
        for content in (
            "",
            "<item nick='hag'/>",
            f"<item nick='hag' jid='{HAG}' role='none' affiliation='none'/>",
            "<item role='participant'/>",
            "<item nick='hag' role='king'/>",
            f"<item jid='{HAG}' affiliation='king'/>",
            "<item affiliation='member'/>",
        ):
            self.assertEqual(error(self.admin(content)), ("modify", "bad-request"), content)
        answer = self.admin("<item jid='@' affiliation='member'/>")
        self.assertEqual(error(answer), ("modify", "jid-malformed"))


class AffiliationsTest(RoomsTestCase):
    def test_ban(self) -> None:
        """9.1, 9.2."""
        self.make({}, (self.hag, "hag"), (self.macbeth, "mac"))
        content = f"<item jid='{MACBETH}' affiliation='outcast'><reason>Treason</reason></item>"
        self.assertEqual(self.admin(content).type, "result")
        mine, theirs = self.only(self.macbeth), self.only(self.hag)
        self.assertEqual(codes(mine), [110, 301])
        self.assertEqual(item(theirs)["affiliation"], "outcast")
        answer = self.admin("<item affiliation='outcast'/>", type="get")
        self.assertEqual(listed(answer), [{"affiliation": "outcast", "jid": MACBETH}])
        self.assertIn(b"Treason", answer.inner)
        self.admin(standing(MACBETH, "none"))
        self.assertEqual(codes(self.enter(self.macbeth, "mac")[-2]), [110])

    def test_members(self) -> None:
        """9.3 to 9.5; the nick of a member is reserved."""
        self.make({"moderatedroom": 1}, (self.hag, "hag"))
        self.admin(standing(HAG, "member", "nick='old hag'"))
        found = item(self.only(self.hag))
        self.assertEqual((found["affiliation"], found["role"]), ("member", "participant"))
        self.assertEqual(error(self.enter(self.macbeth, "Old  Hag")[0]), ("cancel", "conflict"))
        answer = self.admin("<item affiliation='member'/>", type="get")
        self.assertEqual(listed(answer), [{"affiliation": "member", "jid": HAG, "nick": "old hag"}])
        refused = self.admin("<item affiliation='member'/>", self.macbeth, "get")
        self.assertEqual(error(refused), ("auth", "forbidden"))

    def test_all_or_nothing(self) -> None:
        """9.2: several changes in one request."""
        self.make({}, (self.hag, "hag"))
        answer = self.admin(standing(HAG, "member") + standing(CRONE, "outcast"))
        self.assertEqual(error(answer), ("cancel", "conflict"))
        self.assertEqual(self.hag.received(), [])


class OwnersTest(RoomsTestCase):
    def test_bad_values(self) -> None:
        self.make()
        for values in (
            {"passwordprotectedroom": 1, "roomsecret": ""},
            {"whois": "nobody"},
            {"muc#maxhistoryfetch": "many"},
            {"muc#maxhistoryfetch": 10_000},
            {"moderatedroom": "perhaps"},
        ):
            self.assertEqual(error(self.configure(values))[1], "not-acceptable", values)

    def test_owners_by_form(self) -> None:
        """10.1.3: the form names owners and admins too."""
        self.make()
        self.configure({"roomowners": [CRONE, HAG], "roomadmins": [MACBETH]})
        answer = self.admin("<item affiliation='owner'/>", type="get")
        self.assertEqual([each["jid"] for each in listed(answer)], [CRONE, HAG])
        refused = self.configure({"roomowners": []})
        self.assertEqual(error(refused), ("cancel", "conflict"))


class RegistrationTest(RoomsTestCase):
    def register(self, nick: str) -> Stanza:
        submitted = form("submit", names.REGISTER_FORM, {"muc#register_roomnick": nick})
        return self.request(submitted)

    def request(self, content: str, type: str = "set") -> Stanza:
        return self.hag.ask(
            f"<iq type='{type}' id='r' to='{ROOM}'>"
            f"<query xmlns='{names.REGISTER}'>{content}</query></iq>"
        )

    def test_admins_outside(self) -> None:
        """9.9: where no admin is inside, some are told at home."""
        self.make({"persistentroom": 1})
        self.crone.send(f"<presence type='unavailable' to='{ROOM}/crone'/>")
        self.crone.received()
        self.register("hag")
        self.assertIn(b"muc#register_allow", self.only(self.crone).inner)

    def test_taken(self) -> None:
        self.make()
        self.assertEqual(error(self.register("Crone")), ("cancel", "conflict"))
