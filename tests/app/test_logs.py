"""Where the log goes, and what it holds."""

import json
import os
from io import StringIO
from pathlib import Path

from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config_model import Log
from xmppd.app.logs import log_file, observer, turn


class LogFileTest(SynchronousTestCase):
    """The options are those of `twistd`."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.path = self.folder / "server.log"

    def test_in_front(self) -> None:
        self.assertIsNone(log_file({"nodaemon": True}))
        self.assertIsNone(log_file({"nodaemon": True, "logfile": "-"}))

    def test_named(self) -> None:
        for in_front in (True, False):
            file = log_file({"nodaemon": in_front, "logfile": str(self.path)})
            assert file is not None
            self.addCleanup(file.close)
            self.assertEqual(file.path, str(self.path))

    def test_daemon(self) -> None:
        """It has no other place where anybody could read what it says."""
        before = Path.cwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        file = log_file({"nodaemon": False})
        assert file is not None
        self.addCleanup(file.close)
        self.assertEqual(file.path, str(self.folder / "twistd.log"))

    def test_daemon_at_standard_output(self) -> None:
        self.assertRaises(SystemExit, log_file, {"nodaemon": False, "logfile": "-"})

    def test_cannot_be_written(self) -> None:
        place = self.folder / "nowhere" / "server.log"
        problem = self.assertRaises(SystemExit, log_file, {"logfile": str(place)})
        self.assertTrue(str(problem).startswith(f"--logfile: {place}: No such file"), problem)

    def test_turned(self) -> None:
        """What another program has moved away is begun anew; else it is numbered."""
        file = log_file({"logfile": str(self.path)})
        assert file is not None
        self.addCleanup(file.close)
        file.write("one\n")
        turn(file)
        file.write("two\n")
        self.path.rename(self.folder / "moved")
        turn(file)
        file.write("three\n")
        texts = {path.name: path.read_text() for path in self.folder.iterdir()}
        self.assertEqual(
            texts, {"server.log.1": "one\n", "moved": "two\n", "server.log": "three\n"}
        )


class ObserverTest(SynchronousTestCase):
    def logged(self, settings: Log) -> list[str]:
        """The lines that some events make."""
        out = StringIO()
        log = Logger("xmppd.test", observer=LogPublisher(observer(settings, out)))
        log.info("seen {who}", who="juliet\n\x1b[31m\u202e")
        log.emit(LogLevel.warn, "too {much}", much=3)
        return out.getvalue().splitlines()

    def test_level(self) -> None:
        [line] = self.logged(Log(level="warn"))
        self.assertTrue(line.endswith("[xmppd.test#warn] too 3"), line)

    def test_nobody_writes_lines_of_his_own(self) -> None:
        first, second, third = self.logged(Log())
        self.assertTrue(first.endswith("seen juliet"), first)
        self.assertEqual(second, "  \\x1b[31m\\u202e")
        self.assertTrue(third.endswith("too 3"), third)

    def test_json(self) -> None:
        first, second = map(json.loads, self.logged(Log(format="json")))
        self.assertEqual(first["who"], "juliet\n\x1b[31m\u202e")
        self.assertEqual((second["log_level"]["name"], second["much"]), ("warn", 3))
