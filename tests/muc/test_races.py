"""Rooms that are read slowly, end, are made anew and die, while people come and go."""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from tests.muc.kit import ROOM, RoomsTestCase, X, codes, form
from xmppd.chat.commands import Destroy
from xmppd.chat.model import ITSELF
from xmppd.muc import names
from xmppd.muc.live import LiveRoom
from xmppd.testing.client import Client

HISTORIES, STEPS = 60, 30
WAYS = ("enter", "enter", "enter", "say", "leave", "destroy", "configure", "rank", "pass", "idle")
PING = "<iq type='get' id='alive' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>"


class RacesTest(RoomsTestCase):
    """In the end each knows whether they are inside, and every request has been answered."""

    settings = {  # noqa: RUF012
        "unload_seconds": 60,
        "gone_seconds": 0,
        "limits": {"enabled": False},
    }

    def setUp(self) -> None:
        super().setUp()
        self.people = (self.crone, self.hag, self.wizard, self.macbeth)

    def test_histories(self) -> None:
        for seed in range(HISTORIES):
            with self.subTest(seed=seed):
                self.live_through(Random(seed))

    def live_through(self, random: Random) -> None:
        self.inside: set[Client] = set()
        self.unanswered: set[str] = set()
        self.be_slow(random)
        for step in range(STEPS):
            person = random.choice(self.people)
            getattr(self, f"do_{random.choice(WAYS)}")(person, random, f"s{step}")
            if random.random() < 0.4:
                self.learn()
            if random.random() < 0.03:
                self.end_process(random)
        self.wait(40)
        live = self.rooms.live.get("cave")
        really = set() if live is None else {person.account for person in live.room.sessions}
        self.assertEqual({client.jid.bare for client in self.inside}, really)
        self.assertEqual(self.unanswered, set())
        self.rooms.at("cave", self.end)
        self.wait(10)

    def be_slow(self, random: Random) -> None:
        """Have what is read of rooms come late."""
        store = self.rooms.store
        for part, name in ((store, "load"), (store, "told"), (store.stays, "of")):
            setattr(part, name, self.slowly(getattr(part, name), random))

    def slowly(self, read: Any, random: Random) -> Any:
        async def late(*args: Any) -> Any:
            await deferLater(self.server.clock, random.random() * 3)
            found = await read(*args)
            await deferLater(self.server.clock, random.random() * 3)
            return found

        return late

    def end(self, live: LiveRoom | None) -> Deferred[None] | None:
        return None if live is None else self.rooms.do(live, Destroy(ITSELF))

    def end_process(self, random: Random) -> None:
        self.wait(10)
        for part in (self.rooms._ghosts, self.rooms._returning):
            part.stop()
        self.die()
        self.be_slow(random)
        self.wait(1)

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.server.advance(1)
            self.learn()

    def learn(self) -> None:
        """Have all read what they were sent."""
        for client in self.people:
            for each in client.received():
                if each.name == "iq":
                    self.unanswered.discard(str(each.id))
                elif each.name == "presence" and 110 in codes(each):
                    (self.inside.discard if each.type else self.inside.add)(client)

    # What people do

    def do_enter(self, client: Client, random: Random, id: str) -> None:
        client.send(f"<presence to='{ROOM}/{client.jid.local}'>{X}</presence>")

    def do_say(self, client: Client, random: Random, id: str) -> None:
        self.say(client, id)

    def do_leave(self, client: Client, random: Random, id: str) -> None:
        client.send(f"<presence type='unavailable' to='{ROOM}/{client.jid.local}'/>")

    def ask(self, client: Client, id: str, what: str, content: str) -> None:
        self.unanswered.add(id)
        query = f"<query xmlns='{what}'>{content}</query>"
        client.send(f"<iq type='set' id='{id}' to='{ROOM}'>{query}</iq>")

    def do_destroy(self, client: Client, random: Random, id: str) -> None:
        self.ask(client, id, names.MUC_OWNER, "<destroy/>")

    def do_configure(self, client: Client, random: Random, id: str) -> None:
        closed = {"persistentroom": 1, "membersonly": int(random.random() < 0.2)}
        values = {f"muc#roomconfig_{name}": value for name, value in closed.items()}
        self.ask(client, id, names.MUC_OWNER, form("submit", names.ROOM_CONFIG, values))

    def do_rank(self, client: Client, random: Random, id: str) -> None:
        jid, standing = random.choice(self.people).jid.bare, random.choice(("owner", "outcast"))
        item = f"<item jid='{jid}' affiliation='{standing}'/>"
        self.ask(client, id, names.MUC_ADMIN, item)

    def do_pass(self, client: Client, random: Random, id: str) -> None:
        self.server.advance(random.random() * 4)

    def do_idle(self, client: Client, random: Random, id: str) -> None:
        """Long enough that a room nobody is in leaves the memory."""
        for _ in range(6):
            self.server.advance(21)
            self.learn()
            for each in self.people:
                each.send(PING)


class ReturningRacesTest(RacesTest):
    settings = {**RacesTest.settings, "after_restart": "readmit"}  # noqa: RUF012
