"""`python -m bench.keeping`: what it costs to have messages of chats in both archives."""

from __future__ import annotations

import gc
from time import thread_time

from bench.house import House
from bench.material import DOMAIN, message
from bench.table import Row, print_table
from xmppd.app.process import YOUNG

PAIRS = 50
SIZE = 8
"""Messages of one read."""
ROUNDS = 60
WAYS = {
    "no archive": {"XMPPD__EXTENSIONS__ARCHIVE__ENABLED": "false"},
    "archive in memory": {},
    "archive in SQLite": {"XMPPD__STORAGE__USE": "sqlite"},
}


class Chat:
    """Pairs that are logged in at a server."""

    def __init__(self, settings: dict[str, str]) -> None:
        names = [f"user{number}" for number in range(2 * PAIRS)]
        self.house = House(names, settings)
        self.clients = [self.house.log_in(name) for name in names]
        self.said = [message(f"{name}@{DOMAIN}") * SIZE for name in names]
        host = self.house.server.manager.host(DOMAIN)
        assert host is not None
        while sum(session.presence is not None for session in host.sessions()) < len(names):
            self.house.wait()  # accounts are being made, and kept
        self.exchange()
        self.house.settle()
        for client in self.clients:
            client.taken()
        self.clients[0].say(self.said[1])
        got = self.clients[1].taken().count(b"</message>")
        assert got == SIZE, f"{got} messages arrived, not {SIZE}"

    def exchange(self) -> None:
        """Have everybody say something to the other."""
        for number, client in enumerate(self.clients):
            client.protocol.dataReceived(self.said[number ^ 1])
        self.house.turn()
        for client in self.clients:
            client.transport.clear()

    def spent(self) -> float:
        """CPU microseconds of the reactor's thread for each message."""
        start = thread_time()
        self.exchange()
        return (thread_time() - start) / len(self.clients) / SIZE * 1e6


def main() -> None:
    gc.set_threshold(YOUNG)
    chats = {name: Chat(settings) for name, settings in WAYS.items()}
    spent = dict.fromkeys(chats, float("inf"))
    for _ in range(ROUNDS):  # whatever else the machine does meets all of them alike
        gc.collect()
        for name, one in chats.items():
            spent[name] = min(spent[name], one.spent())
    for one in chats.values():
        one.house.close()
    rows = [Row(name, None, cost) for name, cost in spent.items()]
    print_table(f"CPU us of a chat message, {SIZE} per read", rows)


if __name__ == "__main__":
    main()
