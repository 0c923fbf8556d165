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
    test_examples_admins,
    test_examples_entering,
    test_examples_extensions,
    test_examples_moderators,
    test_examples_owners,
    test_examples_registering,
    test_examples_service,
    test_examples_talking,
    test_options,
    test_ruling,
    test_talking,
)
from tests.muc.script import ScriptTestCase
from tests.muc.split import SplitTestServer
from xmppd.testing.server import TestServer

CLIENT = "a client's own affair"
UNUSED = "what a service may do, and this one does not"
LAST = 225

SHOWN: dict[str, type[ScriptTestCase]] = {
    "bans": test_examples_admins.BanExamples,
    "configuring": test_examples_owners.ConfigurationExamples,
    "creating": test_examples_owners.CreationExamples,
    "destroying": test_examples_owners.DestructionExamples,
    "discovery": test_examples_service.DiscoveryExamples,
    "entering": test_examples_entering.EnteringExamples,
    "invitations": test_examples_talking.InvitationExamples,
    "kicks": test_examples_moderators.KickExamples,
    "leaving": test_examples_entering.LeavingExamples,
    "membership": test_examples_admins.MembershipExamples,
    "moderators": test_examples_admins.ModeratorExamples,
    "ownership": test_examples_owners.OwnershipExamples,
    "registering": test_examples_registering.RegistrationExamples,
    "restricted": test_examples_owners.RestrictedExamples,
    "service": test_examples_service.ServiceExamples,
    "talking": test_examples_talking.TalkingExamples,
    "voice": test_examples_moderators.VoiceExamples,
}
"""Test cases that send what an example sends and compare whole what everybody then gets, under
short names."""

OTHERS: tuple[type[SynchronousTestCase], ...] = (
    test_examples_extensions.ArchiveExamples,
    test_examples_extensions.OccupantIdExamples,
    test_examples_extensions.SelfPingExamples,
    test_archive_requests.WarnedTest,
    test_codes.CodesTest,
    test_discovery.DiscoveryTest,
    test_entering.AdminsOnlyTest,
    test_entering.EnteringTest,
    test_errors.AffiliationErrorsTest,
    test_errors.MessageErrorsTest,
    test_errors.OwnerErrorsTest,
    test_errors.PresenceErrorsTest,
    test_errors.RegistrationErrorsTest,
    test_errors.RoleErrorsTest,
    test_options.AbsentTest,
    test_options.CreationTest,
    test_options.FixedNicksTest,
    test_options.InfoTest,
    test_options.PublishedTest,
    test_ruling.AffiliationsTest,
    test_ruling.OwnersTest,
    test_ruling.RegistrationTest,
    test_ruling.RolesTest,
    test_talking.TalkingTest,
)
"""What the text around the examples says, and the examples of other XEPs."""

EXAMPLES: dict[tuple[int, int], str] = {
    (1, 4): "discovery test_service",
    (5, 7): "discovery test_rooms",
    (8, 10): "discovery test_room",
    (11, 13): "discovery test_occupants",
    (14, 17): CLIENT,
    (18, 18): "entering test_entering",
    (19, 19): "entering test_no_nick",
    (20, 22): "entering test_entering",
    (23, 24): "entering test_non_anonymous",
    (25, 26): "entering test_password",
    (27, 27): "entering test_members_only",
    (28, 28): "entering test_banned",
    (29, 29): "entering test_nick_conflict",
    (30, 30): "entering test_full",
    (31, 31): "entering test_locked",
    (32, 32): "entering test_logged",
    (33, 33): "entering test_history",
    (34, 34): UNUSED,
    (35, 39): "entering test_history",
    (40, 41): "entering test_subject",
    (42, 43): "entering test_no_x",
    (44, 45): "talking test_message",
    (46, 47): "talking test_private_message",
    (48, 48): "talking test_private_message_refused",
    (49, 50): "talking test_nick_change",
    (51, 51): UNUSED,
    (52, 52): "talking test_nick_conflict",
    (53, 53): "talking test_nicks_locked_down",
    (54, 55): "talking test_presence",
    (56, 59): "invitations test_invitation",
    (60, 60): CLIENT,
    (61, 61): "creating test_instant",
    (62, 65): "invitations test_continuing",
    (66, 67): "registering test_no_room",
    (68, 68): "registering test_not_allowed",
    (69, 71): "registering test_registering",
    (72, 72): "registering test_reserved",
    (73, 73): "registering test_off",
    (74, 74): "registering test_no_form",
    (75, 76): "registering test_registering",
    (77, 78): "discovery test_reserved_nick",
    (79, 79): "talking test_voice_request",
    (80, 82): "leaving test_leaving",
    (83, 83): "leaving test_leaving_with_a_word",
    (84, 85): "talking test_subject",
    (86, 86): CLIENT,
    (87, 88): "talking test_subject",
    (89, 92): "kicks test_kick",
    (93, 93): "kicks test_refused",
    (94, 101): "voice test_voice",
    (102, 102): "voice test_refused",
    (103, 107): "voice test_list",
    (108, 109): "talking test_voice_request",
    (110, 114): "bans test_ban",
    (115, 115): "bans test_refused",
    (116, 119): "bans test_list",
    (120, 127): "membership test_membership",
    (128, 128): "membership test_removed",
    (129, 132): "membership test_list",
    (133, 133): "membership test_membership",
    (134, 135): "membership test_invited",
    (136, 136): "membership test_membership",
    (137, 144): "moderators test_moderators",
    (145, 150): "moderators test_list",
    (151, 151): "registering test_approval",
    (152, 152): "restricted test_creation",
    (153, 155): "creating test_instant",
    (156, 157): "creating test_reserved",
    (158, 158): UNUSED,
    (159, 160): "creating test_reserved",
    (161, 161): "creating test_unacceptable",
    (162, 162): "creating test_cancelled",
    (163, 164): "configuring test_not_the_owner",
    (165, 165): "creating test_reserved",
    (166, 166): "creating test_cancelled_later",
    (167, 170): "configuring test_lists",
    (171, 171): "configuring test_status_codes",
    (172, 175): "ownership test_inside",
    (176, 176): "ownership test_outside",
    (177, 180): "ownership test_inside",
    (181, 185): "ownership test_lists",
    (186, 189): "ownership test_inside",
    (190, 190): "ownership test_outside",
    (191, 194): "ownership test_inside",
    (195, 195): "ownership test_outside",
    (196, 200): "ownership test_lists",
    (201, 203): "destroying test_destruction",
    (204, 204): "destroying test_refused",
    (205, 206): "service test_error",
    (207, 207): "service test_shutdown",
    (208, 208): "discovery test_types",
    (209, 210): CLIENT,  # registries of what the forms of 7.10 and 8.6 have
    (211, 211): "creating test_registry",
    (212, 212): "discovery test_room",
    (213, 213): CLIENT,  # here and below: addresses that people click on
    (214, 214): "invitations test_links",
    (215, 215): CLIENT,
    (216, 216): "invitations test_links",
    (217, 217): CLIENT,
    (218, 218): "invitations test_links",
    (219, 219): CLIENT,
    (220, 220): "invitations test_links",
    (221, 221): CLIENT,
    (222, 222): "invitations test_links",
    (223, 225): "discovery test_traffic",
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
            yield SHOWN[case], name


class Split:
    """A test of rooms with a split server."""

    domains: Sequence[str]

    def make_server(self, accounts: dict[str, str], config: dict[str, Any]) -> TestServer:
        return SplitTestServer(accounts, config, self.domains)


def split() -> Iterable[type[SynchronousTestCase]]:
    """The same cases, with such a server."""
    for case in (*SHOWN.values(), *OTHERS):
        yield type(f"Split{case.__name__}", (Split, case), {"__module__": __name__})


globals().update({case.__name__: case for case in split()})
