"""Items as bytes: what travels on a wire link beside the stanzas themselves."""

from collections.abc import Iterable, Iterator

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Frame
from xmppd.protocol.framer import MAX_FRAME
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element, open_tag
from xmppd.protocol.namespaces import CLIENT_STATE, SESSION_PROTOCOL, STREAM_MANAGEMENT

LINK = "urn:xmppd:link:0"
"""The namespace in which a trusted link says what it is."""

CARRIED = frozenset({LINK, SESSION_PROTOCOL, STREAM_MANAGEMENT, CLIENT_STATE})
"""Namespaces of what an envelope carries beside stanzas: what links and instances say, and those
elements of a client's stream whose place among its stanzas counts."""


def to_bytes(item: Item) -> bytes:
    """An item as it is written in a stream whose content namespace is declared.

    An envelope with more than a frame may hold becomes several, each with the number of its first
    item.
    """
    if not isinstance(item, Envelope):
        return item.to_bytes()
    written = [stanza.to_bytes() for stanza in item.items]
    if sum(map(len, written)) <= MAX_FRAME or len(written) < 2:
        return _frame(item, item.number, written)
    number, frames = item.number, []
    for part in _parts(written):
        frames.append(_frame(item, number, part))
        number += len(part) if number else 0
    return b"".join(frames)


def attach(name: str, boot: str, role: str = "", domains: Iterable[str] = ()) -> bytes:
    """What a trusted link says of itself, first thing after the handshake."""
    attributes = {"name": name, "boot": boot, "role": role, "domains": " ".join(domains)}
    said = element("attach", LINK, {key: value for key, value in attributes.items() if value})
    return element("route", None, {"from": name, "to": "router"}, said)


def envelope(frame: Frame) -> Envelope:
    """An envelope as it was read; raises StreamError."""
    attributes = frame.attrs
    try:
        return Envelope(
            Jid.parse(attributes["to"]),
            Jid.parse(attributes["from"]),
            frame.items,
            int(attributes.get("e", "0")),
            int(attributes.get("n", "0")),
            attributes.get("id", ""),
            attributes.get("type", ""),
        )
    except (InvalidJid, KeyError, ValueError):
        raise StreamError("improper-addressing", "a route without its addresses") from None


def _frame(item: Envelope, number: int, written: list[bytes]) -> bytes:
    attributes: dict[str, str] = {"from": item.sender, "to": item.to}
    if item.epoch:
        attributes["e"] = str(item.epoch)
    if number:
        attributes["n"] = str(number)
    if item.id:
        attributes["id"] = item.id
    if item.type:
        attributes["type"] = item.type
    return b"%b>%b</route>" % (open_tag("route", attributes).encode(), b"".join(written))


def _parts(written: list[bytes]) -> Iterator[list[bytes]]:
    """As many in each as a frame may hold, or one."""
    part: list[bytes] = []
    size = 0
    for data in written:
        if part and size + len(data) > MAX_FRAME:
            yield part
            part, size = [], 0
        part.append(data)
        size += len(data)
    yield part
