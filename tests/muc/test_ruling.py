"""Moderators, admins, owners (XEP-0045, 8 to 10)."""

from tests.muc.kit import ROOM, SERVICE, RoomsTestCase, codes, error, form, item
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
    def test_kick(self) -> None:
        """8.2."""
        self.make({}, (self.hag, "hag"), (self.macbeth, "mac"))
        self.assertEqual(self.admin(role("mac", "none", "Avaunt")).type, "result")
        mine, theirs = self.only(self.macbeth), self.only(self.hag)
        self.assertEqual((mine.type, codes(mine)), ("unavailable", [110, 307]))
        self.assertIn(b"Avaunt", mine.inner)
        self.assertEqual(codes(theirs), [307])
        self.assertIn(b"nick='crone'", theirs.inner)
        self.assertNotIn(MACBETH.encode(), theirs.inner)

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

    def test_voice(self) -> None:
        """8.3, 8.4, 8.5."""
        self.make({"moderatedroom": 1}, (self.hag, "hag"))
        self.assertEqual(self.admin(role("hag", "participant")).type, "result")
        self.assertEqual(item(self.only(self.hag))["role"], "participant")
        answer = self.admin("<item role='participant'/>", type="get")
        self.assertEqual(
            listed(answer),
            [{"affiliation": "none", "jid": self.hag.jid, "nick": "hag", "role": "participant"}],
        )
        self.admin(role("hag", "visitor"))
        self.assertEqual(item(self.only(self.hag))["role"], "visitor")
        refused = self.admin("<item role='participant'/>", self.hag, "get")
        self.assertEqual(error(refused), ("auth", "forbidden"))

    def test_voice_of_admins(self) -> None:
        """8.4: an admin's or owner's voice cannot be taken."""
        self.make({}, (self.hag, "hag"))
        self.admin(standing(HAG, "admin"))
        self.assertEqual(error(self.admin(role("hag", "visitor"))), ("cancel", "not-allowed"))

    def test_moderators(self) -> None:
        """9.6 to 9.8."""
        self.make({}, (self.hag, "hag"), (self.macbeth, "mac"))
        self.admin(role("hag", "moderator"))
        mine, *others = self.hag.received()
        self.assertEqual(item(mine)["role"], "moderator")
        addresses = {item(each)["jid"] for each in others}  # 9.6, 7.2.4: moderators see them
        self.assertEqual(addresses, {str(self.crone.jid), str(self.macbeth.jid)})
        refused = self.admin(role("mac", "moderator"), self.hag)
        self.assertEqual(error(refused), ("auth", "forbidden"))
        answer = self.admin("<item role='moderator'/>", type="get")
        self.assertEqual([each["nick"] for each in listed(answer)], ["crone", "hag"])
        self.admin(role("hag", "participant"))
        self.assertEqual(item(self.hag.received()[-1])["role"], "participant")

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

    def test_ban_refused(self) -> None:
        """9.1."""
        self.make({}, (self.hag, "hag"), (self.macbeth, "mac"))
        refused = self.admin(standing(MACBETH, "outcast"), self.hag)
        self.assertEqual(error(refused), ("auth", "forbidden"))
        self.admin(standing(HAG, "admin"))
        refused = self.admin(standing(CRONE, "outcast"), self.hag)
        self.assertEqual(error(refused), ("cancel", "not-allowed"))
        self.assertEqual(error(self.admin(standing(CRONE, "outcast"))), ("cancel", "conflict"))

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

    def test_member_of_a_members_only_room_removed(self) -> None:
        """9.4: 321."""
        self.make({"membersonly": 1})
        self.admin(standing(HAG, "member"))
        self.enter(self.hag, "hag")
        self.forget()
        self.admin(standing(HAG, "none"))
        self.assertEqual(codes(self.only(self.hag)), [110, 321])

    def test_owners_and_admins(self) -> None:
        """10.3 to 10.8."""
        self.make({}, (self.hag, "hag"))
        self.admin(standing(HAG, "admin"))
        found = item(self.hag.received()[0])
        self.assertEqual((found["affiliation"], found["role"]), ("admin", "moderator"))
        refused = self.admin(standing(MACBETH, "owner"), self.hag)
        self.assertEqual(error(refused), ("auth", "forbidden"))
        refused = self.admin("<item affiliation='owner'/>", self.hag, "get")
        self.assertEqual(error(refused), ("auth", "forbidden"))
        answer = self.admin("<item affiliation='admin'/>", type="get")
        self.assertEqual([each["jid"] for each in listed(answer)], [HAG])
        self.admin(standing(HAG, "owner"))
        self.admin(standing(CRONE, "none"), self.hag)
        self.assertEqual(item(self.crone.received()[-1])["affiliation"], "none")

    def test_last_owner(self) -> None:
        """M4; 10.4."""
        self.make()
        self.assertEqual(error(self.admin(standing(CRONE, "admin"))), ("cancel", "conflict"))

    def test_all_or_nothing(self) -> None:
        """9.2: several changes in one request."""
        self.make({}, (self.hag, "hag"))
        answer = self.admin(standing(HAG, "member") + standing(CRONE, "outcast"))
        self.assertEqual(error(answer), ("cancel", "conflict"))
        self.assertEqual(self.hag.received(), [])


class OwnersTest(RoomsTestCase):
    def test_form_for_owners_only(self) -> None:
        """10.2."""
        self.make({}, (self.hag, "hag"))
        self.assertEqual(error(self.owner("", self.hag, "get")), ("auth", "forbidden"))
        answer = self.owner("", type="get")
        self.assertIn(b"muc#roomconfig_membersonly", answer.inner)
        self.assertEqual(self.configure({"membersonly": 1}, self.hag).type, "error")

    def test_changes_are_told(self) -> None:
        """10.2.1: 172, 173, 104."""
        self.make({}, (self.hag, "hag"))
        for values, expected in (
            ({"whois": "anyone"}, [172]),
            ({"whois": "moderators"}, [173]),
            ({"moderatedroom": 1}, [104]),
        ):
            self.configure(values)
            found = self.only(self.hag)
            self.assertEqual((found.type, codes(found)), ("groupchat", expected))

    def test_members_only_removes(self) -> None:
        """10.2.1: 322."""
        self.make({}, (self.hag, "hag"))
        self.configure({"membersonly": 1})
        self.assertEqual(codes(self.hag.received()[-1]), [110, 322])

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

    def test_destroy(self) -> None:
        """10.9."""
        self.make({}, (self.hag, "hag"))
        destroy = f"<destroy jid='heath@{SERVICE}'><reason>Macbeth comes</reason></destroy>"
        self.assertEqual(error(self.owner(destroy, self.hag)), ("auth", "forbidden"))
        self.assertEqual(self.owner(destroy).type, "result")
        gone = self.only(self.hag)
        self.assertEqual((gone.type, gone.sender), ("unavailable", f"{ROOM}/hag"))
        self.assertIn(f"heath@{SERVICE}".encode(), gone.inner)
        self.assertIn(b"Macbeth comes", gone.inner)
        self.assertEqual(error(self.owner("", type="get")), ("cancel", "gone"))


class RegistrationTest(RoomsTestCase):
    def register(self, nick: str) -> Stanza:
        submitted = form("submit", names.REGISTER_FORM, {"muc#register_roomnick": nick})
        return self.request(submitted)

    def request(self, content: str, type: str = "set") -> Stanza:
        return self.hag.ask(
            f"<iq type='{type}' id='r' to='{ROOM}'>"
            f"<query xmlns='{names.REGISTER}'>{content}</query></iq>"
        )

    def test_open(self) -> None:
        """7.10: a member at once, with a nick nobody else may take."""
        self.make({f"{{{names.EXTRA}}}registration": "open"})
        self.assertIn(b"muc#register_roomnick", self.request("", "get").inner)
        self.assertEqual(self.register("hag").type, "result")
        self.assertIn(b"<registered/>", self.request("", "get").inner)
        self.assertEqual(error(self.enter(self.macbeth, "HAG")[0]), ("cancel", "conflict"))
        nick = self.hag.ask(
            f"<iq type='get' id='d' to='{ROOM}'><query node='x-roomuser-item' "
            "xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )
        self.assertIn(b"name='hag'", nick.inner)
        self.assertEqual(self.request("<remove/>").type, "result")
        self.assertNotIn(b"<registered/>", self.request("", "get").inner)

    def test_ask(self) -> None:
        """9.9: admins are asked, and one agrees."""
        self.make()
        self.assertEqual(self.register("hag").type, "result")
        self.assertIn(b"muc#register_allow", self.only(self.crone).inner)
        allowed = {
            "muc#register_allow": 1,
            "muc#register_jid": HAG,
            "muc#register_roomnick": "hag",
        }
        self.crone.send(
            f"<message to='{ROOM}'>{form('submit', names.REGISTER_FORM, allowed)}</message>"
        )
        self.assertIn(b"<registered/>", self.request("", "get").inner)

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
