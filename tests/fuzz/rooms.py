"""Fuzz rooms by what they are sent: `python -m tests.fuzz.rooms --seconds 60 [--seed N]`.

Each case is made by a seed of its own, which a failure prints; `--case N` runs that one again.
"""

import argparse
import sys
import time
from random import Random
from typing import Any
from xml.etree.ElementTree import Element

from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, globalLogPublisher

from tests.chat.states import check_state
from tests.fuzz.room_stanzas import Writer, written
from tests.fuzz.room_watch import Watch
from tests.fuzz.room_words import SERVICE, SESSIONS, el
from xmppd.chat.model import Person
from xmppd.muc import names
from xmppd.muc.keeping import RoomStore
from xmppd.muc.service import Rooms
from xmppd.protocol.namespaces import CLIENT, STANZA_IDS
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.testing.links import FakeLink
from xmppd.testing.server import TestServer

STEPS = 300
MOST_SENT = 500
"""Stanzas that one may cause, with a dozen sessions."""
QUIET = 120
"""Seconds after which every request has been answered."""


def _settings(random: Random) -> dict[str, Any]:
    """What may be otherwise in a service."""
    settings = {
        "after_restart": "readmit",
        "message_bytes": 10_000,
        "presence_bytes": 1_000,
        "defaults": {"persistent": True, "members_only": False, "identities": "everyone"},
    }
    return {key: value for key, value in settings.items() if random.random() < 0.4}


class Case:
    """One service of rooms with all that it is sent."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.writer, self.watch, self.link = Writer(random), Watch(), FakeLink()
        self.failures: list[Any] = []
        self.server = TestServer(config={"muc": {"domain": SERVICE, **_settings(random)}})
        self.rooms = self.server.service.rooms
        self.rooms.attach(self.link)
        self.told: list[Stanza] = []

    def run(self, steps: int) -> None:
        """Send so many stanzas. Raises AssertionError for what must not be."""
        globalLogPublisher.addObserver(self._log)
        try:
            for made in self.writer.beginning():
                self.deliver(made)
            for _ in range(steps):
                self.step()
            self.settle(QUIET)
            assert not self.watch.unanswered(), self.watch.unanswered()
            self.end()
        finally:
            globalLogPublisher.removeObserver(self._log)
            self.server.stop()

    def end(self) -> None:
        """The service ends, and everybody knows who is not to be inside again."""
        lasting = {local for local, live in self.rooms.live.items() if live.room.lasts}
        self.rooms.shut_down()
        self.take()
        left = {local for _, local in self.watch.views}
        assert left <= (lasting if self.rooms.settings.readmits else set()), left

    def restart(self) -> None:
        """The service ends and begins anew; people are inside again, or have been told."""
        self.end()
        store = RoomStore(self.server.service.room_stores.of(SERVICE), SERVICE)
        self.rooms = Rooms(SERVICE, self.server.clock, store, self.rooms.settings)
        self.rooms.attach(self.link)
        self.server.result(Deferred.fromCoroutine(self.rooms.open()))
        self.rooms.start()
        for _ in range(QUIET):
            self.server.clock.advance(1)
            self.take()
        self.look()

    def _log(self, event: Any) -> None:
        if event.get("log_failure") is not None or event.get("log_level") is LogLevel.critical:
            self.failures.append(event)

    def step(self) -> None:
        """Have somebody send something, or nobody for a while."""
        if self.random.random() < 0.01:
            self.restart()
        elif self.random.random() < 0.02:
            self.settle(self.random.choice((1, 61, 1_000)))
        elif self.random.random() < 0.03:
            self.ping()
        else:
            self.deliver(self.writer.stanza())

    def ping(self) -> None:
        """26: whoever pings a nick learns whether it is theirs (XEP-0410)."""
        sender, live = self.random.choice(SESSIONS), self.rooms.live.get("cave")
        if live is None:
            return
        room, person = live.room, Person(*sender.split("/"))
        nick = self.random.choice([*(each.nick for each in room.occupants.values()), "nobody"])
        wears, inside = room.wears(person, nick), person in room.sessions
        ping = el("ping", names.PING)
        asked = el("iq", CLIENT, {"to": f"{live.jid}/{nick}", "type": "get", "id": "26"}, ping)
        asked.set("from", sender)
        answers = [each for each in self.deliver(asked) if (each.id, each.to) == ("26", sender)]
        if wears or not inside:
            [answer] = answers
            assert answer.type == ("result" if wears else "error")
            assert wears or b"<not-acceptable" in answer.inner

    def deliver(self, made: Element) -> list[Stanza]:
        """Send a stanza; gives what it causes."""
        stanza = parse_stanza(written(made).encode())
        self.told.append(stanza)
        self.watch.delivered(stanza)
        self.link.deliver(stanza)
        self.server.clock.advance(0)
        caused = self.look()
        # errors of messages are passed on to who sent those, who may be the same
        if stanza.name != "message" and stanza.type in ("error", "result"):
            back = [each for each in caused if each.type == "error" and each.to == stanza.sender]
            assert not back, f"an error for an answer: {stanza.to_bytes()!r}"
        return caused

    def settle(self, seconds: int) -> None:
        """Let time pass; those who are asked something answer, or do not."""
        for _ in range(min(seconds, QUIET)):
            self.server.clock.advance(max(1, seconds / QUIET))
            self.look()

    def look(self) -> list[Stanza]:
        """Look at what was sent, and at the rooms; gives what was sent."""
        caused = self.take()
        for live in self.rooms.live.values():
            check_state(live.room, used=True)
            self.watch.compare(live)
        self.watch.compare_outside(self.rooms.live)
        return caused

    def take(self) -> list[Stanza]:
        """Look at what was sent; gives it."""
        caused: list[Stanza] = []
        while self.link.sent:
            sent, self.link.sent = self.link.sent, []
            for stanza in sent:
                assert isinstance(stanza, Stanza)
                caused.append(stanza)
                self.watch.sent(stanza)
                self._note(stanza)
                self._answer(stanza)
            assert len(caused) < MOST_SENT, "a storm"
        assert not self.failures, self.failures[0]
        return caused

    def _note(self, stanza: Stanza) -> None:
        """Remember ids that rooms have given."""
        said = stanza.type == "groupchat"
        found = stanza.child(STANZA_IDS, "stanza-id") if said else None
        if found is not None and stanza.sender is not None and found["by"] == stanza.sender.bare:
            self.writer.ids.append(found["id"])

    def _answer(self, stanza: Stanza) -> None:
        """Answer what a room asks, mostly; bring back what it sends itself."""
        assert stanza.to is not None
        if stanza.to.domain == SERVICE:
            self.watch.delivered(stanza)
            self.link.deliver(stanza)
        elif stanza.name == "iq" and stanza.type in ("get", "set"):
            choice = self.random.random()
            if choice < 0.6:
                self.link.deliver(stanza.reply())
            elif choice < 0.8:
                self.link.deliver(stanza.error(self.random.choice(("item-not-found", "forbidden"))))


def run_case(number: int, steps: int = STEPS) -> None:
    """One random case."""
    case = Case(Random(number))
    try:
        case.run(steps)
    except BaseException:
        print(f"case {number}, {len(case.told)} stanzas; the last ones:", file=sys.stderr)
        for stanza in case.told[-3:]:
            print(f"  {stanza.to_bytes()!r}"[:1_500], file=sys.stderr)
        raise


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz rooms.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--case", type=int, default=None)
    options = parser.parse_args()
    if options.case is not None:
        run_case(options.case)
        return 0
    start, seed = time.monotonic(), options.seed if options.seed is not None else int(time.time())
    print(f"seed {seed}", flush=True)
    count = 0
    while time.monotonic() < start + options.seconds:
        run_case(seed * 1_000_000 + count)
        count += 1
    seconds = time.monotonic() - start
    print(f"rooms fuzz: ok, {count} cases of {STEPS} stanzas in {seconds:.0f} s, seed {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
