"""What a newcomer meets: a server on defaults, and mistakes told in a line."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.scenarios.ports import LOOPBACK, free_port
from tests.scenarios.raw import RawClient
from tests.scenarios.server import (
    STARTING,
    STOPPING,
    TWISTD,
    ScenarioTestCase,
    environment,
    listens,
)


class FirstRunTestCase(ScenarioTestCase):
    """`twistd -n xmpp-im`, or the plugin of each process, in a directory of its own."""

    more: Mapping[str, str] = {}
    """Variables of its environment."""
    before: tuple[str, ...] = ()
    """Options of `twistd` itself."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).resolve()
        self.home = self.folder / "home"
        self.here = self.folder / "here"
        self.home.mkdir(parents=True)
        self.here.mkdir()

    def start(self, *arguments: str, plugin: str = "xmpp-im") -> subprocess.Popen[str]:
        """Start it, with nobody to answer questions.

        :param plugin: the process that it is about, where the layout has that.
        """
        process = subprocess.Popen(
            (*TWISTD, *self.before, plugin if plugin in self.layout else "xmpp-im", *arguments),
            cwd=self.here,
            env=environment(HOME=str(self.home), TMPDIR=str(self.home), **self.more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(self.end, process)
        return process

    def end(self, process: subprocess.Popen[str]) -> None:
        process.kill()
        process.communicate()

    def await_port(self, process: subprocess.Popen[str], port: int) -> None:
        deadline = time.monotonic() + STARTING
        while not listens(port):
            self.assertIsNone(process.poll(), "has ended")
            self.assertLess(time.monotonic(), deadline, "does not listen")
            time.sleep(0.02)

    def routed(self) -> tuple[str, ...]:
        """Start a router where the layout has one; the options by which others find it."""
        if "xmpp-router" not in self.layout:
            return ()
        port, secret = free_port(), ("--secret-file", "data/link.secret")
        place = f"tcp:{port}:interface={LOOPBACK}"
        self.router = self.start("--listen", place, *secret, "--trusted", plugin="xmpp-router")
        self.await_port(self.router, port)
        return ("--router", f"tcp:{LOOPBACK}:{port}", *secret)

    def complaint(self, *arguments: str, plugin: str = "xmpp-router") -> str:
        """The one line with which it refuses to start."""
        process = self.start(*arguments, plugin=plugin)
        out, err = process.communicate(timeout=STARTING)
        self.assertEqual(out, "")
        self.assertEqual(err.count("\n"), 1, err)
        self.assertEqual(process.returncode, 1)
        return err.rstrip("\n")


class DefaultsTest(FirstRunTestCase):
    kept: tuple[str, ...] = ("certificates", "store.lock", "store.sqlite")

    def test_all_in_data(self) -> None:
        """It keeps everything in `data`, and leaves nothing behind that belongs to its run."""
        port = free_port()
        processes = self.start_all(f"tcp:{port}:interface={LOOPBACK}")
        self.await_port(processes[0], port)
        with RawClient(port, "localhost").open().start_tls() as client:
            self.assertIn("SCRAM-SHA-256-PLUS", client.mechanisms)
        for process in processes:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=STOPPING)
            self.assertEqual(err, "")
            self.assertNotIn("Traceback", out)
        self.assertEqual(os.listdir(self.here), ["data"])
        self.assertEqual(os.listdir(self.home), [])
        data = self.here / "data"
        self.assertEqual(data.stat().st_mode & 0o777, 0o700)
        kept = sorted(path.name for path in data.iterdir())
        self.assertEqual(kept, sorted(self.kept))
        for path in filter(Path.is_file, data.rglob("*")):
            self.assertEqual(path.stat().st_mode & 0o077, 0, f"others may use {path}")

    def start_all(self, place: str) -> list[subprocess.Popen[str]]:
        """Start all processes, that for clients at a place; it comes first."""
        return [self.start("--c2s", place)]


class SystemdTest(FirstRunTestCase):
    """What `Type=notify` goes by."""

    def test_told(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(name := f"\0xmppd-test-{os.getpid()}")
            systemd.settimeout(STARTING)
            self.more = {"NOTIFY_SOCKET": "@" + name[1:]}
            port = free_port()
            process = self.start("--c2s", f"tcp:{port}:interface={LOOPBACK}", *self.routed())
            self.assertEqual(systemd.recv(100), b"READY=1")
            self.assertTrue(listens(port))
            process.send_signal(signal.SIGTERM)
            self.assertEqual(systemd.recv(100), b"STOPPING=1")
            process.communicate(timeout=STOPPING)


class StandardPortsTest(FirstRunTestCase):
    def test_standard_ports(self) -> None:
        """Without any settings clients find it at their standard ports, by IPv4 too."""
        if listens(5222) or listens(5223):
            raise SkipTest("somebody has port 5222 or 5223")
        process = self.start()
        self.await_port(process, 5222)
        with RawClient(5222, "localhost").open() as client:
            self.assertEqual(client.mechanisms, [])
        with RawClient(5223, "localhost").encrypt().open() as client:
            self.assertIn("SCRAM-SHA-256", client.mechanisms)


class MistakesTest(FirstRunTestCase):
    def configured(self, text: str, *arguments: str) -> str:
        """What is said of a configuration file."""
        (self.here / "my.toml").write_text(text)
        return self.complaint("--config", "my.toml", *arguments, plugin="xmpp-c2s")

    def test_unknown_key(self) -> None:
        line = self.configured('domain = ["example.com"]')
        self.assertTrue(line.startswith("my.toml: domain: unknown key"), line)
        self.assertIn("domains", line)

    def test_bad_endpoint(self) -> None:
        line = self.configured('[[c2s.listen]]\nendpoint = "tpc:5222"')
        self.assertTrue(line.startswith("my.toml: c2s.listen[0].endpoint: "), line)
        self.assertIn("write it like tcp:5222", line)

    def test_no_such_file(self) -> None:
        line = self.complaint("--config", "nowhere.toml")
        self.assertTrue(line.startswith("nowhere.toml: no such file"), line)

    def test_certificate_without_its_key(self) -> None:
        (self.here / "certs" / "localhost").mkdir(parents=True)
        line = self.configured('[tls]\ncertificates = "certs"', *self.routed())
        self.assertIn("certs/localhost/fullchain.pem: No such file or directory", line)

    def test_no_such_certificate_directory(self) -> None:
        line = self.configured('[tls]\ncertificates = "nowhere"')
        self.assertTrue(line.startswith("my.toml: tls.certificates: "), line)

    def test_place_that_cannot_be_had(self) -> None:
        """What shows only when it listens is told in the log; the exit code tells of it too."""
        process = self.start("--c2s", "unix:/nowhere/xmppd", *self.routed(), plugin="xmpp-c2s")
        out, _ = process.communicate(timeout=STARTING)
        self.assertEqual(out.count("cannot start: "), 1, out)
        self.assertNotIn("Traceback", out)
        self.assertEqual(process.returncode, 1)

    def test_data_that_cannot_be_made(self) -> None:
        (self.here / "data").write_text("in the way")
        line = self.complaint(plugin="xmpp-sm")
        self.assertTrue(line.startswith(f"{self.here}/data: is no directory"), line)


class TakenTest(FirstRunTestCase):
    """What is in use by a server that runs."""

    def test_taken(self) -> None:
        running = self.server()
        place = f"tcp:{running.starttls}:interface={LOOPBACK}"
        routed = self.routed()
        line = self.complaint("--c2s", place, *routed, plugin="xmpp-c2s")
        said = f"command line: c2s.listen: cannot listen at {place}: Address"
        self.assertTrue(line.startswith(said), line)
        for self.before in (), ("--pidfile=",):
            line = self.complaint("--data", str(running.data), *routed, plugin="xmpp-sm")
            self.assertIn(str(running.data), line)
            self.assertIn("another server" if not self.before else " has ", line)
