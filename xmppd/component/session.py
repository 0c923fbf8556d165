"""The session protocol `urn:xmppd:session:0` between client edges and session managers.

Verbs are elements, so that they cross a wire as they are; they travel in envelopes, which only
trusted links may utter. In one process nothing of them is serialised but their own content.
"""

import time
from collections.abc import Iterable
from typing import Any

import attrs
from twisted.words.xish.domish import Element

from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SESSION_PROTOCOL as NS
from xmppd.protocol.namespaces import STREAMS
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


def kick(error: StreamError) -> Stanza:
    """Ends a stream with an error (3.7)."""
    inner = error.to_bytes()[len("<stream:error>") : -len("</stream:error>")]
    return verb("close", element("error", STREAMS, None, inner), how="kick")


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


def member(instance: Jid, number: str) -> Jid:
    """The address of one stream or session of an instance's boot."""
    return instance.with_resource(f"{instance.resource}.{number}")


def instance_of(member: Jid) -> Jid:
    """The boot of an instance that has that stream or session."""
    return Jid.parse(f"{member.domain}/{member.resource.partition('.')[0]}")
