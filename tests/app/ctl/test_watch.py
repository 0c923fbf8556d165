"""Looking on at stanzas."""

from io import StringIO
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import globalLogPublisher, textFileLogObserver

from tests.app.routing import INSIDE, OUTSIDE, RoutingTestCase
from tests.link.kit import message
from xmppd.app.ctl.text import readable
from xmppd.app.ctl.verb import Refused
from xmppd.app.ctl.verbs import perform
from xmppd.app.ctl.watch import MOST_WATCHES
from xmppd.component.session import verb
from xmppd.link.codec import to_bytes
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid


class WatchTest(RoutingTestCase):
    def setUp(self) -> None:
        self.route(OUTSIDE, INSIDE)
        self.bot = self.component("bot.test")
        self.other = self.component("other.test")
        self.parts: list[Any] = []

    def watch(self, jid: str, **args: Any) -> "Deferred[Any]":
        return perform(self.role, "watch_stanzas", {"jid": jid, **args}, self.parts.append)

    def ids(self) -> list[str]:
        """Of what was shown since the last look."""
        parts, self.parts[:] = self.parts[:], []
        return [part["id"] for part in parts if "id" in part]

    def test_each_once(self) -> None:
        """From and to the address, on whatever link, and nothing else."""
        self.watch("Juliet@Bot.Test")
        self.assertEqual(self.parts, [{"watching": "juliet@bot.test"}])
        for source, sender, to, id in (
            (self.bot, "juliet@bot.test/a", "other.test", "1"),
            (self.bot, "bot.test", "other.test", "2"),
            (self.bot, "romeo@bot.test", "juliet@bot.test", "3"),
            (self.other, "other.test", "juliet@bot.test/b", "4"),
            (self.other, "other.test", "romeo@bot.test", "5"),
            (self.bot, "juliet@bot.test", "juliet@bot.test/c", "6"),
        ):
            source.say(message(to, sender, id))
        self.assertEqual(self.ids(), ["1", "3", "4", "6"])
        self.assertEqual(self.other.ids(), ["1", "2"])

    def test_a_domain(self) -> None:
        """With all its users; errors that the router answers with pass it too."""
        self.watch("bot.test")
        self.bot.say(message("nobody.test", "romeo@bot.test/x", "9"))
        shown = [(part["id"], part["type"]) for part in self.parts[1:]]
        self.assertEqual(shown, [("9", None), ("9", "error")])

    def test_one_resource(self) -> None:
        self.watch("a@bot.test/x")
        for resource in ("x", "y"):
            self.bot.say(message("other.test", f"a@bot.test/{resource}", resource))
        self.assertEqual(self.ids(), ["x"])

    def test_redacted(self) -> None:
        self.watch("bot.test")
        self.bot.say(
            "<message from='bot.test' to='other.test' id='1'><body>hush</body>"
            "<x xmlns='urn:x'>hush</x></message>"
        )
        [_, part] = self.parts
        self.assertNotIn("hush", str(part))
        self.assertEqual(
            part["children"],
            [
                {"name": "body", "ns": None, "bytes": 17},
                {"name": "x", "ns": "urn:x", "bytes": 25},
            ],
        )
        line = readable("stanza", part)
        self.assertTrue(line.startswith("1970-01-01T00:00:00"), line)
        self.assertTrue(
            line.endswith(
                f"message - id=1 bot.test -> other.test {part['bytes']} bytes: "
                "body (17), x (urn:x, 25)"
            ),
            line,
        )

    def test_with_content(self) -> None:
        """If asked for; what could turn a terminal around is escaped."""
        self.watch("bot.test", bodies=True)
        self.bot.say("<message from='bot.test' to='other.test'><body>hush\u202e</body></message>")
        self.assertIn("<body>hush\\u202e</body>", readable("stanza", self.parts[-1]))

    def test_what_is_forwarded_is_not_changed(self) -> None:
        self.watch("bot.test")
        data = "<iq from='bot.test' to='other.test' type='get' id='i'><q xmlns='urn:q'/></iq>"
        self.bot.say(data)
        [event] = self.other.got()
        self.assertEqual(event.to_bytes().decode(), data)  # type: ignore[union-attr]

    def test_never_an_envelope(self) -> None:
        """They carry passwords."""
        edge, sm = (self.instance(name, place=1) for name in ("c2s-1", "sm-1"))
        self.watch("sm-1")
        secret = Envelope(Jid("sm-1/x"), Jid("c2s-1/x"), (verb("authenticate"),), id="1")
        edge.say(to_bytes(secret).decode())
        self.assertEqual(len(sm.got()), 1)
        self.assertEqual(self.parts, [{"watching": "sm-1"}])

    def test_ends_after_a_time(self) -> None:
        watching = self.watch("bot.test", seconds=10)
        self.clock.advance(9)
        self.assertNoResult(watching)
        self.clock.advance(1)
        result = self.successResultOf(watching)
        self.assertEqual(result, {"stanzas": 0, "limit": "seconds"})
        self.assertEqual(readable("watch_stanzas", result), "0 stanzas")
        self.assertIsNone(self.router.watch)

    def test_ends_after_so_many(self) -> None:
        watching = self.watch("bot.test", stanzas=2)
        self.bot.say(*[message("other.test", "bot.test", str(number)) for number in range(4)])
        self.assertEqual(self.successResultOf(watching), {"stanzas": 2, "limit": "stanzas"})
        self.assertEqual(self.ids(), ["0", "1"])
        self.assertEqual(self.other.ids(), ["0", "1", "2", "3"])

    def test_several_watch(self) -> None:
        first, second = self.watch("bot.test"), self.watch("other.test")
        self.bot.say(message("other.test", "bot.test", "1"))
        self.assertEqual(self.ids(), ["1", "1"])
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.bot.say(message("other.test", "bot.test", "2"))
        self.assertEqual(self.ids(), ["2"])
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.assertIsNone(self.router.watch)

    def test_bounds(self) -> None:
        for args, said in (
            ({"seconds": 0}, "seconds: must be 1 to 3600 (got 0)"),
            ({"seconds": 1e9}, "seconds: must be a whole number"),
            ({"stanzas": 10_001}, "stanzas: must be 1 to 10000 (got 10001)"),
            ({"bodies": "yes"}, "bodies: must be true or false"),
            ({"jid": "@"}, '"@": '),
        ):
            refused = self.failureResultOf(self.watch(**{"jid": "a.test", **args}), Refused)
            self.assertIn(said, str(refused.value))
        watching = [self.watch("bot.test") for _ in range(MOST_WATCHES)]
        refused = self.failureResultOf(self.watch("bot.test"), Refused)
        self.assertIn("are watching already", str(refused.value))
        for each in watching:
            each.cancel()
            self.failureResultOf(each, CancelledError)

    def test_only_where_parts_can_be_told(self) -> None:
        self.assertIn("xmppctl", self.refusal("watch_stanzas", jid="bot.test"))

    def test_audited(self) -> None:
        log = StringIO()
        observer = textFileLogObserver(log)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.watch("bot.test", seconds=1)
        self.watch("bot.test", seconds=1, bodies=True)
        self.bot.say("<message from='bot.test' to='other.test'><body>hush</body></message>")
        self.clock.advance(1)
        said = log.getvalue()
        self.assertIn("watches the stanzas of bot.test, without their content", said)
        self.assertIn("watches the stanzas of bot.test, with their content", said)
        self.assertIn("1 stanzas of bot.test were watched", said)
        self.assertNotIn("hush", said)
