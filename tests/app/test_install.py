"""Every way of installing xmppd makes its plugins known to `twistd` and to `twist`.

That includes `xmpp-router`, which has the name of one of Twisted's own.
"""

import functools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.scenarios.ports import LOOPBACK, free_port
from tests.scenarios.server import STARTING, STOPPING

ROOT = Path(__file__).resolve().parents[2]
OFFLINE = ("--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed", "--quiet")
COMMON = ("--config=", "--data=", "--check-config", "--explain")
UPLINK = ("--router=", "--secret-file=", "--name=", "--domain=")
OPTIONS = {
    "xmpp-im": (*COMMON, "--domain=", "--muc=", "--c2s=", "--auth="),
    "xmpp-router": (*COMMON, "--listen=", "--secret-file=", "--port=", "--secret=", "--trusted"),
    "xmpp-sm": (*COMMON, *UPLINK, "--muc=", "--auth="),
    "xmpp-c2s": (*COMMON, *UPLINK, "--c2s="),
    "xmpp-muc": (*COMMON, *UPLINK),
}
FOREIGN = ("default: tcp:5347", "default: secret", "Log traffic")
"""What Twisted's own plugin says."""
COMMANDS = [
    entry
    for entry in distribution("Twisted").entry_points
    if entry.group == "console_scripts" and entry.name in ("twistd", "twist")
]


def environment() -> dict[str, str]:
    """What a process gets to see: nothing of this process's own settings."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in ours}


def run(*command: object, cwd: Path) -> str:
    """Run a command outside this process's settings; return what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise AssertionError(f"{command} exited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def copy_sources(place: Path) -> Path:
    """Copy what a build reads, so that it leaves nothing behind in the tree under test."""
    leave = shutil.ignore_patterns(
        ".*", "__pycache__", "build", "dist", "data", "_trial_temp*", "*.egg-info", "dropin.cache"
    )
    return shutil.copytree(ROOT, place, ignore=leave)


@functools.cache
def wheel() -> Path:
    """Build an sdist, and from that a wheel; return the wheel."""
    sources = copy_sources(Path("wheel-sources").resolve())
    run(sys.executable, "-m", "build", "--no-isolation", sources, cwd=sources)
    [built] = (sources / "dist").glob("*.whl")
    return built


class Place:
    """A fresh virtual environment that holds Twisted and our dependencies, but not xmppd.

    Twisted is a copy, because its plugins and their cache lie in its own folder; the rest is
    linked from the environment that runs the tests.
    """

    def __init__(self, folder: Path) -> None:
        venv.create(folder, symlinks=True)
        self.folder = folder
        self.python = folder / "bin" / "python"
        [self.packages] = folder.glob("lib/python*/site-packages")
        for source in map(Path, sys.path):
            if source.name in ("site-packages", "dist-packages"):
                self.link_all(source)
        for entry in COMMANDS:
            code = f"import {entry.module} as module\nmodule.{entry.attr}()\n"
            (folder / "bin" / entry.name).write_text(code)

    def link_all(self, source: Path) -> None:
        """Give this environment the packages of another one."""
        for item in source.iterdir():
            target = self.packages / item.name
            if item.name == "twisted":
                leave = shutil.ignore_patterns("test", "xmppd_*", "dropin.cache")
                shutil.copytree(item, target, ignore=leave)
            elif not item.name.startswith(("xmppd", "__editable__")) and not target.exists():
                target.symlink_to(item)

    def install(self, *what: object) -> None:
        """Install with pip, from local files only."""
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
        run(*pip, "--python", self.python, "install", *OFFLINE, *what, cwd=self.folder)

    def help(self, command: str, *plugin: str) -> str:
        """Return what `twistd` or `twist` says of itself or of a plugin."""
        return run(self.python, self.folder / "bin" / command, *plugin, "--help", cwd=self.folder)

    @contextmanager
    def running(self, command: str, *words: str) -> Iterator[Path]:
        """Have `twistd` or `twist` run something for a while; gives the file of what it prints."""
        log = self.folder / f"{command}.log"
        script = str(self.folder / "bin" / command)
        with log.open("wb") as output:
            process = subprocess.Popen(
                (str(self.python), script, *words),
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield log
        finally:
            process.terminate()
            process.wait(STOPPING)


class Component:
    """A component as XEP-0114 describes it, over a blocking socket."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((LOOPBACK, port), STARTING)
        self._said = ""

    def ask(self, xml: str, end: str) -> str:
        """Say something; return what comes, up to some text."""
        self._socket.sendall(xml.encode())
        while end not in self._said:
            data = self._socket.recv(4096)
            if not data:
                raise AssertionError(f"closed after: {self._said}")
            self._said += data.decode()
        said, _, self._said = self._said.partition(end)
        return said + end

    def shake_hands(self, name: str, secret: str) -> None:
        header = (
            f"<stream:stream xmlns='jabber:component:accept' to='{name}' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        found = re.search("id=['\"]([^'\"]+)", self.ask(header, ">"))
        assert found is not None
        proof = sha1(f"{found[1]}{secret}".encode()).hexdigest()
        self.ask(f"<handshake>{proof}</handshake>", "<handshake/>")

    def close(self) -> None:
        self._socket.close()


class InstallTest(SynchronousTestCase):
    if not all(map(find_spec, ("pip", "setuptools", "wheel", "build"))):
        skip = "needs what `pip install xmppd[test]` installs"

    def setUp(self) -> None:
        self.place = Place(Path(self.mktemp()).resolve())

    def assert_plugins_work(self) -> None:
        for entry in COMMANDS:
            shown = self.place.help(entry.name)
            self.assertEqual([plugin for plugin in OPTIONS if plugin not in shown], [], shown)
            self.assert_router_works(entry.name)

    def assert_options(self) -> None:
        for entry in COMMANDS:
            for plugin, options in OPTIONS.items():
                shown = self.place.help(entry.name, plugin)
                self.assertEqual([option for option in options if option not in shown], [], shown)
                self.assertEqual([option for option in FOREIGN if option in shown], [], shown)

    def assert_router_works(self, command: str) -> None:
        """A component shakes hands; what it sends to nobody comes back (RFC 6120, 10.4.3)."""
        port = free_port()
        options = ("--port", f"tcp:{port}:interface={LOOPBACK}", "--secret", "knock knock")
        words = (*(("-n",) if command == "twistd" else ()), "xmpp-router", *options)
        with self.place.running(command, *words) as log:
            component = self.connect(port, log)
            self.addCleanup(component.close)
            component.shake_hands("bot.test", "knock knock")
            sent = "<message from='bot.test' to='nowhere.test' id='m1'><body>x</body></message>"
            bounced = component.ask(sent, "</message>")
            for part in ("type='error'", "id='m1'", "<remote-server-not-found"):
                self.assertIn(part, bounced)
        self.assertIn("--secret shows in process lists", log.read_text())

    def connect(self, port: int, log: Path) -> Component:
        deadline = time.monotonic() + STARTING
        while True:
            try:
                return Component(port)
            except ConnectionRefusedError:
                self.assertLess(time.monotonic(), deadline, log.read_text())
                time.sleep(0.05)

    def test_fresh_wheel(self) -> None:
        self.place.install(wheel())
        self.assert_plugins_work()
        self.assert_options()

    def test_wheel_over_warm_plugin_cache(self) -> None:
        """A plugin cache that was written before xmppd came does not hide it."""
        for entry in COMMANDS:
            self.assertNotIn("xmpp-im", self.place.help(entry.name))
        self.assertTrue((self.place.packages / "twisted/plugins/dropin.cache").exists())
        self.place.install(wheel())
        self.assert_plugins_work()

    def test_editable(self) -> None:
        self.place.install("--editable", copy_sources(self.place.folder / "sources"))
        self.assert_plugins_work()


class WheelTest(SynchronousTestCase):
    skip = InstallTest.__dict__.get("skip")

    def test_contents(self) -> None:
        """The wheel holds the packages and their data, and no tests."""
        names = zipfile.ZipFile(wheel()).namelist()
        data = [
            str(path.relative_to(ROOT))
            for path in (ROOT / "xmppd").rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        ]
        self.assertEqual([name for name in data if name not in names], [])
        self.assertIn("twisted/plugins/xmppd_plugins.py", names)
        self.assertEqual([name for name in names if name.startswith("tests")], [])
