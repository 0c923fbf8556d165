from tests.link.test_router import RouterCase, envelope, stanza
from xmppd.link.link import LocalLink
from xmppd.link.routes import RouteTaken


class AttachingTests(RouterCase):
    def test_taken(self) -> None:
        """Nothing is bound when one name is taken."""
        self.component("b", ["b.test", "*.b.test"], ["sm-1"], default=True)
        for domains, names, default in (
            (["new.test", "b.test"], [], False),
            (["new.test", "*.b.test"], [], False),
            (["new.test"], ["sm-1"], False),
            (["new.test", "sm-1"], [], False),
            (["new.test"], ["b.test"], False),
            (["new.test"], [], True),
        ):
            self.assertRaises(RouteTaken, self.router.link, domains, names, default)
            self.assertEqual(self.goes(stanza("new.test")), "b")

    def test_again(self) -> None:
        """What a link has left is free."""
        self.component("b", ["b.test", "*.b.test"], ["sm-1"], default=True).close()
        self.assertEqual(self.goes(stanza("far.test")), "remote-server-not-found")
        self.component("c", ["b.test", "*.b.test"], ["sm-1"], default=True)
        for to in ("b.test", "x.b.test", "far.test"):
            self.assertEqual(self.goes(stanza(to)), "c")
        self.assertEqual(self.goes(envelope("sm-1")), "c")

    def test_bind_and_unbind(self) -> None:
        link = self.component("b", ["b.test"])
        for domain in ("c.test", "*.d.test"):
            self.router.bind(link, domain)
            self.assertEqual(self.goes(stanza(domain.replace("*", "x"))), "b")
            self.assertRaises(RouteTaken, self.router.bind, self.home, domain)
            self.assertRaises(KeyError, self.router.unbind, self.home, domain)
            self.router.unbind(link, domain)
            self.assertEqual(self.goes(stanza(domain.replace("*", "x"))), "service-unavailable")
        self.assertEqual(self.goes(stanza("b.test")), "b")

    def test_detach_leaves_others(self) -> None:
        self.component("b", ["b.test"])
        self.component("c", ["c.test"]).close()
        self.assertEqual(self.goes(stanza("b.test")), "b")


class ExplainTests(RouterCase):
    """What an operator is told is what happens."""

    def setUp(self) -> None:
        super().setUp()
        self.links = {
            key: self.component(key, domains, names, key == "default")
            for key, domains, names in (
                ("exact", ["b.test", "x.c.test"], ["sm-1"]),
                ("wild", ["*.c.test", "*.x.c.test"], []),
                ("default", [], []),
            )
        }
        self.component("gone", ["gone.test", "*.gone.test"]).close()

    def test_explain(self) -> None:
        for domain, table, match, key in (
            ("b.test", "exact", "b.test", "exact"),
            ("x.c.test", "exact", "x.c.test", "exact"),
            ("y.c.test", "wildcard", "*.c.test", "wild"),
            ("y.x.c.test", "wildcard", "*.x.c.test", "wild"),
            ("far.test", "default", "*", "default"),
            ("sm-1", "instance", "sm-1", "remote-server-not-found"),
            ("gone.test", "exact", "gone.test", "service-unavailable"),
            ("a.gone.test", "wildcard", "*.gone.test", "service-unavailable"),
        ):
            route = self.router.explain(domain)
            self.assertEqual((route.table, route.match), (table, match))
            self.assertIs(route.port, self.links.get(key))
            self.assertEqual(self.goes(stanza(domain)), key)
            local = self.router.explain(domain, default=False)
            self.assertEqual(local, ("none", "", None) if table == "default" else route)
            self.assertEqual(self.router.is_local(domain), table != "default")

    def test_nothing(self) -> None:
        self.links["default"].close()
        self.assertEqual(self.router.explain("far.test"), ("none", "", None))

    def test_routes(self) -> None:
        shown = [(route.table, route.match) for route in self.router.routes()]
        self.assertIn(("default", "*"), shown)
        self.assertIn(("instance", "sm-1"), shown)
        self.assertIn(("wildcard", "*.c.test"), shown)
        self.assertEqual(len(shown), 10)

    def test_owners(self) -> None:
        exact, wild = self.links["exact"], self.links["wild"]
        for domain, owner in (("b.test", exact), ("y.c.test", wild), ("far.test", None)):
            self.assertIs(self.router.owner(domain), owner)
        self.assertIsNone(self.router.owner("sm-1"))
        self.assertIs(self.router.owner_of_envelopes("sm-1"), exact)
        self.assertIs(self.router.owner_of_envelopes("b.test"), exact)
        self.assertIsNone(self.router.owner_of_envelopes("y.c.test"))

    def test_outside(self) -> None:
        """L2: a link that is not trusted gets no envelopes."""
        outside = LocalLink(self.router.route, self.router.detach)
        self.router.attach(outside, ["out.test"], trusted=False)
        outside.receiver = self.got.setdefault("outside", []).append
        self.router.route(envelope("x@out.test"))
        self.assertEqual(self.got["outside"], [])
        self.assertEqual(self.goes(stanza("x@out.test")), "outside")
