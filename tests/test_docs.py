"""The documentation: what it shows can be done, what it names is there, what is made is current."""

import os
import re
import subprocess
import sys
import tomllib
import unittest
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from docs.examples.test_bot import BotTest as BotTest  # run as one of ours
from xmppd.app.config import check_extensions, load
from xmppd.app.docs import outdated, pages, write
from xmppd.app.room_options import room_options
from xmppd.app.xmppctl import main as xmppctl
from xmppd.extensions.builtin import BUILTIN

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^    .*\n|^\n)+", re.MULTILINE)
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)[^)]*\)")
COMMAND = re.compile(r"\bxmppctl((?: [^\s|]+)*)")

TAC = """
import sys
from twisted.application.service import IService, loadApplication
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import react

async def main(reactor):
    application = loadApplication(sys.argv[1], "python")
    service = IService(application)
    service.privilegedStartService()
    service.startService()
    [server] = [each for each in service if hasattr(each, "opened")]
    await server.opened
    assert (server.config.data / "xmpp-im.sock").is_socket()
    print("ready", flush=True)
    await service.stopService()

react(lambda reactor: ensureDeferred(main(reactor)))
"""


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Yield the code blocks of a language, those of one page joined, with the page's name."""
    for page in PAGES:
        found = [code for kind, code in BLOCK.findall(page.read_text("utf-8")) if kind == language]
        if found:
            yield str(page.relative_to(ROOT)), "\n".join(found)


def run_tests(names: dict[str, Any]) -> str:
    """Run the test cases that a page defines; return what went wrong."""
    loader, suite = unittest.TestLoader(), unittest.TestSuite()
    for each in names.values():
        if isinstance(each, type) and issubclass(each, SynchronousTestCase):
            suite.addTests(loader.loadTestsFromTestCase(each))
    result = unittest.TextTestRunner(StringIO()).run(suite)
    return "".join(text for _, text in [*result.failures, *result.errors])


class ShownTest(SynchronousTestCase):
    def test_python(self) -> None:
        """Every block of Python runs, one page after the other; tests in it pass."""
        for name, code in blocks("python"):
            names: dict[str, Any] = {"__name__": "page"}
            exec(compile(code, name, "exec"), names)
            own = {key: each for key, each in names.items() if _of_page(each)}
            self.assertEqual(run_tests(own), "", name)
            self.assertEqual(self.flushLoggedErrors(), [], name)

    def test_readme(self) -> None:
        """So does the test in the README."""
        [code] = [
            found
            for found in INDENTED.findall((ROOT / "README.md").read_text())
            if "with " in found
        ]
        exec(re.sub("^    ", "", code, flags=re.MULTILINE), {})

    def test_toml(self) -> None:
        """Every block of TOML is a configuration without a fault, or a part of pyproject.toml."""
        known = {cls.title() for cls in BUILTIN}
        for page in PAGES:
            for kind, code in BLOCK.findall(page.read_text("utf-8")):
                if kind == "toml" and not code.startswith("# pyproject.toml"):
                    path = Path(self.mktemp())
                    path.write_text(code)
                    check_extensions(load(path), known)
                    room_options(load(path))
                elif kind == "toml":
                    tomllib.loads(code)

    def test_commands(self) -> None:
        """What `xmppctl` is told exists."""
        for name, code in blocks("sh"):
            for line in COMMAND.findall(code):
                words = [word for word in line.split() if not word.startswith("-")]
                words = [word for word in words if "/" not in word and "." not in word]
                if words:
                    self.assertIn(words[0], xmppctl.commands, f"{name}: xmppctl{line}")

    def test_links(self) -> None:
        for page in PAGES:
            for target in LINK.findall(page.read_text("utf-8")):
                if "://" not in target:
                    self.assertTrue((page.parent / target).exists(), f"{page}: {target}")

    def test_index(self) -> None:
        """Every page can be found from the index."""
        linked = {
            (ROOT / "docs" / target).resolve()
            for target in LINK.findall((ROOT / "docs/index.md").read_text("utf-8"))
        }
        pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
        missing = pages - linked - {ROOT / "docs/index.md"}
        self.assertEqual(sorted(map(str, missing)), [])


def _of_page(each: Any) -> bool:
    return getattr(each, "__module__", "") == "page"


class ReferenceTest(SynchronousTestCase):
    def test_current(self) -> None:
        """What is in docs/reference is what the code says now: else `make docs`."""
        self.assertEqual(outdated(ROOT / "docs/reference"), [])

    def test_written(self) -> None:
        folder = Path(self.mktemp())
        self.assertEqual(len(outdated(folder)), len(pages()))
        write(folder)
        self.assertEqual(outdated(folder), [])
        (folder / "xeps.md").write_text("old")
        self.assertEqual(outdated(folder), [folder / "xeps.md"])


class ExampleTest(SynchronousTestCase):
    def test_application(self) -> None:
        """The .tac file starts, listens at both places, and stops."""
        folder = Path(self.mktemp()).resolve()
        folder.mkdir()
        places = '[{endpoint = "tcp:0:interface=127.0.0.1", tls = "none"}]'
        done = subprocess.run(
            [sys.executable, "-c", TAC, str(ROOT / "docs/examples/xmppd.tac")],
            cwd=folder,
            env={**ENVIRONMENT, "XMPPD__C2S__LISTEN": places, "WEB": "tcp:0:interface=127.0.0.1"},
            capture_output=True,
            text=True,
        )
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("ready\n", "", 0))

    def test_backup_is_restored(self) -> None:
        """By the steps of docs/how-to/backup.md."""
        folder = Path(self.mktemp()).resolve()
        folder.mkdir()

        def control(data: str, *words: str, said: str = "") -> str:
            command = [sys.executable, "-m", "xmppd.app.xmppctl", "-d", data, *words]
            done = subprocess.run(
                command, cwd=folder, env=ENVIRONMENT, input=said, capture_output=True, text=True
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout

        control("data", "adduser", "juliet@localhost", "--password-stdin", said="secret\n")
        control("data", "backup", "copy")
        (folder / "tried").mkdir(mode=0o700)
        (folder / "copy").rename(folder / "tried" / "store.sqlite")
        self.assertEqual(control("tried", "users"), "juliet@localhost\n")
