"""Reports of the session protocol as bytes (3.5)."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.report import (
    AGAIN,
    ASK,
    GONE,
    NO_COUNT,
    Entry,
    read_report,
    report,
    report_numbers,
)
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

streams = st.integers(1, 10**6).map(str)
epochs = st.integers(1, 100)
counts = st.integers(0, 10**9)


def silent(mark: str) -> st.SearchStrategy[Entry]:
    none = st.just(0)
    return st.builds(Entry, streams, epochs, none, none, st.just(mark), st.just(NO_COUNT))


telling = st.builds(
    Entry, streams, epochs, counts, counts, st.sampled_from(["", AGAIN]), counts | st.just(NO_COUNT)
) | silent(GONE)
asking = silent(ASK)


def over_a_wire(item: Stanza) -> Stanza:
    return parse_stanza(item.to_bytes())


class ReportTest(SynchronousTestCase):
    def test_as_the_page_has_it(self) -> None:
        item = report(
            [("42", 1, 30, 30), ("57", 1, 4, 2, AGAIN, 17), ("9", 2, 0, 0, GONE)], 310, 882
        )
        self.assertEqual(
            item.to_bytes(),
            b"<report xmlns='urn:xmppd:session:0' k='310' seen='882'>"
            b"42.1 30 30;57.1 4 2 17!;9.2 gone</report>",
        )
        asked = report([Entry("42", 1, mark=ASK), Entry("57", 1, mark=ASK)])
        self.assertEqual(
            asked.to_bytes(),
            b"<report xmlns='urn:xmppd:session:0' ask='true'>42.1;57.1</report>",
        )

    @settings(max_examples=50, deadline=None)
    @given(st.lists(telling) | st.lists(asking), st.integers(1, 10**9), st.integers(0, 10**9))
    def test_there_and_back(self, entries: list[Entry], number: int, seen: int) -> None:
        item = report(entries, number, seen)
        self.assertEqual(read_report(item), entries)
        read = over_a_wire(item)
        self.assertEqual(read_report(read), entries)
        self.assertEqual(report_numbers(read), (number, seen))

    def test_without_numbers(self) -> None:
        self.assertEqual(report_numbers(over_a_wire(report([]))), (0, 0))

    @settings(max_examples=50, deadline=None)
    @given(st.text(alphabet="0123456789. ;!goneask", max_size=40), st.booleans())
    def test_anything_is_read(self, text: str, ask: bool) -> None:
        attrs = {"ask": "true"} if ask else {}
        for entry in read_report(Stanza("urn:xmppd:session:0", "report", attrs, text.encode())):
            self.assertIsInstance(entry.epoch, int)

    def test_what_is_no_entry_is_left_out(self) -> None:
        item = Stanza(
            "urn:xmppd:session:0", "report", {"k": "x"}, b"1.1 5;;x;2.1 3 3 17;3 1 1;4.1 1 1 -1"
        )
        self.assertEqual(read_report(item), [Entry("2", 1, 3, 3, "", 17)])
        self.assertEqual(report_numbers(item), (0, 0))
