"""`python -m bench.rooms`: what a delivery costs in rooms of 100, 1,000 and 5,000 occupants.

Everybody is in one room of each size, so that it is the same 5,000 sessions that get what is said
in 50 rooms in turn, or in one: only then is it the size of a room that makes a difference, and not
how many sessions the caches of the processor have to hold.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterable
from functools import partial
from time import process_time

from bench.house import Client, House
from bench.material import DOMAIN
from xmppd.app.process import YOUNG
from xmppd.chat.commands import Enter
from xmppd.muc.content import presence_of
from xmppd.muc.decode import person_of
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza

SIZES = (100, 1_000, 5_000)
EVERYBODY = max(SIZES)
ROUNDS = 9
SERVICE = f"rooms.{DOMAIN}"
CAPS = "http://jabber.org/protocol/caps"
PRESENCE = f"<presence><c xmlns='{CAPS}' hash='sha-1' ver='x' node='y'/></presence>".encode()


class BigRoom:
    """A room with those clients inside, and one more client who may come."""

    def __init__(self, house: House, name: str, clients: list[Client], guest: Client) -> None:
        self.house = house
        self.jid = f"{name}@{SERVICE}"
        self.clients = clients
        self.guest = guest
        self.speaker = clients[0]
        self.join(self.speaker, "first")
        self.speaker.say(
            f"<iq type='set' id='o' to='{self.jid}'>"
            "<query xmlns='http://jabber.org/protocol/muc#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>".encode()
        )
        self.fill()

    def fill(self) -> None:
        """Let the others be inside with nobody told: that would be presences by the million."""
        rooms = self.house.server.rooms
        assert rooms is not None
        live = rooms.live[self.jid.partition("@")[0]]
        shown = presence_of(parse_stanza(PRESENCE), live.jid)
        for client in self.clients[1:]:
            jid = Jid.parse(f"{client.name}@{DOMAIN}/bench")
            live.room.handle(Enter(person_of(jid), client.name, shown, wire=jid))

    def join(self, client: Client, nick: str) -> None:
        """Have somebody enter."""
        history = "<x xmlns='http://jabber.org/protocol/muc'><history maxchars='0'/></x>"
        client.say(f"<presence to='{self.jid}/{nick}'>{history}</presence>".encode())

    def leave(self) -> None:
        """Have the guest go."""
        self.guest.say(f"<presence type='unavailable' to='{self.jid}/guest'/>".encode())

    def speak(self) -> None:
        """Have somebody say something."""
        self.speaker.say(
            f"<message type='groupchat' id='m' to='{self.jid}'><body>Shall we meet at half past "
            "seven in front of the old theatre?</body><origin-id xmlns='urn:xmpp:sid:0' id='m'/>"
            "</message>".encode()
        )

    def taken(self) -> int:
        """How many stanzas have come to anybody since the last time."""
        everybody = (*self.clients, self.guest)
        return sum(client.taken().count(b" to='") for client in everybody)


def spent(calls: Iterable[tuple[BigRoom, Callable[[], object]]]) -> float:
    """CPU microseconds of all these; what they have clients told is thrown away in between."""
    total = 0.0
    for room, call in calls:
        start = process_time()
        call()
        total += process_time() - start
        room.taken()
    return total * 1e6


def figures(rooms: list[BigRoom]) -> Iterable[float]:
    """CPU microseconds of a delivery: of a message to each room in turn, of as many to one and
    the same room, of a join and of a leave of each in turn. The best of some rounds."""
    size, count, one = len(rooms[0].clients), len(rooms), rooms[0]
    told, again, joined, left = [], [], [], []
    for _ in range(ROUNDS):
        gc.collect()
        told.append(spent((room, room.speak) for room in rooms) / size / count)
        again.append(spent((one, one.speak) for _ in rooms) / size / count)
        joined.append(spent((room, partial(room.join, room.guest, "guest")) for room in rooms))
        left.append(spent((room, room.leave) for room in rooms))
    yield from (min(told), min(again))
    yield from (min(joined) / (2 * size + 1) / count, min(left) / (size + 1) / count)


def main() -> None:
    gc.set_threshold(YOUNG)
    names = [f"user{number}" for number in range(EVERYBODY + 1)]
    house = House(names, {"XMPPD__MUC__DOMAIN": SERVICE, "XMPPD__MUC__MOST_OCCUPANTS": "10000"})
    clients = [house.log_in(name) for name in names]
    guest = clients.pop()
    print("| occupants | message | the same room again | join | leave | KiB per occupant |")
    print("|--:|--:|--:|--:|--:|--:|")
    for size in SIZES:
        tracemalloc.start()
        rooms = [
            BigRoom(house, f"room{size}-{first}", clients[first : first + size], guest)
            for first in range(0, EVERYBODY, size)
        ]
        gc.collect()
        memory = tracemalloc.get_traced_memory()[0] / EVERYBODY / 1024
        tracemalloc.stop()
        row = " | ".join(f"{each:.1f}" for each in figures(rooms))
        print(f"| {size} | {row} | {memory:.1f} |", flush=True)


if __name__ == "__main__":
    main()
