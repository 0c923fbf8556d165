"""A server inside another program: it comes and goes without a trace."""

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase

from xmppd.app.assemble import Server, assemble
from xmppd.app.config_clients import Clients, Listen
from xmppd.app.config_key import Domain, Endpoint, StoreName
from xmppd.app.config_model import Config, Storage
from xmppd.testing.listening import ListeningServer
from xmppd.testing.server import TestServer

ROOT = Path(__file__).resolve().parents[1]
ACCOUNTS = {"juliet": "secret", "romeo": "secret"}
CHAT = "<message to='juliet@example.com' type='chat'><body>hi</body></message>"
READY = """
import time
start = time.process_time()
from xmppd.testing.server import TestServer
imported = time.process_time()
TestServer()
print(imported - start, time.process_time() - imported)
"""
LIMIT = 2.0
"""Seconds of processor time until ready: the aim is half a second, the rest is for slow machines
and for measuring coverage."""


def global_state() -> dict[str, object]:
    """What a server has no business to touch."""
    numbers = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
    return {
        "signals": [signal.getsignal(number) for number in numbers],
        "wake-up": signal.set_wakeup_fd(signal.set_wakeup_fd(-1)),
        "observers": list(globalLogPublisher._observers),
        "handlers": list(logging.getLogger().handlers),
        "level": logging.getLogger().level,
        "excepthook": sys.excepthook,
        "output": (sys.stdout, sys.stderr),
        "threads": threading.enumerate(),
    }


def on_loopback(data: Path) -> Server:
    """A server as `twistd` makes it, but for its storage; it listens without TLS and with."""
    listen = (
        Listen(Endpoint("tcp:0:interface=127.0.0.1"), "none"),
        Listen(Endpoint("tcp:0:interface=127.0.0.1"), "direct"),
    )
    config = Config(
        domains=(Domain("example.com"),),
        data=data,
        c2s=Clients(listen),
        storage=Storage(StoreName("memory")),
    )
    return assemble(config, reactor)


class TraceTest(SynchronousTestCase):
    def test_nothing_global(self) -> None:
        """Neither logging nor signals, output or threads differ while it runs or afterwards."""
        before = global_state()
        with TestServer(accounts=ACCOUNTS) as server:
            server.client("juliet")
            server.client("romeo").send(CHAT)
            self.assertEqual(global_state(), before)
        self.assertEqual(global_state(), before)

    def test_no_file(self) -> None:
        """On the memory store it writes nothing."""
        data = Path(self.mktemp())
        with TestServer(accounts=ACCOUNTS, config={"data": str(data)}) as server:
            server.client("juliet")
        self.assertFalse(data.exists())

    def test_no_call_remains(self) -> None:
        """Once stopped, nothing is left to be done later."""
        for say in ("", CHAT):
            server = TestServer(accounts=ACCOUNTS)
            server.client("juliet")
            server.client("romeo").send(say)
            server.stop()
            self.assertEqual(server.clock.getDelayedCalls(), [])

    def test_not_started(self) -> None:
        """Assembling alone does nothing."""
        clock = Clock()
        before = global_state()
        assemble(Config(storage=Storage(StoreName("memory"))), clock)
        self.assertEqual((clock.getDelayedCalls(), global_state()), ([], before))

    def test_ready_in_half_a_second(self) -> None:
        """Imports included, in a process of its own; the figure is in the output of the tests."""
        done = subprocess.run(
            [sys.executable, "-c", READY],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        imports, start = map(float, done.stdout.split())
        print(f"ready after {imports + start:.2f} s of processor time, {imports:.2f} s of imports")
        self.assertLess(imports + start, LIMIT)


class NeighboursTest(SynchronousTestCase):
    def test_two_of_one_name(self) -> None:
        """Two servers for the same domain share nothing: each has its own accounts."""
        with (
            TestServer(accounts={"juliet": "one"}) as one,
            TestServer(accounts={"juliet": "two", "romeo": "two"}) as other,
        ):
            here, there = one.client("juliet", "r"), other.client("juliet", "r")
            for client in (here, there):
                client.received()
            other.client("romeo").send(CHAT)
            there.expect("message")
            self.assertEqual(here.received(), [])
            one.stop()
            self.assertTrue(here.closed)
            self.assertFalse(there.closed)
            there.ask("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")


class CleanReactorTest(TestCase):
    """Trial itself fails a test that leaves anything in the reactor."""

    async def test_start_and_stop(self) -> None:
        server = on_loopback(Path(self.mktemp()))
        server.startService()
        await server.opened
        await server.stopService()

    async def test_stop_while_people_talk(self) -> None:
        async with ListeningServer(accounts=ACCOUNTS) as server:
            juliet, romeo = [await server.client(name) for name in ACCOUNTS]
            romeo.send(CHAT)
            await juliet.wait("message")

    async def test_again(self) -> None:
        """A server that has stopped makes room for the next of its kind."""
        data = Path(self.mktemp())
        for _ in range(2):
            server = on_loopback(data)
            server.startService()
            await server.opened
            await server.stopService()

    async def test_side_by_side(self) -> None:
        async with ListeningServer(accounts=ACCOUNTS) as one, ListeningServer() as other:
            self.assertNotEqual(one.port, other.port)
