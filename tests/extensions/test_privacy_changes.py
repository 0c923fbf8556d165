"""Changes of privacy lists, and what contacts and sessions see of them."""

from typing import Any

from twisted.internet.defer import fail

from tests.extensions.privacy_case import ROMEO, PrivacyCase, allow, deny, shown
from xmppd.storage.interfaces import Unavailable


class ShiftTest(PrivacyCase):
    """XEP-0016, 2.10 and 2.11: the notes at their ends."""

    def test_one_session_alone(self) -> None:
        """An active list changes what is seen of its session, and what that session sees."""
        garden = self.come("juliet", "garden")
        self.quiet()
        self.query("set", f"<list name='mine'>{deny()}{allow()}</list>")
        self.quiet()
        self.query("set", "<active name='mine'/>")
        self.assertEqual(shown(self.romeo.taken()), [("unavailable", self.juliet.jid)])
        self.assertEqual(shown(self.juliet.taken()), [("unavailable", ROMEO)])
        self.assertEqual(shown(garden.taken()), [])
        self.query("set", "<active/>")
        self.assertEqual(shown(self.romeo.taken()), [(None, self.juliet.jid)])
        self.assertEqual(shown(self.juliet.taken()), [(None, self.romeo.jid)])

    def test_an_active_list_that_is_edited(self) -> None:
        """2.2, 8: the new rules apply at once, to all for whom the list is active."""
        self.use(allow(), "mine", "active")
        self.query("set", f"<list name='mine'>{deny()}</list>")
        self.assertEqual(shown(self.romeo.taken()), [("unavailable", self.juliet.jid)])

    def test_what_stays_as_it_was(self) -> None:
        """Nobody is told anything where nothing has changed for them."""
        self.block("a@b.c")
        self.use(deny("d@e.f") + allow())
        self.assertEqual(shown(self.romeo.taken()), [])

    def test_sessions_that_are_not_there(self) -> None:
        """Who has sent no presence has none to hide."""
        self.juliet.send("<presence type='unavailable'/>")
        self.quiet()
        self.block(ROMEO)
        self.block(ROMEO, name="unblock")
        self.assertEqual(shown(self.romeo.taken()), [])


class KeptTest(PrivacyCase):
    def test_change_that_cannot_be_kept(self) -> None:
        """It fails as the storage does, and what is kept applies again."""
        self.block("a@b.c")
        assert self.house.host is not None
        user = self.house.host.users["juliet"]
        user.account = Failing(user.account)
        self.assertIn(b"<resource-constraint", self.block("d@e.f").inner)
        self.assertEqual(self.blocklist(), ["a@b.c"])


class Failing:
    """An account whose documents cannot be written."""

    def __init__(self, account: Any) -> None:
        self.account = account

    def document(self, *given: Any) -> Any:
        document = self.account.document(*given)
        document.put = lambda _: fail(Unavailable("privacy"))
        return document
