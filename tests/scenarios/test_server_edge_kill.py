"""The process for other servers is killed, again and again, while people of two servers talk.

`KILL_ROUNDS=20 python -m twisted.trial tests.scenarios.test_server_edge_kill` does it twenty times.
"""

import os
import time
from collections import Counter
from random import Random

import attrs

from tests.chance import chance
from tests.scenarios.federation.people import Person
from tests.scenarios.raw import told
from tests.scenarios.server import STARTING, Server
from tests.scenarios.test_server_edge import TwoServers
from tests.scenarios.test_split_kill import END, Talker, message

ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
RATE = int(os.environ.get("KILL_RATE", "200"))
"""Messages a second, each way."""
IN_DOUBT = 25
"""Bursts that may be under way to the process when it is killed."""
EDGE = "xmpp-s2s"


@attrs.define
class Heard:
    """What one person has heard of: messages by the numbers that they have, of either way."""

    person: Person
    came: list[str] = attrs.field(factory=list)
    bounced: list[str] = attrs.field(factory=list)

    def read(self) -> str:
        """Take one more; gives its number, with a sign of whether it came back."""
        element = self.person.read_until(lambda each: each.tag.endswith("}message"))
        number = element.get("id", "")
        assert number, told(element)
        if element.get("type") == "error":
            self.bounced.append(number)
            return f"-{number}"
        self.came.append(number)
        return number


class ServerEdgeKilledTest(TwoServers):
    """Only what the killed process itself held may be lost."""

    def test_rounds(self) -> None:
        with chance() as random:
            self.run_rounds(random)

    def run_rounds(self, random: Random) -> None:
        split, whole = self.meet()
        here, there = (Heard(person) for person in self.people(split, whole))
        talkers = [
            Talker(one.person, message(other.person.jid), RATE)
            for one, other in ((here, there), (there, here))
        ]
        for talker in talkers:
            talker.start()
        waited: set[str] = set()
        for _ in range(ROUNDS):
            self.await_flow(talkers, here, there)
            time.sleep(random.random() / 10)
            waited |= self.kill(split, talkers[0], random)
        self.await_flow(talkers, here, there)
        for talker in talkers:
            talker.end()
        for heard, other in ((here, there), (there, here)):
            while END not in other.came and END not in heard.bounced:
                other.read()
        for heard in (here, there):
            self.assertEqual(heard.person.ping().get("type"), "result", "still connected")
        self.judge(here, there, talkers[0], waited, 0)
        self.judge(there, here, talkers[1], set(), ROUNDS * IN_DOUBT * talkers[1].burst)

    def await_flow(self, talkers: list[Talker], here: Heard, there: Heard) -> None:
        """Read until what is sent from now on arrives, both ways."""
        for talker, heard in zip(talkers, (there, here), strict=True):
            start, number = talker.sent, "-"
            deadline = time.monotonic() + STARTING
            while number.startswith("-") or int(number) < start:
                self.assertLess(time.monotonic(), deadline, heard.bounced)
                number = heard.read()

    def kill(self, split: Server, talker: Talker, random: Random) -> set[str]:
        """Kill and start anew; gives the numbers of what waited in the router meanwhile."""
        before = Counter({text: split.logged().count(text) for text in ("is down", "is up")})
        split.kill_process(EDGE)
        self.until_logged(split, "link s2s-1 is down", before["is down"])
        first = talker.sent + talker.burst
        time.sleep(random.random() / 2)
        last = talker.sent
        split.start_process(EDGE)
        self.until_logged(split, "link s2s-1 is up", before["is up"])
        return {str(number) for number in range(first, last)}

    def until_logged(self, server: Server, text: str, times: int) -> None:
        """Wait for one more line of a kind."""
        deadline = time.monotonic() + STARTING
        words = text.split(" ", 2)[2]
        while server.logged().count(words) <= times:
            self.assertLess(time.monotonic(), deadline, server.logged())
            time.sleep(0.005)

    def judge(
        self, sender: Heard, recipient: Heard, talker: Talker, waited: set[str], doubts: int
    ) -> None:
        """Each message came, or came back, at most once; what waited in the router did.

        What the killed process had taken from the other server and passed on without a chance to
        acknowledge it is in doubt there: so many may come back, or come again, though they came.
        """
        fates = Counter([*recipient.came, *sender.bounced])
        doubled = [number for number, times in fates.items() if times > 1]
        self.assertLessEqual(len(doubled), doubts, doubled)
        numbers = [int(number) for number in recipient.came if number not in (END, *doubled)]
        self.assertEqual(numbers, sorted(numbers), "in order")
        self.assertEqual(waited - fates.keys(), set(), "what waited in the router")
        lost = talker.sent + 1 - len(fates)
        print(
            f"{sender.person.domain}: {talker.sent} sent, {len(sender.bounced)} bounced, "
            f"{len(waited)} waited in the router, {lost} lost, {len(doubled)} in doubt, "
            f"{ROUNDS} kills;",
            end=" ",
        )
