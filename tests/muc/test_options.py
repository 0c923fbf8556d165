"""What owners can make of a room (XEP-0045, 10.2, 15.5.3)."""

from tests.muc.kit import ROOM, RoomsTestCase, codes, error, form, item
from xmppd.component.discovery import DISCO_INFO
from xmppd.muc import names
from xmppd.protocol.forms import Form, FormType
from xmppd.protocol.stanza import Stanza
from xmppd.testing.client import Client

HAG, MACBETH = "hag@example.com", "macbeth@example.com"


def own(name: str) -> str:
    return f"{{{names.EXTRA}}}{name}"


class OptionsTestCase(RoomsTestCase):
    def affiliate(self, jid: str, affiliation: str, more: str = "") -> Stanza:
        return self.admin(f"<item jid='{jid}' affiliation='{affiliation}' {more}/>")

    def config(self) -> Form:
        """The form as the owner gets it."""
        query = self.owner("", type="get").payload()
        assert query is not None
        return Form.parse(next(query.elements()))

    def rename(self, client: Client, nick: str) -> list[Stanza]:
        client.send(f"<presence to='{ROOM}/{nick}'/>")
        return client.received()


class FixedNicksTest(OptionsTestCase):
    def test_reserved_nick_is_worn(self) -> None:
        """7.10: it takes the place of the one asked for, and 210 says so."""
        self.make({own("fixednicks"): 1})
        self.affiliate(HAG, "member", "nick='old hag'")
        found = self.enter(self.hag, "hag")
        mine = next(each for each in found if 110 in codes(each))
        self.assertEqual((mine.sender, codes(mine)), (f"{ROOM}/old hag", [110, 210]))
        self.assertEqual(codes(self.enter(self.hag, "old hag")[1]), [110])

    def test_reserved_for_somebody(self) -> None:
        """RFC 7622, 3.4: an admin reserves what can be worn, in the form in which it is worn."""
        self.make({own("fixednicks"): 1})
        for impossible in "a&#9;b", "a\u200eb":
            refused = self.affiliate(HAG, "member", f"nick='{impossible}'")
            self.assertEqual(error(refused), ("modify", "jid-malformed"))
        self.affiliate(HAG, "member", "nick='a\u0340'")
        [_, mine, _] = self.enter(self.hag, "hag")
        self.assertEqual(mine.sender, f"{ROOM}/\xe0")
        self.assertEqual(self.rooms.live["cave"].room.saved.standings[HAG].nick, "\xe0")

    def test_nobody_changes_nicks(self) -> None:
        """7.6."""
        self.make({own("fixednicks"): 1}, (self.hag, "hag"))
        [refused] = self.rename(self.hag, "other")
        self.assertEqual(error(refused), ("cancel", "not-acceptable"))
        [refused] = self.enter(self.hag, "other")
        self.assertEqual(error(refused), ("cancel", "not-acceptable"))
        self.assertEqual(self.crone.received(), [])
        self.assertEqual([each.type for each in self.rename(self.hag, "hag")], [None])


class MemberListTest(OptionsTestCase):
    def members(self, client: Client) -> Stanza:
        return self.admin("<item affiliation='member'/>", client, "get")

    def test_roles(self) -> None:
        """15.5.3, getmemberlist."""
        self.make({"getmemberlist": ["participant", "moderator"], "moderatedroom": 1})
        self.affiliate(MACBETH, "member")
        self.enter(self.macbeth, "mac")
        self.enter(self.hag, "hag")
        self.assertIn(MACBETH.encode(), self.members(self.macbeth).inner)
        self.assertEqual(error(self.members(self.hag)), ("auth", "forbidden"))
        owners = self.admin("<item affiliation='owner'/>", self.macbeth, "get")
        self.assertEqual(error(owners), ("auth", "forbidden"))
        field = self.config().field("muc#roomconfig_getmemberlist")
        assert field is not None
        self.assertEqual(field.values, ("participant", "moderator"))

    def test_not_unless_told(self) -> None:
        """5.2.1: members of a semi-anonymous room do not see addresses of others."""
        self.make({})
        self.affiliate(MACBETH, "member")
        self.assertEqual(error(self.members(self.macbeth)), ("auth", "forbidden"))
        self.configure({"whois": "anyone"})
        self.assertEqual(self.members(self.macbeth).type, "result")  # 9.5: though not inside


class BroadcastTest(OptionsTestCase):
    """15.5.3, presencebroadcast; 7.2.2: others than moderators do not see those roles."""

    def setUp(self) -> None:
        super().setUp()
        self.make(
            {"moderatedroom": 1, "presencebroadcast": ["moderator", "participant"]},
            (self.macbeth, "mac"),
        )
        self.admin("<item nick='mac' role='participant'/>")
        self.forget()

    def nicks(self, client: Client) -> list[tuple[str, str | None]]:
        """Of whom a client was told, and of what type."""
        presences = [each for each in client.received() if each.name == "presence"]
        return [(each.sender.resource, each.type) for each in presences if each.sender]

    def test_coming_and_going(self) -> None:
        self.hag.send(f"<presence to='{ROOM}/hag'><x xmlns='{names.MUC}'/></presence>")
        self.assertEqual(self.nicks(self.hag), [("crone", None), ("mac", None), ("hag", None)])
        self.assertEqual(self.nicks(self.crone), [("hag", None)])
        self.rename(self.hag, "old hag")
        self.hag.send(f"<presence to='{ROOM}/old hag'><show>away</show></presence>")
        self.hag.send(f"<presence to='{ROOM}/old hag' type='unavailable'/>")
        self.assertEqual(len(self.nicks(self.crone)), 4)
        self.assertEqual(self.nicks(self.macbeth), [])

    def test_who_comes_later(self) -> None:
        self.enter(self.hag, "hag")
        self.wizard.send(f"<presence to='{ROOM}/wizard'><x xmlns='{names.MUC}'/></presence>")
        found = [nick for nick, _ in self.nicks(self.wizard)]
        self.assertEqual(found, ["crone", "mac", "wizard"])

    def test_voice(self) -> None:
        """With voice they are there, without it they are gone."""
        self.enter(self.hag, "hag")
        self.forget()
        self.admin("<item nick='hag' role='participant'/>")
        self.assertEqual(self.nicks(self.macbeth), [("hag", None)])
        self.assertEqual(self.nicks(self.crone), [("hag", None)])
        self.admin("<item nick='hag' role='visitor'/>")
        gone = self.only(self.macbeth)
        self.assertEqual((gone.type, codes(gone), item(gone)["role"]), ("unavailable", [], "none"))
        self.assertEqual(item(self.only(self.crone))["role"], "visitor")

    def test_moderators_see_all(self) -> None:
        self.enter(self.hag, "hag")
        self.forget()
        self.admin("<item nick='mac' role='moderator'/>")
        self.assertIn(("hag", None), self.nicks(self.macbeth))
        self.admin("<item nick='mac' role='participant'/>")
        self.assertIn(("hag", "unavailable"), self.nicks(self.macbeth))

    def test_another_configuration(self) -> None:
        self.enter(self.hag, "hag")
        self.forget()
        self.configure({"presencebroadcast": ["moderator", "participant", "visitor"]})
        self.assertEqual(self.nicks(self.macbeth), [("hag", None)])
        self.configure({"presencebroadcast": ["visitor"]})
        self.assertEqual(self.nicks(self.macbeth), [("crone", "unavailable")])
        self.assertIn(("mac", "unavailable"), self.nicks(self.hag))
        self.assertEqual(self.nicks(self.crone), [])

    def test_what_they_say_is_heard(self) -> None:
        self.configure({"moderatedroom": 0, "presencebroadcast": []})
        self.enter(self.hag, "hag")
        self.forget()
        self.say(self.hag, "x")
        self.assertEqual(self.bodies(self.macbeth.received()), ["x"])


class AbsentTest(OptionsTestCase):
    def test_admins_learn_of_those_outside(self) -> None:
        """10.3: those who may know are told by a message from the room."""
        self.make({}, (self.hag, "hag"))
        self.affiliate(MACBETH, "member")
        told = self.only(self.crone)
        self.assertEqual((told.name, told.sender, told.type), ("message", ROOM, None))
        self.assertEqual(item(told), {"affiliation": "member", "jid": MACBETH, "role": "none"})
        self.assertEqual(self.hag.received(), [])
        self.assertEqual(self.macbeth.received(), [])

    def test_all_learn_where_all_may(self) -> None:
        self.make({"whois": "anyone"})
        self.affiliate(HAG, "member")
        self.enter(self.hag, "hag")
        self.forget()
        self.affiliate(MACBETH, "admin")
        self.assertEqual(item(self.only(self.hag))["affiliation"], "admin")
        self.affiliate(MACBETH, "outcast")  # outcasts are for admins
        self.assertEqual(self.hag.received(), [])

    def test_who_it_is_about(self) -> None:
        """101, where the room is told to."""
        self.make({own("tellabsent"): 1})
        self.affiliate(MACBETH, "member")
        told = self.only(self.macbeth)
        self.assertEqual((told.name, codes(told)), ("message", [101]))
        self.affiliate(MACBETH, "member")
        self.assertEqual(self.macbeth.received(), [])
        self.affiliate("example.com", "outcast")
        self.assertEqual(self.macbeth.received(), [])

    def test_new_members_are_invited(self) -> None:
        """9.5: to a members-only room; the password is in the invitation."""
        self.make({"membersonly": 1, "passwordprotectedroom": 1, "roomsecret": "cauldron"})
        self.affiliate(MACBETH, "member")
        told = self.only(self.macbeth)
        self.assertEqual(told.sender, ROOM)
        for part in (b"<invite from='", b"<password>cauldron</password>"):
            self.assertIn(part, told.inner)
        self.affiliate(MACBETH, "admin")
        self.assertEqual(self.macbeth.received(), [])

    def test_open_rooms_invite_nobody(self) -> None:
        self.make({})
        self.affiliate(MACBETH, "member")
        self.assertEqual(self.macbeth.received(), [])


class AbsentMembersTest(OptionsTestCase):
    def test_they_are_shown(self) -> None:
        """15.6: members with a reserved nick, as unavailable; addresses as for those inside."""
        self.make({own("absentmembers"): 1})
        self.affiliate(MACBETH, "member", "nick='mac'")
        others, absent, *_ = self.enter(self.hag, "hag")
        self.assertEqual((others.type, absent.type), (None, "unavailable"))
        self.assertEqual(absent.sender, f"{ROOM}/mac")
        self.assertEqual(item(absent), {"affiliation": "member", "role": "none"})
        absent, *_ = (each for each in self.enter(self.crone, "crone") if each.type)
        self.assertEqual(item(absent)["jid"], MACBETH)
        self.enter(self.macbeth, "mac")
        self.assertEqual(
            [each.type for each in self.enter(self.wizard, "w") if each.type], ["groupchat"]
        )

    def test_changes_are_told(self) -> None:
        """15.6: 102, 103."""
        self.make({}, (self.hag, "hag"))
        for value, expected in ((1, [102]), (0, [103])):
            self.configure({own("absentmembers"): value})
            self.assertEqual(codes(self.only(self.hag)), expected)


class PublishedTest(OptionsTestCase):
    def test_newcomers_are_warned(self) -> None:
        """7.2.12."""
        self.make({"enablelogging": 1})
        self.assertEqual(codes(self.enter(self.hag, "hag")[1]), [110, 170])

    def test_changes_are_told(self) -> None:
        """10.2.1."""
        self.make({}, (self.hag, "hag"))
        for value, expected in ((1, [170]), (0, [171])):
            self.configure({"enablelogging": value})
            self.assertEqual(codes(self.only(self.hag)), expected)
        self.configure({"enablelogging": 1, "whois": "anyone", "roomname": "Cave"})
        self.assertEqual(codes(self.only(self.hag)), [104, 170, 172])


class InfoTest(OptionsTestCase):
    def info(self, client: Client) -> Form:
        answer = client.ask(f"<iq type='get' id='d' to='{ROOM}'><query xmlns='{DISCO_INFO}'/></iq>")
        query = answer.payload()
        assert query is not None
        [x] = [child for child in query.elements() if child.name == "x"]
        return Form.parse(x)

    def values(self, client: Client) -> dict[str, tuple[str, ...]]:
        return {field.var: field.values for field in self.info(client).fields}

    def test_everything(self) -> None:
        """6.4, 15.5.4."""
        self.make(
            {
                "roomname": "A Dark Cave",
                "roomdesc": "The place for all good witches!",
                "lang": "en",
                "changesubject": 1,
                "enablelogging": 1,
                own("publishedat"): "http://www.shakespeare.lit/chatlogs/cave/",
                own("contacts"): ["crone@example.com"],
                "pubsub": "xmpp:pubsub.shakespeare.lit?;node=cave",
                "muc#maxhistoryfetch": 50,
            }
        )
        self.crone.send(
            f"<message type='groupchat' to='{ROOM}'><subject>Spells</subject></message>"
        )
        form = self.info(self.hag)
        self.assertEqual((form.type, form.form_type), (FormType.RESULT, names.ROOM_INFO))
        expected = {
            "muc#roomconfig_roomname": ("A Dark Cave",),
            "muc#roominfo_description": ("The place for all good witches!",),
            "muc#roominfo_contactjid": ("crone@example.com",),
            "muc#roominfo_subject": ("Spells",),
            "muc#roominfo_subjectmod": ("1",),
            "muc#roomconfig_changesubject": ("1",),
            "muc#roominfo_occupants": ("1",),
            "muc#roominfo_lang": ("en",),
            "muc#roominfo_logs": ("http://www.shakespeare.lit/chatlogs/cave/",),
            "muc#roomconfig_pubsub": ("xmpp:pubsub.shakespeare.lit?;node=cave",),
            "muc#maxhistoryfetch": ("50",),
        }
        values = self.values(self.hag)
        self.assertEqual({key: values.get(key) for key in expected}, expected)

    def test_subject_is_for_those_who_may_enter(self) -> None:
        """13.4."""
        self.make({"membersonly": 1})
        self.crone.send(
            f"<message type='groupchat' to='{ROOM}'><subject>Spells</subject></message>"
        )
        self.assertIn("muc#roominfo_subject", self.values(self.crone))
        self.assertNotIn("muc#roominfo_subject", self.values(self.hag))
        self.affiliate(HAG, "member")
        self.assertIn("muc#roominfo_subject", self.values(self.hag))
        self.configure({"passwordprotectedroom": 1, "roomsecret": "cauldron"})
        self.assertNotIn("muc#roominfo_subject", self.values(self.hag))


class CreationTest(OptionsTestCase):
    def test_instant_room(self) -> None:
        """10.1.2."""
        self.enter(self.crone, "crone")
        answer = self.owner("<x xmlns='jabber:x:data' type='submit'/>")
        self.assertEqual(answer.type, "result")
        self.assertEqual(codes(self.enter(self.hag, "hag")[1]), [110])

    def test_reserved_room(self) -> None:
        """10.1.3: the form has every registered field that a server can do something with."""
        self.enter(self.crone, "crone")
        found = {field.var for field in self.config().fields}
        for name in (
            "allowpm allowinvites changesubject enablelogging getmemberlist lang pubsub maxusers "
            "presencebroadcast "
            "membersonly moderatedroom passwordprotectedroom persistentroom publicroom roomadmins "
            "roomdesc roomname roomowners roomsecret whois"
        ).split():
            self.assertIn(f"muc#roomconfig_{name}", found)
        self.assertIn("muc#maxhistoryfetch", found)

    def test_owner_leaves_before(self) -> None:
        """10.1.3: the room is destroyed, and its owner told so."""
        self.enter(self.crone, "crone")
        self.crone.received()
        self.crone.send(f"<presence type='unavailable' to='{ROOM}/crone'/>")
        gone = self.only(self.crone)
        self.assertEqual(gone.type, "unavailable")
        self.assertIn(b"<destroy/>", gone.inner)
        self.assertEqual(codes(self.enter(self.hag, "hag")[0]), [110, 201])

    def test_refused_values_are_named(self) -> None:
        """10.2: what cannot be is said with what can."""
        self.make()
        for value, told in ((10**12, b"muc#maxhistoryfetch: not a number"), (900, b"up to 500")):
            answer = self.owner(form("submit", names.ROOM_CONFIG, {"muc#maxhistoryfetch": value}))
            self.assertEqual(error(answer), ("modify", "not-acceptable"))
            self.assertIn(told, answer.inner)

    def test_form_without_a_form(self) -> None:
        self.make()
        self.assertEqual(error(self.owner("<x xmlns='urn:x'/>")), ("modify", "bad-request"))
        answer = self.owner(form("form", names.ROOM_CONFIG, {}))
        self.assertEqual(error(answer), ("modify", "not-acceptable"))


class LastingByDefaultTest(OptionsTestCase):
    settings = {"defaults": {"persistent": True}}  # noqa: RUF012

    def test_a_room_nobody_configured_does_not_last(self) -> None:
        self.enter(self.crone, "crone")
        self.crone.close()
        self.assertEqual(self.server.service.rooms.live, {})
        self.assertEqual(codes(self.enter(self.hag, "hag")[0]), [110, 201])
