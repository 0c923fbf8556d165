"""What travels of receipts."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.link.receipts import Receipts, Way

WAY = Way("example.com", "orchard@rooms.test")


class ReceiptsTest(SynchronousTestCase):
    def test_written(self) -> None:
        """Session protocol, 3.9: numbers, and ranges of them."""
        said = Receipts("b", WAY, 890, [881, 884, 883, 885]).to_xml()
        self.assertEqual(said.attrs["done"], "881 883-885")

    @settings(deadline=None, max_examples=50)
    @given(
        st.sets(st.integers(1, 60)),
        st.integers(0, 99),
        st.booleans(),
        st.sampled_from(("", "gone")),
    )
    def test_read(self, done: set[int], got: int, again: bool, error: str) -> None:
        said = Receipts("b", WAY, got, sorted(done), again, error)
        self.assertEqual(Receipts.parse(said.to_xml()), said)

    def test_too_many(self) -> None:
        """A range is short to write, however long it is."""
        for done in "1-999999999999", "1-100000 200000":
            said = Receipts("b", WAY).to_xml()
            said.attrs["done"] = done
            self.assertRaises(ValueError, Receipts.parse, said)
