"""Taking back what was said, with no protocol in sight."""

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.chat.kit import JULIET, OWNER, ROMEO, enter, room_with
from xmppd.chat.commands import Configure, Moderate, Retract, Say
from xmppd.chat.events import Said
from xmppd.chat.model import Affiliation, Entry, Kind, Moderation, Person, Text
from xmppd.chat.outcome import Done, Reason, Refused, SaveMessage, SaveRemoval
from xmppd.chat.room import Room


class ModeratingTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.room = self.made()
        self.entry = self.said(self.room, ROMEO)

    def made(self, **config: bool) -> Room:
        standings = {"admin@home.test": Affiliation.ADMIN}
        room = room_with(standings, **{"persistent": True, "archive": True, **config})
        for person in (OWNER, ROMEO, JULIET, Person("admin@home.test")):
            enter(room, person)
        return room

    def said(self, room: Room, person: Person) -> Entry:
        """Have somebody say something, which the archive then has."""
        done = room.handle(Say(person, Text("x")))
        assert isinstance(done, Done)
        event = done.notices[0].event
        assert isinstance(event, Said)
        return Entry(event.message.id, event.message.author)

    def refused(self, outcome: Done | Refused) -> Reason:
        assert isinstance(outcome, Refused), outcome
        return outcome.reason

    def test_moderate(self) -> None:
        done = self.room.handle(Moderate(OWNER, self.entry, "why"))
        assert isinstance(done, Done)
        [notice] = done.notices
        assert isinstance(notice.event, Said)
        message = notice.event.message
        assert isinstance(message.content, Moderation)
        self.assertEqual((message.author.nick, message.author.account), ("", ""))
        self.assertEqual((message.content.id, message.content.by.nick), (self.entry.id, "owner"))
        self.assertEqual({stay.person for stay in notice.to}, set(self.room.sessions))
        kept, removed = done.writes
        self.assertEqual(kept, SaveMessage(message, Kind.RETRACTION))
        assert isinstance(removed, SaveRemoval)
        self.assertEqual((removed.entry, removed.removal.message), (self.entry, message))
        self.assertEqual(list(self.room.history), [])

    def test_retract(self) -> None:
        content = Text("I take it back")
        done = self.room.handle(Retract(ROMEO, content, self.entry))
        assert isinstance(done, Done)
        kept, removed = done.writes
        assert isinstance(kept, SaveMessage) and isinstance(removed, SaveRemoval)
        self.assertEqual((kept.message.content, kept.message.author.nick), (content, "romeo"))
        self.assertIsNone(removed.removal.moderation)

    def test_who_may_not(self) -> None:
        owners = self.said(self.room, OWNER)
        admin = Person("admin@home.test")
        for command, reason in (
            (Moderate(ROMEO, self.entry), Reason.FORBIDDEN),
            (Moderate(Person("x@home.test"), self.entry), Reason.FORBIDDEN),
            (Moderate(admin, owners), Reason.OUTRANKED),
            (Retract(JULIET, Text(), self.entry), Reason.FORBIDDEN),
            (Retract(Person("x@home.test"), Text(), self.entry), Reason.NOT_INSIDE),
            (Moderate(OWNER, None), Reason.NO_ENTRY),
            (Moderate(OWNER, Entry("1", self.entry.author, True)), Reason.NO_ENTRY),
            (Retract(ROMEO, Text(), None), Reason.NO_ENTRY),
        ):
            with self.subTest(command=command):
                self.assertEqual(self.refused(self.room.handle(command)), reason)

    def test_without_archive(self) -> None:
        """What newcomers would be told can be taken back; there is nothing to store."""
        room = self.made(archive=False)
        entry = attrs.evolve(self.said(room, ROMEO), kept=False)
        done = room.handle(Moderate(OWNER, entry))
        assert isinstance(done, Done)
        self.assertEqual((done.writes, list(room.history)), ((), []))
        self.assertEqual(self.refused(room.handle(Moderate(OWNER, entry))), Reason.NO_ENTRY)

    def test_no_longer_archived(self) -> None:
        """Of what an archive has nothing is left there, though nothing is added to it."""
        self.room.handle(Configure(OWNER, {"archive": False}))
        done = self.room.handle(Retract(ROMEO, Text("never mind"), self.entry))
        assert isinstance(done, Done)
        self.assertEqual([type(write) for write in done.writes], [SaveRemoval])

    def test_without_voice(self) -> None:
        """Who may not speak does not speak in this way either."""
        room = self.made(moderated=True)
        retraction = Retract(ROMEO, Text("loud"), Entry("1", self.entry.author))
        self.assertEqual(self.refused(room.handle(retraction)), Reason.NO_VOICE)
