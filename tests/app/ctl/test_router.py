"""Verbs on the router, over links in memory."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.app.routing import INSIDE, OUTSIDE, RoutingTestCase
from tests.link.kit import Raw, message
from xmppd.app.assemble import assemble
from xmppd.app.config_key import Domain, StoreName
from xmppd.app.config_model import Config, Storage
from xmppd.app.ctl.router import HERE
from xmppd.app.ctl.text import readable
from xmppd.app.ctl.verbs import perform
from xmppd.component.requests import condition_of
from xmppd.link.codec import attach, to_bytes
from xmppd.link.link import Item
from xmppd.link.parting import leave
from xmppd.link.router import Router
from xmppd.link.rules import SERVERS
from xmppd.link.trunk import Trunk
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

SEVERAL = """
[[router.listen]]
name = "gateways"
endpoint = "tcp:3:interface=127.0.0.1"
secret_file = "secret"
routes = ["irc.test", "*.irc.test"]
may_bind = ["*.sms.test"]
default = true
queue.absent_seconds = 5
"""


class ListTest(RoutingTestCase):
    def test_links(self) -> None:
        self.route(OUTSIDE, INSIDE, SEVERAL)
        self.component("bot.test")
        self.instance("sm-1", "home.test", "rooms.home.test", place=1)
        rows = {row.pop("link"): row for row in self.do("link_list")}
        peers = {name: len(row.pop("peers")) for name, row in rows.items()}
        self.assertEqual(peers, {"bot.test": 1, "sm-1": 1, "gateways": 0})
        wire = {"instances": [], "default": False, "waiting": 0, "trusted": False, "state": "up"}
        self.assertEqual(rows["bot.test"], wire | {"routes": ["bot.test"]})
        self.assertEqual(
            rows["sm-1"],
            wire
            | {"routes": ["home.test", "rooms.home.test"], "instances": ["sm-1"], "trusted": True},
        )
        self.assertEqual(
            rows["gateways"],
            wire | {"routes": ["irc.test", "*.irc.test"], "default": True, "state": "down"},
        )
        lines = readable("link_list", self.do("link_list")).splitlines()
        self.assertEqual(lines[0].split(), "LINK STATE TRUSTED WAITING PEER ROUTES".split())
        [gateways] = [line for line in lines if line.startswith("gateways")]
        self.assertIn("irc.test, *.irc.test, (default)", gateways)

    def test_what_waits(self) -> None:
        self.route(OUTSIDE, SEVERAL)
        self.component("bot.test").say(message("irc.test", "bot.test"))
        [row] = [row for row in self.do("link_list") if row["link"] == "gateways"]
        self.assertEqual(row["waiting"], 1)

    def test_routes(self) -> None:
        self.route(OUTSIDE, INSIDE, SEVERAL)
        self.component("bot.test")
        sm = self.instance("sm-1", "home.test", place=1)
        self.do("unbind", link="sm-1", domain="home.test")
        sm.connection.cut()
        found = {
            (row["table"], row["match"]): (row["link"], row["state"])
            for row in self.do("route_list")
        }
        self.assertEqual(
            found,
            {
                ("exact", "bot.test"): ("bot.test", "up"),
                ("exact", "home.test"): (None, "down"),
                ("exact", "irc.test"): ("gateways", "down"),
                ("wildcard", "*.irc.test"): ("gateways", "down"),
                ("instance", "sm-1"): ("sm-1", "down"),
                ("default", "*"): ("gateways", "down"),
            },
        )
        self.assertIn("default   *", readable("route_list", self.do("route_list")))

    def test_a_whole_server(self) -> None:
        """There the router's links are no wires."""
        config = Config(domains=(Domain("home.test"),), storage=Storage(StoreName("memory")))
        server = assemble(config, Clock(), listen=False)
        rows = self.successResultOf(perform(server, "link_list", {}))
        self.assertEqual(
            [(row["link"], row["state"], row["routes"], row["peers"]) for row in rows],
            [("sm-1", "up", ["home.test"], [HERE]), ("c2s-1", "up", [], [HERE])],
        )
        refused = self.failureResultOf(perform(server, "unbind", {"link": "sm-1", "domain": "x"}))
        self.assertIn("what the configuration says", str(refused.value))

    def test_status(self) -> None:
        self.route(OUTSIDE, SEVERAL)
        self.component("bot.test")
        self.clock.advance(7)
        status = self.do("status")
        self.assertEqual(status["links"], {"up": 1, "down": 1})
        self.assertEqual(status["uptime_seconds"], 7)
        self.assertEqual(len(status["links_at"]), 2)
        self.assertNotIn("sessions", status)
        self.assertIn("links          1 up, 1 down", readable("status", status).splitlines())

    def test_other_roles_know_nothing_of_links(self) -> None:
        done = perform(object(), "link_list", {})
        self.assertIn("--instance router", str(self.failureResultOf(done).value))


class ExplainTest(RoutingTestCase):
    def explained(self, to: str, sender: str = "bot.test") -> str:
        result = self.do("route_explain", sender=sender, to=to)
        return readable("route_explain", result)

    def test_each_way(self) -> None:
        self.route(OUTSIDE, INSIDE, SEVERAL)
        self.component("bot.test")
        self.instance("sm-1", "home.test", place=1)
        for to, way in (
            ("Romeo@Home.Test/x", "exact route home.test to link sm-1 (up)"),
            ("irc.test", "exact route irc.test to link gateways (down): waits up to 5 seconds"),
            ("a.b.irc.test", "wildcard route *.irc.test to link gateways (down): waits up to 5 s"),
            ("elsewhere.test", "default route * to link gateways (down): waits up to 5 seconds"),
            ("sm-1", "instance route sm-1: bounces with remote-server-not-found"),
        ):
            self.assertIn(f": {way}", self.explained(to))
            self.assertNotIn("\n", self.explained(to))

    def test_nobody_there(self) -> None:
        self.route(OUTSIDE, INSIDE)
        self.instance("sm-1", "home.test", place=1).connection.cut()
        self.component("bot.test")
        self.assertIn("no route: bounces with remote-server-not-found", self.explained("a.test"))
        self.assertIn("sm-1 (down): waits up to 10 seconds", self.explained("home.test"))
        self.do("unbind", link="sm-1", domain="home.test")
        self.assertIn("home.test: bounces with service-unavailable", self.explained("home.test"))

    def test_servers_edge_that_restarts(self) -> None:
        """What is for other servers waits half a minute, also where others would not."""
        self.route(INSIDE)
        self.instance("sm-1", "home.test")
        raw = self.connect()
        raw.handshake("s2s-1")
        raw.say(attach("s2s-1", "1", SERVERS), to_bytes(leave("s2s-1")))
        explained = self.explained("a.test", "home.test")
        self.assertIn("to link s2s (down): waits up to 30 seconds", explained)

    def test_who_may_say_so(self) -> None:
        self.route(OUTSIDE)
        self.component("bot.test")
        result = self.do("route_explain", sender="x@bot.test/y", to="a.test")
        self.assertEqual(result["spoken_by"], "bot.test")
        self.assertIn("only a trusted one may say it", self.explained("a.test", "home.test"))

    def test_who_gets_it_of_several(self) -> None:
        """Those that speak with other servers share by pairs of domains."""
        self.route(INSIDE)
        for name in ("s2s-1", "s2s-2"):
            raw = self.connect()
            raw.handshake(name)
            raw.say(attach(name, "1", SERVERS))
        found = {}
        for number in range(20):
            result = self.do("route_explain", sender="home.test", to=f"d{number}.test")
            found[result["to"]] = result["instance"]
            self.assertIsNone(result["remote"], "this process knows nothing of that")
        self.assertEqual(set(found.values()), {"s2s-1", "s2s-2"})
        again = self.do("route_explain", sender="x@home.test", to="y@d0.test")["instance"]
        self.assertEqual(again, found["d0.test"])

    def test_no_address(self) -> None:
        self.route(OUTSIDE)
        self.assertIn("bad domain", self.refusal("route_explain", sender="a b", to="x"))


class Played:
    """What a `RouterRole` is to verbs, on a router whose links tests make."""

    def __init__(self) -> None:
        self.router = Router()
        self.links = ()
        self.config = Config()
        self.reactor = Clock()
        self.got: list[tuple[str, Item]] = []

    def wire(self, name: str, domains: list[str], up: bool, default: bool) -> None:
        """A link as a router has it to the outside."""
        trunk = Trunk(name, self.reactor, self.router.bounce)
        if up:
            trunk.join(self.carrier(name))
        self.router.attach(trunk, domains, default=default)

    def carrier(self, name: str) -> Any:
        got = self.got

        class Carrier:
            full = False

            def send(self, item: Item) -> None:
                got.append((name, item))

        return Carrier()


LABELS = st.sampled_from("abc")
NAMES = st.lists(LABELS, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "test"]))
ROUTES = st.one_of(NAMES, NAMES.map(lambda name: f"*.{name}"))


class PathTest(SynchronousTestCase):
    @given(
        routes=st.dictionaries(ROUTES, st.integers(0, 3), max_size=8),
        up=st.lists(st.booleans(), min_size=4, max_size=4),
        default=st.one_of(st.none(), st.integers(0, 3)),
        gone=st.sets(ROUTES, max_size=2),
        to=NAMES,
    )
    @settings(deadline=None, max_examples=150)
    def test_explained_is_taken(
        self,
        routes: dict[str, int],
        up: list[bool],
        default: int | None,
        gone: set[str],
        to: str,
    ) -> None:
        """Whatever the routes: what is explained is what happens."""
        server: Any = Played()
        home = server.router.link(["home.example"], ["sm-1"])
        home.receiver = lambda item: server.got.append(("sm-1", item))
        for number in range(4):
            domains = [route for route, link in routes.items() if link == number]
            server.wire(f"link-{number}", domains, up[number], default == number)
        for route in gone & routes.keys():
            port = server.router.explain(route.replace("*.", "some.other.")).port
            if port is not None and routes[route] == int(port.name[-1]):
                server.router.unbind(port, route)
        said = {"sender": "home.example", "to": to}
        done = perform(server, "route_explain", said)
        explained = json.loads(json.dumps(self.successResultOf(done)))
        stanza = message(to, "home.example")
        server.router.route(stanza)
        [(name, item)] = server.got or [("nobody", stanza)]
        if explained["condition"]:
            self.assertEqual((name, condition_of(item)), ("sm-1", explained["condition"]))
        elif explained["state"] == "up":
            self.assertEqual((name, item), (explained["link"], stanza))
        else:
            self.assertEqual(name, "nobody")
        expected = self.table(routes, default, to)
        self.assertEqual((explained["table"], explained["match"]), expected)

    def table(self, routes: dict[str, int], default: int | None, to: str) -> tuple[str, str]:
        """Exact before the longest wildcard before the default."""
        if to in routes:
            return "exact", to
        parts = to.split(".")
        for start in range(1, len(parts)):
            wildcard = ".".join(["*", *parts[start:]])
            if wildcard in routes:
                return "wildcard", wildcard
        return ("none", "") if default is None else ("default", "*")


class BindTest(RoutingTestCase):
    def says(self, raw: Raw, to: str) -> str:
        """What a component gets for a message: its bounce, or nothing."""
        raw.say(message(to, "bot.test", "7"))
        found = [event for event in raw.got() if isinstance(event, Stanza)]
        return condition_of(found[0]) if found else ""

    def test_bind_and_unbind(self) -> None:
        self.route(OUTSIDE)
        bot, other = self.component("bot.test"), self.component("other.test")
        self.assertEqual(self.says(bot, "New.Test"), "remote-server-not-found")
        bound = self.do("bind", link="other.test", domain="New.Test")
        self.assertEqual(bound, {"link": "other.test", "domain": "new.test"})
        self.assertEqual(readable("bind", bound), "new.test: routed to other.test")
        self.assertEqual((self.says(bot, "new.test"), other.ids()), ("", ["7"]))
        other.say(message("bot.test", "x@new.test", "8"))
        self.assertEqual(bot.ids(), ["8"])
        self.do("unbind", link="other.test", domain="new.test")
        self.assertEqual(self.says(bot, "new.test"), "service-unavailable")
        self.assertEqual((self.says(bot, "other.test"), other.ids()), ("", ["7"]))
        self.do("bind", link="other.test", domain="new.test")
        self.assertEqual((self.says(bot, "new.test"), other.ids()), ("", ["7"]))

    def test_hosted_domains_come_back_to_their_link(self) -> None:
        self.route(INSIDE, OUTSIDE)
        sm = self.instance("sm-1", "home.test")
        bot = self.component("bot.test", place=1)
        self.do("unbind", link="sm-1", domain="home.test")
        self.assertIn("may_bind", self.refusal("bind", link="bot.test", domain="home.test"))
        self.do("bind", link="sm-1", domain="home.test")
        self.assertEqual((self.says(bot, "home.test"), sm.ids()), ("", ["7"]))

    def test_allow_list(self) -> None:
        """A link binds only names of its allow-list."""
        self.route(SEVERAL, OUTSIDE)
        bot = self.component("bot.test", place=1)
        self.do("bind", link="gateways", domain="de.sms.test")
        gateway = self.component("irc.test")
        self.assertEqual((self.says(bot, "de.sms.test"), gateway.ids()), ("", ["7"]))
        self.assertEqual(
            self.refusal("bind", link="gateways", domain="x.test"),
            "gateways may not have x.test (add it to the link's may_bind)",
        )

    def test_refused(self) -> None:
        self.route(OUTSIDE, INSIDE)
        self.component("bot.test")
        self.component("other.test")
        self.instance("sm-1", "home.test", place=1)
        for verb, link, domain, said in (
            ("bind", "bto.test", "x.test", 'no such link: "bto.test" (did you mean bot.test?)'),
            ("bind", "bot.test", "other.test", "other.test"),
            ("bind", "bot.test", "home.test", "home.test"),
            ("bind", "bot.test", "sm-1", "sm-1"),
            ("bind", "bot.test", "a b", '"a b": bad domain'),
            ("unbind", "bot.test", "other.test", "other.test is not routed to bot.test"),
            ("unbind", "bot.test", "x.test", "x.test is not routed to bot.test"),
        ):
            self.assertIn(said, self.refusal(verb, link=link, domain=domain), (verb, domain))
        self.assertEqual(self.router.explain("home.test").port, self.router.owner(Jid("home.test")))
