from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import HEADER, SECRET, House, Raw, message, run, settings
from xmppd.component.requests import condition_of
from xmppd.link.binding import COMPONENT
from xmppd.link.bindings import MAX_NAMES
from xmppd.link.envelope import Envelope
from xmppd.link.handshake import digest
from xmppd.link.link import Item
from xmppd.link.queue import Bounds
from xmppd.link.routes import RouteTaken
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import STANZA_ERRORS
from xmppd.protocol.stanza import Stanza

NAME = "irc.test"


class ComponentCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.acceptor = self.house.acceptor()

    def is_up(self, raw: Raw) -> bool:
        """Other streams go on (hostile inputs, b)."""
        self.house.router.route(message(raw.wire.name, "home.test", "still"))
        return "still" in raw.ids()


class HostileTests(ComponentCase):
    """Hostile inputs K4 to K8."""

    def setUp(self) -> None:
        super().setUp()
        self.other = self.house.connect(self.acceptor, "other.test")

    def closes(self, data: bytes, acceptor: object = None) -> str:
        """How the stream ends; a stanza before it in the same segment is delivered."""
        first = message("home.test", NAME, "first").to_bytes()
        for whole in (True, False):
            raw = self.house.connect(self.acceptor, NAME)
            if whole:
                raw.say(first + data)
            else:
                raw.say(first)
                for at in range(len(data)):
                    raw.say(data[at : at + 1])
            self.assertEqual(self.house.received(), ["first"])
            self.assertTrue(self.is_up(self.other))
        return raw.condition

    def test_k4_from(self) -> None:
        for sender in (
            "other.test",
            "romeo@home.test",
            f"evil.{NAME}",
            f"{NAME}.evil",
            "@",
            f"a@@{NAME}",
            "",
        ):
            data = f"<message from='{sender}' to='home.test'/>".encode()
            self.assertEqual(self.closes(data), "invalid-from", sender)

    def test_who_was_refused_is_in_the_log(self) -> None:
        acceptor = self.house.acceptor(name="bots", routes=("a.test", "b.test"))
        self.house.connect(acceptor, "a.test")
        with capturedLogs() as events:
            for name in ("b.test", "c.test"):
                self.house.connect(acceptor).handshake(name)
        first, second = [formatEvent(event) or "" for event in events]
        self.assertTrue(first.startswith("link b.test with "), first)
        self.assertTrue(first.endswith(": conflict: its link is connected already"), first)
        self.assertTrue(second.startswith("link c.test with "), second)

    def test_k5_canonical(self) -> None:
        acceptor = self.house.acceptor()
        raw = self.house.connect(acceptor, "b\u00fccher.test")
        for sender in ("B\u00dcCHER.test", "b\u00fccher.test.", "xn--bcher-kva.test"):
            raw.say(f"<message from='{sender}' to='Home.Test'/>")
            (got,) = self.house.got
            assert isinstance(got, Stanza)
            self.assertEqual(got.attrs, {"from": "b\u00fccher.test", "to": "home.test"})
            self.house.got.clear()
        self.assertTrue(self.is_up(raw))

    def test_k6_addresses(self) -> None:
        for data in (
            b"<message to='home.test'/>",
            f"<message from='{NAME}'/>".encode(),
            b"<message/>",
        ):
            self.assertEqual(self.closes(data), "improper-addressing", data)

    def test_k6_lenient(self) -> None:
        raw = self.house.connect(self.house.acceptor(lenient=True), "lenient.test")
        raw.say("<message to='home.test'/>")
        (got,) = self.house.got
        self.assertEqual(got.sender, "lenient.test")
        raw.say("<message id='7'/>", "<message type='error'/>")
        (error,) = raw.got()
        assert isinstance(error, Stanza)
        self.assertEqual((error.type, error.id), ("error", "7"))
        self.assertIn(b"type='modify'", error.inner)
        self.assertIn(b"<bad-request", error.inner)
        self.assertTrue(self.is_up(raw))

    def test_to_is_no_jid(self) -> None:
        """RFC 6120, 8.3.3.8."""
        raw = self.house.connect(self.acceptor, NAME)
        raw.say(f"<message from='{NAME}' to='@' id='7'/>")
        (error,) = raw.got()
        assert isinstance(error, Stanza)
        self.assertIn(b"<jid-malformed", error.inner)
        self.assertEqual((error.sender, error.to), (NAME, NAME))

    def test_k7_route(self) -> None:
        for data in (
            f"<route from='{NAME}' to='home.test'/>".encode(),
            f"<route from='{NAME}' to='home.test'><message/></route>".encode(),
            b"<x/>",
            b"<message xmlns='jabber:client'/>",
            b"<handshake/>",
        ):
            self.assertEqual(self.closes(data), "unsupported-stanza-type", data)

    def test_k7_bind(self) -> None:
        raw = self.house.connect(self.house.acceptor(may_bind=("b.test", "*.c.test")), NAME)
        routes = self.house.router.routes()
        for domain in ("home.test", "a.test", "*", "*.b.test", "", "x@b.test", "b.test/x"):
            answer = bind(raw, domain)
            self.assertIn(b"type='auth'", answer.inner, domain)
            self.assertTrue(answer.has("", "error"))
            self.assertIn(b"<forbidden", answer.inner)
        self.assertEqual(self.house.router.routes(), routes)

    def test_k8_errors(self) -> None:
        """An error is not answered with an error, whatever is wrong with it."""
        raw = self.house.connect(self.acceptor, NAME)
        for to in ("home.test", "nowhere.test", "other.test", "@"):
            for name in ("message", "iq", "presence"):
                raw.say(f"<{name} type='error' from='{NAME}' to='{to}' id='9'/>")
        self.assertEqual(raw.got(), [])
        self.assertTrue(self.is_up(raw))

    def test_k8_pings(self) -> None:
        """Unanswered pings while traffic flows; and an error is an answer too."""
        raw = self.house.connect(self.acceptor, NAME)
        for _ in range(10):
            run(self.house.clock, 20, raw)
            raw.say(message("home.test", NAME))
        self.assertTrue(self.is_up(raw))
        for _ in range(10):
            run(self.house.clock, 30, raw)
            for event in raw.got():
                assert isinstance(event, Stanza)
                raw.say(event.error("service-unavailable"))
        self.assertTrue(self.is_up(raw))
        self.assertEqual(self.house.got[10:], [])

    def test_l4_instances(self) -> None:
        """L4: as if the name did not exist."""
        self.house.component(names=("sm-1",))
        raw = self.house.connect(self.acceptor, NAME)
        for to in ("sm-1", "sm-1/5.1"):
            raw.say(f"<iq type='get' id='1' from='{NAME}' to='{to}'/>")
            (error,) = raw.got()
            assert isinstance(error, Stanza)
            self.assertTrue(
                error.inner.startswith(b"<error type='cancel'><remote-server-not-found")
            )

    def test_nothing_odd_in_the_peers_error(self) -> None:
        raw = self.house.connect(self.acceptor, NAME)
        raw.say(
            "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
        )
        self.assertEqual((raw.condition, raw.closed), ("", True))


def bind(raw: Raw, domain: str, verb: str = "bind") -> Stanza:
    name = raw.wire.name
    raw.say(
        f"<iq type='set' id='b' from='{name}' to='{name}'><{verb} xmlns='{COMPONENT}'>"
        f"<hostname>{domain}</hostname></{verb}></iq>"
    )
    (answer,) = raw.got()
    assert isinstance(answer, Stanza)
    return answer


class BindingTests(ComponentCase):
    """Names at run time (XEP-0225, 4.3)."""

    def test_bind_and_unbind(self) -> None:
        raw = self.house.connect(self.house.acceptor(may_bind=("b.test", "*.c.test")), NAME)
        for domain in ("b.test", "x.c.test", "*.c.test"):
            answer = bind(raw, domain.upper())
            self.assertEqual(answer.type, "result")
            self.assertIn(domain.encode(), answer.inner)
            at = domain.replace("*", "y")
            self.house.home.send(message(f"a@{at}", "home.test"))
            self.assertEqual(raw.ids(), ["1"])
            raw.say(message("home.test", f"a@{at}"))
            self.assertEqual(self.house.received(), ["1"])
            self.assertEqual(bind(raw, domain, "unbind").type, "result")
            self.house.home.send(message(f"a@{at}", "home.test"))
            self.assertEqual(self.house.errors(), ["service-unavailable"])
        raw.say(message("home.test", "a@b.test"))
        self.assertEqual(raw.condition, "invalid-from")

    def test_taken(self) -> None:
        self.house.component("b.test")
        raw = self.house.connect(self.house.acceptor(may_bind=("*.test",)), NAME)
        self.assertIn(b"<conflict", bind(raw, "b.test").inner)
        self.assertIn(b"<item-not-found", bind(raw, "b.test", "unbind").inner)

    def test_again(self) -> None:
        """Once in each stream; who comes back, or is one of several, need not know who had it."""
        names = ("b.test", "*.c.test")
        acceptor = self.house.acceptor(may_bind=names, duplicates="pool", name=NAME)
        before, now = [self.house.connect(acceptor, NAME) for _ in range(2)]
        for domain in names:
            for raw in (before, now):
                self.assertEqual(bind(raw, domain).type, "result")
                self.assertIn(b"<conflict", bind(raw, domain).inner)
        before.connection.cut()
        back = self.house.connect(acceptor, NAME)
        self.assertEqual(bind(back, "b.test").type, "result")
        self.assertEqual(bind(back, "b.test", "unbind").type, "result")
        self.assertEqual(bind(back, "b.test").type, "result")

    def test_any_free_name(self) -> None:
        """Where a link may connect under each name that is free it may also bind it."""
        raw = self.house.connect(self.acceptor, NAME)
        self.assertEqual(bind(raw, "b.test").type, "result")
        for domain in ("home.test", "*.d.test"):
            self.assertIn(b"<forbidden", bind(raw, domain).inner)
        self.assertEqual(bind(raw, "b.test", "unbind").type, "result")

    def test_too_large(self) -> None:
        """More elements than a tree may have: refused, and the link lives on."""
        acceptor = self.house.acceptor(settings=settings(size=1_000_000))
        raw = self.house.connect(acceptor, NAME)
        answer = bind(raw, "<a/>" * 100_000)
        self.assertEqual(condition_of(answer), "policy-violation")
        self.assertTrue(self.is_up(raw))

    def test_no_end_of_names(self) -> None:
        """A router remembers each, so one who takes ever more is stopped."""
        acceptor = self.house.acceptor(may_bind=("*.test",))
        self.house.connect(acceptor, NAME)
        for number in range(MAX_NAMES):
            acceptor.bind(NAME, f"n{number}.test")
            acceptor.unbind(NAME, f"n{number}.test")
        error = self.assertRaises(StanzaError, acceptor.bind, NAME, "new.test")
        self.assertEqual(error.condition, "resource-constraint")
        acceptor.bind(NAME, "n1.test")

    def test_by_an_operator(self) -> None:
        raw = self.house.connect(self.acceptor, NAME)
        self.acceptor.bind(NAME, "b.test")
        self.house.home.send(message("b.test", "home.test"))
        self.assertEqual(raw.ids(), ["1"])
        self.acceptor.unbind(NAME, "b.test")
        self.house.home.send(message("b.test", "home.test"))
        self.assertEqual(self.house.errors(), ["service-unavailable"])

    def test_other_requests_pass(self) -> None:
        raw = self.house.connect(self.acceptor, NAME)
        raw.say(f"<iq type='set' id='b' from='{NAME}' to='{NAME}'><x xmlns='u'/></iq>")
        raw.say(f"<iq type='get' id='c' from='{NAME}' to='home.test'><x xmlns='u'/></iq>")
        self.assertEqual((raw.ids(), self.house.received()), (["b"], ["c"]))


class DuplicateTests(ComponentCase):
    def test_reject(self) -> None:
        first = self.house.connect(self.acceptor, NAME)
        second = self.house.connect(self.acceptor)
        second.handshake(NAME)
        self.assertEqual(second.condition, "conflict")
        self.assertTrue(self.is_up(first))
        first.connection.cut()
        self.assertTrue(self.is_up(self.house.connect(self.acceptor, NAME)))

    def test_reject_both_at_once(self) -> None:
        """Two that were let in before either had proved its secret."""
        raws = [self.house.connect(self.acceptor) for _ in range(2)]
        for raw in raws:
            raw.say(f"{HEADER} to='{NAME}'>")
        for raw in raws:
            raw.say(f"<handshake>{digest(raw.stream_id, SECRET)}</handshake>")
        self.assertEqual([raw.condition for raw in raws], ["", "conflict"])

    def test_replace(self) -> None:
        acceptor = self.house.acceptor(duplicates="replace")
        first = self.house.connect(acceptor, NAME)
        second = self.house.connect(acceptor, NAME)
        self.assertEqual(first.condition, "conflict")
        self.assertTrue(self.is_up(second))

    def test_pool(self) -> None:
        """4,000 requests to four members: 1,000 each."""
        acceptor = self.house.acceptor(duplicates="pool", routes=(NAME,))
        raws = [self.house.connect(acceptor, NAME) for _ in range(4)]
        for number in range(4000):
            self.house.home.send(message(NAME, "home.test", str(number)))
        counts = [len(raw.ids()) for raw in raws]
        self.assertEqual(counts, [1000] * 4)

    def test_lost_member(self) -> None:
        """What it left unanswered and changes nothing goes on, once; the rest is refused."""
        acceptor = self.house.acceptor(duplicates="pool", routes=(NAME,))
        first, second = [self.house.connect(acceptor, NAME) for _ in range(2)]
        ask = self.house.home.send
        for number in range(4):  # the even ones go to the first
            ask(message(f"x@{NAME}", "home.test", f"g{number}", "iq", type="get"))
        for number in range(4):
            ask(message(f"x@{NAME}", "home.test", f"s{number}", "iq", type="set"))
        asked = [event for event in first.got() if isinstance(event, Stanza)]
        self.assertEqual([event.id for event in asked], ["g0", "g2", "s0", "s2"])
        first.say(asked[0].reply(), asked[2].reply())
        self.assertEqual(self.house.received(), ["g0", "s0"])
        self.assertEqual(second.ids(), ["g1", "g3", "s1", "s3"])
        wire = first.wire
        first.connection.cut()
        wire.dataReceived(asked[1].reply().to_bytes())  # too late
        self.assertEqual(second.ids(), ["g2"])
        self.assertEqual([item.id for item in self.house.got], ["s2"])
        self.assertEqual(self.house.errors(), ["remote-server-timeout"])
        second.say(asked[1].reply())
        self.assertEqual(self.house.received(), ["g2"])
        second.connection.cut()
        self.assertEqual(self.house.errors(), ["remote-server-timeout"] * 2)

    def test_who_asks_over_the_same_link(self) -> None:
        """It may be answered without the router, so nothing is made up when the link is lost."""
        acceptor = self.house.acceptor(settings=settings(trusted=True))
        sm = self.house.connect(acceptor, "sm-1", "example.com", "example.org")
        sm.say(message("example.org", "juliet@example.com/x", "own", "iq", type="get"))
        self.house.home.send(message("example.com", "home.test", "other", "iq", type="get"))
        self.assertEqual(sm.ids(), ["own", "other"])
        sm.connection.cut()
        self.assertEqual([item.id for item in self.house.got], ["other"])
        again = self.house.connect(acceptor, "sm-1", "example.com", "example.org")
        self.assertEqual(again.ids(), [])

    def test_answered_by_another(self) -> None:
        """Members may share their work: what one has answered is not asked again."""
        acceptor = self.house.acceptor(duplicates="pool", routes=(NAME,))
        first, second = [self.house.connect(acceptor, NAME) for _ in range(2)]
        self.house.home.send(message(NAME, "home.test", "g", "iq", type="get"))
        (asked,) = first.got()
        assert isinstance(asked, Stanza)
        second.say(asked.reply())
        self.assertEqual(self.house.received(), ["g"])
        first.connection.cut()
        self.assertEqual(second.ids(), [])

    def test_member_that_leaves_in_order(self) -> None:
        acceptor = self.house.acceptor(duplicates="pool", routes=(NAME,))
        first, second = [self.house.connect(acceptor, NAME) for _ in range(2)]
        self.house.home.send(message(NAME, "home.test", "g", "iq", type="get"))
        self.assertEqual(first.ids(), ["g"])
        first.say("</stream:stream>")
        self.assertTrue(first.closed)
        self.assertEqual(second.ids(), ["g"])


class RouteTests(ComponentCase):
    def test_several(self) -> None:
        acceptor = self.house.acceptor(routes=("a.test", "b.test", "*.c.test"), name="link")
        raw = self.house.connect(acceptor, "b.test")
        for domain in ("a.test", "b.test", "x.c.test"):
            self.house.home.send(message(f"y@{domain}", "home.test"))
            self.assertEqual(raw.ids(), ["1"])
            raw.say(message("home.test", f"y@{domain}"))
            self.assertEqual(self.house.received(), ["1"])
        raw.say(message("home.test", "c.test"))
        self.assertEqual(raw.condition, "invalid-from")

    def test_precedence(self) -> None:
        """Exact, then the longest wildcard, then the default route, over trunks."""
        acceptors = {
            key: self.house.acceptor(name=key, routes=routes, default=key == "up")
            for key, routes in (
                ("exact", ("x.b.test",)),
                ("long", ("*.b.test",)),
                ("short", ("*.test",)),
                ("up", ()),
            )
        }
        names = {"exact": "x.b.test", "long": "y.b.test", "short": "b.test", "up": "up.example"}
        raws = {key: self.house.connect(acceptors[key], name) for key, name in names.items()}
        for domain, key in (
            ("x.b.test", "exact"),
            ("z.b.test", "long"),
            ("y.x.b.test", "long"),
            ("c.test", "short"),
            ("far.example", "up"),
        ):
            self.house.home.send(message(domain, "home.test", domain))
            self.assertEqual([k for k, raw in raws.items() if raw.ids()], [key], domain)
            route = self.house.router.explain(domain)
            self.assertIs(route.port, acceptors[key].trunks[key])

    def test_two_defaults(self) -> None:
        """A second default route, or a domain of another, refuses to start."""
        self.house.acceptor(name="up", default=True)
        self.assertRaises(RouteTaken, self.house.acceptor, name="other", default=True)
        self.assertRaises(RouteTaken, self.house.acceptor, routes=("home.test",))

    def test_default_speaks_for_all_but_local(self) -> None:
        raw = self.house.connect(self.house.acceptor(name="up", default=True), "s2s.test")
        raw.say(message("home.test", "far.example"))
        self.assertEqual(self.house.received(), ["1"])
        raw.say(message("home.test", "home.test", "2"), message("home.test", "far.example", "3"))
        self.assertEqual((self.house.received(), raw.closed), (["3"], False))
        self.house.connect(self.acceptor, NAME)
        for sender in ("home.test", NAME):
            raw = self.house.connect(self.house.acceptor(), f"up{sender}")
            raw.say(message("home.test", sender))
            self.assertEqual(raw.condition, "invalid-from")

    def test_before_it_connects(self) -> None:
        """A configured domain is its link's from the start: what comes for it waits, or bounces."""
        acceptor = self.house.acceptor(routes=("a.test",), bounds=Bounds(absent=10))
        self.house.acceptor(name="other", routes=("b.test",), bounds=Bounds(absent=0))
        for to in ("a.test", "b.test"):
            self.house.home.send(message(to, "home.test"))
        self.assertEqual(self.house.errors(), ["service-unavailable"])
        raw = self.house.connect(acceptor)
        raw.handshake("a.test")
        self.assertEqual(raw.ids(), [None, "1"])
        raw.connection.cut()
        self.house.home.send(message("a.test", "home.test"))
        self.house.clock.advance(10)
        self.assertEqual(self.house.errors(), ["remote-server-timeout"])

    def test_sent_again_as_it_stops(self) -> None:
        """Who sends anew what has just been refused is refused anew, at once."""
        raw = self.house.connect(self.acceptor, NAME)
        raw.connection.cut()
        errors: list[Item] = []

        def again(error: Item) -> None:
            errors.append(error)
            if len(errors) < 3:
                self.house.home.send(message(NAME, "home.test"))

        self.house.home.receiver = again
        self.house.home.send(message(NAME, "home.test"))
        self.successResultOf(self.acceptor.stop())
        self.assertEqual(len(errors), 3)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_stop(self) -> None:
        """In order, after what was sent before; nothing is left."""
        raw = self.house.connect(self.acceptor, NAME)
        self.house.home.send(message(NAME, "home.test"))
        stopped = self.acceptor.stop()
        self.assertNoResult(stopped)
        self.assertEqual(raw.ids()[:1], ["1"])
        self.assertTrue(raw.closed)
        self.successResultOf(stopped)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])


class TrustedTests(SynchronousTestCase):
    """Links that carry envelopes (hostile inputs L1 to L3)."""

    def setUp(self) -> None:
        self.house = House()
        self.acceptor = self.house.acceptor(settings=settings(trusted=True))
        self.sm = self.house.connect(self.acceptor, "sm-1", "a.test")
        self.edge = self.house.connect(self.acceptor, "c2s-1")

    def route(self, raw: Raw, sender: str, to: str, inner: str = "", **attrs: str) -> None:
        written = "".join([f" {key}='{value}'" for key, value in attrs.items()])
        raw.say(f"<route from='{sender}' to='{to}'{written}>{inner}</route>")

    def frames(self, raw: Raw) -> list[tuple[str | None, str, bytes]]:
        return [
            (event.attrs.get("to"), event.name, event.inner)
            for event in raw.got()
            if isinstance(event, Stanza)
        ]

    def test_both_ways(self) -> None:
        self.route(
            self.edge, "c2s-1/5.1", "x@a.test", "<hello xmlns='urn:xmppd:session:0'/>", id="1"
        )
        ((to, name, inner),) = self.frames(self.sm)
        self.assertEqual((to, name), ("x@a.test", "route"))
        self.assertEqual(inner, b"<hello xmlns='urn:xmppd:session:0'/>")
        self.route(self.sm, "a.test", "c2s-1/5.1", "<message/>", id="1")
        self.route(self.sm, "sm-1/5.1", "c2s-1/5.1", "<message/><iq/>", e="1", n="4")
        self.assertEqual(
            self.frames(self.edge),
            [
                ("c2s-1/5.1", "route", b"<message/>"),
                ("c2s-1/5.1", "route", b"<message/><iq/>"),
            ],
        )

    def test_l1_from(self) -> None:
        for sender, condition in (
            ("sm-1/5.1", "invalid-from"),
            ("a.test", "invalid-from"),
            ("c2s-2", "invalid-from"),
            ("home.test", "invalid-from"),
            ("@", "improper-addressing"),
        ):
            edge = self.house.connect(self.acceptor, "c2s-2" if sender != "c2s-2" else "c2s-3")
            self.route(edge, sender, "sm-1", "<message/>")
            self.assertEqual(edge.condition, condition, sender)
        self.assertEqual(self.frames(self.sm), [])

    def test_l2_outsiders(self) -> None:
        """Envelopes never leave the house."""
        out = self.house.connect(self.house.acceptor(name="up", default=True), "out.test")
        component = self.house.connect(
            self.house.acceptor(name="c", routes=("*.c.test",)), "x.c.test"
        )
        for to in ("juliet@evil.test", "x@x.c.test", "x@out.test", "sm-7/5"):
            self.route(self.edge, "c2s-1/5.1", to, "<message/>", id="1")
            ((back, name, inner),) = self.frames(self.edge)
            self.assertEqual((back, name), ("c2s-1/5.1", "route"))
            self.assertIn(f"<item-not-found xmlns='{STANZA_ERRORS}'/>".encode(), inner)
            self.route(self.edge, "c2s-1/5.1", to, "<message/>", type="error")
        self.assertEqual((out.got(), component.got(), self.frames(self.edge)), ([], [], []))

    def test_absent_instance(self) -> None:
        """Session protocol, 3.7; `absent` decides whether it waits for it first."""
        self.sm.connection.cut()
        self.route(self.edge, "c2s-1/5.1", "sm-1/5.1", "<message/>", id="1")
        self.assertEqual(self.frames(self.edge), [])
        run(self.house.clock, 30, self.edge)
        ((_, _, inner),) = self.frames(self.edge)
        self.assertIn(b"<remote-server-timeout", inner)

    def test_l3_children(self) -> None:
        for inner, condition in (
            ("<route/>", "unsupported-stanza-type"),
            ("<message/><route><message/></route>", "unsupported-stanza-type"),
            ("<x xmlns='urn:x'/>", "unsupported-stanza-type"),
            ("<handshake/>", "unsupported-stanza-type"),
            ("<message xmlns='jabber:client'/>", "unsupported-stanza-type"),
            (
                "<message>" + "x" * 40_000 + "</message>" + "<iq>" + "x" * 26_000 + "</iq>",
                "policy-violation",
            ),
            ("text", "bad-format"),
            ("<message/>text", "bad-format"),
            ("<message>" + "x" * 100_000 + "</message>", ""),
        ):
            edge = self.house.connect(self.acceptor, "c2s-2")
            self.route(edge, "c2s-2/1", "sm-1/5.1", inner)
            self.assertEqual(edge.condition, condition, inner[:60])
            self.assertEqual(bool(self.frames(self.sm)), not condition)
            edge.connection.cut()

    def test_any_from(self) -> None:
        """Trusted links say what `from` they like, but one that has the default route."""
        self.sm.say(message("home.test", "whoever.example"))
        self.assertEqual(self.house.received(), ["1"])

    def test_who_comes_again(self) -> None:
        """The same life or a later one ends the older connection; an earlier one is refused."""
        for boot, condition in (("2", ""), ("2", ""), ("1", "conflict"), ("10", "")):
            old, raw = self.sm, self.house.connect(self.acceptor)
            raw.attach("sm-1", "a.test", boot=boot)
            old.settle()
            if not condition:
                self.sm = raw
            self.assertEqual((old.closed, raw.closed), (not condition, bool(condition)))
            self.house.home.send(message("x@a.test", "home.test", boot))
            self.assertEqual(self.sm.ids(), [boot])

    def test_taken(self) -> None:
        raw = self.house.connect(self.acceptor)
        raw.attach("sm-2", "home.test")
        self.assertTrue(raw.closed)

    def test_domain_that_has_moved(self) -> None:
        """What an instance serves no more another may have, but not what it was given by hand."""
        old = self.house.connect(self.acceptor, "sm-7", "b.test", "c.test")
        self.acceptor.bind("sm-7", "d.test")
        old.connection.cut()
        self.house.connect(self.acceptor, "sm-7", "c.test")
        self.house.home.send(message("x@b.test", "home.test"))
        self.assertEqual(self.house.errors(), ["service-unavailable"])
        new = self.house.connect(self.acceptor, "sm-8", "b.test")
        self.house.home.send(message("x@b.test", "home.test"))
        self.assertEqual(new.ids(), ["1"])
        for domain in ("c.test", "d.test"):
            taken = self.house.connect(self.acceptor)
            taken.attach("sm-9", domain)
            self.assertTrue(taken.closed)

    def test_taken_for_a_pool(self) -> None:
        """Who cannot have all of it gets nothing, and ends nobody."""
        pool = self.house.acceptor(settings=settings(trusted=True), name="sms", duplicates="pool")
        before = self.house.connect(pool, "sm-5", "b.test")
        for name, boot in (("sm-5", "2"), ("sm-6", "1")):
            raw = self.house.connect(pool)
            raw.attach(name, "home.test", "c.test", boot=boot)
            self.assertTrue(raw.closed)
        matches = {route.match for route in self.house.router.routes()}
        self.assertEqual(matches & {"c.test", "sm-6"}, set())
        before.settle()
        self.assertFalse(before.closed)
        self.house.connect(self.acceptor, "sm-6", "c.test")
        again = self.house.connect(pool)
        again.attach("sm-5", "b.test", boot="1")
        self.assertFalse(again.closed, "its later life never was")

    def test_instance_named_as_its_domain(self) -> None:
        """Neither could be told from the other."""
        raw = self.house.connect(self.acceptor)
        raw.attach("sm-2", "sm-2")
        self.assertTrue(raw.closed)

    def test_names_of_something_else(self) -> None:
        """The router, what all server edges have together, a pool; or none that is routed."""
        pool = self.house.acceptor(settings=settings(trusted=True), name="sms", duplicates="pool")
        for name in ("router", "s2s", "sms", "SM-7", "a b", "a@b", ""):
            raw = self.house.connect(pool)
            raw.attach(name, "c.test")
            self.assertTrue(raw.closed, name)

    def test_pool_of_instances(self) -> None:
        """Domains are shared; each instance keeps its own name."""
        acceptor = self.house.acceptor(
            settings=settings(trusted=True), name="sms", duplicates="pool", balance="recipient"
        )
        raws = {name: self.house.connect(acceptor, name, "b.test") for name in ("sm-5", "sm-6")}
        for number in range(100):
            self.house.home.send(message(f"u{number}@b.test", "home.test", str(number)))
        counts = {name: len(raw.ids()) for name, raw in raws.items()}
        self.assertEqual(sum(counts.values()), 100)
        self.assertTrue(all(30 < count < 70 for count in counts.values()), counts)
        for name, raw in raws.items():
            self.house.router.route(Envelope(Jid(f"{name}/1"), Jid("c2s-1"), ()))
            self.assertEqual(len(self.frames(raw)), 1)
        raws["sm-5"].connection.cut()
        self.house.home.send(message("u1@b.test", "home.test"))
        self.assertEqual(raws["sm-6"].ids(), ["1"])
