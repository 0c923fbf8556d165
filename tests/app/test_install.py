"""Every way of installing xmppd makes its plugins known to `twistd` and to `twist`."""

import functools
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parents[2]
OFFLINE = ("--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed", "--quiet")
OPTIONS = ("--config=", "--domain=", "--data=", "--c2s=", "--check-config", "--explain")
COMMANDS = [
    entry
    for entry in distribution("Twisted").entry_points
    if entry.group == "console_scripts" and entry.name in ("twistd", "twist")
]


def run(*command: object, cwd: Path) -> str:
    """Run a command outside this process's settings; return what it printed."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV")
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name not in ours},
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


class InstallTest(SynchronousTestCase):
    if not all(map(find_spec, ("pip", "setuptools", "wheel", "build"))):
        skip = "needs what `pip install xmppd[test]` installs"

    def setUp(self) -> None:
        self.place = Place(Path(self.mktemp()).resolve())

    def assert_plugins_found(self) -> None:
        for entry in COMMANDS:
            shown = self.place.help(entry.name, "xmpp-im")
            self.assertEqual([option for option in OPTIONS if option not in shown], [], shown)

    def test_fresh_wheel(self) -> None:
        self.place.install(wheel())
        self.assert_plugins_found()

    def test_wheel_over_warm_plugin_cache(self) -> None:
        """A plugin cache that was written before xmppd came does not hide it."""
        for entry in COMMANDS:
            self.assertNotIn("xmpp-im", self.place.help(entry.name))
        self.assertTrue((self.place.packages / "twisted/plugins/dropin.cache").exists())
        self.place.install(wheel())
        self.assert_plugins_found()

    def test_editable(self) -> None:
        self.place.install("--editable", copy_sources(self.place.folder / "sources"))
        self.assert_plugins_found()


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
