"""The router as it is assembled: what its links may do, and what they may not."""

from typing import Any

from tests.app.routing import INSIDE, OUTSIDE, RoutingTestCase
from tests.link.kit import message
from xmppd.app.config_key import ConfigError
from xmppd.component.requests import condition_of
from xmppd.component.session import verb
from xmppd.link.codec import to_bytes
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

LIMITED = """
[[router.listen]]
name = "limited"
endpoint = "tcp:3:interface=127.0.0.1"
secret_file = "secret"
routes = ["irc.test", "*.irc.test"]
"""


class RouterRoleTest(RoutingTestCase):
    def setUp(self) -> None:
        self.route(OUTSIDE, INSIDE, LIMITED)
        self.sm = self.instance("sm-1", "home.test", place=1)

    def test_spoofed_from(self) -> None:
        """XEP-0114, 4; RFC 6120, 4.9.3.9: the stream ends, and nobody gets the stanza."""
        for place, name, spoofed in (
            (0, "bot.test", "home.test"),
            (0, "bot.test", "juliet@home.test/x"),
            (0, "bot.test", "sm-1"),
            (0, "bot.test", "x.bot.test"),
            (0, "bot.test", "irc.test"),
            (2, "irc.test", "bot.test"),
        ):
            raw = self.component(name, place)
            raw.say(message("home.test", spoofed))
            self.assertEqual(raw.condition, "invalid-from", spoofed)
            self.assertEqual(self.sm.got(), [])

    def test_from_of_its_own_routes(self) -> None:
        raw = self.component("irc.test", 2)
        raw.say(message("home.test", "x@a.irc.test/y", "1"), message("home.test", "irc.test", "2"))
        self.assertEqual(self.sm.ids(), ["1", "2"])

    def test_envelope_from_an_untrusted_link(self) -> None:
        for place, name in ((0, "bot.test"), (2, "irc.test")):
            for sender in (name, "c2s-1/x", "sm-1/x"):
                raw = self.component(name, place)
                envelope = Envelope(Jid("sm-1/x"), Jid(sender), (verb("hello"),), id="1")
                raw.say(to_bytes(envelope).decode())
                self.assertEqual(raw.condition, "unsupported-stanza-type")
                self.assertEqual(self.sm.got(), [])

    def test_stanza_to_an_instance(self) -> None:
        """As if it did not exist."""
        raw = self.component("bot.test")
        raw.say(message("sm-1", "bot.test"), message("sm-1/x", "bot.test"))
        bounced: Any = raw.got()
        self.assertEqual({condition_of(each) for each in bounced}, {"remote-server-not-found"})
        self.assertEqual((len(bounced), self.sm.got()), (2, []))

    def test_wrong_secret(self) -> None:
        """XEP-0114, 3; RFC 6120, 4.9.3.12."""
        for place, name in enumerate(("bot.test", "sm-2", "irc.test")):
            raw = self.connect(place)
            raw.handshake(name, "a wrong one")
            self.assertEqual((raw.condition, raw.is_up), ("not-authorized", False))

    def test_names_that_are_ours(self) -> None:
        """No outside component becomes a hosted domain, or an instance, or another's domain."""
        self.component("irc.test", 2)
        for name in ("home.test", "sm-1", "irc.test"):
            raw = self.connect()
            raw.handshake(name)
            self.assertIn(raw.condition, ("host-unknown", "conflict"), name)

    def test_unknown_route(self) -> None:
        """RFC 6120, 10.4.3 and 8.3.1: requests bounce, answers do not."""
        raw = self.component("bot.test")
        for name, type, bounces in (
            ("message", None, True),
            ("iq", "get", True),
            ("presence", "subscribe", True),
            ("message", "error", False),
            ("iq", "result", False),
            ("presence", "unavailable", False),
        ):
            attributes = {} if type is None else {"type": type}
            raw.say(message("x@nowhere.test/y", "a@bot.test/b", "7", name, **attributes))
            got = raw.got()
            self.assertEqual(len(got), bounces, (name, type))
            for error in got:
                assert isinstance(error, Stanza)
                self.assertEqual(condition_of(error), "remote-server-not-found")
                self.assertEqual((error.sender, error.to), ("x@nowhere.test/y", "a@bot.test/b"))

    def test_two_default_routes(self) -> None:
        """Refused before anything listens, with both lines."""
        default = f"{OUTSIDE}default = true\n"
        wrong = self.assertRaises(ConfigError, self.route, default, INSIDE, default)
        self.assertIn(
            "router.listen[0].default (line 7) and router.listen[2].default (line 19): "
            "only one link can have that (remove one)",
            str(wrong),
        )

    def test_instances_have_one_place(self) -> None:
        """A name that is taken is refused elsewhere; the instance itself may come anew."""
        late = self.connect(0)
        late.handshake("sm-1")
        self.assertEqual(late.condition, "host-unknown")
        self.instance("sm-1", "home.test", place=1)
        self.assertEqual(self.sm.condition, "conflict")
