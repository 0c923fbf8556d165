"""Processes of a split server are killed, or stopped, while messages flow."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any
from xml.etree.ElementTree import Element

from tests.scenarios.ports import LOOPBACK, free_port
from tests.scenarios.raw import CLIENT, STREAMS, Closed, RawClient, logged_in, told
from tests.scenarios.server import (
    DOMAIN,
    SPLIT,
    STARTING,
    STOPPING,
    ScenarioTestCase,
    Server,
    environment,
)
from tests.scenarios.test_kill import KillTestCase

RATE = int(os.environ.get("KILL_RATE", "300"))
"""Messages a second, each way."""
TURNS = 50
"""In how many bursts a second they come."""
KILLS = int(os.environ.get("KILL_ROUNDS", "2"))
BETWEEN = 200
"""Messages that arrive between one kill and the next."""
LITTLE = 100
"""Messages a second of which a client can take what has waited for some seconds."""
END = "end"
LARGE = 20_000
"""Bytes of what is to fill queues."""
FLOOD = 40_000_000
SHUTDOWN = "{urn:ietf:params:xml:ns:xmpp-streams}system-shutdown"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


class Talker(Thread):
    """Sends numbered stanzas until it is ended; `sent` says how many.

    :param form: of one of them, with places for its number.
    """

    def __init__(self, client: RawClient, form: str, rate: int = RATE) -> None:
        super().__init__(daemon=True)
        self.sent = 0
        self._client = client
        self._form = form
        self.burst = rate // TURNS
        self._ended = Event()

    def run(self) -> None:
        with contextlib.suppress(OSError):  # its client has been closed, for a test has failed
            self._send_all()

    def _send_all(self) -> None:
        while not self._ended.wait(1 / TURNS):
            numbers = range(self.sent, self.sent + self.burst)
            self._client.send("".join([self._form.format(number) for number in numbers]))
            self.sent += self.burst
        self._client.send(self._form.format(END))

    def end(self) -> None:
        """Send no more but a last one."""
        self._ended.set()
        self.join(STARTING)
        assert not self.is_alive(), "what it sends is not taken"


def message(to: str, more: str = "") -> str:
    """The form of messages to somebody."""
    return f"<message to='{to}' type='chat' id='{{0}}'><body>{{0}}</body>{more}</message>"


def text_of(element: Element) -> str:
    """What a message says; it has to be one, and no error."""
    assert element.tag == f"{{{CLIENT}}}message" and element.get("type") != "error", told(element)
    return element.findtext(f"{{{CLIENT}}}body", "")


def id_of(element: Element) -> str:
    """Of an error that a session manager answers with by itself."""
    assert kind_of(element) == "bad-request", told(element)
    return element.get("id", "")


class RouterKilledTest(ScenarioTestCase):
    """A router that is killed, again and again, also while what was cut off is sent anew."""

    layout = SPLIT

    def test_legs(self) -> None:
        """What a client and its session say to each other comes once and in order."""
        for read, sent in self.flow("<iq type='get' id='{0}'/>", id_of):
            self.assertEqual(read, [str(number) for number in range(sent)])
            print(f"{sent} requests and answers,", end=" ")

    def test_messages(self) -> None:
        """Between sessions there is the router alone: what it held is lost, the rest in order."""
        for read, sent in self.flow(message("{to}"), text_of):
            numbers = [int(text) for text in read]
            self.assertEqual(numbers, sorted({*numbers}))
            print(f"{sent} messages, {sent - len(read)} lost,", end=" ")

    def flow(self, form: str, meaning: Callable[[Element], str]) -> list[tuple[list[str], int]]:
        """Let two clients send, and kill; gives what each got, and how much it sent."""
        settings = "c2s.limits.enabled = false\nstorage.use = 'memory'"
        server = self.server("juliet", "romeo", settings=settings)
        with logged_in(server.plain, "juliet") as juliet, logged_in(server.plain, "romeo") as romeo:
            got: dict[RawClient, list[str]] = {juliet: [], romeo: []}
            talkers = [Talker(client, form.replace("{to}", client.jid)) for client in got]
            for talker in talkers:
                talker.start()
            for _ in range(KILLS):
                self.listen(got, meaning)
                server.kill_process("xmpp-router")
                server.start_process("xmpp-router")
            self.listen(got, meaning)
            for talker in talkers:
                talker.end()
            for client, read in got.items():
                while read[-1] != END:
                    read.append(meaning(client.read()))
                self.assertEqual(client.ping().get("type"), "result")
        sent = [talker.sent for talker in talkers]
        return list(zip([read[:-1] for read in got.values()], sent, strict=True))

    def listen(self, got: dict[RawClient, list[str]], meaning: Callable[[Element], str]) -> None:
        """Read so many more stanzas of each client."""
        for client, read in got.items():
            read += [meaning(client.read()) for _ in range(BETWEEN)]


class SessionManagerKilledTest(KillTestCase):
    """What it has answered for is kept; streams of its sessions end in good order."""

    layout = SPLIT

    def kill(self, server: Server) -> None:
        server.kill_process("xmpp-sm")
        server.start_process("xmpp-sm")

    def restart(self, server: Server) -> None:
        server.await_ready()

    def take_answer(self, sender: RawClient, answered: int) -> int:
        answer = sender.read()
        if answer.tag == f"{{{STREAMS}}}error":
            self.assertIsNotNone(answer.find(SHUTDOWN), told(answer))
            self.assertRaises(Closed, sender.read)
            raise Closed
        self.assertEqual((answer.get("id"), answer.get("type")), (str(answered), "result"))
        return answered + 1

    def test_sqlite(self) -> None:
        self.run_rounds("sqlite", 2)


class ComponentTest(ScenarioTestCase):
    """An outside component that dies, or says nothing more."""

    layout = SPLIT
    name = f"echo.{DOMAIN}"

    def begin(self, queue: str = "") -> None:
        """Start the server with a place for the component, the component, and log romeo in."""
        self.port = free_port()
        place = f"""
c2s.limits.enabled = false
storage.use = "memory"
[[router.listen]]
name = "outside"
endpoint = "tcp:{self.port}:interface={LOOPBACK}"
secret_file = "outside.secret"
routes = ["{self.name}"]
ping_seconds = 1
{queue}
"""
        self.host = self.server("juliet", "romeo", settings=place)
        self.romeo = logged_in(self.host.plain, "romeo")
        self.addCleanup(self.romeo.__exit__)
        self.start()

    def start(self) -> None:
        """Start the component, and wait until it is there."""
        script = Path(__file__).with_name("clients") / "echo_component.py"
        secret = self.host.folder / "outside.secret"
        words = [sys.executable, script, self.port, self.name, secret]
        with self.host.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*map(str, words)], env=environment(), stdout=log, stderr=log
            )
        self.addCleanup(self.end, self.process)
        self.await_state("up")

    def end(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        process.wait(STOPPING)

    def await_state(self, state: str) -> None:
        deadline = time.monotonic() + STARTING
        while self.link()["state"] != state:
            assert time.monotonic() < deadline, f"never {state}:\n{self.host.logged()}"
            time.sleep(0.02)

    def link(self) -> Any:
        rows = json.loads(self.host.control("link", "list", "--json"))
        return next(row for row in rows if row["link"] == "outside")

    def test_killed(self) -> None:
        """What waits for it is delivered when it is back; only what it held is lost."""
        self.begin("queue.absent_seconds = 60")
        talker = Talker(self.romeo, message(self.name), LITTLE)
        talker.start()
        got = [self.romeo.read() for _ in range(LITTLE)]
        self.end(self.process)
        self.await_state("down")
        while_down = talker.sent + talker.burst
        self.start()
        got += [self.romeo.read() for _ in range(LITTLE)]
        talker.end()
        while got[-1].get("id") != END:
            got.append(self.romeo.read())
        echoes = [int(each.get("id", "")) for each in got[:-1] if kind_of(each) == "echo"]
        self.assertEqual(echoes, sorted({*echoes}))
        after = [number for number in echoes if number >= while_down]
        self.assertEqual(after, [*range(while_down, talker.sent)])
        bounced = len(got) - 1 - len(echoes)
        lost = talker.sent - len(echoes) - bounced
        print(f"{talker.sent} sent, {bounced} bounced, {lost} lost,", end=" ")

    def test_nothing_waits(self) -> None:
        """Without a time to wait, all comes back at once (RFC 6120, 8.3.3.19)."""
        self.begin()
        self.end(self.process)
        self.await_state("down")
        ids = [str(number) for number in range(10)]
        self.romeo.send("".join(map(message(self.name).format, ids)))
        answers = [self.romeo.read() for _ in ids]
        self.assertEqual([answer.get("id") for answer in answers], ids)
        self.assertEqual({kind_of(answer) for answer in answers}, {"service-unavailable"})

    def test_stopped(self) -> None:
        """It counts as down after two intervals; senders are answered, and little is kept."""
        self.begin("queue.bytes = 2000000")
        self.assertEqual(self.ask("before"), "echo")
        before = self.memory()
        with logged_in(self.host.plain, "juliet") as juliet:
            # errors, so that nothing comes back to who sends all that
            form = message(self.name, f"<x xmlns='x'>{'x' * LARGE}</x>").replace("chat", "error")
            talker = Talker(juliet, form)
            self.process.send_signal(signal.SIGSTOP)
            since = time.monotonic()
            talker.start()
            answers = Counter([self.ask("asked")])
            took = time.monotonic() - since
            while talker.sent * LARGE < FLOOD:
                answers[self.ask("down")] += 1
            talker.end()
            grown = self.memory() - before
            self.assertEqual(juliet.ping().get("type"), "result")
        self.assertNotIn("echo", answers)
        self.assertLess(grown, 16_384)
        print(f"down in {took:.1f} s, {talker.sent} sent, {answers}, {grown} KiB,", end=" ")

    def ask(self, id: str) -> str:
        """What kind of answer the component gives, or somebody for it."""
        ping = "<ping xmlns='urn:xmpp:ping'/>"
        self.romeo.send(f"<iq to='{self.name}' id='{id}' type='get'>{ping}</iq>")
        answer = self.romeo.read()
        self.assertEqual(answer.get("id"), id)
        return kind_of(answer)

    def memory(self) -> int:
        """What the router's process has in memory, in KiB."""
        status = Path(f"/proc/{self.host.pid('xmpp-router')}/status").read_text()
        [kib] = re.findall(r"VmRSS:\s+(\d+) kB", status)
        return int(kib)


def kind_of(answer: Element) -> str:
    """`echo`, or the condition of an error."""
    if answer.get("type") != "error":
        return "echo"
    told = [each.tag.removeprefix(STANZAS) for each in answer.iter() if STANZAS in each.tag]
    return told[0]
