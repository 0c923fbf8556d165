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


class BoundsTest(Hostile):
    def test_who_does_not_read(self) -> None:
        """Answers are not kept without end for somebody who asks and takes none."""
        raw = self.raw()
        raw.open()
        (stream,) = self.place.edge.incoming
        stream.pauseProducing()
        ask = f"<resume xmlns='{STREAM_MANAGEMENT}' previd='x' h='0'/>"
        for _ in range(MAX_UNREAD // len(ask)):
            raw.send(ask)
        self.assertTrue(raw.closed)
        self.assertLess(len(raw.heard), MAX_UNREAD)

    def test_who_proves_many_domains(self) -> None:
        """They fill neither the stream nor the pairs that ours need."""
        self.patch(receiving, "MAX_PROVED", 2)
        raw = self.secured(self.authority.sign([x509.DNSName("*.remote.test")]))
        for name in "abc":
            raw.result(sender=f"{name}.remote.test")
        self.assertEqual(error_in(raw.heard), "resource-constraint")

    def test_others_leave_room(self) -> None:
        """Pairs that others bring about are fewer than all there may be."""
        edge = self.place.edge
        ours = Jid.parse("capulet.test")
        for number in range(MAX_PAIRS // 2):
            edge.pairs["capulet.test", f"{number}.test"] = Pair(edge, ours, ours)
        question = Dialback("verify", ours, Jid.parse("remote.test"), "s", "", "key")
        self.assertEqual(
            self.successResultOf(edge.verify(question)), "remote-connection-failed"
        )
        self.place.say("juliet@capulet.test", "x@nosuch.test", "1")
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])
        edge.pairs.clear()


class LeftBehindTest(Hostile):
    def test_what_is_refused_at_once(self) -> None:
        """Who is left alone takes no place among the pairs, of which there is a bounded number."""
        for body in "123":
            self.place.say("juliet@capulet.test", "x@nosuch.test", body)
        self.network.settle()
        wanted = [f"{body}: remote-server-not-found" for body in "123"]
        self.assertEqual((self.place.heard, self.place.edge.pairs), (wanted, {}))
