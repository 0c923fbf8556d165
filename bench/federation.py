"""Chat between two servers, ours and Prosody's beside each other: `python -m bench.federation`.

Pairs of accounts, one on either of two servers, keep some messages under way each; what is counted
is the CPU time of one of both processes. Servers prove each other by certificates and speak TLS;
the clients' connections are in the clear. Takes about a minute; Prosody has to be installed, as
Debian packages it, with lua-unbound.
"""

from __future__ import annotations

import os
import selectors
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.material import message
from tests.scenarios.federation.certificates import Authority
from tests.scenarios.federation.ours import Ours
from tests.scenarios.federation.party import Party, World
from tests.scenarios.federation.place import Names, free_place
from tests.scenarios.federation.prosody import Prosody
from tests.scenarios.federation.security import Security
from tests.scenarios.raw import logged_in

PAIRS = 25
WINDOW = 8
"""Messages that each account has under way."""
ROUNDS = 3
SECONDS = 4.0
END = b"</message>"

LIMITS = """
[c2s.limits]
enabled = false

[s2s.limits]
bytes_per_second = 1000000000
domain_bytes_per_second = 1000000000
domain_stanzas_per_second = 1000000

[extensions.archive]
enabled = {archive}
"""


class OursPlain(Ours):
    """One of ours that keeps no messages."""

    archive = False

    def settings(self) -> str:
        return super().settings() + LIMITS.format(archive=str(self.archive).lower())

    def add_account(self, name: str) -> None:
        self.server.add_accounts(name, domain=self.domain)

    @property
    def process(self) -> int:
        """Its process."""
        return self.server.pid("xmpp-im")


class OursArchiving(OursPlain):
    """One of ours with its archive (XEP-0313)."""

    archive = True


class ProsodyPlain(Prosody):
    """A Prosody that logs little and keeps no messages."""

    more = ""

    def configure(self) -> Sequence[str]:
        words = super().configure()
        file = self.folder / "prosody.cfg.lua"
        text = file.read_text("utf-8").replace("log = { debug =", "log = { warn =")
        file.write_text(text.replace('"version", ', f'"version", {self.more}'), "utf-8")
        return words

    @property
    def process(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid


class ProsodyArchiving(ProsodyPlain):
    """A Prosody with its archive (XEP-0313)."""

    more = '"mam", '


Measured = OursPlain | ProsodyPlain


class Client:
    """One account's connection; `partner` is whom it chats with."""

    partner: Client

    def __init__(self, party: Party, name: str) -> None:
        self._client = logged_in(party.plain, name, party.domain)
        self._client.send("<presence/>")
        self._client.ping()
        self.jid = self._client.jid
        self.socket: socket.socket = self._client._socket
        self._tail = b""

    def meet(self, partner: Client) -> None:
        """Have somebody to talk to."""
        self.partner = partner
        self._said = message(partner.jid)

    def say(self, times: int) -> None:
        """Send so many messages."""
        self.socket.sendall(self._said * times)

    def read(self) -> int:
        """Read what is there; gives how many messages that were, each of which is answered."""
        data = self._tail + self.socket.recv(1 << 16)
        assert b"type='error'" not in data and b'type="error"' not in data, data
        self._tail = data[-len(END) + 1 :] if not data.endswith(END) else b""
        return data.count(END)


class Chat:
    """All pairs of two servers; they talk whenever `run` is."""

    def __init__(self, parties: Sequence[Party]) -> None:
        self._selector = selectors.DefaultSelector()
        for number in range(PAIRS):
            for party in parties:
                party.add_account(f"user{number}")
            one, two = (Client(party, f"user{number}") for party in parties)
            for client, partner in ((one, two), (two, one)):
                client.meet(partner)
                self._selector.register(client.socket, selectors.EVENT_READ, client)

    def run(self, seconds: float) -> int:
        """Chat for so long; gives how many messages have arrived. All have when it ends."""
        for key in list(self._selector.get_map().values()):
            key.data.say(WINDOW)
        under_way, arrived = 2 * PAIRS * WINDOW, 0
        deadline = time.monotonic() + seconds
        while under_way:
            ready = self._selector.select(20)
            assert ready, f"{under_way} messages are lost"
            for key, _ in ready:
                count = key.data.read()
                arrived += count
                if time.monotonic() < deadline:
                    key.data.say(count)  # each answers as many as it got
                else:
                    under_way -= count
        return arrived


@contextmanager
def pair_of(kind: type[Party]) -> Iterator[list[Party]]:
    """Two servers of a kind that can talk to each other."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        places = [free_place(f"{kind.name}{number}.example") for number in range(2)]
        names = Names(places)
        stack.callback(names.stop)
        authority = Authority(folder)
        world = World(folder, names, Security(bidi=kind.bidi), authority.file)
        parties = [kind(world, place, authority.issue(place.domain)) for place in places]
        for party in parties:
            stack.callback(party.stop)
            party.start()
        names.await_ready()
        for party in parties:
            party.await_ready()
        yield parties


def cpu_seconds(process: int) -> float:
    """What a process has used so far, in user and system time."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(chat: Chat, parties: Sequence[Measured], seconds: float = SECONDS) -> float:
    """CPU microseconds of one server for each message that has passed it."""
    before = sum(cpu_seconds(party.process) for party in parties)
    arrived = chat.run(seconds)
    used = sum(cpu_seconds(party.process) for party in parties) - before
    return used / len(parties) / arrived * 1e6


def compare(what: str, kinds: Sequence[type[Measured]]) -> None:
    """Have both kinds chat in turns; print the best round of each."""
    with ExitStack() as stack:
        pairs = [stack.enter_context(pair_of(kind)) for kind in kinds]
        chats = [Chat(pair) for pair in pairs]
        best = [float("inf")] * len(kinds)
        for number in range(ROUNDS + 1):
            for at, (chat, pair) in enumerate(zip(chats, pairs, strict=True)):
                found = measured(chat, pair, SECONDS if number else 1)  # type: ignore[arg-type]
                best[at] = min(best[at], found) if number else best[at]
        ours, theirs = best
        print(f"| {what:<30} | {ours:>5.0f} | {theirs:>7.0f} | {theirs / ours:>5.1f} |", flush=True)


def main() -> None:
    reason = Prosody.missing()
    if reason:
        raise SystemExit(f"nothing to compare with: {reason}")
    print("| CPU us per message, one server | xmppd | Prosody | times |")
    print("|--------------------------------|------:|--------:|------:|")
    compare("chat across two servers", (OursPlain, ProsodyPlain))
    compare("the same, with archives", (OursArchiving, ProsodyArchiving))


if __name__ == "__main__":
    main()
