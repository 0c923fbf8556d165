"""The scenarios of other people's clients once more, with a process for each role."""

from tests.scenarios import (
    test_channel_binding,
    test_components,
    test_domains,
    test_profanity,
    test_slixmpp,
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
