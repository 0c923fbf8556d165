from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.requests import condition_of
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, LocalLink
from xmppd.link.receipts import COUNTED
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import STANZA_ERRORS
from xmppd.protocol.stanza import Stanza

ROMEO = Jid("romeo@home.test/x")


def stanza(to: str, name: str = "message", type: str | None = None) -> Stanza:
    return Stanza.make(name, to=Jid(to), sender=ROMEO, type=type, id="1")


def envelope(to: str, type: str = "") -> Envelope:
    return Envelope(Jid(to), Jid("c2s-1/x"), (), id="7", type=type)


class RouterCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.router = Router()
        self.got: dict[str, list[Item]] = {}
        self.home = self.component("home", ["home.test"], ["c2s-1"])

    def component(
        self, key: str, domains: list[str], names: list[str] | None = None, default: bool = False
    ) -> LocalLink:
        """A component that remembers what it gets."""
        link = self.router.link(domains, names or [], default)
        self.got[key] = []
        link.receiver = self.got[key].append
        return link

    def goes(self, item: Item) -> str:
        """Who gets the item; for home's error, its condition."""
        for items in self.got.values():
            items.clear()
        self.router.route(item)
        ((key, got),) = [(key, items[:]) for key, items in self.got.items() if items] or [("", [])]
        if key == "home" and got[0] is not item:
            (answer,) = got
            assert isinstance(answer, Stanza)
            self.assertEqual((answer.type, answer.to, answer.id), ("error", ROMEO, "1"))
            return condition_of(answer)
        return key


class RoutingTests(RouterCase):
    def test_exact(self) -> None:
        self.component("b", ["b.test"])
        self.assertEqual(self.goes(stanza("b.test")), "b")
        self.assertEqual(self.goes(stanza("x@b.test/y")), "b")
        self.assertEqual(self.goes(stanza("x.b.test")), "remote-server-not-found")

    def test_wildcards(self) -> None:
        """The longest one counts; an exact domain comes before it, the default after it."""
        self.component("short", ["*.test"])
        self.component("long", ["*.b.test"])
        self.component("exact", ["x.b.test"])
        self.component("default", [], default=True)
        for domain, key in (
            ("x.b.test", "exact"),
            ("y.b.test", "long"),
            ("y.x.b.test", "long"),
            ("b.test", "short"),
            ("c.d.test", "short"),
            ("test", "default"),
            ("xb.other", "default"),
        ):
            self.assertEqual(self.goes(stanza(domain)), key, domain)

    def test_several_domains(self) -> None:
        self.component("b", ["b.test", "*.b.test", "c.test"])
        for domain in ("b.test", "x.b.test", "c.test"):
            self.assertEqual(self.goes(stanza(domain)), "b")

    def test_to_itself(self) -> None:
        item = stanza("juliet@home.test")
        self.router.route(item)
        self.assertEqual(self.got["home"], [item])

    def test_serves(self) -> None:
        """A domain whose link has gone is still ours: nobody may speak in its name."""
        link = self.component("b", ["b.test", "*.c.test"], ["sm-1"])
        self.assertTrue(self.router.serves("b.test"))
        for domain in ("x.c.test", "sm-1", "other.test"):
            self.assertFalse(self.router.serves(domain))
        link.close()
        self.assertTrue(self.router.serves("b.test"))


class InstanceTests(RouterCase):
    """Only envelopes reach instances (session protocol, 1), and never anything but those."""

    def test_envelopes(self) -> None:
        self.component("sm", ["b.test"], ["sm-1"])
        self.component("default", ["*.b.test"], default=True)
        self.assertEqual(self.goes(envelope("sm-1/5.1")), "sm")
        self.assertEqual(self.goes(envelope("juliet@b.test")), "sm")

    def test_nowhere_else(self) -> None:
        """L2: neither a wildcard nor the default route sees an envelope."""
        self.component("default", ["*.b.test"], default=True)
        for to in ("sm-1/5.1", "x.b.test", "evil.test"):
            self.router.route(envelope(to))
            (answer,) = self.got["home"]
            assert isinstance(answer, Envelope)
            self.assertEqual((answer.type, answer.id), ("error", "7"))
            (error,) = answer.items
            self.assertTrue(error.has(STANZA_ERRORS, "item-not-found"))
            self.assertEqual((answer.to, answer.sender), ("c2s-1/x", Jid(to)))
            self.got["home"].clear()
        self.assertEqual(self.got["default"], [])

    def test_no_stanzas(self) -> None:
        """L4: as if the name did not exist, also once its link has gone."""
        link = self.component("sm", [], ["sm-1"])
        self.component("default", ["*.x"], default=True)
        self.assertEqual(self.goes(stanza("sm-1/5.1", "iq", "get")), "remote-server-not-found")
        link.close()
        self.assertEqual(self.goes(stanza("sm-1")), "remote-server-not-found")

    def test_no_error_about_an_error(self) -> None:
        self.router.route(envelope("sm-1", "error"))
        self.router.route(Envelope(Jid("sm-1"), Jid("sm-2"), ()))
        self.assertEqual(self.got["home"], [])


class BounceTests(RouterCase):
    """RFC 6120, 8.3.1, 8.3.3 and 10.4."""

    def test_conditions(self) -> None:
        self.component("b", ["b.test", "*.c.test"]).close()
        for to, condition in (
            ("other.test", "remote-server-not-found"),
            ("x@b.test", "service-unavailable"),
            ("y.c.test", "service-unavailable"),
        ):
            self.assertEqual(self.goes(stanza(to)), condition)

    def test_link_gone(self) -> None:
        """Neither the default route nor a shorter wildcard gets what is another's."""
        self.component("default", ["*.test"], default=True)
        for domains in (["b.test"], ["*.b.test"]):
            self.component("b", domains).close()
        for domain in ("b.test", "x.b.test"):
            self.assertEqual(self.goes(stanza(domain)), "service-unavailable")
        self.component("b", ["b.test"])
        self.assertEqual(self.goes(stanza("b.test")), "b")
        self.assertEqual(self.goes(stanza("x.b.test")), "service-unavailable")

    def test_malformed(self) -> None:
        for attrs in ({"to": "@"}, {}):
            item = Stanza("", "message", {**attrs, "id": "1"}, sender=ROMEO)
            self.assertEqual(self.goes(item), "jid-malformed")
            self.assertEqual(self.got["home"][0].sender, "home.test")

    def test_who_gets_an_answer(self) -> None:
        for name, type, answered in (
            ("message", None, True),
            ("message", "groupchat", True),
            ("message", "result", True),
            ("message", "error", False),
            ("iq", "get", True),
            ("iq", "set", True),
            ("iq", None, True),
            ("iq", "result", False),
            ("iq", "error", False),
            ("presence", None, True),
            ("presence", "subscribe", True),
            ("presence", "unavailable", False),
            ("presence", "probe", False),
            ("presence", "error", False),
            ("other", None, False),
        ):
            expected = "remote-server-not-found" if answered else ""
            self.assertEqual(self.goes(stanza("other.test", name, type)), expected, (name, type))

    def test_no_stanza_of_the_stream(self) -> None:
        """Elements of other namespaces are no stanzas."""
        item = Stanza.make("message", to=Jid("other.test"), sender=ROMEO, ns="u")
        self.assertEqual(self.goes(item), "")

    def test_no_sender(self) -> None:
        self.assertEqual(self.goes(Stanza.make("message", to=Jid("other.test"))), "")

    def test_sender_unreachable(self) -> None:
        self.home.close()
        self.router.route(stanza("other.test"))
        self.assertEqual(self.got["home"], [])

    def test_malformed_sender(self) -> None:
        item = Stanza("", "message", {"from": "@"}, to=Jid("other.test"))
        self.assertEqual(self.goes(item), "")


class OrderTests(RouterCase):
    def test_not_reentrant(self) -> None:
        """What a component sends while it is called waits until it returns."""
        log: list[str] = []
        b, c = self.router.link(["b.test"]), self.router.link(["c.test"])

        def at_b(item: Item) -> None:
            log.append(f"b in {item.to}")
            if item.to == "1@b.test":
                b.send(stanza("1@c.test"))
                b.send(stanza("2@b.test"))
                b.send(stanza("nowhere.test"))
                b.send(stanza("2@c.test"))
            log.append("b out")

        def at_c(item: Item) -> None:
            log.append(f"c {item.to}")
            if item.to == "1@c.test":
                c.send(stanza("3@b.test"))

        b.receiver, c.receiver = at_b, at_c
        b.send(stanza("1@b.test"))
        self.assertEqual(
            log,
            [
                *("b in 1@b.test", "b out", "c 1@c.test", "b in 2@b.test", "b out"),
                *("c 2@c.test", "b in 3@b.test", "b out"),
            ],
        )
        self.assertEqual(len(self.got["home"]), 1)

    def test_failing_component(self) -> None:
        """The router goes on, and says so once."""

        def fail(item: Item) -> None:
            raise RuntimeError("at b")

        b = self.router.link(["b.test"])
        b.receiver = fail
        b.send(stanza("b.test"))
        b.send(stanza("home.test"))
        self.assertEqual(len(self.got["home"]), 1)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_what_cannot_be_routed(self) -> None:
        """One that nobody can make sense of takes nothing with it."""
        b = self.router.link(["b.test"])

        def receive(item: Item) -> None:
            b.send(envelope("nowhere.test", COUNTED))
            b.send(stanza("home.test"))

        b.receiver = receive
        self.router.route(stanza("b.test"))
        self.assertEqual(len(self.got["home"]), 1)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_detached_on_the_way(self) -> None:
        b = self.router.link(["b.test"])
        seen: list[Item] = []

        def leave(item: Item) -> None:
            seen.append(item)
            self.home.send(stanza("b.test"))
            b.close()

        b.receiver = leave
        self.router.route(stanza("b.test"))
        self.assertEqual(len(seen), 1)
        (bounced,) = self.got["home"]
        assert isinstance(bounced, Stanza)
        self.assertEqual(condition_of(bounced), "service-unavailable")
