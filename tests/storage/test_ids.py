"""Entry ids and the counter behind them."""

from __future__ import annotations

from base64 import b32hexencode

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.storage.ids import Mark, Mint, Ticks

marks = st.builds(Mark, st.integers(0, (1 << 63) - 1), st.integers(0, (1 << 64) - 1))
quick = settings(deadline=None, max_examples=100)


class MarkTest(SynchronousTestCase):
    @quick
    @given(marks, marks)
    def test_ids(self, one: Mark, other: Mark) -> None:
        """An id is base32hex of its 16 bytes, reads back, and sorts as the mark does."""
        octets = one.time.to_bytes(8, "big") + one.salt.to_bytes(8, "big")
        self.assertEqual(one.to_id(), b32hexencode(octets).decode().rstrip("="))
        self.assertEqual(Mark.from_id(one.to_id()), one)
        self.assertEqual(one < other, one.to_id() < other.to_id())

    @quick
    @given(st.text(max_size=30) | st.text("0189AUVWvö=", min_size=26, max_size=26))
    def test_others(self, text: str) -> None:
        """Anything else is a ValueError; no two texts are the same id."""
        try:
            mark = Mark.from_id(text)
        except ValueError:
            return
        self.assertEqual(mark.to_id(), text)


class TicksTest(SynchronousTestCase):
    def test_grow(self) -> None:
        """Versions follow the clock, but never back and never twice."""
        now = 1.0
        ticks = Ticks(lambda: now)
        self.assertEqual([ticks.next(), ticks.next()], [1_000_000, 1_000_001])
        now = 2.0
        self.assertEqual(ticks.next(), 2_000_000)
        now = 0.0
        self.assertEqual(ticks.next(), 2_000_001)
        ticks.not_before(3_000_000)
        ticks.not_before(1)
        self.assertEqual(ticks.next(), 3_000_001)


class MintTest(SynchronousTestCase):
    def test_used_once(self) -> None:
        """An id is fresh until it is used; the oldest unused ones are forgotten."""
        mint = Mint(Ticks(lambda: 1.0), remembered=2)
        first, second, third = mint.new_id(), mint.new_id(), mint.new_id()
        self.assertIsNone(mint.use(first))
        self.assertEqual(mint.use(second), Mark.from_id(second))
        self.assertIsNone(mint.use(second))
        self.assertIsNotNone(mint.use(third))
