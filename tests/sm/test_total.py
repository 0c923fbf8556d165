"""The sum of what waits for sessions without streams."""

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from xmppd.sm.total import STANZA_BYTES, Total


@attrs.define(eq=False)
class Waiting:
    load: tuple[int, int]


class TotalTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.total = Total()
        self.one, self.other = [self.session(count, 100) for count in (1, 2)]

    def session(self, count: int, size: int) -> Any:
        """Something for which so much waits."""
        return Waiting((count, size))

    def test_each_counts_once(self) -> None:
        for session in self.one, self.other, self.one:
            self.total.weigh(session)
        self.assertEqual(self.total.size, 3 * STANZA_BYTES + 200)
        self.one.load = (0, 0)
        self.total.weigh(self.one)
        self.assertEqual(self.total.size, 2 * STANZA_BYTES + 100)

    def test_largest(self) -> None:
        self.total.weigh(self.one)
        self.total.weigh(self.other)
        self.assertIs(self.total.largest(), self.other)

    def test_forgotten(self) -> None:
        self.total.weigh(self.one)
        self.total.forget(self.one)
        self.total.forget(self.other)
        self.assertEqual(self.total.size, 0)
