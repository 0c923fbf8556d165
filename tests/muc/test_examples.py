"""The examples of XEP-0045, by number as they stand in its text, and what shows each of them.

The tests run here once more, with rooms, sessions, clients and router in processes of their own.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.muc import (
    test_archive_requests,
    test_codes,
    test_discovery,
    test_entering,
    test_errors,
    test_examples_entering,
    test_examples_service,
    test_options,
    test_ruling,
    test_talking,
)
from tests.muc.split import SplitTestServer
from xmppd.testing.server import TestServer

CLIENT = "a client's own affair"
UNUSED = "what a service may do, and this one does not"
LAST = 225

CASES: dict[str, type[SynchronousTestCase]] = {
    "discovery": test_discovery.DiscoveryTest,
    "info": test_options.InfoTest,
    "entering": test_entering.EnteringTest,
    "creating": test_options.CreationTest,
    "admins only": test_entering.AdminsOnlyTest,
    "fixed nicks": test_options.FixedNicksTest,
    "talking": test_talking.TalkingTest,
    "registering": test_ruling.RegistrationTest,
    "no registration": test_errors.RegistrationErrorsTest,
    "roles": test_ruling.RolesTest,
    "role errors": test_errors.RoleErrorsTest,
    "affiliations": test_ruling.AffiliationsTest,
    "affiliation errors": test_errors.AffiliationErrorsTest,
    "owners": test_ruling.OwnersTest,
    "owner errors": test_errors.OwnerErrorsTest,
    "messages": test_errors.MessageErrorsTest,
    "presences": test_errors.PresenceErrorsTest,
    "absent": test_options.AbsentTest,
    "codes": test_codes.CodesTest,
    "logging": test_options.PublishedTest,
    "warned": test_archive_requests.WarnedTest,
    "shown discovery": test_examples_service.DiscoveryExamples,
    "shown entering": test_examples_entering.EnteringExamples,
    "shown leaving": test_examples_entering.LeavingExamples,
    "shown service": test_examples_service.ServiceExamples,
}
"""Test cases, under short names. Those that begin with "shown" are `ScriptTestCase`s: they send
what an example sends, and compare whole what everybody gets."""

EXAMPLES: dict[tuple[int, int], str] = {
    (1, 4): "shown discovery test_service",
    (5, 7): "shown discovery test_rooms",
    (8, 10): "shown discovery test_room",
    (11, 13): "shown discovery test_occupants",
    (14, 17): CLIENT,
    (18, 18): "shown entering test_entering",
    (19, 19): "shown entering test_no_nick",
    (20, 22): "shown entering test_entering",
    (23, 24): "shown entering test_non_anonymous",
    (25, 26): "shown entering test_password",
    (27, 27): "shown entering test_members_only",
    (28, 28): "shown entering test_banned",
    (29, 29): "shown entering test_nick_conflict",
    (30, 30): "shown entering test_full",
    (31, 31): "shown entering test_locked",
    (32, 32): "shown entering test_logged",
    (33, 33): "shown entering test_history",
    (34, 34): UNUSED,
    (35, 39): "shown entering test_history",
    (40, 41): "shown entering test_subject",
    (42, 43): "shown entering test_no_x",
    (44, 45): "talking test_to_all",
    (46, 47): "talking test_private",
    (48, 48): "talking test_refused",
    (49, 50): "entering test_nick_change",
    (51, 51): "codes test_210",
    (52, 52): "presences test_rename",
    (53, 53): "fixed nicks test_nobody_changes_nicks",
    (54, 55): "entering test_presence_change",
    (56, 59): "talking test_mediated_invitation",
    (60, 60): CLIENT,
    (61, 61): "entering test_create_and_lock",
    (62, 62): "talking test_content_is_kept",
    (63, 65): "talking test_mediated_invitation",
    (66, 66): "registering test_open",
    (67, 67): "no registration test_no_room",
    (68, 68): "no registration test_outcasts",
    (69, 71): "registering test_open",
    (72, 72): "no registration test_reserved",
    (73, 73): "no registration test_none",
    (74, 74): "no registration test_no_form",
    (75, 76): "shown discovery test_reserved_nick",
    (77, 78): "registering test_open",
    (79, 79): "talking test_voice_request",
    (80, 82): "shown leaving test_leaving",
    (83, 83): "shown leaving test_leaving_with_a_word",
    (84, 85): "talking test_subject",
    (86, 86): CLIENT,
    (87, 88): "talking test_subject",
    (89, 92): "roles test_kick",
    (93, 93): "role errors test_kick_by_a_member",
    (94, 101): "roles test_voice",
    (102, 102): "roles test_voice_of_admins",
    (103, 106): "roles test_voice",
    (107, 107): "role errors test_several_or_nothing",
    (108, 109): "talking test_voice_request",
    (110, 114): "affiliations test_ban",
    (115, 115): "affiliations test_ban_refused",
    (116, 119): "affiliations test_ban",
    (120, 127): "affiliations test_members",
    (128, 128): "affiliations test_member_of_a_members_only_room_removed",
    (129, 133): "affiliations test_members",
    (134, 134): "absent test_new_members_are_invited",
    (135, 135): "messages test_invitations",
    (136, 136): "talking test_invitation_to_a_members_only_room",
    (137, 149): "roles test_moderators",
    (150, 150): "role errors test_moderators",
    (151, 151): "registering test_ask",
    (152, 152): "admins only test_creation",
    (153, 154): "entering test_create_and_lock",
    (155, 155): "creating test_instant_room",
    (156, 157): "creating test_reserved_room",
    (158, 158): UNUSED,
    (159, 160): "owners test_changes_are_told",
    (161, 161): "owners test_bad_values",
    (162, 162): "entering test_cancel_ends_the_room",
    (163, 166): "owners test_form_for_owners_only",
    (167, 170): "owners test_owners_by_form",
    (171, 171): "owners test_changes_are_told",
    (172, 183): "affiliations test_owners_and_admins",
    (184, 184): "affiliation errors test_admins",
    (185, 198): "affiliations test_owners_and_admins",
    (199, 199): "affiliation errors test_admins",
    (200, 200): "affiliations test_owners_and_admins",
    (201, 203): "owners test_destroy",
    (204, 204): "owner errors test_admins_do_not_own",
    (205, 206): "shown service test_error",
    (207, 207): "shown service test_shutdown",
    (208, 222): CLIENT,  # registries, and addresses that people click on
    (223, 225): "shown discovery test_traffic",
}
"""Numbers of the first and the last of some examples, and the test."""


class ExamplesTest(SynchronousTestCase):
    def test_all_are_shown(self) -> None:
        """Each once, in order, by a test that there is."""
        numbers = [n for first, last in EXAMPLES for n in range(first, last + 1)]
        self.assertEqual(numbers, list(range(1, LAST + 1)))
        for case, name in tests():
            self.assertTrue(hasattr(case, name), name)


def tests() -> Iterable[tuple[type[SynchronousTestCase], str]]:
    """The tests that show examples."""
    for where in dict.fromkeys(EXAMPLES.values()):
        if where not in (CLIENT, UNUSED):
            case, _, name = where.rpartition(" ")
            yield CASES[case], name


class Split:
    """A test of rooms with a split server."""

    domains: Sequence[str]

    def make_server(self, accounts: dict[str, str], config: dict[str, Any]) -> TestServer:
        return SplitTestServer(accounts, config, self.domains)


def split() -> Iterable[type[SynchronousTestCase]]:
    """The same cases, with such a server."""
    for case in CASES.values():
        yield type(f"Split{case.__name__}", (Split, case), {"__module__": __name__})


globals().update({case.__name__: case for case in split()})
