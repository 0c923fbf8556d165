from twisted.trial.unittest import SynchronousTestCase

from tests.fuzz.reference import tree
from xmppd.protocol.errors import (
    DEFAULT_TYPES,
    STREAM_CONDITIONS,
    StanzaError,
    StreamError,
)
from xmppd.protocol.namespaces import CLIENT, STANZA_ERRORS, STREAM_ERRORS, STREAMS


def names(data: bytes) -> list[str]:
    """What stands in the error, read in a client's stream."""
    found = tree(b"<s xmlns='jabber:client' xmlns:stream='%b'>%b</s>" % (STREAMS.encode(), data))
    return [found[0], *(child[0] for child in found[2])]


class StreamErrorTests(SynchronousTestCase):
    """RFC 6120, 4.9.2."""

    def test_conditions(self) -> None:
        """4.9.3 has 25 of them."""
        self.assertEqual(len(STREAM_CONDITIONS), 25)
        for condition in STREAM_CONDITIONS:
            self.assertEqual(
                names(StreamError(condition).to_bytes()),
                [f"{STREAMS} error", f"{STREAM_ERRORS} {condition}"],
            )

    def test_text_and_extra(self) -> None:
        error = StreamError("policy-violation", "a < b\0", b"<x xmlns='u'/>")
        self.assertEqual(
            names(error.to_bytes()),
            [
                f"{STREAMS} error",
                f"{STREAM_ERRORS} policy-violation",
                f"{STREAM_ERRORS} text",
                "u x",
            ],
        )
        self.assertIn("a &lt; b\ufffd".encode(), error.to_bytes())
        self.assertEqual(str(error), "policy-violation: a < b\0")


class StanzaErrorTests(SynchronousTestCase):
    """RFC 6120, 8.3."""

    def test_types(self) -> None:
        """8.3.3 has 22 conditions; 8.3.2 five types."""
        self.assertEqual(len(DEFAULT_TYPES), 22)
        self.assertLessEqual(
            set(DEFAULT_TYPES.values()), {"auth", "cancel", "continue", "modify", "wait"}
        )
        for condition, type in DEFAULT_TYPES.items():
            error = StanzaError(condition)
            self.assertEqual(error.type, type)
            self.assertEqual(
                names(error.to_bytes()), [f"{CLIENT} error", f"{STANZA_ERRORS} {condition}"]
            )

    def test_all_of_it(self) -> None:
        error = StanzaError(
            "forbidden", "no\ufffe", type="cancel", extra=b"<x xmlns='u'/>", by="a.test"
        )
        self.assertEqual(
            error.to_bytes().decode(),
            "<error type='cancel' by='a.test'>"
            f"<forbidden xmlns='{STANZA_ERRORS}'/><text xmlns='{STANZA_ERRORS}'>no\ufffd</text>"
            "<x xmlns='u'/></error>",
        )

    def test_unknown_condition(self) -> None:
        self.assertRaises(KeyError, StanzaError, "no-such")
        self.assertRaises(KeyError, StanzaError, "no-such", type="cancel")
