"""One nick worn by several clients of one account (XEP-0045, 7.2.9)."""

from tests.muc.kit import ROOM, RoomsTestCase, X, codes, error, item
from xmppd.muc import names
from xmppd.testing.client import Client

HAG = "hag@example.com"


class SessionsTest(RoomsTestCase):
    """The hag is there with two clients."""

    def setUp(self) -> None:
        super().setUp()
        self.phone = self.server.client("hag", "phone")
        self.make({}, (self.hag, "hag"), (self.phone, "hag"), (self.macbeth, "mac"))
        self.forget()

    def forget(self) -> None:
        super().forget()
        if hasattr(self, "phone"):
            self.phone.received()

    def show(self, client: Client, content: str, nick: str = "hag") -> None:
        client.send(f"<presence to='{ROOM}/{nick}'>{content}</presence>")

    def test_one_occupant(self) -> None:
        """Others see one, and both clients are told that they are it."""
        presences = [each for each in self.enter(self.wizard, "w") if each.name == "presence"]
        nicks = [str(each.sender.resource) for each in presences if each.sender]
        self.assertEqual(sorted(nicks), ["crone", "hag", "mac", "w"])
        self.forget()
        self.admin("<item nick='hag' role='visitor'/>")
        for client in (self.hag, self.phone):
            self.assertEqual(codes(self.only(client)), [110])
        self.assertEqual(codes(self.only(self.macbeth)), [])

    def test_all_hear_and_all_may_speak(self) -> None:
        self.say(self.phone, "one")
        self.say(self.hag, "two")
        for client in (self.hag, self.phone, self.macbeth):
            self.assertEqual(self.bodies(client.received()), ["one", "two"])

    def test_private_messages_reach_all(self) -> None:
        self.macbeth.send(f"<message type='chat' to='{ROOM}/hag'><body>psst</body></message>")
        for client in (self.hag, self.phone):
            self.assertEqual(self.bodies(client.received()), ["psst"])

    def test_highest_priority_is_shown(self) -> None:
        self.show(self.hag, "<priority>5</priority><show>dnd</show>")
        self.show(self.phone, "<priority>1</priority><show>chat</show>")
        shown = [each.text("", "show") for each in self.macbeth.received()]
        self.assertEqual(shown[-1], "dnd")
        self.hag.send(f"<presence type='unavailable' to='{ROOM}/hag'/>")
        last = self.macbeth.received()[-1]
        self.assertEqual((last.type, last.text("", "show")), (None, "chat"))

    def test_going_one_by_one(self) -> None:
        """Only with the last one the occupant is gone."""
        self.phone.send(f"<presence type='unavailable' to='{ROOM}/hag'/>")
        gone = self.phone.received()[0]
        self.assertEqual((gone.type, codes(gone)), ("unavailable", [110]))
        self.assertNotIn("unavailable", [each.type for each in self.macbeth.received()])
        self.hag.received()
        self.hag.send(f"<presence type='unavailable' to='{ROOM}/hag'/>")
        self.assertEqual(self.only(self.macbeth).type, "unavailable")

    def test_rename_takes_all(self) -> None:
        self.show(self.phone, "", "old hag")
        for client in (self.hag, self.phone):
            old, new = client.received()[-2:]
            self.assertEqual((codes(old), codes(new)), ([110, 303], [110]))
            self.assertEqual(new.sender, f"{ROOM}/old hag")
        self.assertEqual(len(self.macbeth.received()), 2)

    def test_kick_and_ban_take_all(self) -> None:
        for content, expected in (
            ("<item nick='hag' role='none'/>", 307),
            (f"<item jid='{HAG}' affiliation='outcast'/>", 301),
        ):
            self.forget()
            self.assertEqual(self.admin(content).type, "result")
            for client in (self.hag, self.phone):
                self.assertEqual(codes(self.only(client)), [110, expected])
            self.assertEqual(codes(self.only(self.macbeth)), [expected])
            for client in (self.hag, self.phone):
                self.enter(client, "hag")

    def test_destroyed_for_all(self) -> None:
        self.owner("<destroy/>")
        for client in (self.hag, self.phone):
            self.assertIn(b"<destroy/>", self.only(client).inner)

    def test_ghost_of_one(self) -> None:
        """An error takes out the client that it comes from, and no other."""
        self.say(self.crone, "x")
        self.forget()
        self.phone.send(
            f"<message type='error' id='said' to='{ROOM}/crone'><error type='cancel'>"
            "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        )
        self.assertEqual(codes(self.phone.received()[0]), [110, 333])
        self.assertNotIn("unavailable", [each.type for each in self.macbeth.received()])
        self.say(self.crone, "y")
        self.assertEqual(self.bodies(self.phone.received()), [])
        self.assertEqual(self.bodies(self.hag.received()), ["y"])

    def test_who_is_outside_says_of_no_message_that_it_was_for_all(self) -> None:
        """So nobody who refuses private messages is taken for a ghost by one that looks so."""
        self.wizard.send(
            f"<message to='{ROOM}' type='groupchat' id='said'><body>x</body></message>"
        )
        self.assertEqual(error(self.only(self.wizard)), ("cancel", "not-acceptable"))
        self.phone.send(
            f"<message type='error' id='said' to='{ROOM}/crone'><error type='cancel'>"
            "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        )
        self.assertEqual(self.phone.received(), [])

    def test_another_nick_for_another_client(self) -> None:
        """One account may wear two nicks, each in other clients; not one client two."""
        pda = self.server.client("hag", "other")
        found = self.enter(pda, "hag2")
        self.assertEqual(len([each for each in found if 110 in codes(each)]), 1)
        self.assertEqual(error(self.enter(pda, "mac")[0]), ("cancel", "conflict"))

    def test_self_ping_of_each(self) -> None:
        """XEP-0410."""
        ping = f"<iq type='get' id='p' to='{ROOM}/hag'><ping xmlns='{names.PING}'/></iq>"
        for client in (self.hag, self.phone):
            self.assertEqual(client.ask(ping).type, "result")
        other = self.server.client("hag", "other")
        self.assertEqual(error(other.ask(ping)), ("cancel", "not-acceptable"))

    def test_most(self) -> None:
        for number in range(8):
            self.enter(self.server.client("hag", f"r{number}"), "hag")
        [refused] = self.enter(self.server.client("hag", "more"), "hag")
        self.assertEqual(error(refused), ("wait", "service-unavailable"))


class VoiceTest(RoomsTestCase):
    def again(self, nick: str = "hag") -> str:
        """The hag goes and comes; gives her role."""
        self.hag.send(f"<presence to='{ROOM}/{nick}' type='unavailable'/>")
        self.hag.received()
        mine = next(each for each in self.enter(self.hag, nick, X) if 110 in codes(each))
        return item(mine)["role"]

    def test_voice_lasts(self) -> None:
        """5.1: for moderated rooms; also what was taken in others."""
        self.make({"moderatedroom": 1}, (self.hag, "hag"))
        self.assertEqual(self.again(), "visitor")
        self.admin("<item nick='hag' role='participant'/>")
        self.assertEqual(self.again(), "participant")
        self.admin("<item nick='hag' role='moderator'/>")
        self.assertEqual(self.again(), "visitor")
        self.admin("<item nick='hag' role='participant'/>")
        self.configure({"moderatedroom": 0})
        self.admin("<item nick='hag' role='visitor'/>")
        self.assertEqual(self.again(), "visitor")
        self.admin(f"<item jid='{HAG}' affiliation='member'/>")
        self.assertEqual(self.again(), "participant")
