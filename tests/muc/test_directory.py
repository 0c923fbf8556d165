"""Which rooms there are."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.muc.directory import Directory
from xmppd.muc.keeping import Listed
from xmppd.protocol.paging import PageRequest

names = st.sampled_from("abcdefgh")
changes = st.lists(st.tuples(names, st.sampled_from([None, False, True])), max_size=30)


class DirectoryTest(SynchronousTestCase):
    @settings(deadline=None, max_examples=100)
    @given(changes)
    def test_as_a_naive_one(self, changes: list[tuple[str, bool | None]]) -> None:
        found, naive = Directory({"a": Listed(), "h": Listed("", True)}), {"a": False, "h": True}
        for name, hidden in changes:
            if hidden is None:
                found.remove(name)
                naive.pop(name, None)
            else:
                found.put(name, Listed(name, hidden))
                naive[name] = hidden
        public = sorted(name for name, hidden in naive.items() if not hidden)
        self.assertEqual(found.page(PageRequest(), 100), (public, 0))
        self.assertEqual((found.public, len(found)), (len(public), len(naive)))
        self.assertEqual({name for name, _ in found.items()}, set(naive))

    def test_pages(self) -> None:
        """XEP-0059, 2: also after and before a room that is there no longer."""
        found = Directory({name: Listed() for name in "abdef"})
        for wanted, expected in (
            (PageRequest(after="b"), (["d", "e"], 2)),
            (PageRequest(after="c"), (["d", "e"], 2)),
            (PageRequest(after="f"), ([], 5)),
            (PageRequest(before="d"), (["a", "b"], 0)),
            (PageRequest(before="c"), (["a", "b"], 0)),
            (PageRequest(before=""), (["e", "f"], 3)),
            (PageRequest(index=3), (["e", "f"], 3)),
        ):
            self.assertEqual(found.page(wanted, 2), expected, wanted)
