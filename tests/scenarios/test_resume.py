"""Streams that are cut under their clients, and go on (XEP-0198)."""

import random

from tests.scenarios.managed import SM, ManagedClient
from tests.scenarios.raw import CLIENT, SASL, STREAMS, Closed, RawClient, logged_in, told
from tests.scenarios.server import SPLIT, ScenarioTestCase, Server

SETTINGS = "c2s.limits.enabled = false"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
CUTS = 50
BURST = 20
"""Messages each way between two cuts."""


class ResumeTest(ScenarioTestCase):
    def test_a_stream_goes_on(self) -> None:
        """XEP-0198, 5: what either side missed comes again; presence stays."""
        server = self.server("juliet", "romeo", settings=SETTINGS)
        juliet, romeo = ManagedClient("juliet"), ManagedClient("romeo")
        juliet.connect(server.plain)
        romeo.connect(server.plain)
        juliet.say("romeo", 1, 2)
        juliet.ask()
        self.assertEqual(juliet.acknowledged, 3)
        self.assertEqual(romeo.read_texts(2), ["1", "2"])
        romeo.cut()
        juliet.say("romeo", 3, 4)
        juliet.ask()
        self.assertEqual(juliet.acknowledged, 5)
        self.assertIn("detached", server.control("status"))
        romeo.resume(server.plain)
        self.assertEqual(romeo.read_texts(4), ["1", "2", "3", "4"])
        romeo.say("juliet", "a")
        self.assertEqual(juliet.read_texts(1), ["a"])
        for client in (juliet, romeo):
            client.leave()
        self.cut_again_and_again(server.plain)
        self.lose_for_good(server.plain)

    def cut_again_and_again(self, port: int) -> None:
        """With messages on their way in both directions; nothing lost or doubled, in order."""
        people = [ManagedClient("juliet"), ManagedClient("romeo")]
        for person in people:
            person.connect(port)
        chance = random.Random(1)
        for turn in range(CUTS):
            burst(people, turn)
            person = chance.choice(people)
            read = len(person.texts) + chance.randrange(BURST)
            person.read_texts(min(read, BURST * turn))
            person.cut()
            person.resume(port)
        check(self, people, CUTS)
        for person in people:
            person.leave()

    def lose_for_good(self, port: int) -> None:
        """XEP-0198, 4: unacknowledged messages are there for the next session, and once."""
        juliet, romeo = ManagedClient("juliet"), ManagedClient("romeo")
        juliet.connect(port)
        romeo.connect(port)
        juliet.say("romeo", 1, 2, 3)
        romeo.read_texts(1)
        romeo.acknowledge()
        romeo.cut()
        again = ManagedClient("romeo")
        again.connect(port)
        self.assertEqual(again.read_texts(2), ["2", "3"])

    def test_the_server_is_killed(self) -> None:
        """P1: what was counted is there after the next start, though no session is."""
        settings = SETTINGS + "\n[extensions.archive]\nenabled = false"
        server = self.server("juliet", "romeo", settings=settings)
        juliet, romeo = ManagedClient("juliet"), ManagedClient("romeo")
        juliet.connect(server.plain)
        romeo.connect(server.plain)
        juliet.say("romeo", *range(50))
        while juliet.acknowledged < 51:
            juliet.ask()
        server.kill()
        server.start()
        again = ManagedClient("romeo")
        again.connect(server.plain)
        self.assertEqual(again.read_texts(50), [str(number) for number in range(50)])


class SplitResumeTest(ResumeTest):
    layout = SPLIT


class EdgeKilledTest(ScenarioTestCase):
    """P5: an edge is killed, and its clients go on through another."""

    layout = SPLIT

    def test_through_another_edge(self) -> None:
        server = self.server("juliet", "romeo", settings=SETTINGS)
        ports = {"xmpp-c2s": server.plain, "c2s-2": server.start_another_edge("c2s-2")}
        people = [ManagedClient("juliet"), ManagedClient("romeo")]
        for person in people:
            person.connect(server.plain)
        turns = 0
        for here, there in (("xmpp-c2s", "c2s-2"), ("c2s-2", "xmpp-c2s")):
            burst(people, turns)
            people[0].read_texts(turns * BURST + BURST // 2)
            burst(people, turns + 1)
            server.kill_process(here)
            for person in people:
                person.cut()
                person.resume(ports[there])
            burst(people, turns + 2)
            turns += 3
            ports[here] = self.restart(server, here)
        check(self, people, turns)

    def restart(self, server: Server, name: str) -> int:
        if name != "xmpp-c2s":
            return server.start_another_edge(name)
        server.start_process(name)
        server.await_ready()
        return server.plain


def burst(people: list[ManagedClient], turn: int) -> None:
    """Have both send."""
    for one, other in (people, people[::-1]):
        one.say(other.user, *range(turn * BURST, (turn + 1) * BURST))


def check(case: ScenarioTestCase, people: list[ManagedClient], turns: int) -> None:
    """Each has read what the other sent."""
    wanted = [str(number) for number in range(turns * BURST)]
    for person in people:
        case.assertEqual(person.read_texts(len(wanted)), wanted)


class HostileTest(ScenarioTestCase):
    """What a client may try with stream management."""

    def test_misuse(self) -> None:
        """All against one server, which goes on."""
        self.port = self.server("juliet", "romeo", settings=SETTINGS).plain
        for attempt in (
            self.too_high,
            self.too_high_in_resuming,
            self.somebody_elses_session,
            self.before_it_is_enabled,
            self.before_binding,
            self.no_count,
            self.a_flood_of_requests,
            self.a_storm_of_enabling,
            self.a_storm_of_resuming,
            self.a_storm_of_failures,
        ):
            self.juliet = ManagedClient("juliet")
            self.juliet.connect(self.port)
            attempt()

    def refused(self, client: RawClient) -> str:
        """The condition of the error with which a stream ends."""
        error = client.read_until(lambda element: element.tag == f"{{{STREAMS}}}error")
        self.assertRaises(Closed, client.read)
        return told(error)

    def too_high(self) -> None:
        """XEP-0198, 6."""
        self.juliet.stream.send(f"<a xmlns='{SM}' h='77'/>")
        error = self.refused(self.juliet.stream)
        self.assertIn("handled-count-too-high", error)
        self.assertIn("undefined-condition", error)

    def too_high_in_resuming(self) -> None:
        """Another stream ends; the session can still be resumed."""
        self.juliet.cut()
        h, self.juliet.h = self.juliet.h, 77
        with self.assertRaises(AssertionError):
            self.juliet.resume(self.port)
        self.juliet.h = h
        self.juliet.resume(self.port)

    def somebody_elses_session(self) -> None:
        """An id is good for its own account only, and nobody is told that it exists."""
        romeo = ManagedClient("romeo")
        romeo.id = self.juliet.id
        with self.assertRaises(AssertionError) as caught:
            romeo.resume(self.port)
        self.assertIn("item-not-found", str(caught.exception))
        self.assertNotIn("h=", str(caught.exception).partition("failed")[2])
        self.bind(romeo.stream)
        self.juliet.ask()

    def before_it_is_enabled(self) -> None:
        """XEP-0198, 3: each is answered, and the stream goes on."""
        with logged_in(self.port, "romeo") as romeo:
            for item in ("r", "a", "resume"):
                romeo.send(f"<{item} xmlns='{SM}' h='1' previd='x'/>")
                self.assertEqual(romeo.read()[0].tag, f"{STANZAS}unexpected-request")
            romeo.ping()

    def before_binding(self) -> None:
        """XEP-0198, 3: also before login."""
        client = RawClient(self.port).open()
        self.enable_in_vain(client)
        self.assertEqual(client.plain("romeo").tag, f"{{{SASL}}}success")
        client.open()
        self.enable_in_vain(client)
        self.bind(client)

    def enable_in_vain(self, client: RawClient) -> None:
        client.send(f"<enable xmlns='{SM}'/>")
        self.assertEqual(client.read()[0].tag, f"{STANZAS}unexpected-request")

    def bind(self, client: RawClient) -> None:
        client.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        self.assertEqual(client.read().get("type"), "result")

    def no_count(self) -> None:
        for text in ("", " h='x'", " h='-1'", " h='4294967296'"):
            client = ManagedClient("romeo")
            client.connect(self.port, resource=f"r{len(text)}")
            client.stream.send(f"<a xmlns='{SM}'{text}/>")
            self.assertIn("bad-format", self.refused(client.stream))

    def a_flood_of_requests(self) -> None:
        """They are answered, and nothing else suffers."""
        self.juliet.stream.send(f"<r xmlns='{SM}'/>" * 20_000 + "<presence/>")
        self.juliet.stream.read_until(lambda element: element.tag == f"{{{CLIENT}}}presence")

    def a_storm_of_enabling(self) -> None:
        self.juliet.stream.send(f"<enable xmlns='{SM}' resume='1'/>" * 1000)
        self.assertIn("policy-violation", self.refused(self.juliet.stream))

    def a_storm_of_resuming(self) -> None:
        """Whoever comes last has the session; those before it are closed with conflict."""
        streams = [self.juliet.stream]
        for _ in range(20):
            self.juliet.resume(self.port)
            streams.append(self.juliet.stream)
        for stream in streams[:-1]:
            self.assertIn("conflict", self.refused(stream))
        self.juliet.ask()

    def a_storm_of_failures(self) -> None:
        """XEP-0198, 5: after each the stream may try again, or bind."""
        client = RawClient(self.port).open()
        self.assertEqual(client.plain("romeo").tag, f"{{{SASL}}}success")
        client.open()
        client.send(f"<resume xmlns='{SM}' previd='x' h='0'/>" * 500)
        for _ in range(500):
            self.assertEqual(client.read()[0].tag, f"{STANZAS}item-not-found")
        self.bind(client)


class SplitHostileTest(HostileTest):
    layout = SPLIT
