"""Rooms that were destroyed."""

from twisted.internet.defer import Deferred

from tests.muc.kit import ROOM, RoomsTestCase, codes, error
from xmppd.component.discovery import DISCO_INFO
from xmppd.muc import names
from xmppd.protocol.namespaces import STANZA_ERRORS
from xmppd.protocol.stanza import Stanza

GONE = ("cancel", "gone")


class GravesTest(RoomsTestCase):
    settings = {"gone_seconds": 60}  # noqa: RUF012

    def destroy(self, destroy: str, **values: object) -> None:
        self.make(dict(values), (self.hag, "hag"))
        self.assertEqual(self.owner(destroy).type, "result")
        self.forget()

    def enter_gone(self) -> Stanza:
        [refused] = self.enter(self.hag, "hag")
        self.assertEqual(error(refused), GONE)
        return refused

    def test_moved(self) -> None:
        """RFC 6120, 8.3.3.5: who comes is told where to turn."""
        self.destroy("<destroy jid='heath@rooms.example.com'><reason>Macbeth</reason></destroy>")
        refused = self.enter_gone()
        found = refused.child("", "error")
        assert found is not None
        [gone] = [str(each) for each in found.elements(STANZA_ERRORS, "gone")]
        self.assertEqual(gone, "xmpp:heath@rooms.example.com?join")
        self.assertIn(b"Macbeth", refused.inner)
        answer = self.hag.ask(
            f"<iq type='get' id='d' to='{ROOM}'><query xmlns='{DISCO_INFO}'/></iq>"
        )
        self.assertEqual(error(answer), GONE)
        self.say(self.hag, "x")
        self.assertEqual(error(self.only(self.hag)), GONE)

    def test_address_is_an_address(self) -> None:
        self.destroy("<destroy jid='a%3fc@rooms.example.com'/>")
        self.assertIn(b"xmpp:a%253fc@rooms.example.com?join", self.enter_gone().inner)

    def test_owners_may_make_it_anew(self) -> None:
        self.destroy("<destroy/>", persistentroom=1)
        self.enter_gone()
        self.assertEqual(codes(self.enter(self.crone, "crone")[0]), [110, 201])
        self.configure({})
        self.assertEqual(codes(self.enter(self.hag, "hag")[1]), [110])

    def test_owner_who_does_not_get_in(self) -> None:
        """As under an impossible nick: for others it is gone as before."""
        self.destroy("<destroy/>", persistentroom=1)
        [refused] = self.enter(self.crone, "\u3164")
        self.assertEqual(error(refused), ("modify", "jid-malformed"))
        self.enter_gone()

    def test_for_some_time(self) -> None:
        self.destroy("<destroy/>", persistentroom=1)
        self.server.advance(59)
        self.enter_gone()
        self.server.advance(2)
        self.assertEqual(codes(self.enter(self.hag, "hag")[0]), [110, 201])

    def test_no_longer_than_that_in_memory(self) -> None:
        self.destroy("<destroy/>", persistentroom=1)
        self.server.advance(121)
        self.assertEqual(len(self.rooms.store.graves), 0)

    def test_what_was_not_to_last_is_forgotten(self) -> None:
        self.destroy("<destroy/>")
        self.assertEqual(codes(self.enter(self.hag, "hag")[0]), [110, 201])

    def test_password_of_the_venue(self) -> None:
        """10.9: for those who were inside, and for nobody else."""
        self.make({"persistentroom": 1}, (self.hag, "hag"))
        self.owner("<destroy jid='heath@rooms.example.com'><password>cauldron</password></destroy>")
        self.assertIn(b"<password>cauldron</password>", self.only(self.hag).inner)
        [refused] = self.enter(self.macbeth, "mac")
        self.assertNotIn(b"cauldron", refused.to_bytes())


class NeverGoneTest(RoomsTestCase):
    settings = {"gone_seconds": 0}  # noqa: RUF012

    def test_nothing_is_remembered(self) -> None:
        self.make({"persistentroom": 1})
        self.owner("<destroy jid='heath@rooms.example.com'/>")
        self.assertEqual(codes(self.enter(self.hag, "hag")[0]), [110, 201])

    def test_new_room_waits_for_the_end_of_the_old_one(self) -> None:
        """Who is told that the one is no more, and then is in the other, knows where they are."""
        self.make({"persistentroom": 1}, (self.hag, "hag"))
        removed: Deferred[None] = Deferred()
        self.rooms.store.remove = lambda local: removed
        query = f"<query xmlns='{names.MUC_OWNER}'><destroy/></query>"
        self.crone.send(f"<iq type='set' id='d' to='{ROOM}'>{query}</iq>")
        self.assertEqual(self.enter(self.hag, "hag"), [])
        removed.callback(None)
        self.server.settle()
        gone, mine, _ = self.hag.received()
        self.assertEqual((gone.type, codes(mine)), ("unavailable", [110, 201]))
