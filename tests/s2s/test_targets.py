"""The order of SRV records (RFC 2782, XEP-0368), and addresses that are nobody's."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.s2s.targets import MAX_TARGETS, Record, Target, is_special, ordered

RECORDS = st.builds(
    Record,
    st.integers(0, 3),
    st.integers(0, 65535),
    st.builds(Target, st.text("abc", min_size=1), st.integers(1, 9), st.booleans()),
)


class OrderTest(SynchronousTestCase):
    @given(st.lists(RECORDS, max_size=8), st.integers())
    @settings(deadline=None, max_examples=100)
    def test_each_once_by_priority(self, records: list[Record], seed: int) -> None:
        targets = ordered(records, Random(seed).random)
        left = [record.target for record in records]
        different = len(set(left)) == len(left)
        for target in targets:
            left.remove(target)
        self.assertEqual(len(targets), min(MAX_TARGETS, len(records)))
        if different:
            priority = {record.target: record.priority for record in records}
            found = [priority[target] for target in targets]
            self.assertEqual(found, sorted(priority.values())[:MAX_TARGETS])

    def test_no_more_than_are_tried(self) -> None:
        """Whoever lists thousands does not have them all put in order each time."""
        drawn: list[float] = []
        records = [Record(1, 1, Target(f"{number}")) for number in range(2_000)]
        targets = ordered(records, lambda: drawn.append(0.5) or 0.5)  # type: ignore[func-returns-value]
        self.assertEqual((len(targets), len(drawn)), (MAX_TARGETS, MAX_TARGETS))

    def test_weights(self) -> None:
        """Chosen first as often as its weight says."""
        light, heavy = Record(1, 10, Target("light")), Record(1, 90, Target("heavy"))
        random = Random(1).random
        first = [ordered([light, heavy], random)[0].host for _ in range(2_000)]
        self.assertTrue(1_740 < first.count("heavy") < 1_860)

    def test_weight_of_nothing(self) -> None:
        records = [Record(1, 0, Target("a")), Record(1, 0, Target("b"))]
        self.assertEqual(len(ordered(records, lambda: 0.5)), 2)

    def test_both_services_are_mixed(self) -> None:
        records = [Record(2, 0, Target("a")), Record(1, 0, Target("b", 443, True))]
        self.assertEqual([each.host for each in ordered(records, lambda: 0.0)], ["b", "a"])


class SpecialTest(SynchronousTestCase):
    def test_special(self) -> None:
        for address in (
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1",
            "::127.0.0.1",
            "fec0::1",
            "2002:7f00:1::",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ):
            self.assertTrue(is_special(address), address)

    def test_public(self) -> None:
        for address in ("8.8.8.8", "2a00:1450:4001:80b::200e", "64:ff9b::808:808"):
            self.assertFalse(is_special(address), address)
