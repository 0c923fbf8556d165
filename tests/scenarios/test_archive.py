"""Archives, in one process and in several, and what a kill leaves of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import ClassVar
from xml.etree.ElementTree import Element

from tests.scenarios.raw import CLIENT, RawClient, logged_in
from tests.scenarios.server import DOMAIN, SPLIT, ScenarioTestCase, Server, password_of
from tests.scenarios.test_kill import KillTestCase

MAM = "urn:xmpp:mam:2"
ACKS = "urn:xmpp:sm:3"
RSM = "http://jabber.org/protocol/rsm"
ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))


class WholeTest(ScenarioTestCase):
    def test_slixmpp(self) -> None:
        server = self.server("juliet", "romeo")
        passwords = [password_of("juliet"), password_of("romeo")]
        output = self.run_client(
            "slixmpp_archive", server.starttls, DOMAIN, *passwords, trusted=server.certify()
        )
        self.assertTrue(output.rstrip().endswith("all done"), output)


class SplitTest(WholeTest):
    layout = SPLIT


class KillTest(KillTestCase):
    """What was acknowledged is in the archives of both, in its order and without holes."""

    people: ClassVar = ("juliet", "romeo")

    def test_sqlite(self) -> None:
        self.last = dict.fromkeys(self.people, "")
        self.run_rounds("sqlite", ROUNDS)

    def collect(self, server: Server, round: int) -> list[int]:
        """What both archives have of this round."""
        found = [list(self.archived(server, name, round)) for name in self.people]
        for numbers in found:
            self.assertEqual(numbers, list(range(len(numbers))))
        return min(found, key=len)

    def archived(self, server: Server, name: str, round: int) -> Iterator[int]:
        client = logged_in(server.plain, name)
        while page := self.page(client, self.last[name]):
            self.last[name] = page[-1].get("id", "")
            for result in page:
                body = result.findtext(f".//{{{CLIENT}}}body", "")
                number, of_round = re.findall(r"\d+", body)[:2]
                self.assertEqual(int(of_round), round)
                yield int(number)
        client.close()

    def page(self, client: RawClient, after: str) -> list[Element]:
        said = f"<after>{after}</after>" if after else ""
        client.send(
            f"<iq type='set' id='p'><query xmlns='{MAM}'>"
            f"<set xmlns='{RSM}'><max>100</max>{said}</set></query></iq>"
        )
        results: list[Element] = []
        while (stanza := client.read()).get("id") != "p":
            result = stanza.find(f"{{{MAM}}}result")
            if result is not None:
                results.append(result)
        self.assertEqual(stanza.get("type"), "result")
        return results


class AcknowledgedKillTest(KillTest):
    """The same of what the sender's stream management has counted (XEP-0198, 4)."""

    def send_until_killed(self, server: Server, sender: RawClient, round: int) -> tuple[int, int]:
        sender.send(f"<enable xmlns='{ACKS}'/>")
        self.assertEqual(sender.read().tag, f"{{{ACKS}}}enabled")
        return super().send_until_killed(server, sender, round)

    def pair(self, number: int, round: int, padding: str) -> str:
        message, _, _ = super().pair(number, round, padding).partition("<iq")
        return f"{message}<r xmlns='{ACKS}'/>"

    def take_answer(self, sender: RawClient, answered: int) -> int:
        answer = sender.read()
        self.assertEqual(answer.tag, f"{{{ACKS}}}a")
        h = int(answer.get("h", ""))
        self.assertGreaterEqual(h, answered)
        return h
