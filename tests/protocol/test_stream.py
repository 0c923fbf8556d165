"""The receiving side of a stream: RFC 6120, 4.7 to 4.9."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.protocol.elements import parsed
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Header, StreamClosed, StreamOpened
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CLIENT, SASL, STREAMS
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import Stream

HEADER = (
    "<stream:stream to='example.com' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
)
US = Jid.parse("our.test")


def new_stream() -> Stream:
    return Stream(CLIENT, US, 10_240, frozenset({SASL}))


def accepted(stream: Stream, header: str) -> Stream:
    """Feed a header and have it accepted."""
    (opened,) = stream.framer.feed(header.encode())
    assert isinstance(opened, StreamOpened)
    stream.accept(opened.header)
    return stream


class HeaderTest(SynchronousTestCase):
    def refused(self, header: str, stream: Stream | None = None) -> str:
        with self.assertRaises(StreamError) as caught:
            accepted(stream or new_stream(), header)
        return caught.exception.condition

    def test_accepted(self) -> None:
        header = HEADER.replace(" to=", " from='Juliet@Example.com' xml:lang='de-CH' to=")
        stream = accepted(new_stream(), header)
        self.assertEqual(
            (stream.host, stream.peer, stream.lang), ("example.com", "juliet@example.com", "de-CH")
        )

    def test_root_of_another_namespace(self) -> None:
        """4.9.3.10; whatever else is wrong with it."""
        self.assertEqual(self.refused("<stream xmlns='foo'>"), "invalid-namespace")
        self.assertEqual(
            self.refused("<stream:stream xmlns='jabber:client' xmlns:stream='urn:x'>"),
            "invalid-namespace",
        )

    def test_root_of_another_name(self) -> None:
        self.assertEqual(self.refused(HEADER.replace(":stream ", ":strem ")), "bad-format")

    def test_content_namespace_of_another_kind_of_stream(self) -> None:
        """4.8.2: a client's is jabber:client."""
        for namespace in ("jabber:server", "jabber:component:accept", "foo", ""):
            header = HEADER.replace("'jabber:client'", f"'{namespace}'")
            self.assertEqual(self.refused(header), "invalid-namespace", namespace)

    def test_streams_as_default_namespace(self) -> None:
        """4.8.2 and 4.8.5: the prefix is the peer's choice."""
        accepted(
            new_stream(),
            "<stream to='example.com' xmlns='http://etherx.jabber.org/streams' "
            "xmlns:c='jabber:client' version='1.0'>",
        )

    def test_host(self) -> None:
        """4.9.3.7 for none, 4.9.3.6 for what is no host."""
        self.assertEqual(
            self.refused(HEADER.replace("to='example.com'", "")), "improper-addressing"
        )
        for host in ("not a host", "a@example.com", "example.com/x", "@", "a..b"):
            header = HEADER.replace("'example.com'", f"'{host}'")
            self.assertEqual(self.refused(header), "host-unknown", host)

    def test_host_is_prepared(self) -> None:
        self.assertEqual(
            accepted(new_stream(), HEADER.replace("example.com", "EXAMPLE.com.")).host,
            "example.com",
        )

    def test_version(self) -> None:
        """4.7.5: a version of 1.0 or later, which we answer with our own."""
        for version in ("0.9", "x", "", "1", "1.", "-1.0"):
            header = HEADER.replace("'1.0'", f"'{version}'")
            self.assertEqual(self.refused(header), "unsupported-version", version)
        self.assertEqual(self.refused(HEADER.replace(" version='1.0'", "")), "unsupported-version")
        for version in ("1.5", "2.0"):
            accepted(new_stream(), HEADER.replace("'1.0'", f"'{version}'"))

    def test_addressing_comes_before_version(self) -> None:
        header = HEADER.replace(" version='1.0'", "").replace("to='example.com' ", "")
        self.assertEqual(self.refused(header), "improper-addressing")

    def test_what_is_said_of_oneself_may_be_wrong(self) -> None:
        stream = accepted(new_stream(), HEADER.replace(" to=", " from='@' xml:lang='&lt;' to="))
        self.assertEqual((stream.peer, stream.lang), (None, ""))

    def test_same_host_after_restart(self) -> None:
        stream = accepted(new_stream(), HEADER)
        stream.restart(10_240)
        self.assertEqual(
            self.refused(HEADER.replace("example.com", "example.net"), stream), "not-authorized"
        )

    def test_stanza_instead_of_header_after_restart(self) -> None:
        """4.9.3.12: login is not over before the new stream."""
        stream = accepted(new_stream(), HEADER)
        stream.restart(10_240)
        self.assertEqual(self.refused("<message>", stream), "not-authorized")

    @given(st.dictionaries(st.sampled_from(["to", "from", "version", "xml:lang"]), st.text()))
    @settings(deadline=None, max_examples=100)
    def test_any_header_is_accepted_or_refused(self, attributes: dict[str, str]) -> None:
        stream = new_stream()
        with contextlib.suppress(StreamError):
            stream.accept(Header(STREAMS, "stream", attributes, CLIENT, CLIENT, {}, b""))
        parsed(stream.close().partition(b"?>")[2])


class OurHeaderTest(SynchronousTestCase):
    def test_header(self) -> None:
        """4.7: from, to, id, version, language."""
        stream = accepted(new_stream(), HEADER.replace(" to=", " from='juliet@example.com' to="))
        data = stream.open()
        self.assertTrue(data.startswith(b"<?xml version='1.0'?><stream:stream "))
        root = parsed(data.partition(b"?>")[2] + b"</stream:stream>")
        self.assertEqual((root.uri, root.name, root.defaultUri), (STREAMS, "stream", CLIENT))
        self.assertEqual(root["from"], "example.com")
        self.assertEqual(root["to"], "juliet@example.com")
        self.assertEqual(root["version"], "1.0")
        self.assertEqual(root["http://www.w3.org/XML/1998/namespace", "lang"], "en")

    def test_id_is_never_the_same(self) -> None:
        """4.7.3: unique, and not to be guessed."""
        ids = {new_stream().open() for _ in range(50)}
        self.assertEqual(len(ids), 50)

    def test_close_after_header(self) -> None:
        stream = accepted(new_stream(), HEADER)
        stream.open()
        self.assertEqual(stream.close(b"<x/>"), b"<x/></stream:stream>")

    def test_header_goes_before_error(self) -> None:
        """4.9.1.2; from is ours where the peer has named none."""
        root = parsed(new_stream().close(b"<x/>").partition(b"?>")[2])
        self.assertEqual((root["from"], root.firstChildElement().name), ("our.test", "x"))

    def test_unknown_host_is_not_claimed(self) -> None:
        stream = accepted(new_stream(), HEADER)
        error = stream.refuse_host()
        root = parsed(stream.close(error.to_bytes()).partition(b"?>")[2])
        self.assertEqual(root["from"], "our.test")
        self.assertEqual(root.firstChildElement().firstChildElement().name, "host-unknown")


class RestartTest(SynchronousTestCase):
    def test_bytes_after_the_negotiation_element_are_kept_apart(self) -> None:
        """4.3.3: the old stream ends with the negotiation."""
        stream = accepted(new_stream(), HEADER)
        stream.open()
        (auth,) = stream.framer.feed(f"<auth xmlns='{SASL}'/>{HEADER}".encode())
        assert isinstance(auth, Stanza)
        self.assertEqual(auth.name, "auth")
        rest = stream.restart(20_000)
        self.assertEqual(rest, HEADER.encode())
        accepted(stream, rest.decode())
        self.assertTrue(stream.open().startswith(b"<?xml"))
        self.assertEqual(stream.framer.max_stanza, 20_000)
        (closed,) = stream.framer.feed(b"</stream:stream>")
        self.assertIsInstance(closed, StreamClosed)
