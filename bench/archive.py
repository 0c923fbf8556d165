"""`python -m bench.archive`: what pages of a large archive cost the server, wherever they lie."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from bench.house import plain_steps
from bench.table import Row, print_table
from xmppd.accounts.registry import Accounts
from xmppd.app.rooms import FOLDER
from xmppd.chat.model import Affiliation, Kind, Saved, Standing
from xmppd.muc import archive as rooms_archive
from xmppd.muc.elements import x_xml
from xmppd.muc.keeping import Listed, RoomStore, everything
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.storage.interfaces import Backend
from xmppd.storage.sqlite import SqliteStore
from xmppd.storage.stores import StoreMap

MESSAGES = 100_000
CONTACTS = 200
PAGE = 50
ROUNDS = 20
REPEATS = 20
ACCOUNT, DOMAIN = "juliet", "localhost"
OWN = f"{ACCOUNT}@{DOMAIN}"
ROOM, SERVICE = "orchard@rooms.localhost", "rooms.localhost"

CONFIG = """\
domains = ["localhost"]
data = "data"
[[c2s.listen]]
endpoint = "tcp:{port}:interface=127.0.0.1"
tls = "none"
[c2s.limits]
enabled = false
[muc]
domain = "rooms.localhost"
limits.enabled = false
"""
SERVER = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile=")


async def fill(data: Path) -> None:
    """Make the account and its archive, and a room with as much in it."""
    store = SqliteStore(data, reactor)
    await store.open()
    accounts = Accounts(DOMAIN, store)
    await accounts.create(ACCOUNT, "secret")
    owner, log = accounts.owner(ACCOUNT), store.log("archive")

    def keep(number: int, peer: str) -> None:
        body = said(number, f"{peer}/phone")
        log.append(owner, body, peer=peer, resource="phone", kind=1)

    await keep_all(store, keep)
    await store.close()
    await fill_room(data / FOLDER)


async def fill_room(folder: Path) -> None:
    """Make the room of the account, in which the contacts have spoken."""
    folder.mkdir()
    stores = StoreMap(folder, reactor, ["sqlite"], lambda *_: "sqlite", lambda *_: None)
    await stores.open()
    rooms = RoomStore(stores.of(SERVICE), SERVICE)
    saved = Saved(ROOM, OWN, "secret", 0.0, config={"persistent": True})
    saved.standings[saved.creator] = Standing(Affiliation.OWNER)
    local = Jid(ROOM).local
    await rooms.keep(local, saved, Listed(), everything(saved))

    def keep(number: int, peer: str) -> None:
        nick = Jid(peer).local
        x = x_xml(element("item", None, {"affiliation": "none", "jid": f"{peer}/phone"}))
        body = said(number, f"{ROOM}/{nick}", x)
        rooms.archives.write(local, rooms_archive.Row(rooms.new_id(), peer, nick, Kind.SAID, body))

    await keep_all(stores.backend("archive", SERVICE), keep)
    await stores.close()


async def keep_all(store: Backend, keep: Callable[[int, str], None]) -> None:
    """Call with each number and whose message it is, a thousand in a commit."""
    for start in range(0, MESSAGES, 1000):
        with store.unit() as kept:
            for number in range(start, start + 1000):
                keep(number, f"contact{number % CONTACTS}@{DOMAIN}")
        await kept


def said(number: int, sender: str, more: bytes = b"") -> bytes:
    """A message."""
    return (
        f"<message type='chat' id='m{number}' from='{sender}'>"
        f"<body>{number:06} {'x' * 100}</body>{more.decode()}</message>"
    ).encode()


class Reader:
    """A client that asks for pages."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        *steps, bind, arrive = plain_steps(ACCOUNT)
        for step, end in zip(
            steps, (b"</stream:features>", b"<success", b"</stream:features>"), strict=True
        ):
            self._ask(step, end)
        self._ask(bind, b"</iq>")
        self._ask(arrive, b"</presence>|<presence[^>]*/>")

    def page(self, set: str, contact: str = "", to: str = OWN) -> list[tuple[str, int]]:
        """Ids and numbers of a page's messages in the archive of `to`."""
        form = ""
        if contact:
            form = (
                "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
                "<value>urn:xmpp:mam:2</value></field>"
                f"<field var='with'><value>{contact}</value></field></x>"
            )
        rsm = f"<set xmlns='http://jabber.org/protocol/rsm'><max>{PAGE}</max>{set}</set>"
        content = f"<query xmlns='urn:xmpp:mam:2'>{form}{rsm}</query>"
        query = f"<iq type='set' id='q' to='{to}'>{content}</iq>"
        said = self._ask(query.encode(), b"</fin></iq>")
        found = re.findall(rb"<result [^>]*id='(\w+)'.*?<body>(\d+)", said)
        return [(id.decode(), int(number)) for id, number in found]

    def _ask(self, data: bytes, end: bytes) -> bytes:
        self._socket.sendall(data)
        said = b""
        while re.search(end, said[-4096:]) is None:
            more = self._socket.recv(1 << 20)
            assert more, said
            said += more
        return said


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, int]]:
    """A server over that archive: its process id and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "xmppd.toml"
    config.write_text(CONFIG.format(port=port))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            (*SERVER, "xmpp-im", "--config", str(config)), cwd=folder, stdout=log, stderr=log
        )
    try:
        for _ in range(600):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def spent(pid: int) -> float:
    """CPU milliseconds of a process so far, all its threads together."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6


def rows(pid: int, reader: Reader) -> Iterator[Row]:
    """Whole walks in both directions, then single pages."""
    forward, first, second_last = walk(reader, "after", "")
    assert forward == list(range(MESSAGES)), "forward"
    backward, _, last_but_first = walk(reader, "before", "<before/>")
    assert sorted(backward) == forward, "backward"
    places = {
        "first page, forward": ("", "", OWN),
        "last page, forward": (f"<after>{second_last}</after>", "", OWN),
        "last page, backward": ("<before/>", "", OWN),
        "first page, backward": (f"<before>{last_but_first}</before>", "", OWN),
        "first page with one of 200 contacts": ("", f"contact7@{DOMAIN}", OWN),
        "last page with one of 200 contacts": ("<before/>", f"contact7@{DOMAIN}", OWN),
        "nobody's page": ("", f"stranger@{DOMAIN}", OWN),
        "room: first page": ("", "", ROOM),
        "room: last page": ("<before/>", "", ROOM),
        "room: last page of one of 200 accounts": ("<before/>", f"contact7@{DOMAIN}", ROOM),
        "room: the same, by its full address": ("<before/>", f"contact7@{DOMAIN}/phone", ROOM),
        "room: the same, by its nick": ("<before/>", f"{ROOM}/contact7", ROOM),
        "room: an account's page that never spoke": ("", f"stranger@{DOMAIN}", ROOM),
        "room: a nick's page that never spoke": ("", f"{ROOM}/stranger", ROOM),
    }
    assert first
    costs = dict.fromkeys(places, 0.0)
    for _ in range(ROUNDS):  # whatever else the machine does meets all of them alike
        for name, (set, contact, to) in places.items():
            repeats, expected = (1, 0) if "stranger" in contact else (REPEATS, PAGE)
            before = spent(pid)
            for _ in range(repeats):
                assert len(reader.page(set, contact, to)) == expected, name
            costs[name] += (spent(pid) - before) / repeats
    for name, cost in costs.items():
        yield Row(name, None, cost / ROUNDS)


def walk(reader: Reader, direction: str, start: str) -> tuple[list[int], str, str]:
    """All numbers by pages; the first message's id, and that from which the last page was asked."""
    numbers: list[int] = []
    page, last, before_last = reader.page(start), "", ""
    first = page[0][0]
    while page:
        numbers += [number for _, number in page]
        before_last, last = last, page[-1 if direction == "after" else 0][0]
        page = reader.page(f"<{direction}>{last}</{direction}>")
    return numbers, first, before_last


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled = Deferred.fromCoroutine(fill(folder / "data"))
        filled.addErrback(lambda failure: failure.printTraceback())
        filled.addBoth(lambda _: reactor.stop())
        reactor.run()
        with server(folder) as (pid, port):
            table = list(rows(pid, Reader(port)))
        print_table(f"CPU milliseconds of pages of {PAGE}, of {MESSAGES:,} messages", table)


if __name__ == "__main__":
    main()
