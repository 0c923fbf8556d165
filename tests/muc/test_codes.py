"""Every status code that a service gives, and who gets it (XEP-0045, 15.6)."""

from tests.muc.kit import ROOM, RoomsTestCase, X, codes, form, item
from xmppd.muc import names
from xmppd.protocol.stanza import Stanza
from xmppd.testing.client import Client

HAG = "hag@example.com"


class CodesTest(RoomsTestCase):
    """The crone owns the room, the hag is who it happens to, Macbeth looks on."""

    def begin(self, **values: object) -> None:
        self.make(dict(values), (self.hag, "hag"), (self.macbeth, "mac"))

    def own(self, name: str) -> str:
        return f"{{{names.EXTRA}}}{name}"

    def both(self, kind: str = "presence") -> tuple[Stanza, Stanza]:
        """What the hag and Macbeth were told last."""
        found = []
        for client in (self.hag, self.macbeth):
            found.append([each for each in client.received() if each.name == kind][-1])
        return found[0], found[1]

    def check_gone(self, expected: list[int], affiliation: str = "none") -> None:
        """The hag is out: she is told with 110, Macbeth without."""
        mine, theirs = self.both()
        for each in (mine, theirs):
            self.assertEqual((each.type, each.sender), ("unavailable", f"{ROOM}/hag"))
            self.assertEqual((item(each)["role"], item(each)["affiliation"]), ("none", affiliation))
        self.assertEqual(codes(mine), sorted([110, *expected]))
        self.assertEqual(codes(theirs), expected)

    def check_told(self, values: dict[str, object], expected: int) -> None:
        """Occupants are told that the configuration is another, each by one message."""
        self.configure(dict(values))
        for told in self.both("message"):
            self.assertEqual((told.type, told.sender, codes(told)), ("groupchat", ROOM, [expected]))

    def join(self, client: Client, nick: str) -> list[int]:
        found = self.enter(client, nick)
        return next(codes(each) for each in found if 110 in codes(each))

    def test_100(self) -> None:
        self.begin(whois="anyone")
        self.assertEqual(self.join(self.wizard, "wizard"), [100, 110])

    def test_101(self) -> None:
        self.make({self.own("tellabsent"): 1})
        self.admin(f"<item jid='{HAG}' affiliation='admin'/>")
        self.assertEqual(codes(self.only(self.hag)), [101])

    def test_102_103(self) -> None:
        self.begin()
        self.check_told({self.own("absentmembers"): 1}, 102)
        self.check_told({self.own("absentmembers"): 0}, 103)

    def test_104(self) -> None:
        self.begin()
        self.check_told({"roomname": "Cave"}, 104)

    def test_110(self) -> None:
        self.begin()
        self.hag.send(f"<presence to='{ROOM}/hag'><show>dnd</show></presence>")
        mine, theirs = self.both()
        self.assertEqual((codes(mine), codes(theirs)), ([110], []))

    def test_170_171(self) -> None:
        self.begin()
        self.check_told({"enablelogging": 1}, 170)
        self.assertEqual(self.join(self.wizard, "wizard"), [110, 170])
        self.check_told({"enablelogging": 0}, 171)

    def test_172_173(self) -> None:
        """174 was for anonymous rooms, which there are no longer (10.1.3)."""
        self.begin()
        self.check_told({"whois": "anyone"}, 172)
        self.check_told({"whois": "moderators"}, 173)
        self.assertEqual(self.configure({"whois": "none"}).type, "error")

    def test_201(self) -> None:
        self.assertEqual(self.join(self.hag, "hag"), [110, 201])
        self.assertEqual(self.join(self.hag, "hag"), [110, 201])  # not yet configured

    def test_210(self) -> None:
        self.begin(**{self.own("fixednicks"): 1})
        self.admin("<item jid='wizard@example.com' affiliation='member' nick='merlin'/>")
        self.assertEqual(self.join(self.wizard, "wizard"), [110, 210])

    def test_301(self) -> None:
        self.begin()
        self.admin(f"<item jid='{HAG}' affiliation='outcast'/>")
        self.check_gone([301], "outcast")

    def test_303(self) -> None:
        self.begin()
        self.hag.send(f"<presence to='{ROOM}/old hag'/>")
        for client, expected in ((self.hag, [110, 303]), (self.macbeth, [303])):
            old, new = client.received()
            self.assertEqual((old.type, old.sender), ("unavailable", f"{ROOM}/hag"))
            self.assertEqual((codes(old), item(old)["nick"]), (expected, "old hag"))
            self.assertEqual((new.type, new.sender), (None, f"{ROOM}/old hag"))

    def test_307(self) -> None:
        self.begin()
        self.admin("<item nick='hag' role='none'/>")
        self.check_gone([307])

    def test_321(self) -> None:
        self.make({"membersonly": 1})
        for client, nick in ((self.hag, "hag"), (self.macbeth, "mac")):
            self.admin(f"<item jid='{client.jid.bare}' affiliation='member'/>")
            self.enter(client, nick)
        self.admin(f"<item jid='{HAG}' affiliation='none'/>")
        self.check_gone([321])

    def test_322(self) -> None:
        self.begin()
        self.admin("<item jid='macbeth@example.com' affiliation='member'/>")
        self.configure({"membersonly": 1})
        self.check_gone([322])

    def test_332(self) -> None:
        self.begin()
        self.server.service.rooms.shut_down()
        self.server.settle()
        for client in (self.hag, self.macbeth):
            gone = self.only(client)
            self.assertEqual((gone.type, codes(gone)), ("unavailable", [110, 332]))

    def test_333(self) -> None:
        """11.1: those who stay are told that it was a failure, and not that it was a kick."""
        self.make({}, (self.macbeth, "mac"))
        far = self.server.elsewhere("far.test")
        far.send(f"<presence from='a@far.test/x' to='{ROOM}/hag'>{X}</presence>")
        self.macbeth.received()
        far.send(
            f"<presence type='error' from='a@far.test/x' to='{ROOM}/mac'><error type='cancel'>"
            "<remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
            "</presence>"
        )
        gone = self.only(self.macbeth)
        self.assertEqual((gone.type, codes(gone)), ("unavailable", [333]))

    def test_333_for_outsiders(self) -> None:
        """7.2.18."""
        self.make()
        [told] = self.enter(self.hag, "hag", "")
        self.assertEqual(codes(told), [110, 307, 333])

    def test_voice_form(self) -> None:
        """8.6: what a moderator gets can be submitted as it is."""
        self.begin(moderatedroom=1)
        asked = form("submit", names.REQUEST, {"muc#role": "participant"})
        self.hag.send(f"<message to='{ROOM}'>{asked}</message>")
        told = self.only(self.crone)
        for var in ("muc#role", "muc#jid", "muc#roomnick", "muc#request_allow"):
            self.assertIn(f"var='{var}'".encode(), told.inner)
        self.assertEqual(self.macbeth.received(), [])
