from collections import Counter

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import message
from xmppd.link.pool import (
    BALANCES,
    RoundRobin,
    Sticky,
    by_domains,
    by_recipient,
    by_sender,
)

KEYS = 4000


@attrs.define
class Place:
    name: str
    is_ready: bool = True


def places(number: int) -> list[Place]:
    return [Place(f"sm-{n}") for n in range(number)]


class RoundRobinTests(SynchronousTestCase):
    def test_even(self) -> None:
        members, balance = places(4), RoundRobin()
        counts = Counter(balance.choose(members, message("a", "b")).name for _ in range(KEYS))
        self.assertEqual(set(counts.values()), {KEYS // 4})

    def test_who_is_not_ready(self) -> None:
        """Nobody waits behind a slow one, unless all are slow."""
        members, balance = places(3), RoundRobin()
        members[1].is_ready = False
        chosen = [balance.choose(members, message("a", "b")).name for _ in range(4)]
        self.assertEqual(chosen, ["sm-0", "sm-2", "sm-0", "sm-2"])
        for member in members:
            member.is_ready = False
        chosen = [balance.choose(members, message("a", "b")).name for _ in range(3)]
        self.assertEqual(chosen, ["sm-0", "sm-1", "sm-2"])

    def test_members_come_and_go(self) -> None:
        balance = RoundRobin()
        for number in (3, 1, 2, 4):
            for _ in range(5):
                balance.choose(places(number), message("a", "b"))


class StickyTests(SynchronousTestCase):
    """Rendezvous hash."""

    def where(self, members: list[Place]) -> list[str]:
        balance = Sticky()
        return [balance.choose(members, message(f"u{n}@b", "a")).name for n in range(KEYS)]

    def test_same_for_same(self) -> None:
        self.assertEqual(self.where(places(4)), self.where(places(4)[::-1]))

    def test_slow_ones_too(self) -> None:
        members = places(4)
        before = self.where(members)
        members[2].is_ready = False
        self.assertEqual(self.where(members), before)

    def test_even(self) -> None:
        counts = Counter(self.where(places(4)))
        self.assertTrue(all(900 < count < 1100 for count in counts.values()), counts)

    def test_one_more(self) -> None:
        """At most 1/N and 5 % move, and only to the new one."""
        for number in (1, 2, 4, 9):
            before, after = self.where(places(number)), self.where(places(number + 1))
            moved = [new for old, new in zip(before, after, strict=True) if old != new]
            self.assertEqual(set(moved), {f"sm-{number}"})
            self.assertLess(len(moved) / KEYS, 1 / (number + 1) + 0.05)

    def test_one_less(self) -> None:
        before, after = self.where(places(4)), self.where(places(3))
        for old, new in zip(before, after, strict=True):
            self.assertTrue(old in (new, "sm-3"))

    def test_keys(self) -> None:
        item = message("Romeo@b.test/x", "juliet@a.test/y")
        self.assertEqual(by_recipient(item), "romeo@b.test")
        self.assertEqual(by_sender(item), "juliet@a.test")
        self.assertEqual(by_domains(item), "a.test b.test")
        for name in ("recipient", "sender", "domains", "round-robin"):
            self.assertIn(BALANCES[name]().choose(places(3), item).name, {"sm-0", "sm-1", "sm-2"})
