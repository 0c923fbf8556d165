"""The edge between the router and other servers: nothing goes around either."""

from tests.s2s.test_hostile import MESSAGE, Hostile
from xmppd.link.link import Item


class WayTest(Hostile):
    def setUp(self) -> None:
        super().setUp()
        self.passed: list[str | None] = []
        self.place.router.watch = self._passes

    def _passes(self, item: Item) -> None:
        self.passed.append(item.id)

    def test_what_comes_in(self) -> None:
        """It passes the router, whomever it is for: nobody is served by a short cut."""
        raw = self.proved()
        raw.send(MESSAGE)
        raw.send(MESSAGE.replace("juliet@capulet.test", "capulet.test").replace("'m'", "'n'"))
        self.assertEqual((self.passed, self.place.heard), (["m", "n"], ["m", "n"]))

    def test_what_is_served_here_does_not_leave(self) -> None:
        for to in ("x@second.test", "capulet.test"):
            self.place.say("juliet@capulet.test", to)
        self.assertEqual((self.network.dialed, self.place.edge.pairs), ([], {}))

    def test_names_of_processes(self) -> None:
        """No stanza reaches them, and nobody is asked for them."""
        for name in ("s2s-1", "x@s2s-1/y"):
            self.place.say("juliet@capulet.test", name, "1")
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"] * 2)
        self.assertEqual(self.place.edge.pairs, {})

    def test_for_others_than_ours(self) -> None:
        """The edge speaks for those alone who are served here."""
        self.network.known["remote.test"] = []
        self.place.say("juliet@elsewhere.test", "x@remote.test", "1")
        self.assertEqual((self.network.dialed, self.place.edge.pairs), ([], {}))
