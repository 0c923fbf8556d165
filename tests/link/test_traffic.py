from twisted.trial.unittest import SynchronousTestCase

from xmppd.link.traffic import is_carried
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza


class CarriedTests(SynchronousTestCase):
    def test_what_a_route_may_hold(self) -> None:
        """Session protocol, 3.5: stanzas and verbs."""
        for ns, name, carried in (
            (CONTENT, "message", True),
            (CONTENT, "presence", True),
            (CONTENT, "iq", True),
            (CONTENT, "error", True),
            (CONTENT, "route", False),
            ("urn:xmppd:session:0", "report", True),
            ("urn:xmppd:link:0", "attach", True),
            ("jabber:client", "message", False),
            ("urn:x", "message", False),
        ):
            self.assertEqual(is_carried(Stanza(ns, name, {})), carried, (ns, name))
