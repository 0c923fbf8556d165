"""The table of rights, as XEP-0045, 5 and 8 to 10 have it."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.chat.model import Affiliation, Occupancy, Occupant, Person, Presence, Role, Text
from xmppd.chat.rights import (
    Right,
    affiliation_right,
    first_role,
    list_right,
    outranks_for_role,
    role_after,
    role_right,
)

OUTCAST, NONE, MEMBER, ADMIN, OWNER = Affiliation
VISITOR, PARTICIPANT, MODERATOR = Role.VISITOR, Role.PARTICIPANT, Role.MODERATOR


def somebody(affiliation: Affiliation, role: Role) -> Occupant:
    stay = Occupancy(Person("a@b.test", "x"), Presence(Text()), 1)
    return Occupant("nick", "a@b.test", "id", affiliation, role, stay)


class RightsTest(SynchronousTestCase):
    def test_first_roles(self) -> None:
        """5.1.2."""
        self.assertEqual(first_role(OWNER, True), MODERATOR)
        self.assertEqual(first_role(ADMIN, True), MODERATOR)
        self.assertEqual(first_role(MEMBER, True), PARTICIPANT)
        self.assertEqual(first_role(NONE, False), VISITOR)

    def test_roles_follow(self) -> None:
        """A gain raises, the loss of ADMIN lowers, nothing else does."""
        self.assertEqual(role_after(VISITOR, NONE, MEMBER, PARTICIPANT), PARTICIPANT)
        self.assertEqual(role_after(MODERATOR, NONE, MEMBER, PARTICIPANT), MODERATOR)
        self.assertEqual(role_after(MODERATOR, ADMIN, MEMBER, PARTICIPANT), PARTICIPANT)
        self.assertEqual(role_after(MODERATOR, MEMBER, NONE, VISITOR), MODERATOR)

    def test_kick(self) -> None:
        """8.2: not one's betters; a moderator only by an admin."""
        moderator = somebody(MEMBER, MODERATOR)
        self.assertTrue(outranks_for_role(moderator, somebody(MEMBER, PARTICIPANT), Role.NONE))
        self.assertFalse(outranks_for_role(moderator, somebody(ADMIN, MODERATOR), Role.NONE))
        self.assertFalse(outranks_for_role(moderator, somebody(NONE, MODERATOR), Role.NONE))
        admin = somebody(ADMIN, MODERATOR)
        self.assertTrue(outranks_for_role(admin, moderator, Role.NONE))

    def test_voice(self) -> None:
        """8.4: not of admins and owners, not of one's equals."""
        moderator, admin = somebody(MEMBER, MODERATOR), somebody(ADMIN, MODERATOR)
        self.assertTrue(outranks_for_role(moderator, somebody(NONE, PARTICIPANT), VISITOR))
        self.assertFalse(outranks_for_role(moderator, somebody(MEMBER, PARTICIPANT), VISITOR))
        self.assertFalse(outranks_for_role(somebody(OWNER, MODERATOR), admin, VISITOR))
        self.assertTrue(outranks_for_role(moderator, somebody(NONE, VISITOR), PARTICIPANT))

    def test_which_right(self) -> None:
        self.assertEqual(role_right(VISITOR, PARTICIPANT), Right.GIVE_VOICE)
        self.assertEqual(role_right(MODERATOR, Role.NONE), Right.GIVE_VOICE)
        self.assertEqual(role_right(PARTICIPANT, MODERATOR), Right.GIVE_MODERATOR)
        self.assertEqual(affiliation_right(NONE, OUTCAST), Right.EDIT_MEMBERS)
        self.assertEqual(affiliation_right(ADMIN, MEMBER), Right.EDIT_ADMINS)
        self.assertEqual(list_right(OUTCAST), Right.READ_OUTCASTS)
        self.assertEqual(list_right(OWNER), Right.READ_ADMINS)
        self.assertEqual(list_right(PARTICIPANT), Right.READ_VOICES)
