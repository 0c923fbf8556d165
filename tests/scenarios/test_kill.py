"""Acknowledged means kept: a server that is killed loses nothing of what it has answered for.

KILL_ROUNDS=20 trial tests.scenarios.test_kill
"""

import os
import re
import time
from random import Random
from typing import ClassVar

from tests.chance import chance
from tests.scenarios.raw import Closed, RawClient, logged_in
from tests.scenarios.server import ScenarioTestCase, Server

ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))
IN_FLIGHT = 100
"""Requests that the sender has open at a time."""
MISSES = 10
"""Rounds that may not count."""
LAST = 20
"""Those that it sends when it is about time to kill."""

LIMITS = """
storage.use = "{storage}"
c2s.limits.enabled = false
extensions.offline.messages = 100000
extensions.offline.from_strangers = 100000
extensions.offline.from_one_stranger = 100000
"""
BODY = "message {} of round {}, {}"


class KillTestCase(ScenarioTestCase):
    """Rounds of killing."""

    random: Random

    def run_rounds(self, storage: str, rounds: int) -> None:
        """Kill while messages come in, start, look at what is there; so many times.

        A round counts if something was in flight when the server died.
        """
        settings = LIMITS.format(storage=storage)
        server = self.server("juliet", "romeo", settings=settings)
        with chance() as self.random:
            counted = round = 0
            while counted < rounds:
                self.assertLess(round - counted, MISSES, "too often nothing was in flight")
                counted += self.run_round(server, round)
                round += 1

    def run_round(self, server: Server, round: int) -> bool:
        """Run one; whether it counts."""
        with logged_in(server.plain, "juliet") as sender:
            sent, answered = self.send_until_killed(server, sender, round)
        self.restart(server)
        found = self.collect(server, round)
        told = f"round {round}: {sent} sent, {answered} answered, {len(found)} found"
        self.assertGreaterEqual(len(found), answered, told)
        self.assertLessEqual(len(found), sent, told)
        self.assertEqual(found, list(range(len(found))), told)
        return answered < sent

    def send_until_killed(self, server: Server, sender: RawClient, round: int) -> tuple[int, int]:
        """Send pairs of a message to romeo and a ping.

        Returns the number of pairs sent, and that of pings answered.
        """
        end = time.monotonic() + self.random.uniform(0.02, 0.4)
        padding = "x" * self.random.randrange(400)
        sent = answered = 0
        while time.monotonic() < end:
            while sent < answered + IN_FLIGHT:
                sender.send(self.pair(sent, round, padding))
                sent += 1
            answered = self.take_answer(sender, answered)
        sender.send("".join(self.pair(sent + more, round, padding) for more in range(LAST)))
        sent += LAST
        self.kill(server)
        try:
            while True:
                answered = self.take_answer(sender, answered)
        except (Closed, ConnectionError):
            return sent, answered

    def kill(self, server: Server) -> None:
        """End what is to be ended."""
        server.kill()

    def restart(self, server: Server) -> None:
        """Have the server take clients as before."""
        server.start()

    def pair(self, number: int, round: int, padding: str) -> str:
        body = BODY.format(number, round, padding)
        return (
            f"<message to='romeo@xmpp.test' type='chat'><body>{body}</body></message>"
            f"<iq id='{number}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>"
        )

    def take_answer(self, sender: RawClient, answered: int) -> int:
        answer = sender.read()
        self.assertEqual((answer.get("id"), answer.get("type")), (str(answered), "result"))
        return answered + 1

    def collect(self, server: Server, round: int) -> list[int]:
        """What romeo gets when he comes: the numbers of the messages, all of them of this round."""
        end = self.leave_mark(server, round)
        found = []
        romeo = logged_in(server.plain, "romeo")
        romeo.send("<presence/>")
        while (body := self.next_body(romeo)) != end:
            number, of_round = re.findall(r"\d+", body)[:2]
            self.assertEqual(int(of_round), round, "came again")
            found.append(int(number))
        romeo.close()
        return found

    def leave_mark(self, server: Server, round: int) -> str:
        """Send romeo a message that comes after all others; return its text."""
        text = f"end of round {round}"
        sender = logged_in(server.plain, "juliet")
        sender.send(f"<message to='romeo@xmpp.test'><body>{text}</body></message>")
        sender.ping()
        sender.close()
        return text

    def next_body(self, client: RawClient) -> str:
        while (body := client.read().findtext("{jabber:client}body")) is None:
            pass
        return body


class KillTest(KillTestCase):
    rounds: ClassVar = {"sqlite": ROUNDS, "directory": 2}

    def test_sqlite(self) -> None:
        self.run_rounds("sqlite", self.rounds["sqlite"])

    def test_directory(self) -> None:
        self.run_rounds("directory", self.rounds["directory"])
