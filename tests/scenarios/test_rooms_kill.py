"""The process that keeps rooms is killed in the middle of talk.

KILL_ROUNDS=20 trial tests.scenarios.test_rooms_kill
"""

from __future__ import annotations

import os
from random import Random
from xml.etree.ElementTree import Element

from tests.chance import chance
from tests.scenarios.raw import CLIENT, RawClient, logged_in, told
from tests.scenarios.server import DOMAIN, Server
from tests.scenarios.test_rooms import MUC, ROOM, SETTINGS, SPLIT, RoomsTestCase
from xmppd.protocol.namespaces import DELAY, FORWARD, MAM, RESULT_SETS, STANZA_IDS

ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
IN_FLIGHT = 50
"""Messages that are sent ahead of those that have come back."""
LAST = 20
"""Those that are sent when it is time to kill."""
MORE = """
c2s.limits.enabled = false
[muc.defaults]
archive = true
persistent = true
"""


class KillTest(RoomsTestCase):
    """What was reflected is in the archive; rooms are back; people learn of it."""

    layout = SPLIT

    def test_kill(self) -> None:
        with chance() as random:
            self.run_rounds(random)

    def run_rounds(self, random: Random) -> None:
        server = self.server("juliet", "romeo", settings=SETTINGS + MORE)
        self.await_rooms(server, "juliet")
        reflected = kept = 0
        with logged_in(server.plain, "juliet") as juliet, logged_in(server.plain, "romeo") as romeo:
            self.enter(juliet, "juliet")
            self.open_room(juliet)
            for round in range(ROUNDS):
                self.enter(romeo, "romeo")
                seen = self.talk_until_killed(server, juliet, round, random)
                server.start_process("xmpp-muc")
                seen += self.learn(juliet, "juliet") + self.learn(romeo, "romeo")
                self.come_back(juliet, romeo)
                entries = self.read_archive(juliet, f"{round}.")
                self.check(seen, entries)
                reflected, kept = reflected + len(set(seen)), kept + len(entries)
        print(f"{ROUNDS} kills, {reflected} messages seen, {kept} kept,", end=" ")

    def open_room(self, juliet: RawClient) -> None:
        """Accept the defaults, and make romeo a member."""
        juliet.send(
            f"<iq type='set' id='c' to='{ROOM}'><query xmlns='{MUC}#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
            f"<iq type='set' id='a' to='{ROOM}'><query xmlns='{MUC}#admin'>"
            f"<item jid='romeo@{DOMAIN}' affiliation='member'/></query></iq>"
        )
        answer = juliet.read_until(lambda found: found.get("id") == "a")
        self.assertEqual(answer.get("type"), "result", told(answer))

    def talk_until_killed(
        self, server: Server, juliet: RawClient, round: int, random: Random
    ) -> list[str]:
        """Say so much at once, then kill; gives the ids of what has come back until then."""
        padding = "x" * random.randrange(400)
        seen: list[str] = []
        sent = 0
        enough = random.randrange(20, 300)
        while len(seen) < enough:
            while sent < len(seen) + IN_FLIGHT:
                self.say(juliet, f"{round}.{sent} {padding}")
                sent += 1
            seen += reflection(juliet.read())
        for more in range(LAST):
            self.say(juliet, f"{round}.{sent + more} {padding}")
        server.kill_process("xmpp-muc")
        return seen

    def say(self, client: RawClient, text: str) -> None:
        client.send(f"<message type='groupchat' to='{ROOM}'><body>{text}</body></message>")

    def learn(self, client: RawClient, nick: str) -> list[str]:
        """Read until one is told that one is out; gives the ids of what came before."""
        seen: list[str] = []
        while True:
            found = client.read()
            codes = [each.get("code") for each in found.iter(f"{{{MUC}#user}}status")]
            if found.get("type") == "unavailable" and found.get("from") == f"{ROOM}/{nick}":
                self.assertEqual(codes, ["110", "332"])
                return seen
            seen += reflection(found)

    def come_back(self, juliet: RawClient, romeo: RawClient) -> None:
        """Both are what they were."""
        for client, nick, affiliation in ((romeo, "romeo", "member"), (juliet, "juliet", "owner")):
            client.send(f"<presence to='{ROOM}/{nick}'><x xmlns='{MUC}'/></presence>")
            own = client.read_until(lambda found, me=f"{ROOM}/{nick}": found.get("from") == me)  # type: ignore[misc]
            self.assertIsNone(own.get("type"), told(own))
            [item] = own.iter(f"{{{MUC}#user}}item")
            self.assertEqual(item.get("affiliation"), affiliation)

    def read_archive(self, client: RawClient, start: str) -> list[tuple[str, str]]:
        """The ids and texts of all that begin so."""
        entries: list[tuple[str, str]] = []
        after = ""
        while True:
            client.send(
                f"<iq type='set' id='q' to='{ROOM}'><query xmlns='{MAM}'>"
                f"<set xmlns='{RESULT_SETS}'><max>250</max>{after}</set></query></iq>"
            )
            found = client.read()
            while found.get("id") != "q":
                entries += entry(found)
                found = client.read()
            fin = found.find(f"{{{MAM}}}fin")
            assert fin is not None, told(found)
            if fin.get("complete") == "true":
                return [(id, text) for id, text in entries if text.startswith(start)]
            after = f"<after>{fin.findtext(f'.//{{{RESULT_SETS}}}last')}</after>"

    def check(self, seen: list[str], entries: list[tuple[str, str]]) -> None:
        """Whatever anybody has seen is there, once, and in order."""
        self.assertEqual(set(seen) - {id for id, _ in entries}, set())
        numbers = [int(text.partition(".")[2].partition(" ")[0]) for _, text in entries]
        self.assertEqual(numbers, list(range(len(numbers))))


def reflection(found: Element) -> list[str]:
    """The id that the room gave, if this is something said there just now."""
    if found.tag != f"{{{CLIENT}}}message" or found.get("type") != "groupchat":
        return []
    given = found.find(f"{{{STANZA_IDS}}}stanza-id")
    if given is None or found.find(f"{{{CLIENT}}}body") is None:
        return []
    if found.find(f"{{{DELAY}}}delay") is not None:
        return []
    return [given.get("id", "")]


def entry(found: Element) -> list[tuple[str, str]]:
    """The id and the text of a result."""
    result = found.find(f"{{{MAM}}}result")
    if result is None:
        return []
    text = result.findtext(f"{{{FORWARD}}}forwarded/{{{CLIENT}}}message/{{{CLIENT}}}body", "")
    return [(result.get("id", ""), text)]
