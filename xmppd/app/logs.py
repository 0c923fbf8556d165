"""The log: lines to read or one JSON object a line, of a least level, safe against its content."""

import os
import re
import sys
from collections.abc import Mapping
from typing import IO, Any

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    eventAsText,
    jsonFileLogObserver,
)
from twisted.python.logfile import LogFile
from zope.interface import implementer

from xmppd.app.config_model import Log

_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What could forge lines or turn text around in a terminal: control and bidi characters."""


def escaped(text: str) -> str:
    """The text with control and bidi characters written as escapes."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


@implementer(ILogObserver)
class HumanObserver:
    """Writes events as lines: time, namespace and level, text; a traceback follows indented."""

    def __init__(self, out: IO[str] | LogFile) -> None:
        self._out = out

    def __call__(self, event: dict[str, Any]) -> None:
        text = eventAsText(event).rstrip("\n").replace("\n", "\n  ")
        self._out.write(escaped(text) + "\n")
        self._out.flush()


def log_file(options: Mapping[str, Any]) -> LogFile | None:
    """The file that `twistd`'s options, or its habits, say to log to; None: standard output.

    Raises SystemExit, with one line, where it cannot be written.
    """
    name = options.get("logfile") or ("-" if options.get("nodaemon") else "twistd.log")
    if name == "-":
        if not options.get("nodaemon"):
            raise SystemExit("--logfile=-: a daemon has no standard output (add --nodaemon)")
        return None
    try:
        file: LogFile = LogFile.fromFullPath(name)
    except OSError as problem:
        why = f"{problem.strerror} (running as uid {os.geteuid()})"
        raise SystemExit(f"--logfile: {name}: {why}") from None
    return file


def turn(file: LogFile) -> None:
    """Begin a new file: where the old one has been moved away, or else by giving it a number."""
    if os.path.exists(file.path):
        file.rotate()
    else:
        file.reopen()


def observer(settings: Log, file: IO[str] | LogFile | None = None) -> ILogObserver:
    """The observer that a configuration asks for; it writes to a file, or to standard output."""
    out: Any = file or sys.stdout
    least = LogLevelFilterPredicate(LogLevel.levelWithName(settings.level))
    to: Any = (
        jsonFileLogObserver(out, recordSeparator="")
        if settings.format == "json"
        else HumanObserver(out)
    )
    filtering: ILogObserver = FilteringLogObserver(to, [least])
    return filtering
