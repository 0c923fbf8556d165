"""The late journal (session protocol, 3.5), and what another boot makes of it."""

from typing import Any

from tests.extensions.test_stream_management import FULL, ManagedCase, Waiting
from tests.sm.kit import House
from tests.sm.test_session import bodies
from xmppd.extensions.offline import Offline
from xmppd.extensions.stream_management import StreamManagement
from xmppd.protocol.jid import Jid
from xmppd.sm.journal import INCOMING, OUTGOING
from xmppd.storage.interfaces import Entry, Owner, Unavailable


class JournalCase(ManagedCase):
    extensions = (StreamManagement, Offline, Waiting)

    def setUp(self) -> None:
        super().setUp()
        self.juliet.enable()

    def rows(self, name: str = "romeo") -> list[Entry]:
        found: list[Any] = []
        log = self.house.backend.log("journal")
        log.find(Owner("example.com", name), limit=10).addCallback(found.append)
        return list(found[0].entries)


class JournalTest(JournalCase):
    def test_what_is_settled_soon_is_not_written(self) -> None:
        self.juliet.send(FULL.format(1))
        self.house.settle(0.2)
        self.romeo.report()
        self.house.settle(1)
        self.assertEqual((self.managed().h, self.rows()), (1, []))

    def test_what_is_late_is(self) -> None:
        """With the recipient, as it goes to its client; then it is handled."""
        self.juliet.send(FULL.format(1))
        self.house.settle(0.3)
        [row] = self.rows()
        self.assertIn(b"from='juliet@example.com/balcony'", row.body)
        self.assertEqual((row.kind, row.peer), (INCOMING, "juliet@example.com"))
        self.assertEqual(self.managed().h, 1)

    def test_it_is_taken_out_again(self) -> None:
        self.juliet.send(FULL.format(1), FULL.format(2))
        self.house.settle(0.3)
        self.romeo.report()
        self.house.settle()
        self.assertEqual(self.rows(), [])

    def test_not_handled_before_it_is_kept(self) -> None:
        commits = self.hold_commits()
        self.juliet.send(FULL.format(1))
        self.house.settle(0.3)
        self.assertEqual((self.managed().h, len(commits)), (0, 1))
        commits[0].callback(None)
        self.assertEqual(self.managed().h, 1)

    def test_a_journal_that_cannot_be_written(self) -> None:
        """It is tried again; the message is where it was."""
        commits = self.hold_commits()
        self.juliet.send(FULL.format(1))
        self.house.settle(0.3)
        commits[0].errback(Unavailable(detail="no disk"))
        self.house.settle()
        self.assertEqual((self.managed().h, self.juliet.taken()), (0, []))
        self.house.settle(0.3)
        commits[1].callback(None)
        self.assertEqual(self.managed().h, 1)

    def test_late_in_check(self) -> None:
        """What is late before it may pass is written when it has passed."""
        self.juliet.send(FULL.format("wait"))
        self.house.settle(1)
        self.assertEqual((self.managed().h, self.rows()), (0, []))
        self.waiting[0].callback(None)
        self.house.settle(0.5)
        self.assertEqual((self.managed().h, len(self.rows())), (1, 1))

    def test_only_messages(self) -> None:
        self.juliet.send("<iq type='get' id='1' to='romeo@example.com/x'><x xmlns='y'/></iq>")
        self.house.settle(1)
        self.assertEqual((self.rows(), self.managed().h), ([], 1))


class AnotherBootTest(JournalCase):
    """The session manager is killed; the next boot finds what it left."""

    def next_boot(self) -> House:
        house = House(self.extensions, accounts=(), former=self.house)
        self.house = house
        return house

    def test_incoming_is_missed(self) -> None:
        """At the account's first use, before anything else: here kept offline, in order."""
        self.juliet.send(FULL.format(1), FULL.format(2))
        self.house.settle(0.3)
        house = self.next_boot()
        romeo = house.client("romeo", "x")
        self.assertEqual(self.rows(), [])
        romeo.send("<presence/>")
        self.assertEqual(bodies([s for s in romeo.taken() if s.name == "message"]), ["1", "2"])

    def test_outgoing_is_sent_again(self) -> None:
        self.manager.custody._pass_on = lambda number, stanza: None  # type: ignore[method-assign]
        self.juliet.send(FULL.format(1))
        self.house.settle(0.3)
        [row] = self.rows("juliet")
        self.assertEqual((row.kind, self.managed().h), (OUTGOING, 1))
        house = self.next_boot()
        romeo = house.client("romeo", "x")
        house.client("juliet")
        self.assertEqual(bodies(romeo.taken()), ["1"])
        self.assertEqual(len(self.rows("juliet")), 1)
        romeo.report()
        self.house.settle()
        self.assertEqual(self.rows("juliet"), [])

    def test_its_own_rows_are_left_alone(self) -> None:
        self.juliet.send(FULL.format(1))
        self.house.settle(0.3)
        assert self.house.host is not None
        self.house.host.forget("romeo")
        self.house.client("romeo", "y")
        self.assertEqual(len(self.rows()), 1)

    def test_only_those_are_remembered_of_whom_something_was_left(self) -> None:
        self.juliet.send(FULL.format(1))
        self.house.settle(0.3)
        house = self.next_boot()
        house.client("juliet")
        house.client("romeo", "y")
        known = house.manager.journal._activated
        self.assertEqual(known, {Jid.parse("romeo@example.com")})

    def test_rows_that_cannot_be_read(self) -> None:
        self.house.backend.log("journal").append(Owner("example.com", "romeo"), b"<", resource="a")
        self.house.settle()
        house = self.next_boot()
        house.client("romeo", "y")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(len(self.rows()), 1)
