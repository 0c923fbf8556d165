"""`python -m bench.archive`: what pages of a large archive cost the server, wherever they lie."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from bench.house import plain_steps
from bench.table import Row, print_table
from xmppd.accounts.registry import Accounts
from xmppd.storage.sqlite import SqliteStore

MESSAGES = 100_000
CONTACTS = 200
PAGE = 50
ROUNDS = 20
REPEATS = 20
ACCOUNT, DOMAIN = "juliet", "localhost"

CONFIG = """\
domains = ["localhost"]
data = "data"
[[c2s.listen]]
endpoint = "tcp:{port}:interface=127.0.0.1"
tls = "none"
[c2s.limits]
enabled = false
"""
SERVER = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile=")


async def fill(folder: Path) -> None:
    """Make the account and its archive."""
    store = SqliteStore(folder, reactor)
    await store.open()
    accounts = Accounts(DOMAIN, store)
    await accounts.create(ACCOUNT, "secret")
    log = store.log("archive")
    for number in range(MESSAGES):
        peer = f"contact{number % CONTACTS}@{DOMAIN}"
        body = (
            f"<message type='chat' id='m{number}' from='{peer}/phone' to='{ACCOUNT}@{DOMAIN}'>"
            f"<body>{number:06} {'x' * 100}</body></message>"
        )
        log.append(accounts.owner(ACCOUNT), body.encode(), peer=peer, resource="phone", kind=1)
        if number % 1000 == 999:
            with store.unit() as kept:
                log.append(accounts.owner("nobody"), b"")
            await kept
    await store.close()


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

    def page(self, set: str, contact: str = "") -> list[tuple[str, int]]:
        """Ids and numbers of a page's messages."""
        form = ""
        if contact:
            form = (
                "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
                "<value>urn:xmpp:mam:2</value></field>"
                f"<field var='with'><value>{contact}</value></field></x>"
            )
        rsm = f"<set xmlns='http://jabber.org/protocol/rsm'><max>{PAGE}</max>{set}</set>"
        query = f"<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'>{form}{rsm}</query></iq>"
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
        "first page, forward": ("", ""),
        "last page, forward": (f"<after>{second_last}</after>", ""),
        "last page, backward": ("<before/>", ""),
        "first page, backward": (f"<before>{last_but_first}</before>", ""),
        "first page with one of 200 contacts": ("", f"contact7@{DOMAIN}"),
        "last page with one of 200 contacts": ("<before/>", f"contact7@{DOMAIN}"),
        "nobody's page": ("", f"stranger@{DOMAIN}"),
    }
    assert first
    costs = dict.fromkeys(places, 0.0)
    for _ in range(ROUNDS):  # whatever else the machine does meets all of them alike
        for name, (set, contact) in places.items():
            before = spent(pid)
            for _ in range(REPEATS):
                reader.page(set, contact)
            costs[name] += spent(pid) - before
    for name, cost in costs.items():
        yield Row(name, None, cost / REPEATS / ROUNDS)


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
