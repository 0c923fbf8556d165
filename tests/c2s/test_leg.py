"""Traffic of a bound stream (session protocol, 3.5 to 3.7)."""

from twisted.trial.unittest import SynchronousTestCase

from tests.c2s.fake_manager import SESSION, Client, House
from tests.protocol.elements import parsed
from xmppd.app.config_clients import Limits
from xmppd.component.report import read_report
from xmppd.component.session import verb
from xmppd.protocol.errors import StreamError
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import STREAMS
from xmppd.protocol.stanza import Stanza


def message(text: str) -> Stanza:
    return Stanza.make("message", element("body", None, None, text))


class LegCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(Limits(enabled=False))
        self.client = self.house.bound()
        self.client.said()
        self.manager = self.house.manager
        self.stream = self.client.connection.address

    def up(self) -> list[Stanza]:
        return self.manager.traffic()

    def reports(self) -> list[tuple[str, int, int, int]]:
        return [
            entry[:4]
            for each in self.manager.requests("report")
            for entry in read_report(each.items[0])
        ]


class UpTest(LegCase):
    def test_what_one_read_brings_is_one_envelope(self) -> None:
        self.client.send(b"<message/><presence/>", b"<iq/>")
        first, second = [each for each in self.manager.seen if each.epoch]
        self.assertEqual((first.to, first.sender, first.number), (SESSION, "c2s-1/x.1", 1))
        self.assertEqual([item.name for item in first.items], ["message", "presence"])
        self.assertEqual((second.number, second.epoch), (3, 1))

    def test_nothing_but_stanzas(self) -> None:
        """RFC 6120, 4.9.3.24; what stands before still goes up."""
        for item in (
            b"<foo xmlns='bar'/>",
            b"<query/>",
            b"<route/>",
            b"<close xmlns='urn:xmppd:session:0'/>",
            b"<message xmlns='jabber:server'/>",
            b"<message xmlns=''/>",
            b"<Message/>",
            b"<stream:stream/>",
            b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
        ):
            house = House()
            client = house.bound()
            said = client.send(b"<presence/>" + item + b"<message/>")
            self.assertIn(b"<stream:error><unsupported-stanza-type", said)
            presence, close = house.manager.traffic()
            self.assertEqual(presence.name, "presence")
            self.assertEqual(close.attrs["how"], "error")
            self.assertEqual(close.attrs["condition"], "unsupported-stanza-type")

    def test_error_in_the_bytes(self) -> None:
        said = self.client.send(b"<presence/><message></x>")
        self.assertTrue(said.startswith(b"<stream:error><not-well-formed"), said)
        self.assertTrue(said.endswith(b"</stream:error></stream:stream>"))
        self.assertEqual([item.name for item in self.up()], ["presence", "close"])

    def test_clean_close(self) -> None:
        """RFC 6120, 4.4: once each way, and nothing after it counts."""
        said = self.client.send(b"<presence/></stream:stream></stream:stream><x>", b"<message/>")
        self.assertEqual(said, b"</stream:stream>")
        self.assertEqual([item.name for item in self.up()], ["presence", "close"])
        self.assertEqual(self.up()[-1].attrs, {"how": "clean", "written": "0"})
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.assertEqual(len(self.up()), 2)

    def test_lost(self) -> None:
        self.manager.say(self.stream, 1, message("x"))
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.assertEqual(self.up()[-1].attrs, {"how": "lost", "written": "1"})
        self.assertEqual(self.house.edge.connections, 0)

    def test_split_anywhere(self) -> None:
        for byte in b"<message id='1'><body>\xc3\xa4</body></message> <presence/>":
            self.client.send(bytes([byte]))
        self.assertEqual([item.name for item in self.up()], ["message", "presence"])
        self.assertEqual(self.up()[0].inner, b"<body>\xc3\xa4</body>")


class WindowTest(LegCase):
    def test_reading_stops_at_256_stanzas(self) -> None:
        self.client.send(b"<message/>" * 255)
        self.assertEqual(self.client.producerState, "producing")
        self.client.send(b"<message/>")
        self.assertEqual(self.client.producerState, "paused")
        self.manager.handled(self.stream, 1)
        self.assertEqual(self.client.producerState, "producing")

    def test_one_read_of_many(self) -> None:
        """No more than the window goes up; all of it does, in the end."""
        self.client.send(b"<message/>" * 1000 + b"</stream:stream>")
        self.assertEqual(len(self.up()), 256)
        self.assertEqual(self.client.said(), b"")
        for handled in (1, 256, 512, 768):
            self.manager.handled(self.stream, handled)
        self.assertEqual(len(self.up()), 1001)
        self.assertEqual(self.up()[-1].attrs["how"], "clean")

    def test_client_goes_with_much_unsent(self) -> None:
        self.client.send(b"<message/>" * 300)
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.assertEqual([item.name for item in self.up()], ["message"] * 300 + ["close"])

    def test_reading_stops_at_256_kib(self) -> None:
        big = b"<message>" + b"<x/>" * 25_000 + b"</message>"
        self.client.send(big, big)
        self.assertEqual(self.client.producerState, "producing")
        self.client.send(big)
        self.assertEqual(self.client.producerState, "paused")
        self.manager.handled(self.stream, 1)
        self.assertEqual(self.client.producerState, "producing")

    def test_reports_of_others_and_of_the_past_are_ignored(self) -> None:
        self.client.send(b"<message/>" * 256)
        self.manager.handled(self.stream.host.with_resource("x.9"), 256)
        self.manager.handled(self.stream, 300)
        self.manager.handled(self.stream, 0)
        self.assertEqual(self.client.producerState, "paused")


class DownTest(LegCase):
    def test_one_write_for_an_envelope(self) -> None:
        writes: list[bytes] = []
        self.client.write = writes.append  # type: ignore[method-assign]
        self.manager.say(self.stream, 1, message("a"), message("b"))
        self.manager.say(self.stream, 3, message("c"))
        self.assertEqual(
            writes,
            [
                b"<message><body>a</body></message><message><body>b</body></message>",
                b"<message><body>c</body></message>",
            ],
        )

    def test_repeats_gaps_and_other_epochs(self) -> None:
        """Session protocol, 3.5: children are taken from got+1 on."""
        self.manager.say(self.stream, 1, message("a"))
        self.manager.say(self.stream, 1, message("a"), message("b"))
        self.manager.say(self.stream, 1, message("a"))
        self.manager.say(self.stream, 4, message("d"))
        self.manager.say(self.stream, 3, message("c"), epoch=2)
        said = self.client.said()
        self.assertEqual([part[:1] for part in said.split(b"<body>")[1:]], [b"a", b"b"])

    def test_only_its_own_session_may_speak(self) -> None:
        intruder = self.house.router.link(names=["sm-2"])
        self.manager.say(self.stream, 1, message("a"))
        (seen,) = [each for each in self.manager.seen if each.items[0].name == "open"]
        stray = seen.answer(message("x"))
        stray.id, stray.epoch, stray.number = "", 1, 2
        intruder.send(stray)
        self.assertEqual(self.client.said().count(b"<message>"), 1)

    def test_reports_by_tick(self) -> None:
        self.manager.say(self.stream, 1, message("a"), message("b"))
        self.assertEqual(self.reports(), [])
        self.house.pass_seconds(1)
        self.assertEqual(self.reports(), [("1", 1, 2, 2)])
        (told,) = self.manager.requests("report")
        self.assertEqual((told.to, told.sender), ("sm-1/b", "c2s-1/x"))
        self.house.pass_seconds(3)
        self.assertEqual(len(self.reports()), 1)

    def test_one_report_for_all_legs(self) -> None:
        other = self.house.bound().connection.address
        self.manager.say(self.stream, 1, message("a"))
        self.manager.say(other, 1, message("a"))
        self.house.pass_seconds(1)
        self.assertEqual(len(self.manager.requests("report")), 1)
        self.assertEqual(self.reports(), [("1", 1, 1, 1), ("2", 1, 1, 1)])

    def test_reports_at_once_after_32(self) -> None:
        for number in range(1, 33):
            self.manager.say(self.stream, number, message("a"))
        self.assertEqual(self.reports(), [("1", 1, 32, 32)])

    def test_reports_at_once_after_64_kib(self) -> None:
        self.manager.say(self.stream, 1, message("x" * 65_536))
        self.assertEqual(self.reports(), [("1", 1, 1, 1)])

    def test_written_stands_still_while_the_buffer_is_full(self) -> None:
        self.manager.say(self.stream, 1, message("a"))
        self.client.connection.pauseProducing()
        self.manager.say(self.stream, 2, message("b"))
        self.house.pass_seconds(1)
        self.assertEqual(self.reports(), [("1", 1, 2, 1)])
        self.client.connection.resumeProducing()
        self.house.pass_seconds(1)
        self.assertEqual(self.reports()[-1], ("1", 1, 2, 2))

    def test_the_transport_is_watched(self) -> None:
        self.assertIs(self.client.producer, self.client.connection)


class KickTest(LegCase):
    def kick(self, error: StreamError) -> bytes:
        inner = error.to_bytes()[len(b"<stream:error>") : -len(b"</stream:error>")]
        kick = verb("close", element("error", STREAMS, None, inner), how="kick")
        self.manager.say(self.stream, 1, message("last"), kick)
        return self.client.said()

    def test_kick(self) -> None:
        """What was said before goes out, then the error and the closing tag."""
        said = self.kick(StreamError("conflict", "Replaced"))
        error = StreamError("conflict", "Replaced").to_bytes()
        self.assertEqual(said, message("last").to_bytes() + error + b"</stream:stream>")
        self.assertTrue(self.client.disconnecting)

    def test_the_edge_answers_with_its_own_close(self) -> None:
        self.kick(StreamError("conflict"))
        self.assertEqual([item.attrs for item in self.up()], [{"how": "clean", "written": "2"}])
        self.assertEqual(self.client.send(b"<message/></stream:stream>"), b"")

    def test_kick_without_an_error(self) -> None:
        self.manager.say(self.stream, 1, verb("close", how="kick"))
        self.assertEqual(self.client.said(), b"</stream:stream>")


class AliveTest(SynchronousTestCase):
    def bound(self, **limits: int) -> Client:
        self.house = House(Limits(**limits))  # type: ignore[arg-type]
        client = self.house.bound()
        client.said()
        return client

    def test_keep_alive(self) -> None:
        """RFC 6120, 4.6.1: a space, after so long without a byte of ours."""
        client = self.bound(login_seconds=1, keep_alive_seconds=30, idle_ping_seconds=0)
        self.house.pass_seconds(29)
        self.assertEqual(client.said(), b"")
        self.house.pass_seconds(2)
        self.assertEqual(client.said(), b" ")
        self.house.pass_seconds(29)
        self.house.manager.say(client.connection.address, 1, message("a"))
        client.said()
        self.house.pass_seconds(29)
        self.assertEqual(client.said(), b"")

    def test_silent_client_is_asked(self) -> None:
        """XEP-0199, 4.2: any answer will do."""
        client = self.bound(login_seconds=1, keep_alive_seconds=0, idle_ping_seconds=60)
        self.house.pass_seconds(61)
        ping = parsed(client.said())
        self.assertEqual((ping.name, ping["type"], ping["from"]), ("iq", "get", "example.com"))
        self.assertEqual(ping.firstChildElement().uri, "urn:xmpp:ping")
        self.house.pass_seconds(30)
        client.send(b" ")
        self.house.pass_seconds(59)
        self.assertEqual(client.said(), b"")
        self.house.pass_seconds(2)
        self.assertIn(b"<ping", client.said())

    def test_dead_client_is_lost(self) -> None:
        client = self.bound(login_seconds=1, keep_alive_seconds=0, idle_ping_seconds=60)
        self.house.pass_seconds(122)
        self.assertIn(b"<connection-timeout", client.said())
        (close,) = self.house.manager.traffic()
        self.assertEqual(close.attrs["condition"], "connection-timeout")

    def test_never(self) -> None:
        client = self.bound(login_seconds=1, keep_alive_seconds=0, idle_ping_seconds=0)
        self.house.pass_seconds(1000)
        self.assertEqual(client.said(), b"")
