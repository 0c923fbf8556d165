"""What counts as one network address."""

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from xmppd.link.addresses import AddressLimits, address_key, plain_address, shown_address


class AddressesTest(SynchronousTestCase):
    def test_keys(self) -> None:
        self.assertEqual(address_key(IPv4Address("TCP", "192.0.2.7", 1)), "192.0.2.7")
        self.assertEqual(address_key(IPv6Address("TCP", "::ffff:192.0.2.7", 1)), "192.0.2.7")
        self.assertEqual(address_key(IPv6Address("TCP", "2001:db8::7", 1)), "2001:db8::/64")
        self.assertEqual(address_key(IPv6Address("TCP", "fe80::7%eth0", 1)), "fe80::/64")

    def test_no_ip_address(self) -> None:
        self.assertEqual(address_key(UNIXAddress(b"/x")), "")
        self.assertEqual(plain_address(None), "")

    def test_for_people(self) -> None:
        for address, shown in (
            (IPv4Address("TCP", "192.0.2.7", 5347), "192.0.2.7:5347"),
            (IPv6Address("TCP", "2001:db8::7", 5347), "[2001:db8::7]:5347"),
            (UNIXAddress(b"/run/x"), "/run/x"),
            (UNIXAddress(None), "a UNIX socket"),
            (None, "a UNIX socket"),
        ):
            self.assertEqual(shown_address(address), shown)

    def test_what_has_no_address_is_not_limited(self) -> None:
        limits = AddressLimits(1, 1)
        self.assertTrue(all(limits.connected("") and limits.tried("") for _ in range(3)))

    def test_attempts(self) -> None:
        limits = AddressLimits(0, 2)
        self.assertEqual([limits.tried("a") for _ in range(3)], [True, True, False])
        self.assertTrue(limits.tried("b"))
        limits.next_minute()
        self.assertTrue(limits.tried("a"))

    def test_tables_hold_only_what_is_open(self) -> None:
        limits = AddressLimits(2, 0)
        self.assertEqual([limits.connected("a") for _ in range(3)], [True, True, False])
        limits.disconnected("a")
        self.assertTrue(limits.connected("a"))
        limits.disconnected("a")
        limits.disconnected("a")
        self.assertEqual(limits._open, {})
