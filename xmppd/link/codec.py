"""Items as bytes: what travels on a wire link beside the stanzas themselves."""

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.protocol.errors import StreamError
from xmppd.protocol.framer import Frame
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import open_tag

LINK = "urn:xmppd:link:0"
"""The namespace in which a trusted link says what it is."""


def to_bytes(item: Item) -> bytes:
    """An item as it is written in a stream whose content namespace is declared."""
    if not isinstance(item, Envelope):
        return item.to_bytes()
    attributes: dict[str, str] = {"from": item.sender, "to": item.to}
    if item.number:
        attributes |= {"e": str(item.epoch), "n": str(item.number)}
    if item.id:
        attributes["id"] = item.id
    if item.type:
        attributes["type"] = item.type
    inner = b"".join([stanza.to_bytes() for stanza in item.items])
    return b"%b>%b</route>" % (open_tag("route", attributes).encode(), inner)


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
