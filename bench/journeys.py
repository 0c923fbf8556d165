"""The way through the whole server: client bytes in, bytes out at the recipient."""

from collections.abc import Callable, Iterator
from time import process_time

from bench.house import ARRIVE, BIND, Client, House, plain_steps
from bench.material import CLIENT_HEADER, PING, PRESENCE, message
from bench.scram import auth, final, first, response
from bench.table import Row
from bench.timing import each
from xmppd.c2s.connection import Connection

PAIRS = 50
CONTACTS = 100
LOGINS = 30


def rows() -> Iterator[Row]:
    """All rows of this part."""
    yield from _chat()
    yield from _ping()
    yield _presence()


def _names(count: int) -> list[str]:
    return [f"user{number}" for number in range(count)]


def _chat() -> Iterator[Row]:
    names = _names(2 * PAIRS)
    house = House(names)
    clients = [house.log_in(name) for name in names]
    for size in 1, 8:
        ways = [
            (clients[i].protocol, clients[i ^ 1], message(f"{names[i ^ 1]}@localhost") * size)
            for i in range(len(names))
        ]

        def exchange(ways: list[tuple[Connection, Client, bytes]] = ways, size: int = size) -> None:
            for protocol, _, data in ways:
                protocol.dataReceived(data)
            house.turn()
            for _, receiver, _ in ways:
                receiver.transport.clear()

        exchange()
        clients[1].taken()
        ways[0][0].dataReceived(ways[0][2])
        house.settle()
        got = clients[1].taken().count(b"</message>")
        assert got == size, f"{got} messages arrived, not {size}"
        yield Row(f"chat message, {size} per read", None, each(exchange, size * len(names)))


def _ping() -> Iterator[Row]:
    names = _names(PAIRS)
    house = House(names)
    clients = [house.log_in(name) for name in names]
    for size in 1, 8:
        data = PING * size
        assert clients[0].say(data).count(b"type='result'") == size

        def ask(data: bytes = data) -> None:
            for client in clients:
                client.protocol.dataReceived(data)
            house.turn()
            for client in clients:
                client.transport.clear()

        yield Row(f"ping and its answer, {size} per read", None, each(ask, size * len(names)))


def _presence() -> Row:
    names = _names(CONTACTS + 1)
    house = House(names)
    hub, *contacts = clients = [house.log_in(name) for name in names]
    for name, contact in zip(names[1:], contacts, strict=True):
        contact.say(b"<presence to='user0@localhost' type='subscribe'/>")
        hub.say(f"<presence to='{name}@localhost' type='subscribed'/>".encode())
    for client in clients:
        client.taken()
    hub.say(PRESENCE)
    assert all(contact.taken().count(b"</presence>") == 1 for contact in contacts)

    def change() -> None:
        hub.protocol.dataReceived(PRESENCE)
        house.turn()
        for client in clients:
            client.transport.clear()

    return Row(f"presence, each of {CONTACTS} contacts", None, each(change, CONTACTS))


# Logins: what the client computes is not counted


def logins() -> Iterator[Row]:
    """Milliseconds of CPU from connecting to the available presence."""
    names = _names(LOGINS)
    house = House()
    for name in names:
        house.make_account(name)
    yield Row("login by SCRAM-SHA-1", None, _usual(house, names, _log_in_by_scram))
    yield Row("login by PLAIN (checked by PBKDF2)", None, _usual(house, names, _log_in_by_plain))


def _usual(house: House, names: list[str], log_in: Callable[[House, str], float]) -> float:
    """The median in milliseconds: each name logs in once by each way."""
    spent = sorted(log_in(house, name) for name in names)
    return spent[len(spent) // 2] * 1000


def _timed(client: Client, data: bytes) -> tuple[float, bytes]:
    start = process_time()
    said = client.say(data)
    return process_time() - start, said


def _log_in_by_scram(house: House, name: str) -> float:
    start = process_time()
    client = house.connect()
    total = process_time() - start
    for data in CLIENT_HEADER, auth("SCRAM-SHA-1", f"n,,{first(name)}"):
        spent, said = _timed(client, data)
        total += spent
    for data in response(final(name, said)), CLIENT_HEADER, BIND, ARRIVE:
        spent, said = _timed(client, data)
        total += spent
    assert b"jabber:iq:roster" in said, said
    return total


def _log_in_by_plain(house: House, name: str) -> float:
    start = process_time()
    client = house.connect()
    total = process_time() - start
    for data in plain_steps(name):
        spent, said = _timed(client, data)
        total += spent
    assert b"jabber:iq:roster" in said, said
    return total
