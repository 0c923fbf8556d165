"""Reports: what one instance tells another of their legs (session protocol, 3.5)."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from xmppd.protocol.namespaces import SESSION_PROTOCOL as NS
from xmppd.protocol.stanza import Stanza

AGAIN: Final = "!"
"""Of a leg: send again what comes after what has been got."""
ASK: Final = "ask"
"""Of a leg: say how far it is."""
GONE: Final = "gone"
"""Of a leg: there is none."""
NO_COUNT: Final = -1
"""Instead of an `h`: there is none."""


class Entry(NamedTuple):
    """What a report says of one leg (3.5).

    `done` is what is written (up) or handled (down). The `mark` is empty, or `AGAIN`, `ASK` or
    `GONE`; the last two go without counts. `h` is the client's last count of stanzas (up), or the
    session manager's (down), where the client manages its stream (XEP-0198); else `NO_COUNT`.
    """

    stream: str
    epoch: int
    got: int = 0
    done: int = 0
    mark: str = ""
    h: int = NO_COUNT


class Report(Stanza):
    """A report as it is made. Only a wire makes bytes of it; within a process nobody reads it."""

    __slots__ = ("entries",)

    def __init__(self, entries: list[Entry], number: int, seen: int) -> None:
        attributes = {"k": str(number), "seen": str(seen)} if number else {}
        if entries and entries[0].mark == ASK:
            attributes["ask"] = "true"
        super().__init__(NS, "report", attributes)
        self.entries = entries

    def to_bytes(self, xmlns: str | None = None) -> bytes:
        """The whole element."""
        text = ";".join([_entry_text(entry) for entry in self.entries])
        return Stanza(NS, "report", self.attrs, text.encode()).to_bytes(xmlns)


def report(entries: Iterable[tuple[Any, ...]], number: int = 0, seen: int = 0) -> Stanza:
    """A report; all its entries ask, or none. `number` is its own, `seen` the newest taken."""
    return Report([Entry(*entry) for entry in entries], number, seen)


def _entry_text(entry: Entry) -> str:
    stream, epoch, got, done, mark, h = entry
    if mark == ASK:
        return f"{stream}.{epoch}"
    if mark == GONE:
        return f"{stream}.{epoch} gone"
    counted = "" if h == NO_COUNT else f" {h}"
    return f"{stream}.{epoch} {got} {done}{counted}{mark}"


def read_report(item: Stanza) -> list[Entry]:
    """The entries of a report; what is none is left out."""
    if isinstance(item, Report):
        return item.entries
    if not item.inner:
        return []
    asking = item.attrs.get("ask") == "true"
    entries = []
    for text in item.inner.decode().split(";"):
        try:
            entries.append(_read_entry(text, asking))
        except ValueError:
            continue
    return entries


def _read_entry(text: str, asking: bool) -> Entry:
    leg, *counts = text.split(" ")
    stream, dot, epoch = leg.rpartition(".")
    if not dot:
        raise ValueError("no leg")
    if asking:
        return Entry(stream, int(epoch), mark=ASK)
    if counts == [GONE]:
        return Entry(stream, int(epoch), mark=GONE)
    mark = AGAIN if text.endswith(AGAIN) else ""
    got, done, *more = [int(count) for count in text.removesuffix(AGAIN).split(" ")[1:]]
    if more and more[0] < 0:
        raise ValueError("no count")
    return Entry(stream, int(epoch), got, done, mark, more[0] if more else NO_COUNT)


def report_numbers(item: Stanza) -> tuple[int, int]:
    """A report's own number, and the newest that its sender has taken; 0 for none."""
    number, seen = item.attrs.get("k", ""), item.attrs.get("seen", "")
    return int(number) if number.isdecimal() else 0, int(seen) if seen.isdecimal() else 0
