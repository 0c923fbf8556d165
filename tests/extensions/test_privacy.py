"""XEP-0016: lists that apply to some of an account's sessions."""

from tests.extensions.privacy_case import ROMEO, PrivacyCase, allow, deny, message, shown
from tests.sm.kit import House
from xmppd.component.session import verb
from xmppd.extensions.blocking import Blocking
from xmppd.extensions.privacy import Guard, lists_of
from xmppd.protocol.privacy import Lists


class SessionsTest(PrivacyCase):
    """The balcony does not want to hear romeo; the garden does."""

    def setUp(self) -> None:
        super().setUp()
        self.garden = self.come("juliet", "garden")
        self.use(deny() + allow(), "strict", "active")

    def test_message_to_the_account(self) -> None:
        """XEP-0016, 2.2, 2: to those whose list lets it pass."""
        self.romeo.send(message("juliet@example.com"))
        self.assertEqual(self.heard(self.garden), ["b"])
        self.assertEqual(self.heard(self.juliet), [])

    def test_lower_priority_instead(self) -> None:
        self.juliet.send("<presence><priority>9</priority></presence>")
        self.romeo.send(message("juliet@example.com"))
        self.assertEqual(self.heard(self.garden), ["b"])

    def test_message_to_a_session(self) -> None:
        self.romeo.send(message(self.juliet.jid))
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))
        self.romeo.send(message(self.garden.jid))
        self.assertEqual(self.heard(self.garden), ["b"])

    def test_copies(self) -> None:
        """A copy is no way round a list."""
        self.enable_carbons(self.juliet)
        self.quiet()
        self.romeo.send(message(self.garden.jid))
        self.assertEqual(self.juliet.taken(), [])

    def test_what_another_session_has_left(self) -> None:
        """What a session ends without goes on as if it came now: past lists, not around them."""
        self.garden.send("<presence><priority>9</priority></presence>")
        self.quiet()
        self.romeo.send(message("juliet@example.com"))
        self.assertEqual(self.heard(self.garden), ["b"])
        self.garden.pass_on(verb("close", how="clean", written="0"))
        self.assertEqual(self.heard(self.juliet), [])
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))

    def test_presence(self) -> None:
        self.romeo.send("<presence><show>away</show></presence>")
        self.assertEqual(shown(self.garden.taken()), [(None, self.romeo.jid)])
        self.assertEqual(shown(self.juliet.taken()), [])
        self.juliet.send("<presence/>")
        self.garden.send("<presence/>")
        self.assertIn((None, self.garden.jid), shown(self.romeo.taken()))

    def test_nobody_left(self) -> None:
        """The default list is for when nobody is there (2.2, 2)."""
        self.garden.close()
        self.romeo.send(message("juliet@example.com"))
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))
        self.juliet.close()
        self.quiet()
        self.romeo.send(message("juliet@example.com"))
        self.assertEqual(self.heard(self.come("juliet", "x")), ["b"])


class KeptMessagesTest(PrivacyCase):
    def test_blocked_for_a_while(self) -> None:
        """What waits of somebody who is blocked comes once that is no longer so."""
        self.juliet.send("<presence type='unavailable'/>")
        self.romeo.send(message("juliet@example.com"))
        self.block(ROMEO)
        self.juliet.send("<presence/>")
        self.assertEqual(self.heard(self.juliet), [])
        self.block(ROMEO, name="unblock")
        self.juliet.send("<presence type='unavailable'/>", "<presence/>")
        self.assertEqual(self.heard(self.juliet), ["b"])


class KeepingTest(PrivacyCase):
    def test_account_without_lists_keeps_nothing(self) -> None:
        self.block("a@b.c")
        self.block(name="unblock")
        assert self.house.host is not None
        user = self.house.host.users["juliet"]
        self.assertNotIn(Guard, user.notes)
        self.assertEqual(lists_of(user), Lists())


class NeededTest(PrivacyCase):
    def test_blocking_needs_what_applies_it(self) -> None:
        with self.assertRaisesRegex(ValueError, "blocking needs privacy"):
            House([Blocking])
