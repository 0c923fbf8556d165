"""The session protocol `urn:xmppd:session:0` between client edges and session managers.

Verbs are elements, so that they cross a wire as they are; they travel in envelopes, which only
trusted links may utter. In one process nothing of them is serialised but their own content.
"""

import time
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import attrs
from twisted.words.xish.domish import Element

from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SESSION_PROTOCOL as NS
from xmppd.protocol.sasl import encode, strict_base64
from xmppd.protocol.stanza import Stanza

WINDOW_UP = 256
"""Stanzas that an edge sends beyond what is handled; then it stops reading that client."""
WINDOW_DOWN = 128
"""Stanzas that an sm sends beyond what is written."""
WINDOW_BYTES = 262_144
"""The same in bytes, for both directions."""
REPORT_EVERY = 32
"""Stanzas taken or written after which the other side is told at once."""

AGAIN: Final = "!"
"""Of a leg: send again what comes after what has been got."""
ASK: Final = "ask"
"""Of a leg: say how far it is."""
GONE: Final = "gone"
"""Of a leg: there is none."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def boot_number(seconds: float | None = None) -> str:
    """A name for one life of a process, in base 36, that grows with every start."""
    number = int((time.time() if seconds is None else seconds) * 1000)
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def verb(name: str, *content: bytes, **attributes: str | None) -> Stanza:
    """One element of the session protocol; attributes that are None are left out."""
    present = {key: value for key, value in attributes.items() if value is not None}
    return Stanza(NS, name, present, b"".join(content))


@attrs.frozen
class StreamFacts:
    """What an edge knows of a client's stream, and may claim."""

    host: str
    via: str = "tcp"
    peer: str = ""
    port: str = ""
    sender: str = ""
    lang: str = ""
    tls: str = ""
    cipher: str = ""
    bindings: dict[str, bytes] = attrs.field(factory=dict, repr=False)
    mechanisms: tuple[str, ...] = ()

    def to_xml(self) -> bytes:
        """The `<stream/>`, `<tls/>` and `<offered/>` of an `<authenticate/>` (3.2)."""
        facts = {
            "via": self.via,
            "peer": self.peer,
            "port": self.port,
            "from": self.sender or None,
            "xml:lang": self.lang or None,
        }
        bindings = [
            element("binding", None, {"type": type}, encode(data))
            for type, data in self.bindings.items()
        ]
        offered = {
            "mechanisms": " ".join(self.mechanisms),
            "bindings": " ".join(self.bindings),
        }
        tls = {"version": self.tls, "cipher": self.cipher}
        return (
            element("stream", None, facts)
            + (element("tls", None, tls, *bindings) if self.tls else b"")
            + element("offered", None, offered)
        )

    @classmethod
    def parse(cls, host: str, request: Element) -> "StreamFacts":
        """Read what `to_xml` wrote; raises ValueError."""
        parts: dict[str, Any] = {child.name: child for child in request.elements()}
        stream, offered = parts.get("stream"), parts.get("offered")
        if stream is None or offered is None:
            raise ValueError("no facts of the stream")
        tls = parts.get("tls")
        bindings = (
            {}
            if tls is None
            else {child["type"]: strict_base64(str(child)) for child in tls.elements()}
        )
        return cls(
            host,
            stream.getAttribute("via", ""),
            stream.getAttribute("peer", ""),
            stream.getAttribute("port", ""),
            stream.getAttribute("from", ""),
            stream.getAttribute(("http://www.w3.org/XML/1998/namespace", "lang"), ""),
            "" if tls is None else tls["version"],
            "" if tls is None else tls["cipher"],
            bindings,
            tuple(offered.getAttribute("mechanisms", "").split()),
        )


def hello() -> Stanza:
    """Asks a host what an edge must know of it (3.1)."""
    return verb("hello", version="0", kind="xmpp")


def host_facts(
    rev: str, mechanisms: Iterable[str], before: Iterable[bytes], after: Iterable[bytes], pre: str
) -> Stanza:
    """Answers `hello`. `pre` are namespaces of iqs that are handled before login."""
    return verb(
        "host",
        element("before", None, None, *before),
        element("after", None, None, *after),
        version="0",
        rev=rev,
        mechanisms=" ".join(mechanisms),
        pre=pre or None,
    )


def inner_elements(parent: Stanza, name: str) -> list[bytes]:
    """The children of one child of a verb, as they stand."""
    data = parent.child_bytes(NS, name)
    if data is None or data.endswith(b"/>"):
        return []
    inner = data[data.index(b">") + 1 : data.rindex(b"</")]
    holder = Stanza(NS, name, {}, inner)
    return [inner[start:stop] for _, _, start, stop in holder.children]


def client_element(parent: Stanza) -> Stanza | None:
    """The element of another namespace that a verb carries verbatim."""
    for ns, name, start, stop in parent.children:
        if ns != NS:
            tree = parent.child(ns, name)
            assert tree is not None
            return _as_stanza(ns, tree, parent.inner[start:stop])
    return None


def _as_stanza(ns: str, tree: Element, data: bytes) -> Stanza:
    inner = b"" if data.endswith(b"/>") else data[data.index(b">") + 1 : data.rindex(b"</")]
    attributes = {key: str(value) for key, value in tree.attributes.items() if isinstance(key, str)}
    return Stanza(ns, tree.name, attributes, inner)


class Entry(NamedTuple):
    """What a report says of one leg (3.5).

    `done` is what is written (up) or handled (down). The `mark` is empty, or `AGAIN`, `ASK` or
    `GONE`; the last two go without counts.
    """

    stream: str
    epoch: int
    got: int = 0
    done: int = 0
    mark: str = ""


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
    stream, epoch, got, done, mark = entry
    if mark == ASK:
        return f"{stream}.{epoch}"
    if mark == GONE:
        return f"{stream}.{epoch} gone"
    return f"{stream}.{epoch} {got} {done}{mark}"


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
    got, done, *_ = counts
    return Entry(stream, int(epoch), int(got), int(done.removesuffix(AGAIN)), mark)


def report_numbers(item: Stanza) -> tuple[int, int]:
    """A report's own number, and the newest that its sender has taken; 0 for none."""
    number, seen = item.attrs.get("k", ""), item.attrs.get("seen", "")
    return int(number) if number.isdecimal() else 0, int(seen) if seen.isdecimal() else 0


def member(instance: Jid, number: str) -> Jid:
    """The address of one stream or session of an instance's boot."""
    return instance.with_resource(f"{instance.resource}.{number}")


def instance_of(member: Jid) -> Jid:
    """The boot of an instance that has that stream or session."""
    return Jid.parse(f"{member.domain}/{member.resource.partition('.')[0]}")
