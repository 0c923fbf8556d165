"""The log: lines to read or one JSON object a line, of a least level, safe against its content."""

import re
import sys
from typing import IO, Any

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    eventAsText,
    jsonFileLogObserver,
)
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

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def __call__(self, event: dict[str, Any]) -> None:
        text = eventAsText(event).rstrip("\n").replace("\n", "\n  ")
        self._out.write(escaped(text) + "\n")
        self._out.flush()


def observer(settings: Log, out: IO[str] | None = None) -> ILogObserver:
    """The observer that a configuration asks for; it writes to standard output."""
    out = out or sys.stdout
    least = LogLevelFilterPredicate(LogLevel.levelWithName(settings.level))
    to: Any = (
        jsonFileLogObserver(out, recordSeparator="")
        if settings.format == "json"
        else HumanObserver(out)
    )
    filtering: ILogObserver = FilteringLogObserver(to, [least])
    return filtering
