"""Messages of rooms that are taken back: XEP-0424 and XEP-0425."""

from __future__ import annotations

from typing import Any

from tests.muc.kit import ROOM, error
from tests.muc.test_archive_requests import DISCO, ArchiveTestCase, stanza_id
from xmppd.muc import names
from xmppd.protocol.stanza import Stanza
from xmppd.testing.client import Client


class ModerationTestCase(ArchiveTestCase):
    """A room with something said in it by the hag, at which the wizard and macbeth are too."""

    def setUp(self) -> None:
        super().setUp()
        self.make_room((self.hag, "hag"), (self.wizard, "wizard"), (self.macbeth, "thane"))
        self.given = stanza_id(self.tell(self.hag, "DM me for free magic potions!"))
        self.forget()

    def make_room(self, *people: tuple[Client, str]) -> None:
        """Make a room that has an archive."""
        self.archived({}, *people)

    def told_of_the_room(self) -> str:
        """What disco#info says."""
        asked = f"<iq type='get' id='i' to='{ROOM}'><query xmlns='{DISCO}'/></iq>"
        return self.hag.ask(asked).inner.decode()

    def moderate(self, client: Client, id: str = "", reason: str = "not here") -> Stanza:
        """Take back what the hag has said, or something else."""
        return client.ask(
            f"<iq type='set' id='m' to='{ROOM}'><moderate xmlns='{names.MODERATE}' "
            f"id='{id or self.given}'><retract xmlns='{names.RETRACT}'/>"
            f"<reason>{reason}</reason></moderate></iq>"
        )

    def retract(self, client: Client, id: str = "", own: str = "r1") -> list[Stanza]:
        """Take back what one has said oneself; gives what one then receives."""
        client.received()
        client.send(
            f"<message type='groupchat' to='{ROOM}' id='{own}'>"
            f"<retract xmlns='{names.RETRACT}' id='{id or self.given}'/>"
            "<body>/me retracted something</body></message>"
        )
        return client.received()

    def tombstone(self, client: Client) -> Any:
        """The first message of the archive, of which nothing may be left."""
        first = self.messages(client)[0]
        self.assertNotIn("potions", first.toXml())
        self.assertEqual((first["from"], first["id"]), (f"{ROOM}/hag", "said"))
        [retracted] = first.elements(names.RETRACT, "retracted")
        return first, retracted


class ModeratedTest(ModerationTestCase):
    def test_everybody_is_told(self) -> None:
        """XEP-0425, 3.1: by the room, with the id that it gave, by whom and why."""
        answer = self.moderate(self.crone)
        self.assertEqual(answer.type, "result")
        told = self.only(self.macbeth)
        self.assertEqual((told.sender, told.type), (ROOM, "groupchat"))
        retract = told.child(names.RETRACT, "retract")
        assert retract is not None
        self.assertEqual(retract["id"], self.given)
        self.assertEqual(retract.moderated["by"], f"{ROOM}/crone")
        self.assertEqual(retract.moderated.uri, names.MODERATE)
        [occupant] = retract.moderated.elements(names.OCCUPANT_ID, "occupant-id")
        self.assertEqual(len(occupant["id"]), 32)
        self.assertEqual(str(retract.reason), "not here")
        self.assertIsNotNone(told.id)

    def test_older_clients_are_told_too(self) -> None:
        """XEP-0425 0.2: by a fastening, which is all that many of them know."""
        self.moderate(self.crone)
        applied = self.only(self.macbeth).child(names.FASTEN, "apply-to")
        assert applied is not None
        self.assertEqual(applied["id"], self.given)
        [moderated] = applied.elements(names.MODERATE_0, "moderated")
        self.assertEqual(moderated["by"], f"{ROOM}/crone")
        self.assertIsNotNone(moderated.retract)
        self.assertEqual(str(moderated.reason), "not here")

    def test_the_archive(self) -> None:
        """XEP-0425, 4; XEP-0424, 4 and 5: a tombstone in its place, and the retraction."""
        self.moderate(self.crone)
        told = self.only(self.macbeth)
        first, retracted = self.tombstone(self.macbeth)
        self.assertEqual(retracted["id"], told.id)
        self.assertIn("T", retracted["stamp"])
        self.assertEqual(retracted.moderated["by"], f"{ROOM}/crone")
        self.assertEqual(str(retracted.reason), "not here")
        [occupant] = first.elements(names.OCCUPANT_ID, "occupant-id")
        self.assertEqual(len(occupant["id"]), 32)
        last = self.messages(self.macbeth)[-1]
        self.assertEqual((last["from"], last["id"]), (ROOM, told.id))
        self.assertEqual(last.retract["id"], self.given)

    def test_addresses(self) -> None:
        """Who may know whose account it was still may, and nobody else."""
        self.moderate(self.crone)
        first, _ = self.tombstone(self.crone)
        self.assertEqual(first.x.item["jid"], self.hag.jid)
        for message in self.messages(self.macbeth):
            self.assertNotIn("@example.com", message.toXml())

    def test_newcomers_are_not_told(self) -> None:
        self.moderate(self.crone)
        self.assertEqual(self.bodies(self.enter(self.macbeth, "thane")), [])
        self.server.service.rooms.live.clear()
        self.assertEqual(self.bodies(self.enter(self.macbeth, "thane")), [])

    def test_who_may(self) -> None:
        """3.2: moderators, and not what those say who stand higher."""
        self.assertEqual(error(self.moderate(self.macbeth)), ("auth", "forbidden"))
        self.assertEqual(error(self.moderate(self.hag)), ("auth", "forbidden"))
        self.admin("<item nick='thane' role='moderator'/>")
        owners = stanza_id(self.tell(self.crone, "x"))
        self.assertEqual(error(self.moderate(self.macbeth, owners)), ("cancel", "not-allowed"))
        self.assertEqual(self.moderate(self.macbeth).type, "result")

    def test_once(self) -> None:
        self.moderate(self.crone)
        self.assertEqual(error(self.moderate(self.crone)), ("cancel", "item-not-found"))
        self.assertEqual(error(self.moderate(self.crone, "nothing")), ("cancel", "item-not-found"))

    def test_malformed(self) -> None:
        answer = self.crone.ask(
            f"<iq type='set' id='m' to='{ROOM}'>"
            f"<moderate xmlns='{names.MODERATE}' id='{self.given}'/></iq>"
        )
        self.assertEqual(error(answer), ("modify", "bad-request"))

    def test_reason_is_text(self) -> None:
        self.moderate(self.crone, reason="&lt;x/&gt;")
        retract = self.only(self.macbeth).child(names.RETRACT, "retract")
        assert retract is not None
        self.assertEqual(str(retract.reason), "<x/>")

    def test_topics_stay(self) -> None:
        self.crone.send(f"<message type='groupchat' to='{ROOM}'><subject>Fire</subject></message>")
        topic = stanza_id(self.only(self.crone))
        self.assertEqual(error(self.moderate(self.crone, topic)), ("cancel", "item-not-found"))


class RetractedTest(ModerationTestCase):
    def test_own_message(self) -> None:
        """XEP-0424, 3 and 4: told as it came; a tombstone with its id; kept itself."""
        [told] = self.retract(self.hag)
        self.assertEqual((told.id, told.sender), ("r1", f"{ROOM}/hag"))
        self.assertEqual(self.only(self.macbeth).inner, told.inner)
        _, retracted = self.tombstone(self.crone)
        self.assertEqual(retracted["id"], "r1")
        self.assertIn("T", retracted["stamp"])
        self.assertEqual(list(retracted.elements()), [])
        self.assertEqual([each["id"] for each in self.messages(self.hag)], ["said", "r1"])
        self.assertEqual(self.bodies(self.enter(self.wizard, "wizard")), [])

    def test_under_another_nick(self) -> None:
        self.hag.send(f"<presence to='{ROOM}/witch'/>")
        self.forget()
        self.assertEqual([each.type for each in self.retract(self.hag)], ["groupchat"])

    def test_what_others_have_said(self) -> None:
        """5: only who has said it; a moderator does it otherwise."""
        for client in (self.macbeth, self.crone):
            [refused] = self.retract(client)
            self.assertEqual((refused.type, error(refused)), ("error", ("auth", "forbidden")))
        self.assertEqual(self.hag.received(), [])
        self.assertIn("DM me for free magic potions!", self.texts(self.crone))

    def test_what_is_not_there(self) -> None:
        [refused] = self.retract(self.hag, "said")
        self.assertEqual(error(refused), ("cancel", "item-not-found"))
        self.retract(self.hag)
        [again] = self.retract(self.hag)
        self.assertEqual(error(again), ("cancel", "item-not-found"))

    def test_forged_tombstone(self) -> None:
        """Only the archive says that nothing is left."""
        told = self.tell(self.hag, "x", f"<retracted xmlns='{names.RETRACT}' id='x'/>")
        self.assertFalse(told.has(names.RETRACT, "retracted"))

    def test_advertised(self) -> None:
        found = self.told_of_the_room()
        for feature in (names.RETRACT, f"{names.RETRACT}#tombstone", names.MODERATE):
            self.assertIn(f"<feature var='{feature}'/>", found)


class WithoutArchiveTest(ModerationTestCase):
    """A room that is not to last: what newcomers would be told can be taken back."""

    def make_room(self, *people: tuple[Client, str]) -> None:
        self.make({}, *people)

    def test_moderated(self) -> None:
        self.assertEqual(self.moderate(self.macbeth).type, "error")
        self.assertEqual(self.moderate(self.crone).type, "result")
        retract = self.only(self.hag).child(names.RETRACT, "retract")
        assert retract is not None
        self.assertEqual(retract["id"], self.given)
        self.assertEqual(self.bodies(self.enter(self.macbeth, "thane")), [])
        self.assertEqual(error(self.moderate(self.crone)), ("cancel", "item-not-found"))

    def test_retracted(self) -> None:
        [refused] = self.retract(self.macbeth)
        self.assertEqual(error(refused), ("auth", "forbidden"))
        [told] = self.retract(self.hag)
        self.assertTrue(told.has(names.RETRACT, "retract"))
        self.assertEqual(self.bodies(self.enter(self.macbeth, "thane")), [])

    def test_what_the_room_has_forgotten(self) -> None:
        """Retractions are passed on like all that is said; there is no moderation."""
        [told] = self.retract(self.hag, "long-ago")
        self.assertTrue(told.has(names.RETRACT, "retract"))
        answer = self.moderate(self.crone, "long-ago")
        self.assertEqual(error(answer), ("cancel", "item-not-found"))

    def test_nothing_is_remembered(self) -> None:
        self.configure({"muc#maxhistoryfetch": 0})
        self.assertEqual(error(self.moderate(self.crone)), ("cancel", "service-unavailable"))
        self.assertNotIn(names.MODERATE, self.told_of_the_room())

    def test_advertised(self) -> None:
        found = self.told_of_the_room()
        for feature in (names.RETRACT, names.MODERATE):
            self.assertIn(f"<feature var='{feature}'/>", found)
        self.assertNotIn("#tombstone", found)
