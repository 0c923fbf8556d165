"""What all extensions together have to keep."""

from __future__ import annotations

import gc
from weakref import ref

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.extensions.builtin import BUILTIN
from xmppd.extensions.echo import Echo
from xmppd.protocol.namespaces import CARBONS, MAM
from xmppd.sm.roster import Roster

RETRACT = "<retract xmlns='urn:xmpp:message-retract:1' id='2'/>"


class MemoryTest(SynchronousTestCase):
    def test_accounts_leave_memory(self) -> None:
        """No extension holds on to an account that nobody uses any more."""
        house = House([each for each in BUILTIN if each not in (Roster, Echo)])
        romeo = house.client("romeo", "orchard")
        for content in "", "<body>1</body>", RETRACT:
            romeo.send(f"<message to='juliet@example.com' type='chat' id='1'>{content}</message>")
        juliet = house.client("juliet", "balcony")
        juliet.send(
            f"<iq type='set' id='c'><enable xmlns='{CARBONS}'/></iq>",
            "<presence/>",
            f"<iq type='set' id='m'><query xmlns='{MAM}'/></iq>",
            "<message to='romeo@example.com' type='chat' id='2'><body>2</body></message>",
            f"<message to='romeo@example.com' type='chat' id='3'>{RETRACT}</message>",
        )
        juliet.close()
        assert house.host is not None
        user = ref(house.host.users["juliet"])
        for _ in range(5):
            house.settle(1)
        house.host.forget("juliet")
        juliet.taken()
        gc.collect()
        self.assertIsNone(user())
