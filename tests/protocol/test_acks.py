"""XEP-0198: what both sides count and say."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol import acks
from xmppd.protocol.acks import MODULUS, Handled, TooHigh, Unacknowledged
from xmppd.protocol.namespaces import STREAM_MANAGEMENT as SM
from xmppd.protocol.stanza import Stanza


class UnacknowledgedTest(SynchronousTestCase):
    def test_an_h_settles_what_came_up_to_it(self) -> None:
        kept: Unacknowledged[str] = Unacknowledged()
        for item in "abc":
            kept.add(item, 10)
        self.assertEqual(kept.settle(0), [])
        self.assertEqual(kept.settle(2), ["a", "b"])
        self.assertEqual(kept.settle(2), [])
        self.assertEqual((kept.items, kept.size, len(kept), kept.sent), (["c"], 10, 1, 3))

    def test_more_than_was_sent(self) -> None:
        """Section 6: undefined-condition, with both counts."""
        kept: Unacknowledged[str] = Unacknowledged()
        kept.add("a")
        error = self.assertRaises(TooHigh, kept.settle, 2)
        self.assertEqual(error.condition, "undefined-condition")
        self.assertEqual(
            error.extra, f"<handled-count-too-high xmlns='{SM}' h='2' send-count='1'/>".encode()
        )
        self.assertEqual(kept.items, ["a"])

    def test_less_than_before(self) -> None:
        kept: Unacknowledged[str] = Unacknowledged()
        kept.add("a")
        kept.settle(1)
        self.assertRaises(TooHigh, kept.settle, 0)

    def test_the_count_begins_anew_at_its_end(self) -> None:
        """Section 4: from 2^32-1 back to zero."""
        kept: Unacknowledged[str] = Unacknowledged()
        kept.sent = MODULUS - 2
        for item in "abc":
            kept.add(item)
        self.assertEqual(kept.sent, 1)
        self.assertEqual(kept.settle(MODULUS - 1), ["a"])
        self.assertEqual(kept.settle(1), ["b", "c"])
        handled = Handled()
        handled.h = MODULUS - 1
        handled.add()
        self.assertEqual(handled.h, 0)

    def test_nothing_is_kept_any_more(self) -> None:
        kept: Unacknowledged[str] = Unacknowledged()
        kept.add("a", 5)
        self.assertEqual((kept.take_all(), kept.size, kept.sent), (["a"], 0, 1))
        self.assertEqual(kept.settle(1), [])

    @settings(deadline=None, max_examples=50)
    @given(st.integers(0, MODULUS - 1), st.integers(0, 30), st.integers(0, 30))
    def test_whatever_the_count(self, start: int, sent: int, handled: int) -> None:
        kept: Unacknowledged[int] = Unacknowledged()
        kept.sent = start
        for number in range(sent):
            kept.add(number)
        h = (start + handled) % MODULUS
        if handled > sent:
            self.assertRaises(TooHigh, kept.settle, h)
        else:
            self.assertEqual(kept.settle(h), list(range(handled)))
            self.assertEqual(kept.items, list(range(handled, sent)))


class ElementTest(SynchronousTestCase):
    def test_written_as_the_schema_says(self) -> None:
        for made, expected in (
            (acks.FEATURE, f"<sm xmlns='{SM}'/>"),
            (acks.REQUEST, f"<r xmlns='{SM}'/>"),
            (acks.answer(5), f"<a xmlns='{SM}' h='5'/>"),
            (acks.enable(False), f"<enable xmlns='{SM}'/>"),
            (acks.enable(True, 60), f"<enable xmlns='{SM}' resume='true' max='60'/>"),
            (acks.enabled(), f"<enabled xmlns='{SM}'/>"),
            (acks.enabled("x", 60), f"<enabled xmlns='{SM}' id='x' resume='true' max='60'/>"),
            (acks.resume("x", 0), f"<resume xmlns='{SM}' h='0' previd='x'/>"),
            (acks.resumed("x", 3), f"<resumed xmlns='{SM}' h='3' previd='x'/>"),
        ):
            self.assertEqual(made.decode(), expected)
        error = "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        for made, h in (
            (acks.failed("item-not-found"), ""),
            (acks.failed("item-not-found", 0), " h='0'"),
        ):
            self.assertEqual(made.decode(), f"<failed xmlns='{SM}'{h}>{error}</failed>")

    def test_counts(self) -> None:
        for text, expected in (
            ("0", 0),
            (" 7\n", 7),
            ("007", 7),
            (str(MODULUS - 1), MODULUS - 1),
            (str(MODULUS), None),
            ("9" * 100_000, None),
            ("-1", None),
            ("1.0", None),
            ("1_0", None),
            ("٣", None),
            ("", None),
        ):
            self.assertEqual(acks.count_in(Stanza(SM, "a", {"h": text})), expected)
        self.assertIsNone(acks.count_in(Stanza(SM, "a", {})))
        self.assertEqual(acks.count_in(Stanza(SM, "enable", {"max": "60"}), "max"), 60)

    def test_resumption_asked_for(self) -> None:
        for text, expected in (("true", True), ("1", True), ("false", False), ("0", False)):
            item = Stanza(SM, "enable", {"resume": text})
            self.assertEqual(acks.wants_resumption(item), expected)
        self.assertFalse(acks.wants_resumption(Stanza(SM, "enable", {})))
