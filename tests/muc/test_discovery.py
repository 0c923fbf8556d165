"""What can be found out about rooms (XEP-0045, 6)."""

from tests.muc.kit import ROOM, SERVICE, RoomsTestCase, error
from xmppd.component.discovery import DISCO_INFO, DISCO_ITEMS
from xmppd.muc import names
from xmppd.protocol.stanza import Stanza
from xmppd.testing.client import Client


class DiscoveryTest(RoomsTestCase):
    def ask(self, to: str, what: str, content: str = "", client: Client | None = None) -> Stanza:
        query = f"<query xmlns='{what}'>{content}</query>"
        return (client or self.hag).ask(f"<iq type='get' id='d' to='{to}'>{query}</iq>")

    def items(self, to: str, content: str = "", client: Client | None = None) -> list[str]:
        query = self.ask(to, DISCO_ITEMS, content, client).payload()
        assert query is not None
        return [str(each["jid"]) for each in query.elements() if each.name == "item"]

    def test_host_lists_the_service(self) -> None:
        """6.1."""
        self.assertEqual(self.items("example.com"), [SERVICE])

    def test_service(self) -> None:
        """6.2."""
        answer = self.ask(SERVICE, DISCO_INFO).inner.decode()
        self.assertIn("category='conference' type='text'", answer)
        for feature in (names.MUC, names.OCCUPANT_ID, "http://jabber.org/protocol/rsm"):
            self.assertIn(f"<feature var='{feature}'/>", answer)

    def test_rooms(self) -> None:
        """6.3: rooms that are public and open to others."""
        self.enter(self.crone, "crone")
        self.assertEqual(self.items(SERVICE), [])
        self.configure({"roomname": "A Dark Cave"})
        self.assertEqual(self.items(SERVICE), [ROOM])
        self.configure({"publicroom": 0})
        self.assertEqual(self.items(SERVICE), [])

    def test_pages(self) -> None:
        """6.3, XEP-0059."""
        for name in "abcde":
            self.make_room(name)
        page = "<set xmlns='http://jabber.org/protocol/rsm'>{}</set>"
        self.assertEqual(self.items(SERVICE, page.format("<max>2</max>")), self.named("ab"))
        after = page.format("<max>2</max><after>b</after>")
        self.assertEqual(self.items(SERVICE, after), self.named("cd"))
        self.assertEqual(
            self.items(SERVICE, page.format("<max>2</max><before/>")), self.named("de")
        )
        answer = self.ask(SERVICE, DISCO_ITEMS, page.format("<max>0</max>"))
        self.assertIn(b"<count>5</count>", answer.inner)
        wrong = self.ask(SERVICE, DISCO_ITEMS, page.format("<max>-1</max>"))
        self.assertEqual(error(wrong), ("modify", "bad-request"))

    def make_room(self, name: str) -> None:
        room = f"{name}@{SERVICE}"
        self.enter(self.crone, "crone", room=room)
        self.crone.ask(
            f"<iq type='set' id='o' to='{room}'><query xmlns='{names.MUC_OWNER}'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
        )

    def named(self, locals: str) -> list[str]:
        return [f"{name}@{SERVICE}" for name in locals]

    def test_room(self) -> None:
        """6.4: features and the form."""
        self.make({"membersonly": 1, "moderatedroom": 1, "roomdesc": "Witches"})
        answer = self.ask(ROOM, DISCO_INFO).inner.decode()
        for feature in ("muc_membersonly", "muc_moderated", "muc_semianonymous", names.STABLE_ID):
            self.assertIn(f"<feature var='{feature}'/>", answer)
        self.assertIn("muc#roominfo_description", answer)
        self.assertIn("Witches", answer)
        missing = self.ask(f"none@{SERVICE}", DISCO_INFO)
        self.assertEqual(error(missing), ("cancel", "item-not-found"))

    def test_what_passes(self) -> None:
        """11: nothing is kept back by its namespace, so there is nothing to tell."""
        self.make({}, (self.hag, "hag"))
        node = "http://jabber.org/protocol/muc#traffic"
        answer = self.hag.ask(
            f"<iq type='get' id='a' to='{ROOM}'><query xmlns='{DISCO_INFO}' node='{node}'/></iq>"
        )
        self.assertEqual(error(answer), ("cancel", "service-unavailable"))

    def test_occupants(self) -> None:
        """6.5: only where everybody is known, and for those inside."""
        self.make({}, (self.hag, "hag"))
        self.assertEqual(self.items(ROOM), [])
        self.configure({"whois": "anyone"})
        self.hag.received()
        self.assertEqual(self.items(ROOM), [f"{ROOM}/crone", f"{ROOM}/hag"])
        self.assertEqual(self.items(ROOM, client=self.macbeth), [])

    def test_occupant(self) -> None:
        """6.6: a request to an occupant is passed on to it."""
        self.make({}, (self.hag, "hag"))
        query = f"<query xmlns='{DISCO_INFO}'/>"
        self.hag.send(f"<iq type='get' id='d' to='{ROOM}/crone'>{query}</iq>")
        self.assertEqual(self.only(self.crone).sender, f"{ROOM}/hag")
