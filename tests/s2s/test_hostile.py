"""What servers elsewhere may not do, row by row of the table of hostile inputs."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from OpenSSL import SSL
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.s2s.authority import Authority
from tests.s2s.network import Network, Place
from tests.s2s.raw import HEADER, Certified, Raw, TlsClient, error_in, listed, stream_id
from xmppd.app.config_servers import ServerLimits
from xmppd.protocol.namespaces import STREAMS, TLS
from xmppd.s2s.dialback import Keys
from xmppd.s2s.targets import Target

MESSAGE = "<message from='romeo@remote.test' to='juliet@capulet.test' id='m'/>"
REMOTE = [x509.DNSName("remote.test")]


class Hostile(SynchronousTestCase):
    """A place of ours, and raw servers that come to it."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.network = Network(self.folder)
        self.authority = Authority(self.folder)
        self.place = self.new_place()

    def new_place(self, **more: object) -> Place:
        self.authority.write(self.folder / "capulet.test", "capulet.test")
        place = Place(
            self.network,
            "capulet.test",
            "second.test",
            trust=self.authority.file,
            address="11.0.0.1",
            **more,  # type: ignore[arg-type]
        )
        self.addCleanup(place.stop)
        return place

    def raw(self) -> Raw:
        raw = Raw(self.network)
        self.network.connect(raw, self.network.hosts["11.0.0.1", 5269]())
        return raw

    def secured(self, certified: Certified | None = None, sender: str = "remote.test") -> Raw:
        raw = self.raw()
        raw.open(sender=sender)
        raw.secure(certified)
        raw.open(sender=sender)
        return raw

    def proved(self) -> Raw:
        """One that has proved remote.test by certificate."""
        raw = self.secured(self.authority.sign(REMOTE))
        self.assertIn("<success", raw.external())
        raw.open()
        return raw

    def check_end(self, raw: Raw, condition: str) -> None:
        self.assertEqual(error_in(raw.heard), condition)
        self.assertTrue(raw.heard.endswith("</stream:stream>"), raw.heard)
        self.assertEqual(self.place.got, [])

    def authoritative(self, secret: str = "remote") -> Place:
        """The real remote.test."""
        place = Place(
            self.network,
            "remote.test",
            "other.test",
            address="11.0.0.2",
            trust=self.authority.file,
            secret=secret,
        )
        self.addCleanup(place.stop)
        return place


class HeaderTest(Hostile):
    def test_headers(self) -> None:
        for header, condition in (
            (f"{HEADER} from='remote.test'>", "improper-addressing"),
            (f"{HEADER} from='remote.test' to='not a host'>", "host-unknown"),
            (f"{HEADER} from='remote.test' to='nosuch.test'>", "host-unknown"),
            (f"{HEADER} from='second.test' to='capulet.test'>", "invalid-from"),
            (f"{HEADER} from='a@remote.test' to='capulet.test'>", "improper-addressing"),
            (
                f"<stream:stream xmlns='jabber:client' xmlns:stream='{STREAMS}'>",
                "invalid-namespace",
            ),
            ("GET / HTTP/1.1\r\n\r\n", "not-well-formed"),
            ("\0", "unsupported-encoding"),
            ("<!DOCTYPE x>", "restricted-xml"),
        ):
            raw = self.raw()
            raw.send(header)
            self.assertTrue(raw.heard.startswith("<?xml version='1.0'?><stream:stream"), header)
            self.check_end(raw, condition)

    def test_another_address_after_tls(self) -> None:
        for to, sender in (("capulet.test", "other.test"), ("second.test", "remote.test")):
            raw = self.raw()
            raw.open()
            raw.secure()
            raw.open(to, sender)
            self.check_end(raw, "not-authorized")

    def test_another_address_after_sasl(self) -> None:
        """H8."""
        for to, sender in (("capulet.test", "other.test"), ("second.test", "remote.test")):
            raw = self.secured(self.authority.sign(REMOTE))
            self.assertIn("<success", raw.external())
            raw.open(to, sender)
            self.check_end(raw, "not-authorized")

    def test_tls_is_required(self) -> None:
        raw = self.raw()
        self.assertIn(f"<starttls xmlns='{TLS}'><required/>", raw.open())
        self.assertNotIn("mechanism", raw.heard)

    def test_bytes_behind_starttls(self) -> None:
        """H9 (CVE-2011-0411): never parsed."""
        raw = self.raw()
        raw.open()
        raw.send(f"<starttls xmlns='{TLS}'/><db:result from='remote.test' to='capulet.test'>x")
        self.assertTrue(raw.closed)
        self.assertNotIn("db:", raw.heard)

    def test_silence(self) -> None:
        """X20: at the deadline."""
        raw = self.raw()
        self.network.advance(29)
        self.assertFalse(raw.closed)
        self.network.advance(1)
        self.check_end(raw, "connection-timeout")

    def test_a_byte_now_and_then(self) -> None:
        """X20: the deadline is one for all of it."""
        raw = self.raw()
        raw.send("<")
        for byte in "st":
            self.network.advance(10)
            raw.send(byte)
        self.assertFalse(raw.closed)
        self.network.advance(10)
        self.check_end(raw, "connection-timeout")

    def test_large_before_proof(self) -> None:
        raw = self.secured()
        raw.send(f"<db:result from='remote.test' to='capulet.test'>{'x' * 10_240}")
        self.check_end(raw, "policy-violation")

    def test_connections_of_one_address(self) -> None:
        self.place = self.new_place(limits=ServerLimits(connections_per_address=2))
        kept = [self.raw(), self.raw()]
        self.assertIsNone(self.network.hosts["11.0.0.1", 5269]())
        kept[0].send("</x>")
        self.network.advance(6)
        self.assertIsNotNone(self.network.hosts["11.0.0.1", 5269]())


class StanzaTest(Hostile):
    def test_before_proof(self) -> None:
        """F1."""
        for raw in (self.secured(), self.raw()):
            if not raw.heard:
                raw.open()
            raw.send(MESSAGE)
            self.check_end(raw, "not-authorized")

    def test_stanzas_that_were_not_proved(self) -> None:
        """F1, F2, F3, S5."""
        for stanza, condition in (
            ("<message from='x@other.test' to='juliet@capulet.test'/>", "invalid-from"),
            ("<message from='x@remote.test' to='juliet@second.test'/>", "host-unknown"),
            ("<message from='x@sub.remote.test' to='juliet@capulet.test'/>", "invalid-from"),
            ("<message from='x@remote.test'/>", "improper-addressing"),
            ("<message to='juliet@capulet.test'/>", "improper-addressing"),
            ("<message from='x@remote.test' to='@b'/>", "improper-addressing"),
            ("<message from='x@second.test' to='juliet@capulet.test'/>", "invalid-from"),
            ("<route/>", "unsupported-stanza-type"),
            ("<foo xmlns='bar'/>", "unsupported-stanza-type"),
        ):
            raw = self.proved()
            raw.send(stanza)
            self.check_end(raw, condition)

    def test_a_stanza_that_was(self) -> None:
        raw = self.proved()
        raw.send("<message from='romeo@remote.test' to='juliet@capulet.test' id='m'/>")
        self.assertEqual(self.place.heard, ["m"])

    def test_language_of_the_stream(self) -> None:
        raw = self.secured(self.authority.sign(REMOTE))
        raw.external()
        raw.send(f"{HEADER} to='capulet.test' from='remote.test' xml:lang='it'>")
        raw.send(MESSAGE + MESSAGE.replace("id=", "xml:lang='fr' id="))
        self.assertEqual([stanza.lang for stanza in self.place.got], ["it", "fr"])

    def test_unsolicited_answers(self) -> None:
        """F4 (CVE-2012-3525): ignored; what follows is refused."""
        for answer in ("result", "verify"):
            raw = self.secured()
            said = raw.send(
                f"<db:{answer} from='remote.test' to='capulet.test' id='x' type='valid'/>"
            )
            self.assertEqual(said, "")
            raw.send(MESSAGE)
            self.check_end(raw, "not-authorized")


class DialbackTest(Hostile):
    def test_a_right_key(self) -> None:
        self.authoritative()
        raw = self.secured()
        key = Keys("remote").key("capulet.test", "remote.test", stream_id(raw.heard))
        self.assertIn("type='valid'", raw.result(f"\n  {key} \n"))
        raw.send(MESSAGE)
        self.assertEqual(self.place.heard, ["m"])

    def test_a_key_in_another_prefix(self) -> None:
        """F9."""
        self.authoritative()
        raw = self.secured()
        key = Keys("remote").key("capulet.test", "remote.test", stream_id(raw.heard))
        said = raw.send(
            "<result xmlns='jabber:server:dialback' from='remote.test' to='capulet.test'>"
            f"{key}</result>"
        )
        self.assertIn("type='valid'", said)

    def test_a_wrong_key(self) -> None:
        """F5: of the first pair, and of a second."""
        self.authoritative()
        raw = self.secured()
        self.assertIn("type='invalid'", raw.result())
        self.assertIn("</stream:stream>", raw.heard)
        raw = self.proved()
        self.assertEqual(error_in(raw.result(sender="other.test")), "forbidden")
        raw.send(MESSAGE)
        self.assertEqual(self.place.heard, ["m"])

    def test_an_authoritative_server_that_cannot_be_asked(self) -> None:
        """F5: nowhere, refused, silent, does not know the domain."""
        self.assertEqual(error_in(self.secured().result()), "remote-server-not-found")
        self.network.advance(5)
        self.network.known["remote.test"] = [Target("11.0.0.9")]
        self.assertEqual(error_in(self.secured().result()), "remote-connection-failed")
        self.network.advance(9)
        self.network.known["remote.test"] = [Target("11.0.0.1")]
        self.assertEqual(error_in(self.secured().result()), "remote-server-not-found")
        self.network.advance(17)
        self.network.known["remote.test"] = [Target("11.0.0.8")]
        self.network.silent.add("11.0.0.8")
        raw = self.secured()
        self.assertEqual(raw.result(), "")
        self.network.advance(30)
        self.assertEqual(error_in(raw.heard), "remote-server-timeout")

    def test_keys_that_nobody_is_asked_about(self) -> None:
        """F3, F6."""
        raw = self.secured()
        for sender, to, condition in (
            ("remote.test", "nosuch.test", "item-not-found"),
            ("second.test", "capulet.test", "not-acceptable"),
            ("capulet.test", "capulet.test", "not-acceptable"),
        ):
            self.assertEqual(error_in(raw.result("k", sender, to)), condition)
        self.assertFalse(raw.closed)
        self.assertEqual(self.network.dialed, [])

    def test_without_tls(self) -> None:
        """F6."""
        raw = self.raw()
        raw.open()
        self.assertEqual(error_in(raw.result()), "policy-violation")
        self.assertFalse(raw.closed)

    def test_what_was_proved_in_the_clear_is_forgotten_with_tls(self) -> None:
        self.authoritative()
        self.place = self.new_place(policy={"remote.test": "plaintext-dialback"})
        raw = self.raw()
        raw.open()
        key = Keys("remote").key("capulet.test", "remote.test", stream_id(raw.heard))
        self.assertIn("type='valid'", raw.result(key))
        raw.secure()
        raw.open()
        raw.send(MESSAGE)
        self.check_end(raw, "not-authorized")

    def test_plain_text_where_it_is_allowed(self) -> None:
        """For that very domain alone."""
        self.authoritative()
        self.place = self.new_place(policy={"remote.test": "plaintext-dialback"})
        raw = self.raw()
        self.assertNotIn("<required/>", raw.open())
        key = Keys("remote").key("capulet.test", "remote.test", stream_id(raw.heard))
        self.assertEqual(error_in(raw.result(key, sender="other.test")), "policy-violation")
        self.assertIn("type='valid'", raw.result(key))
        raw.send(MESSAGE)
        self.assertEqual(self.place.heard, ["m"])

    def test_where_a_certificate_is_demanded(self) -> None:
        """F6."""
        self.place = self.new_place(policy={"default": "certificate"})
        raw = self.secured()
        self.assertEqual(error_in(raw.result()), "not-authorized")
        self.assertFalse(raw.closed)

    def test_a_certificate_makes_the_key_needless(self) -> None:
        raw = self.secured(self.authority.sign(REMOTE))
        self.assertIn("type='valid'", raw.result("whatever"))
        self.assertEqual(self.network.dialed, [])

    def test_verification(self) -> None:
        """F7."""
        raw = self.secured()
        key = Keys("capulet.test").key("remote.test", "capulet.test", "S1")
        for id, sender, to, text, outcome in (
            ("S1", "remote.test", "capulet.test", key, "valid"),
            ("S1", "remote.test", "capulet.test", f" {key}\n", "valid"),
            ("S2", "remote.test", "capulet.test", key, "invalid"),
            ("S1", "other.test", "capulet.test", key, "invalid"),
            ("S1", "remote.test", "second.test", key, "invalid"),
            ("S1", "remote.test", "capulet.test", "x", "invalid"),
            ("S1", "remote.test", "nosuch.test", key, "error"),
        ):
            said = raw.send(f"<db:verify from='{sender}' to='{to}' id='{id}'>{text}</db:verify>")
            self.assertIn(f"from='{to}' to='{sender}' id='{id}' type='{outcome}'", said)
        self.assertEqual(error_in(said), "item-not-found")
        self.assertEqual(self.network.dialed, [])

    def test_many_verifications_are_slowed_down(self) -> None:
        """F7: reading pauses, so that others have their turn."""
        raw = self.secured()
        one = "<db:verify from='remote.test' to='capulet.test' id='x'>k</db:verify>"
        for _ in range(101):
            self.assertIn("invalid", raw.send(one))
        self.assertEqual(raw.send(one), "")
        self.network.advance(1)
        self.assertIn("invalid", raw.heard)

    def test_many_answers_nobody_asked_for_are_slowed_down(self) -> None:
        """They are told of in the log once, for nobody may fill it."""
        told: list[LogEvent] = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)
        raw = self.secured()
        answer = "<db:result from='remote.test' to='capulet.test' type='valid'/>"
        raw.send(answer * 200)
        self.assertEqual(raw.result(to="nosuch.test"), "")
        self.network.advance(2)
        self.assertEqual(error_in(raw.heard), "item-not-found")
        lines = [event for event in told if "nobody asked for" in str(event.get("log_format"))]
        self.assertEqual(len(lines), 1)

    def test_many_bytes_are_slowed_down(self) -> None:
        raw = self.proved()
        message = MESSAGE.replace("/>", f"><body>{'x' * 200_000}</body></message>")
        for _ in range(7):
            raw.send(message)
        self.assertEqual(len(self.place.got), 5)
        self.network.advance(5)
        self.assertEqual(len(self.place.got), 7)

    def test_tries_leave_nothing(self) -> None:
        """A thousand streams with wrong keys, for as many domains that are nowhere."""
        for number in range(1_000):
            raw = self.raw()
            raw.open(sender=f"d{number}.test")
            raw.result(sender=f"d{number}.test")
            raw.send("</stream:stream>")
        self.network.advance(40)
        edge = self.place.edge
        self.assertEqual((edge.live, edge.pairs, self.network.pipes), (set(), {}, []))

    def test_many_domains(self) -> None:
        """F8: eight are asked about at a time."""
        raw = self.secured()
        for number in range(100):
            self.network.silent.add(f"d{number}.test")
        for number in range(8):
            self.assertEqual(raw.result(sender=f"d{number}.test"), "")
        for number in range(8, 100):
            said = raw.result(sender=f"d{number}.test")
            self.assertEqual(error_in(said), "resource-constraint")
        self.assertFalse(raw.closed)


class CertificateTest(Hostile):
    def test_offered(self) -> None:
        """F11: also where it is for servers alone."""
        for usage in (False, True):
            raw = self.secured(self.authority.sign(REMOTE, usage=usage))
            self.assertEqual(listed(raw.heard), ["EXTERNAL"])
        raw = self.secured(self.authority.sign([x509.DNSName("*.test")]))
        self.assertEqual(listed(raw.heard), [], "a wildcard of a whole top-level domain")

    def test_authorization_identity(self) -> None:
        for authzid in (None, "", "remote.test", "REMOTE.test"):
            raw = self.secured(self.authority.sign(REMOTE))
            self.assertIn("<success", raw.external(authzid))
        raw = self.secured(self.authority.sign(REMOTE))
        self.assertEqual(error_in(raw.external("other.test")), "invalid-authzid")
        self.assertIn("type='valid'", raw.result(), "dialback stays possible")

    def test_not_offered(self) -> None:
        """F10."""
        sign, strangers = self.authority.sign, Authority(self.folder / "strangers")
        for certified in (
            None,
            sign([x509.DNSName("other.test")]),
            sign([], common="remote.test"),
            sign([x509.DNSName("*.remote.test")]),
            sign([x509.DNSName("remote.test\0.evil")]),
            sign(REMOTE, days=(-10, -1)),
            sign(REMOTE, days=(1, 10)),
            strangers.sign(REMOTE),
        ):
            raw = self.secured(certified)
            self.assertEqual(listed(raw.heard), [])
            self.assertEqual(error_in(raw.external()), "invalid-mechanism")
            self.assertEqual(error_in(raw.result(to="nosuch.test")), "item-not-found")

    def test_session_of_another_stream(self) -> None:
        """F12: nothing is carried over from a stream that had shown a certificate."""
        for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
            client = TlsClient(version)
            keys = []
            for sender, certified, offered in (
                ("remote.test", self.authority.sign(REMOTE), ["EXTERNAL"]),
                ("remote.test", None, []),
                ("other.test", None, []),
            ):
                raw = self.raw()
                raw.open(sender=sender)
                raw.secure(certified, client)
                raw.open(sender=sender)
                self.assertEqual(listed(raw.heard), offered)
                keys.append(raw.session_key)
            self.assertEqual(len({*keys}), 3)

    def test_header_without_from(self) -> None:
        """F10."""
        raw = self.secured(self.authority.sign(REMOTE), sender="")
        self.assertEqual(listed(raw.heard), [])
        self.assertEqual(error_in(raw.external()), "invalid-mechanism")

    def test_wildcard_two_labels_deep(self) -> None:
        certified = self.authority.sign([x509.DNSName("*.remote.test")])
        for sender, offered in (("a.remote.test", ["EXTERNAL"]), ("b.a.remote.test", [])):
            raw = self.secured(certified, sender=sender)
            self.assertEqual(listed(raw.heard), offered)

    def test_guessing(self) -> None:
        raw = self.secured()
        for _ in range(4):
            self.assertEqual(error_in(raw.external()), "invalid-mechanism")
        raw.external()
        self.assertIn("policy-violation", raw.heard)


class OutgoingTest(Hostile):
    """Servers that we connect to."""

    def remote(self, address: str = "11.0.0.7") -> list[Raw]:
        """A raw server for remote.test; gives what comes to it."""
        came: list[Raw] = []

        def make() -> Raw:
            came.append(Raw(self.network))
            return came[-1]

        self.network.hosts[address, 5269] = make
        self.network.known["remote.test"] = [Target(address)]
        return came

    def speak(self) -> None:
        self.place.say("juliet@capulet.test", "romeo@remote.test", "1")

    def test_no_tls(self) -> None:
        """F13: nothing is sent in plain."""
        came = self.remote()
        self.speak()
        came[0].send(f"{HEADER} from='remote.test' id='s'><stream:features/>")
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])
        self.assertNotIn("db:result", came[0].heard)

    def test_tls_refused(self) -> None:
        """F13."""
        came = self.remote()
        self.speak()
        features = f"<stream:features><starttls xmlns='{TLS}'/></stream:features>"
        came[0].send(f"{HEADER} from='remote.test' id='s'>{features}")
        came[0].send(f"<failure xmlns='{TLS}'/></stream:stream>")
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])

    def test_bytes_behind_proceed(self) -> None:
        came = self.remote()
        self.speak()
        features = f"<stream:features><starttls xmlns='{TLS}'/></stream:features>"
        came[0].send(f"{HEADER} from='remote.test' id='s'>{features}")
        came[0].send(f"<proceed xmlns='{TLS}'/><stream:features/>")
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])

    def test_silence(self) -> None:
        self.remote()
        self.speak()
        self.network.advance(29)
        self.assertEqual(self.place.heard, [])
        self.network.advance(2)
        self.assertEqual(self.place.heard, ["1: remote-server-timeout"])

    def test_closed_while_connecting(self) -> None:
        """No other place is tried then."""
        self.remote()
        self.network.known["remote.test"] = [Target("11.0.0.7"), Target("11.0.0.7")]
        self.speak()
        self.place.stop()
        self.assertEqual(len(self.network.dialed), 1)
        self.assertEqual(self.place.heard, ["1: remote-server-timeout"])
        self.assertEqual((self.place.edge.live, self.place.edge.pairs), (set(), {}))

    def test_garbage(self) -> None:
        came = self.remote()
        self.speak()
        came[0].send("HTTP/1.1 400 Bad Request\r\n")
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])

    def test_ourselves(self) -> None:
        """F15: a wildcard record points at us."""
        self.network.known["nosuch.example.com"] = [Target("11.0.0.1")]
        self.place.say("juliet@capulet.test", "x@nosuch.example.com", "1")
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])
        self.assertEqual(len(self.network.dialed), 1)

    def test_special_addresses(self) -> None:
        """F8: never dialled."""
        special = ("127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "::ffff:10.0.0.1", "0.0.0.0")
        for number, address in enumerate(special):
            self.network.known[f"d{number}.test"] = [Target(address)]
            self.place.say("juliet@capulet.test", f"x@d{number}.test", str(number))
        self.assertEqual(self.network.dialed, [])
        self.assertEqual(len(self.place.heard), len(special))

    def test_many_targets(self) -> None:
        """F8: four of them."""
        self.network.known["remote.test"] = [Target(f"11.0.1.{n}") for n in range(200)]
        self.speak()
        self.assertEqual(len(self.network.dialed), 4)
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])
