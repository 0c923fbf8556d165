from functools import partial
from typing import Any

import attrs
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import HEADER, SECRET, Cable, House, Raw, message, settings
from xmppd.link.codec import attach
from xmppd.link.handshake import digest
from xmppd.protocol.events import StreamOpened

NAME = "irc.test"


class HandshakeCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.acceptor = self.house.acceptor()

    def raw(self) -> Raw:
        return self.house.connect(self.acceptor)


class AcceptedTests(HandshakeCase):
    """XEP-0114, 3."""

    def test_digest(self) -> None:
        """FIPS 180-1, appendix A."""
        self.assertEqual(digest("a", "bc"), "a9993e364706816aba3e25717850c26c9cd0d89d")

    def test_flow(self) -> None:
        raw = self.raw()
        raw.say(f"{HEADER} to='{NAME}'>")
        (opened,) = raw.events
        assert isinstance(opened, StreamOpened)
        self.assertEqual(opened.header.attrs["from"], NAME)
        raw.say(f"<handshake>{digest(raw.stream_id, SECRET)}</handshake>")
        self.assertTrue(raw.is_up)
        raw.say(message("home.test", NAME))
        self.assertEqual(self.house.received(), ["1"])

    def test_language_of_the_header(self) -> None:
        """Rules of raw forwarding, 7; RFC 6120, 4.7.4."""
        raw = self.raw()
        raw.handshake(NAME, header=f"{HEADER} xml:lang='de'")
        stanza = message("home.test", NAME)
        raw.say(stanza, stanza.readdressed(None, None, **{"xml:lang": "en"}))
        self.assertEqual([item.lang for item in self.house.got], ["de", "en"])

    def test_all_in_pieces(self) -> None:
        raw = self.raw()
        for byte in f"<?xml version='1.0'?>{HEADER} to='{NAME}'>":
            raw.say(byte)
        for byte in f"<handshake>{digest(raw.stream_id, SECRET)}</handshake>":
            raw.say(byte)
        self.assertTrue(raw.is_up)

    def test_stanza_behind_the_handshake(self) -> None:
        """In the same read, larger than anything may be before the handshake."""
        raw = self.raw()
        raw.say(f"{HEADER} to='{NAME}'>")
        large = message("home.test", NAME).adding(b"x" * 20_000)
        raw.say(
            f"<handshake>{digest(raw.stream_id, SECRET)}</handshake>".encode() + large.to_bytes()
        )
        self.assertEqual(self.house.received(), ["1"])

    def test_too_large_before_it(self) -> None:
        raw = self.raw()
        raw.say(f"{HEADER} to='{NAME}'><handshake>{'a' * 11_000}")
        self.assertEqual(raw.condition, "policy-violation")

    def test_streams_have_ids_of_their_own(self) -> None:
        ids = set()
        for _ in range(20):
            raw = self.raw()
            raw.say(f"{HEADER} to='{NAME}'>")
            ids.add(raw.stream_id)
        self.assertEqual((len(ids), min(map(len, ids))), (20, 32))

    def test_headers(self) -> None:
        """RFC 6120, 4.7.1 and 4.9.1.2: the answer is a header, an error and an end."""
        for header, condition in (
            (HEADER.replace("component:accept", "client") + f" to='{NAME}'>", "invalid-namespace"),
            (HEADER.replace("http://etherx", "urn:x") + f" to='{NAME}'>", "invalid-namespace"),
            (f"<stream xmlns='u' to='{NAME}'>", "invalid-namespace"),
            (HEADER.replace("stream:stream ", "stream:other ") + f" to='{NAME}'>", "bad-format"),
            (f"{HEADER}>", "host-unknown"),
            (f"{HEADER} to='@'>", "host-unknown"),
            (f"{HEADER} to='a@{NAME}'>", "host-unknown"),
            ("<!DOCTYPE x>", "restricted-xml"),
            ("\0", "unsupported-encoding"),
            ("GET / HTTP/1.1\r\n", "not-well-formed"),
        ):
            raw = self.raw()
            raw.say(header)
            self.assertEqual(raw.condition, condition, header)

    def test_too_slow(self) -> None:
        """X20."""
        for data in ("", HEADER, f"{HEADER} to='{NAME}'>"):
            raw = self.raw()
            raw.say(data)
            self.house.clock.advance(29)
            self.assertFalse(raw.closed)
            self.house.clock.advance(1)
            raw.settle()
            self.assertEqual(raw.condition, "connection-timeout")

    def test_gone_before_it(self) -> None:
        raw = self.raw()
        raw.say(f"{HEADER} to='{NAME}'>")
        raw.connection.cut()
        self.assertEqual(self.house.clock.getDelayedCalls(), [])


class HostileTests(HandshakeCase):
    """Hostile inputs K1 to K3."""

    def setUp(self) -> None:
        super().setUp()
        self.logged: list[dict[str, Any]] = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)

    def test_k1_wrong_handshake(self) -> None:
        older = self.raw()
        older.say(f"{HEADER} to='{NAME}'>")
        for proof in (
            lambda raw: digest(raw.stream_id, "wrong"),
            lambda raw: digest(raw.stream_id, SECRET).upper(),
            lambda raw: digest(older.stream_id, SECRET),
            lambda raw: "",
            lambda raw: SECRET,
            lambda raw: "\u00e9" * 40,
        ):
            raw = self.raw()
            raw.say(f"{HEADER} to='{NAME}'>")
            self.logged.clear()
            raw.say(f"<handshake>{proof(raw)}</handshake>", message("home.test", NAME))
            self.assertEqual(raw.condition, "not-authorized")
            (line,) = self.logged
            self.assertEqual((line["name"], line["peer"]), (NAME, raw.wire.peer))
            self.assertNotIn(SECRET, repr(line))
        self.assertEqual(self.house.got, [])

    def test_k2_stanza_before_it(self) -> None:
        raw = self.raw()
        raw.say(f"{HEADER} to='{NAME}'>", message("home.test", NAME))
        self.assertEqual(raw.condition, "not-authorized")
        self.assertEqual(self.house.got, [])

    def test_k3_names(self) -> None:
        """Before any handshake."""
        self.house.component("other.test", names=("sm-1",))
        self.house.connect(self.acceptor, NAME)
        for name, condition in (
            ("home.test", "host-unknown"),
            ("HOME.test.", "host-unknown"),
            ("sm-1", "host-unknown"),
            (NAME, "conflict"),
        ):
            raw = self.raw()
            raw.say(f"{HEADER} to='{name}'>")
            self.assertEqual(raw.condition, condition)

    def test_k3_not_configured(self) -> None:
        self.acceptor = self.house.acceptor(routes=("a.test", "*.b.test"))
        for name, condition in (
            ("other.test", "host-unknown"),
            ("b.test", "host-unknown"),
            ("x.a.test", "host-unknown"),
            ("a.test", ""),
        ):
            raw = self.raw()
            raw.handshake(name)
            self.assertEqual(raw.condition, condition)

    def test_certificates(self) -> None:
        """Instead of the secret, or besides it; without either nobody gets in."""
        for secret, vouched, shown, is_up in (
            (None, True, "", True),
            (None, False, SECRET, False),
            (None, None, "", False),
            (SECRET, True, SECRET, True),
            (SECRET, True, "", False),
            (SECRET, False, SECRET, False),
        ):
            vouches = None if vouched is None else partial(self.vouches, vouched)
            self.house = House()
            proof = attrs.evolve(settings(), secret=secret, vouches=vouches)
            self.acceptor = self.house.acceptor(settings=proof)
            raw = self.raw()
            raw.handshake(NAME, shown)
            self.assertEqual((raw.is_up, raw.condition), (is_up, "" if is_up else "not-authorized"))

    def vouches(self, vouched: bool, transport: object) -> bool:
        """Look at the certificate of a transport, as it were."""
        self.assertIsInstance(transport, Cable)
        return vouched

    def test_secret_is_not_shown(self) -> None:
        self.assertNotIn(SECRET, repr(settings()))
        self.assertNotIn(SECRET, repr(self.acceptor.rules))


class TrustedTests(HandshakeCase):
    """The first thing after the handshake says who it is."""

    def setUp(self) -> None:
        super().setUp()
        self.acceptor = self.house.acceptor(settings=settings(trusted=True), routes=("a.test",))

    def test_attach(self) -> None:
        raw = self.house.connect(self.acceptor, "sm-1", "a.test")
        self.house.home.send(message("x@a.test", "home.test"))
        self.assertEqual(raw.ids(), ["1"])

    def test_attach_behind_the_handshake(self) -> None:
        """In one read with it, and with what follows."""
        raw = self.raw()
        raw.say(f"{HEADER} to='sm-1'>")
        raw.say(
            f"<handshake>{digest(raw.stream_id, SECRET)}</handshake>".encode()
            + attach("sm-1", "1", "sm", ["a.test"])
            + message("home.test", "x@a.test").to_bytes()
        )
        self.assertEqual(self.house.received(), ["1"])

    def test_refused(self) -> None:
        for data in (
            message("home.test", "a.test").to_bytes(),
            b"<route/>",
            b"<route><message/></route>",
            b"<route from='sm-1' to='home.test'><message/></route>",
            attach("", "1"),
            attach("a.b", "1"),
            attach("sm-1", "1", "sm", ["b.test"]),
            attach("sm-1", "1") + b"<x/>",
        ):
            raw = self.raw()
            raw.handshake("sm-1")
            raw.say(data)
            expected = "unsupported-stanza-type" if data.endswith(b"<x/>") else "not-authorized"
            self.assertEqual(raw.condition, expected, data)
        self.assertEqual(self.house.got, [])

    def test_only_instances(self) -> None:
        self.acceptor = self.house.acceptor(
            settings=settings(trusted=True), instances=("sm-1", "sm-2")
        )
        self.house.connect(self.acceptor, "sm-2")
        raw = self.raw()
        raw.attach("sm-3")
        self.assertFalse(self.house.router.is_instance("sm-3"))
        self.assertTrue(raw.closed)


class CleanTests(SynchronousTestCase):
    def test_nothing_is_left(self) -> None:
        house = House(MemoryReactorClock())
        acceptor = house.acceptor()
        raw = house.connect(acceptor, NAME)
        raw.connection.cut()
        self.assertEqual(house.clock.getDelayedCalls(), [])
