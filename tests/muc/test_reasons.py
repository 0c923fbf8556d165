"""Reasons are short: they may be kept for good, and are told to many (XEP-0045, 13.7)."""

from tests.muc.kit import ROOM, RoomsTestCase, error
from xmppd.muc import names
from xmppd.muc.reasons import LONGEST

TOO_LONG = ("modify", "policy-violation")


class ReasonsTest(RoomsTestCase):
    def reason(self, length: int) -> str:
        return f"<reason>{'x' * length}</reason>"

    def test_bans_and_kicks(self) -> None:
        self.make({}, (self.hag, "hag"))
        for what in ("jid='hag@example.com' affiliation='outcast'", "nick='hag' role='none'"):
            answer = self.admin(f"<item {what}>{self.reason(LONGEST + 1)}</item>")
            self.assertEqual(error(answer), TOO_LONG)
        self.assertEqual(self.hag.received(), [])
        answer = self.admin(f"<item nick='hag' role='none'>{self.reason(LONGEST)}</item>")
        self.assertEqual(answer.type, "result")

    def test_destroy(self) -> None:
        """It is remembered for a day."""
        self.make({"persistentroom": 1})
        answer = self.owner(f"<destroy>{self.reason(LONGEST + 1)}</destroy>")
        self.assertEqual(error(answer), TOO_LONG)
        self.assertEqual(self.owner(f"<destroy>{self.reason(LONGEST)}</destroy>").type, "result")

    def test_invitations(self) -> None:
        self.make()
        invite = f"<invite to='hag@example.com'>{self.reason(LONGEST + 1)}</invite>"
        self.crone.send(f"<message to='{ROOM}'><x xmlns='{names.MUC_USER}'>{invite}</x></message>")
        self.assertEqual(error(self.only(self.crone)), TOO_LONG)
        self.assertEqual(self.hag.received(), [])
