"""Names of instances, their boots and members (session protocol, 2)."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.session import boot_number, instance_of, member
from xmppd.protocol.jid import Jid


class AddressTest(SynchronousTestCase):
    def test_members(self) -> None:
        boot = Jid.parse("c2s-1/5kq1")
        self.assertEqual(member(boot, "42"), "c2s-1/5kq1.42")
        self.assertEqual(instance_of(member(boot, "42")), boot)
        self.assertEqual(instance_of(boot), boot)

    def test_boots_grow(self) -> None:
        self.assertEqual(boot_number(0.0), "0")
        early, late = boot_number(1_800_000_000.0), boot_number(1_800_000_001.0)
        self.assertEqual(len(early), len(late))
        self.assertLess(early, late)
