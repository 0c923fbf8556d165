"""The scenarios of one process once more, with a process for each role.

Rooms and other servers' edges have theirs in `test_rooms` and `test_server_edge`; hostile inputs in
`test_hostile_split`; processes that are killed one by one in `test_split_kill`.
"""

import subprocess
from typing import ClassVar

from tests.scenarios import (
    test_channel_binding,
    test_checkers,
    test_components,
    test_domains,
    test_first_run,
    test_kill,
    test_profanity,
    test_reload,
    test_slixmpp,
    test_text_directory,
    test_twisted_clients,
)
from tests.scenarios.server import SPLIT


class SplitChannelBindingTest(test_channel_binding.ChannelBindingTest):
    """Bindings cross the router to where SASL is answered."""

    layout = SPLIT


class SplitDomainsTest(test_domains.DomainsTest):
    """Hosts stay apart."""

    layout = SPLIT


class SplitProfanityTest(test_profanity.ProfanityTest):
    """Two people in terminals."""

    layout = SPLIT


class SplitSlixmppTest(test_slixmpp.SlixmppTest):
    """Everything that the two slixmpp clients do."""

    layout = SPLIT


class SplitTwistedClientsTest(test_twisted_clients.TwistedClientsTest):
    """Clients of twisted.words and wokkel."""

    layout = SPLIT


class SplitSlixmppComponentTest(test_components.SlixmppTest):
    """A bot at `xmpp-router`."""

    layout = SPLIT


class SplitWokkelComponentTest(test_components.WokkelTest):
    """Publish-subscribe at `xmpp-router`."""

    layout = SPLIT


class SplitBiboumiTest(test_components.BiboumiTest):
    """Debian's gateway to IRC at `xmpp-router`."""

    layout = SPLIT


class SplitCheckerTest(test_checkers.CheckerTest):
    """`xmpp-sm --auth`: passwords are looked at where the accounts are."""

    layout = SPLIT


class SplitKillTest(test_kill.KillTest):
    """All processes at once; few rounds, for `xmpp-sm` alone decides what is kept."""

    layout = SPLIT
    rounds: ClassVar = {"sqlite": 2, "directory": 1}


class SplitReloadTest(test_reload.ReloadTest):
    """Limits and certificates are those of `xmpp-c2s`."""

    layout = SPLIT


class SplitTextDirectoryTest(test_text_directory.TextDirectoryTest):
    """A push crosses the router."""

    layout = SPLIT


class SplitMistakesTest(test_first_run.MistakesTest):
    """Each is told by the process that it concerns."""

    layout = SPLIT


class SplitTakenTest(test_first_run.TakenTest):
    """What is in use by processes that run, told by another one of that role."""

    layout = SPLIT


class SplitDefaultsTest(test_first_run.DefaultsTest):
    """Without a file: three commands with the place where they meet.

    Standard ports have no scenario here: they are a default of the file that all layouts share.
    """

    layout = SPLIT
    kept = (*test_first_run.DefaultsTest.kept, "link.secret")

    def start_all(self, place: str) -> list[subprocess.Popen[str]]:
        routed = self.routed()
        edge = self.start("--c2s", place, *routed, plugin="xmpp-c2s")
        return [edge, self.start(*routed, plugin="xmpp-sm"), self.router]
