"""The example layouts: each boots, in any order, and two people talk."""

import itertools
import json
import os
import re
import subprocess
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Self

from twisted.python.filepath import FilePath
from twisted.trial.unittest import SynchronousTestCase

from tests.chance import chance
from tests.scenarios.certificate import write_certificate
from tests.scenarios.ports import LOOPBACK, free_port
from tests.scenarios.raw import CLIENT, STREAMS, RawClient, told
from tests.scenarios.server import (
    EDGES,
    ROOT,
    STARTING,
    STOPPING,
    TWISTD,
    XMPPCTL,
    answers,
    environment,
    listens,
    password_of,
)
from xmppd.app.admin import socket_path
from xmppd.app.config import load
from xmppd.app.ctl.client import ask
from xmppd.app.ctl.verbs import VERBS

LAYOUTS = ROOT / "docs/examples/layouts"
DOMAIN = "example.com"
SERVICE = f"conference.{DOMAIN}"
ROOM = f"orchard@{SERVICE}"
MUC = "http://jabber.org/protocol/muc"
ORDERS = int(os.environ.get("LAYOUT_ORDERS", "1"))
"""How many orders of starting are tried, by chance."""

PLACES = {"/etc/xmppd": "etc", "/var/lib/xmppd": "lib", "/run/xmppd": "run"}
INSTANCES = {
    "xmpp-router": "router",
    "xmpp-sm": "sm-1",
    "xmpp-c2s": "c2s-1",
    "xmpp-s2s": "s2s-1",
    "xmpp-muc": "muc-1",
}
THREE = ("xmpp-router", "xmpp-sm", "xmpp-c2s")

Processes = Mapping[str, str]
"""The `twistd` plugins of a layout, each with the file that it reads."""


class Booted:
    """One layout, copied to where it can run: ports, folders and hosts are replaced.

    Left, it has every process end, in good order and with clean logs.
    """

    def __init__(self, layout: str, processes: Processes) -> None:
        self.processes = processes
        self.folder = Path(mkdtemp()).resolve()
        self.ports = {port: free_port() for port in (5222, 5223, 5269, 5347, 5348)}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        for folder in ("etc/ca", "etc/certificates", "lib", "run"):
            (self.folder / folder).mkdir(parents=True)
        for name in {*processes.values()}:
            text = (LAYOUTS / layout / name).read_text("utf-8")
            (self.folder / name).write_text(self.replaced(text), "utf-8")
        certificate = self.folder / "etc/router.pem"
        write_certificate(certificate, "localhost")
        for copy in ("router.key", "ca/ca.pem"):
            (self.folder / "etc" / copy).write_bytes(certificate.read_bytes())

    def replaced(self, text: str) -> str:
        for place, here in PLACES.items():
            text = text.replace(place, str(self.folder / here))
        text = re.sub(r'"(tcp:\d+)"', rf'"\1:interface={LOOPBACK}"', text)
        text = text.replace("router.example.net", "localhost")
        return re.sub(r"\b5\d{3}\b", lambda found: str(self.ports[int(found[0])]), text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            for plugin in sorted(self.running, key=lambda plugin: plugin not in EDGES):
                self.end(plugin)
            assert "Traceback" not in self.logged(), self.logged()
        finally:
            FilePath(str(self.folder)).remove()

    # Processes

    def start(self, plugin: str) -> None:
        """Start one process."""
        with (self.folder / f"{plugin}.log").open("ab") as log:
            self.running[plugin] = subprocess.Popen(
                (*TWISTD, plugin, "--config", str(self.folder / self.processes[plugin])),
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def end(self, plugin: str) -> None:
        process = self.running.pop(plugin)
        process.terminate()
        try:
            process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{plugin} does not stop:\n{self.logged()}") from None

    def logged(self) -> str:
        return "".join(log.read_text("utf-8", "replace") for log in self.folder.glob("*.log"))

    def wait(self, what: str, check: Any) -> Any:
        """Wait until a check gives something; return that."""
        deadline = time.monotonic() + STARTING
        while not (found := check()):
            for plugin, process in self.running.items():
                assert process.poll() is None, f"{plugin} has ended:\n{self.logged()}"
            assert time.monotonic() < deadline, f"{what}, in vain:\n{self.logged()}"
            time.sleep(0.05)
        return found

    def control(self, plugin: str, *words: str, text: str = "") -> str:
        """What `xmppctl` prints where that process runs."""
        done = subprocess.run(
            (*XMPPCTL, "--config", str(self.folder / self.processes[plugin]), *words),
            input=text,
            env=environment(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STARTING,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def has_begun(self, instance: str) -> bool:
        return answers(self.folder / "lib" / f"{instance}.sock")

    # People

    def two_talk(self, accounts: str, room: str = "") -> None:
        """Make two accounts, by the process that keeps them; let one write to the other.

        :param room: where they write to each other as well.
        """
        lines = "".join(f"{name}@{DOMAIN} {password_of(name)}\n" for name in ("juliet", "romeo"))
        self.control(accounts, "adduser", "--batch", "-", text=lines)
        self.wait("clients can come", lambda: listens(self.ports[5222]))
        with self.log_in("juliet") as juliet, self.log_in("romeo") as romeo:
            juliet.send(
                f"<message to='{romeo.jid}' id='m1' type='chat'><body>Hark</body></message>"
            )
            got = romeo.read_until(lambda element: element.get("id") == "m1")
            assert got.get("from") == juliet.jid, told(got)
            assert got.findtext(f"{{{CLIENT}}}body") == "Hark", told(got)
            if room:
                self.two_meet(juliet, romeo, room)

    def two_meet(self, juliet: RawClient, romeo: RawClient, room: str) -> None:
        """Let both enter a room and hear what one of them says there."""
        self.enter(juliet, f"{room}/juliet")
        juliet.send(
            f"<iq type='set' id='open' to='{room}'><query xmlns='{MUC}#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
        )
        opened = juliet.read_until(lambda element: element.get("id") == "open")
        assert opened.get("type") == "result", told(opened)
        self.enter(romeo, f"{room}/romeo")
        juliet.send(f"<message to='{room}' type='groupchat' id='m2'><body>All</body></message>")
        for client in (juliet, romeo):
            got = client.read_until(lambda element: element.get("id") == "m2")
            assert (got.get("from"), got.get("type")) == (f"{room}/juliet", "groupchat"), told(got)

    def enter(self, client: RawClient, nick: str) -> None:
        client.send(f"<presence to='{nick}'><x xmlns='{MUC}'/></presence>")
        answer = client.read_until(lambda element: element.get("from") == nick)
        assert answer.get("type") is None, told(answer)

    def log_in(self, name: str) -> RawClient:
        client = RawClient(self.ports[5222], DOMAIN).open().start_tls()
        answer = client.plain(name)
        assert answer.tag.endswith("}success"), told(answer)
        return client.bind()


class Split(Booted):
    """A layout of several processes."""

    def start_in_turn(self, order: Iterable[str]) -> None:
        """Start each when the one before it has begun."""
        for plugin in order:
            self.start(plugin)
            begun = partial(self.has_begun, INSTANCES[plugin])
            self.wait(f"{plugin} begins", begun)

    def become_ready(self) -> None:
        """Wait until clients can come, and each process says by itself that it is ready."""
        self.wait("clients can come", lambda: listens(self.ports[5222]))
        for plugin in self.running:
            self.wait(f"{plugin} is ready", partial(self._is_ready, plugin))

    def _is_ready(self, plugin: str) -> bool:
        instance = INSTANCES[plugin]
        place = socket_path(load(self.folder / self.processes[plugin]), instance)
        status = ask(place, VERBS["status"], {})
        assert status["pid"] == self.running[plugin].pid, status
        if plugin == "xmpp-router":
            links = status["links"]
            return bool(links["up"] >= len(self.running) - 1 and links["down"] == 0)
        return bool(status["router"] == "up")


class AllInOneTest(SynchronousTestCase):
    def test_boots(self) -> None:
        with Booted("all-in-one", {"xmpp-im": "xmppd.toml"}) as server:
            server.start("xmpp-im")
            server.wait("the server begins", lambda: server.has_begun("xmpp-im"))
            server.two_talk("xmpp-im")
            links = json.loads(server.control("xmpp-im", "link", "list", "--json"))
            self.assertEqual([row["link"] for row in links], ["sm-1", "c2s-1"])


class SplitOneHostTest(SynchronousTestCase):
    def test_any_order(self) -> None:
        """Whoever comes first waits for the others."""
        orders = list(itertools.permutations(INSTANCES))
        with chance() as random:
            for order in random.sample(orders, ORDERS):
                with self.split() as server:
                    server.start_in_turn(order)
                    server.become_ready()
                    server.two_talk("xmpp-sm", ROOM)

    def test_client_before_the_session_manager(self) -> None:
        """It waits for its host, which is about to come."""
        with self.split() as server:
            server.start_in_turn(["xmpp-router", "xmpp-c2s"])
            server.wait("clients can come", lambda: listens(server.ports[5222]))
            with RawClient(server.ports[5222], DOMAIN) as early:
                early.send(
                    f"<stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAMS}' to='{DOMAIN}' "
                    "version='1.0'>"
                )
                server.start("xmpp-sm")
                self.assertEqual(early.read().tag, f"{{{STREAMS}}}features")
            server.become_ready()

    def split(self) -> Split:
        return Split("split-one-host", dict.fromkeys(INSTANCES, "xmppd.toml"))


class ThreeHostsTest(SynchronousTestCase):
    def test_boots(self) -> None:
        """Over TLS, in an order by chance."""
        processes = {plugin: f"{plugin.removeprefix('xmpp-')}.toml" for plugin in THREE}
        with chance() as random, Split("three-hosts", processes) as server:
            server.start_in_turn(random.sample(list(processes), len(processes)))
            server.become_ready()
            server.two_talk("xmpp-sm")
