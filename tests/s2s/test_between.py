"""Two servers of ours that talk: what proves them, and what they do when it does not."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.s2s.authority import Authority
from tests.s2s.network import Network, Place
from xmppd.app.config_servers import ServerLimits
from xmppd.s2s.targets import Target

ROMEO, JULIET = "romeo@montague.test", "juliet@capulet.test"


class Between(SynchronousTestCase):
    """Servers of ours that may talk."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.network = Network(self.folder)
        self.authority = Authority(self.folder)

    def place(self, *domains: str, address: str, certified: bool = True, **more: object) -> Place:
        if certified:
            for domain in domains:
                self.authority.write(self.folder / domains[0], domain)
        place = Place(
            self.network,
            *domains,
            address=address,
            trust=self.authority.file,
            **more,  # type: ignore[arg-type]
        )
        self.addCleanup(self.check_empty, place)
        return place

    def check_empty(self, place: Place) -> None:
        place.stop()
        self.assertEqual(place.edge.live, set())
        self.assertEqual(place.edge.pairs, {})


class BetweenTest(Between):
    """A stream each way."""

    def place(self, *domains: str, address: str, certified: bool = True, **more: object) -> Place:
        more.setdefault("bidi", False)
        return super().place(*domains, address=address, certified=certified, **more)

    def both_ways(self, proof: str, **more: object) -> tuple[Place, Place]:
        here = self.place("capulet.test", address="11.0.0.1", **more)
        there = self.place("montague.test", address="11.0.0.2", **more)
        here.say(JULIET, ROMEO, "1")
        self.assertEqual(there.heard, ["1"])
        there.say(ROMEO, JULIET, "2")
        here.say(JULIET, ROMEO, "3")
        self.assertEqual((here.heard, there.heard), (["2"], ["1", "3"]))
        self.assertEqual([str(each.sender) for each in there.got], [JULIET, JULIET])
        for place in (here, there):
            (pair,) = place.edge.pairs.values()
            assert pair.stream is not None
            self.assertIn(proof, pair.stream.about["proof"])
        return here, there

    def test_certificates(self) -> None:
        self.both_ways("EXTERNAL", policy={"default": "certificate"})
        self.assertEqual(len(self.network.dialed), 2)

    def test_direct_tls(self) -> None:
        self.both_ways("EXTERNAL", tls="direct")

    def test_self_signed_with_dialback_over_tls(self) -> None:
        here, _ = self.both_ways("dialback", certified=False)
        (pair,) = here.edge.pairs.values()
        assert pair.stream is not None
        self.assertIn("TLS", pair.stream.about["tls"])

    def test_a_remote_without_a_valid_certificate_where_one_is_demanded(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1", policy={"default": "certificate"})
        there = self.place("montague.test", address="11.0.0.2", certified=False)
        here.say(JULIET, ROMEO, "1")
        self.assertEqual(here.heard, ["1: remote-server-not-found"])
        there.say(ROMEO, JULIET, "2")
        self.assertEqual(there.heard, ["2: remote-server-not-found"])

    def test_plain_text_where_it_is_named(self) -> None:
        """Only towards that domain; TLS goes on being offered, and taken."""
        policy = {"montague.test": "plaintext-dialback", "capulet.test": "plaintext-dialback"}
        here, _ = self.both_ways("dialback", certified=False, policy=policy)
        (pair,) = here.edge.pairs.values()
        assert pair.stream is not None
        self.assertIn("TLS", pair.stream.about["tls"])

    def test_second_place_where_the_first_fails(self) -> None:
        """TLS at once, which is refused at a port where it is not spoken; then STARTTLS."""
        here = self.place("capulet.test", address="11.0.0.1")
        there = self.place("montague.test", address="11.0.0.2")
        self.network.known["montague.test"].insert(0, Target("11.0.0.2", 5269, True))
        here.say(JULIET, ROMEO, "1")
        self.assertEqual(there.heard, ["1"])
        self.assertEqual(len(self.network.dialed), 2)

    def test_streams_close_when_idle(self) -> None:
        here, there = self.both_ways("EXTERNAL")
        self.network.advance(910)
        self.assertEqual((here.edge.pairs, there.edge.live), ({}, set()))
        here.say(JULIET, ROMEO, "4")
        self.assertEqual(there.heard, ["1", "3", "4"])

    def test_too_large_for_the_other_server(self) -> None:
        here, there = self.both_ways("EXTERNAL", limits=ServerLimits(stanza_bytes=20_000))
        body = "x" * 20_000
        here.send(f"<message from='{JULIET}' to='{ROMEO}' id='l'><body>{body}</body></message>")
        self.assertEqual(there.heard, ["1", "3"])
        self.assertEqual(here.heard[-1], "l: policy-violation")

    def test_several_pairs(self) -> None:
        """Each has a stream of its own, and proves itself."""
        here = self.place("capulet.test", "second.test", address="11.0.0.1", certified=False)
        there = self.place("montague.test", address="11.0.0.2", certified=False)
        here.say(JULIET, ROMEO, "1")
        here.say("x@second.test", ROMEO, "2")
        self.assertEqual(there.heard, ["1", "2"])

    def test_no_such_domain(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1")
        here.say(JULIET, "x@nowhere.test", "1")
        self.assertEqual(here.heard, ["1: remote-server-not-found"])

    def test_nobody_listens(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1")
        self.place("montague.test", address="11.0.0.2")
        del self.network.hosts["11.0.0.2", 5269]
        here.say(JULIET, ROMEO, "1")
        here.say(JULIET, ROMEO, "2")
        self.assertEqual(here.heard, ["1: remote-server-not-found", "2: remote-server-not-found"])
        self.assertEqual(len(self.network.dialed), 1, "the second finds the domain left alone")

    def test_dns_says_nothing(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1")
        self.network.silent.add("montague.test")
        here.say(JULIET, ROMEO, "1")
        self.network.advance(29)
        self.assertEqual(here.heard, [])
        self.network.advance(2)
        self.assertEqual(here.heard, ["1: remote-server-timeout"])

    def test_two_that_leave_each_other_alone(self) -> None:
        """They find together as soon as one of them tries, whoever it was that had failed."""
        here = self.place("capulet.test", address="11.0.0.1", certified=False)
        there = self.place("montague.test", address="11.0.0.2", certified=False)
        known, self.network.known = self.network.known, {}
        for number in range(3):
            here.say(JULIET, ROMEO, f"{number}")
            there.say(ROMEO, JULIET, f"{number}")
            self.network.advance(2**number)
        self.network.known = known
        here.edge.backoffs.forget()
        here.say(JULIET, ROMEO, "3")
        there.say(ROMEO, JULIET, "3")
        self.assertEqual((here.heard[-1], there.heard[-1]), ("3", "3"))
