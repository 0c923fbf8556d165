"""`python -m bench.rooms`: what a delivery costs in rooms of 100, 1,000 and 5,000 occupants."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from time import process_time

from bench.house import Client, House
from bench.idle import resident
from bench.material import DOMAIN
from xmppd.app.process import YOUNG
from xmppd.chat.commands import Enter
from xmppd.muc.content import presence_of
from xmppd.muc.decode import person_of
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza

SIZES = (100, 1_000, 5_000)
DELIVERIES = 50_000
"""At least so many in a round."""
ROUNDS = 5
SERVICE = f"rooms.{DOMAIN}"
CAPS = "http://jabber.org/protocol/caps"
PRESENCE = f"<presence><c xmlns='{CAPS}' hash='sha-1' ver='x' node='y'/></presence>".encode()


class BigRoom:
    """A room with so many of the clients inside, and one more client who may come."""

    def __init__(self, house: House, clients: list[Client], size: int) -> None:
        self.house = house
        self.jid = f"room{size}@{SERVICE}"
        self.clients = clients[:size]
        self.guest = clients[size]
        self.speaker = clients[0]
        self.join(self.speaker, "user0")
        self.speaker.say(
            f"<iq type='set' id='o' to='{self.jid}'>"
            "<query xmlns='http://jabber.org/protocol/muc#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>".encode()
        )
        self.fill(size)

    def fill(self, size: int) -> None:
        """Let the others be inside with nobody told: that would be presences by the million."""
        rooms = self.house.server.rooms
        assert rooms is not None
        live = rooms.live[self.jid.partition("@")[0]]
        shown = presence_of(parse_stanza(PRESENCE), live.jid)
        for number in range(1, size):
            jid = Jid.parse(f"user{number}@{DOMAIN}/bench")
            live.room.handle(Enter(person_of(jid), f"user{number}", shown, wire=jid))

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


def spent(call: Callable[[], object], room: BigRoom, times: int) -> float:
    """CPU microseconds for each time."""
    total = 0.0
    for _ in range(times):
        start = process_time()
        call()
        total += process_time() - start
        room.taken()
    return total / times * 1e6


def best(room: BigRoom) -> Iterable[float]:
    """CPU microseconds of a delivery of a message, of a join and of a leave."""
    size = len(room.clients)
    times = max(1, DELIVERIES // size)
    said, joined, left = [], [], []
    for _ in range(ROUNDS):
        gc.collect()
        said.append(spent(room.speak, room, times) / size)
        joined.append(spent(lambda: room.join(room.guest, "guest"), room, 1))
        left.append(spent(room.leave, room, 1))
    return min(said), min(joined) / (2 * size + 1), min(left) / (size + 1)


def main() -> None:
    gc.set_threshold(YOUNG)
    names = [f"user{number}" for number in range(SIZES[-1] + 1)]
    house = House(names, {"XMPPD__MUC__DOMAIN": SERVICE, "XMPPD__MUC__MOST_OCCUPANTS": "10000"})
    clients = [house.log_in(name) for name in names]
    print("| occupants | message | join | leave | KiB of memory per occupant |")
    print("|--:|--:|--:|--:|--:|")
    for size in SIZES:
        gc.collect()
        before = resident()
        room = BigRoom(house, clients, size)
        room.join(room.guest, "guest")
        room.leave()
        room.taken()
        gc.collect()
        memory = (resident() - before) / size
        figures = " | ".join(f"{each:.2f}" for each in best(room))
        print(f"| {size} | {figures} | {memory:.2f} |", flush=True)


if __name__ == "__main__":
    main()
