"""What a client that manages its stream says in a room, while processes are killed (session
protocol, 3.9).

KILL_ROUNDS=20 trial tests.scenarios.test_custody_kill
"""

from __future__ import annotations

import os
import time
from collections import Counter
from threading import Lock
from xml.etree.ElementTree import Element

from tests.scenarios.managed import ManagedClient
from tests.scenarios.raw import CLIENT, STREAMS, told
from tests.scenarios.test_rooms import MUC, ROOM, SETTINGS, SPLIT, STARTING, RoomsTestCase
from tests.scenarios.test_rooms_kill import MORE, entry
from tests.scenarios.test_split_kill import Talker
from xmppd.protocol.namespaces import MAM, RESULT_SETS

KILLS = int(os.environ.get("KILL_ROUNDS", "1"))
RATE = int(os.environ.get("KILL_RATE", "300"))
"""Messages a second."""
BETWEEN = 100
"""Messages that are told to be handled between one kill and the next."""
UNLIMITED = """
[muc.limits]
messages = 0
"""
IN = f"<presence to='{ROOM}/juliet'><x xmlns='{MUC}'/></presence>"
SAY = f"<message type='groupchat' to='{ROOM}' id='{{0}}'><body>{{0}}</body></message>"


class CustodyKillTest(RoomsTestCase):
    """Whatever is told to be handled is in the room's archive, or has come back as an error."""

    layout = SPLIT

    def test_rooms_killed(self) -> None:
        self.run_kills("xmpp-muc")

    def test_router_killed(self) -> None:
        self.run_kills("xmpp-router")

    def run_kills(self, plugin: str) -> None:
        server = self.server("juliet", settings=SETTINGS + MORE + UNLIMITED)
        self.await_rooms(server, "juliet")
        juliet = Watching("juliet")
        juliet.connect(server.plain)
        self.addCleanup(juliet.cut)
        juliet.enter()
        talker = Counted(juliet)
        talker.start()
        for _ in range(KILLS):
            juliet.listen(juliet.acknowledged + BETWEEN)
            server.kill_process(plugin)
            server.start_process(plugin)
            juliet.listen(juliet.acknowledged + BETWEEN)
        talker.end()
        while juliet.acknowledged < juliet.begun + talker.sent + 1:
            juliet.listen(juliet.acknowledged + 1)
        self.await_rooms(server, "juliet")
        self.check(talker.sent, juliet)

    def check(self, sent: int, juliet: Watching) -> None:
        """Each message is kept, or was refused."""
        said = {str(number) for number in range(sent)}
        deadline = time.monotonic() + STARTING
        while True:  # what is in the journal comes a little later
            kept = Counter(juliet.archive())
            lost = said - kept.keys() - juliet.refused
            if not lost or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        doubled = sum(count - 1 for text, count in kept.items() if text in said)
        print(
            f"{sent} said, {len(said & kept.keys())} kept, {len(juliet.refused & said)} refused,"
            f" {len(lost)} lost, {doubled} doubled,",
            end=" ",
        )
        self.assertEqual(lost, set())
        self.assertLess(doubled, sent // 10)


class Counted(Talker):
    """Says all that in a room, for a client that manages its stream."""

    def __init__(self, client: ManagedClient) -> None:
        super().__init__(client.stream, SAY, RATE)


class Watching(ManagedClient):
    """Notes what comes back as an error: `refused` are its ids. `begun`: what it has sent beside
    what it says. It comes back to the room when it is out."""

    begun = 0

    def __init__(self, user: str) -> None:
        super().__init__(user)
        self.refused: set[str] = set()
        self.out = 0.0

    def connect(self, port: int, resource: str = "r", presence: str = "<presence/>") -> None:
        """Log in anew; two threads send then."""
        super().connect(port, resource, presence)
        send, lock = self.stream.send, Lock()

        def locked(xml: str) -> None:
            with lock:
                send(xml)

        self.stream.send = locked  # type: ignore[method-assign]

    def enter(self) -> None:
        """Enter the room and accept its defaults."""
        self.send(
            IN,
            f"<iq type='set' id='c' to='{ROOM}'><query xmlns='{MUC}#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>",
        )
        while self.read().get("id") != "c":
            pass
        self.ask()
        self.begun = self.acknowledged

    def listen(self, h: int) -> None:
        """Read until so much is told to be handled; go in again where one is out."""
        while self.acknowledged < h:
            self.ask()
            if self.out and time.monotonic() > self.out:
                self.out = 0.0
                self.begun += 1
                self.stream.send(IN)
            time.sleep(0.02)

    def read(self) -> Element:
        """Read one element."""
        element = super().read()
        assert element.tag != f"{{{STREAMS}}}error", told(element)
        if element.tag == f"{{{CLIENT}}}message" and element.get("type") == "error":
            self.refused.add(element.get("id", ""))
            self.out = self.out or time.monotonic() + 0.2
        return element

    def _settle(self, h: int) -> None:
        self.acknowledged = h  # what it sends is counted by whoever sends it

    def archive(self) -> list[str]:
        """The texts of all that the room keeps."""
        texts: list[str] = []
        after = ""
        self.stream.send(IN)  # one may be out
        while True:
            self.stream.send(
                f"<iq type='set' id='q' to='{ROOM}'><query xmlns='{MAM}'>"
                f"<set xmlns='{RESULT_SETS}'><max>250</max>{after}</set></query></iq>"
            )
            found = self.read()
            while found.get("id") != "q":
                texts += [text for _, text in entry(found)]
                found = self.read()
            fin = found.find(f"{{{MAM}}}fin")
            assert fin is not None, told(found)
            if fin.get("complete") == "true":
                return texts
            after = f"<after>{fin.findtext(f'.//{{{RESULT_SETS}}}last')}</after>"
