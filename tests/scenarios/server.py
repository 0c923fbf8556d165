"""A whole server in processes of its own, for scenarios to talk to.

A scenario says what it needs of a server and never how that is spread over processes: that is the
layout, so that one scenario can run in all of them.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.scenarios.certificate import write_certificate
from tests.scenarios.ports import LOOPBACK, free_port
from xmppd.app.admin import socket_path
from xmppd.app.config import load
from xmppd.app.ctl.client import ask
from xmppd.app.ctl.verbs import VERBS

ROOT = Path(__file__).resolve().parents[2]
TWISTD = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "-n")
XMPPCTL = (sys.executable, "-m", "xmppd.app.xmppctl")
DOMAIN = "xmpp.test"

Layout = Sequence[str]
"""The `twistd` plugins that make up a server, each in a process; all read the same file."""

WHOLE: Layout = ("xmpp-im",)
SPLIT: Layout = ("xmpp-router", "xmpp-sm", "xmpp-c2s")
EDGES = ("xmpp-c2s", "xmpp-s2s")
"""Those that tell others when a stream ends, and wait a while for an answer: they end first."""
ACCOUNTS_AT = {"xmpp-im": "xmpp-im", "xmpp-sm": "sm-1"}
"""The instance that keeps the accounts, by the plugin that is started for it."""

STARTING = 60.0
STOPPING = 30.0
"""Seconds that a slow machine may take."""


def environment(**more: str) -> dict[str, str]:
    """What a child process gets to see: the tree under test, and nothing of our configuration."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("XMPPD__")}
    return {**ours, "PYTHONPATH": str(ROOT), **more}


def listens(port: int) -> bool:
    """Whether somebody takes connections at a port."""
    with socket.socket() as tried:
        tried.settimeout(5)
        return tried.connect_ex((LOOPBACK, port)) == 0


def answers(path: Path) -> bool:
    """Whether somebody takes connections at a socket in the file system."""
    with socket.socket(socket.AF_UNIX) as tried:
        tried.settimeout(5)
        return tried.connect_ex(str(path)) == 0


class Server:
    """A server with places for clients with STARTTLS, with TLS at once, and in plain text.

    :param folder: where its configuration, its data and its log go.
    :param settings: more of the configuration: keys first, then tables.
    :param arguments: more for the command line of the process that keeps the accounts.
    """

    def __init__(
        self,
        folder: Path,
        domains: Iterable[str] = (DOMAIN,),
        settings: str = "",
        arguments: Sequence[str] = (),
        layout: Layout = WHOLE,
    ) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.config = self.folder / "xmppd.toml"
        self.log = self.folder / "server.log"
        self.starttls, self.direct, self.plain = free_port(), free_port(), free_port()
        self.domains = list(domains)
        self._layout = layout
        self._router = free_port()
        self.configure(settings)
        self._arguments = arguments
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def configure(self, settings: str) -> None:
        """Write the configuration file; `reload` makes a running server read it."""
        self._settings = settings
        places = {"starttls": self.starttls, "direct": self.direct, "none": self.plain}
        lines = [
            f"domains = {self.domains!r}",
            settings,
            *self._links(settings),
            *[
                f'[[c2s.listen]]\nendpoint = "tcp:{port}:interface={LOOPBACK}"\ntls = "{tls}"'
                for tls, port in places.items()
            ],
        ]
        self.config.write_text("\n".join(lines), "utf-8")

    def _links(self, settings: str) -> list[str]:
        """Where the processes of a split layout meet, unless the settings say so."""
        if "xmpp-router" not in self._layout or "[router]" in settings:
            return []
        return [
            "[router]",
            f'address = "tcp:{LOOPBACK}:{self._router}"',
            'secret_file = "link.secret"',
            "[[router.listen]]",
            f'endpoint = "tcp:{self._router}:interface={LOOPBACK}"',
            'secret_file = "link.secret"',
            "trusted = true",
        ]

    def certify(self, domain: str = DOMAIN) -> Path:
        """Give a domain a certificate of ours, or another one; return its file."""
        path = self.data / "certificates" / f"{domain}.pem"
        write_certificate(path, domain)
        return path

    def add_accounts(self, *names: str, domain: str = DOMAIN) -> None:
        """Add accounts to a running server, each with `password_of` its name."""
        accounts = [(f"{name}@{domain}", password_of(name)) for name in names]
        result = ask(self._admin(), VERBS["adduser_batch"], {"accounts": accounts})
        assert result == {"added": len(names), "refused": []}, result

    def _admin(self) -> Path:
        """The socket of the process that keeps the accounts."""
        [instance] = [ACCOUNTS_AT[plugin] for plugin in self._layout if plugin in ACCOUNTS_AT]
        return socket_path(load(self.config), instance)

    def control(self, *words: str, text: str = "") -> str:
        """Have `xmppctl` do something; return what it printed."""
        done = subprocess.run(
            [*XMPPCTL, "--config", str(self.config), *words],
            input=text,
            env=environment(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STARTING,
        )
        if done.returncode:
            raise AssertionError(f"xmppctl {words[0]}: {done.stdout}")
        return done.stdout

    def start(self) -> None:
        """Start all processes, and wait until clients can come.

        The router first, for the others dial again only after a while; orders are a matter of
        `test_layouts`.
        """
        for plugin in self._layout:
            self.start_process(plugin)
            if plugin == "xmpp-router" and "[router]" not in self._settings:
                self._await_listening([self._router])
        self.await_ready()

    def start_process(self, plugin: str) -> None:
        """Start the process of one plugin, as before if it has been there."""
        arguments = self._arguments if plugin in ACCOUNTS_AT else ()
        self._start(plugin, plugin, "--config", str(self.config), *arguments)

    def start_another_edge(self, name: str) -> int:
        """Start a client edge beside that of the layout; return its port for plain text."""
        port, config = free_port(), self.folder / f"{name}.toml"
        shared, _, _ = self.config.read_text("utf-8").partition("[[c2s.listen]]")
        place = f'[[c2s.listen]]\nendpoint = "tcp:{port}:interface={LOOPBACK}"\ntls = "none"\n'
        config.write_text(shared + place, "utf-8")
        self._start(name, "xmpp-c2s", "--name", name, "--config", str(config))
        self._await_listening([port])
        return port

    def _start(self, key: str, *arguments: str) -> None:
        words = (*TWISTD, *arguments)
        with self.log.open("ab") as log:
            self._processes[key] = subprocess.Popen(
                words,
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def await_ready(self) -> None:
        """Wait until clients can come, and accounts be made."""
        self._await_listening([self.starttls, self.direct, self.plain], self._admin())

    def _await_listening(self, waiting: list[int], admin: Path | None = None) -> None:
        deadline = time.monotonic() + STARTING
        while waiting or not (admin is None or answers(admin)):
            if any(process.poll() is not None for process in self._processes.values()):
                raise AssertionError(f"the server has ended:\n{self.logged()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"the server does not listen:\n{self.logged()}")
            waiting = [port for port in waiting if not listens(port)]
            time.sleep(0.02)

    def signal(self, number: int) -> None:
        """Send a signal to all processes."""
        for process in self._processes.values():
            process.send_signal(number)

    def stop_one(self, plugin: str) -> None:
        """Have the process of one plugin end in good order."""
        process = self._processes[plugin]
        process.terminate()
        process.wait(STOPPING)
        del self._processes[plugin]

    def kill(self) -> None:
        """End all processes at once, without a chance to tidy up."""
        for process in self._processes.values():
            process.kill()
        self._wait()

    def kill_process(self, plugin: str) -> None:
        """End the process of one plugin at once."""
        process = self._processes.pop(plugin)
        process.kill()
        process.wait(STOPPING)

    def pid(self, plugin: str) -> int:
        """The number of a plugin's process."""
        return self._processes[plugin].pid

    def stop(self) -> None:
        """Have all processes end in good order, edges first."""
        try:
            for plugin in EDGES:
                if plugin in self._processes:
                    self.stop_one(plugin)
            for process in self._processes.values():
                process.terminate()
            self._wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server does not stop:\n{self.logged()}") from None

    def _wait(self) -> None:
        for process in self._processes.values():
            process.wait(STOPPING)
        self._processes.clear()

    def logged(self) -> str:
        """What the server has written so far."""
        return self.log.read_text("utf-8", "replace")


def password_of(name: str) -> str:
    """The password of a test account."""
    return f"secret of {name}"


class ScenarioTestCase(SynchronousTestCase):
    """Scenarios with a server each. A subclass with another `layout` runs them in that one."""

    layout: Layout = WHOLE

    def server(
        self,
        *accounts: str,
        domains: Iterable[str] = (DOMAIN,),
        settings: str = "",
        arguments: Sequence[str] = (),
    ) -> Server:
        """Start a server that has these accounts; it ends with the test."""
        server = Server(Path(self.mktemp()), domains, settings, arguments, self.layout)
        self.addCleanup(self._end, server)
        server.start()
        if accounts:
            server.add_accounts(*accounts)
        return server

    def _end(self, server: Server) -> None:
        server.stop()
        log = server.logged()
        self.assertNotIn("Traceback", log, log)

    def run_client(
        self, script: str, *arguments: object, trusted: Path, seconds: float = 120
    ) -> str:
        """Run a script of `clients/` to its end in a process of its own; return its output.

        It trusts that certificate and no other.
        """
        path = Path(__file__).with_name("clients") / f"{script}.py"
        try:
            done = subprocess.run(
                [sys.executable, str(path), *map(str, arguments)],
                env=environment(SSL_CERT_FILE=str(trusted)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as late:
            output = (late.stdout or b"").decode("utf-8", "replace")
            raise AssertionError(f"{script} does not end:\n{output}") from None
        if done.returncode:
            raise AssertionError(f"{script} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout
