"""The elements of which a room's stanzas are made (XEP-0045, muc#user)."""

from __future__ import annotations

from xmppd.chat.model import Affiliation, Author, Occupant, Role, Sight
from xmppd.muc import names
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza


def ready(stanza: Stanza) -> Stanza:
    """Have its children known before it is copied, so that nobody looks for them in each copy."""
    assert stanza.children is not None
    return stanza


def x_xml(*content: bytes) -> bytes:
    """What a room says, with that inside."""
    return element("x", names.MUC_USER, None, *content)


def status_xml(code: int) -> bytes:
    """A status code (XEP-0045, 15.6)."""
    return b"<status code='%d'/>" % code


def occupant_id_xml(id: str) -> bytes:
    """What an occupant is called whatever its nick (XEP-0421)."""
    return b"<occupant-id xmlns='urn:xmpp:occupant-id:0' id='%b'/>" % id.encode() if id else b""


def details_xml(by: Author | None, reason: str, sight: Sight) -> tuple[bytes, ...]:
    """Who did it, as the reader may know, and why."""
    actor = b""
    if by is not None:
        jid = by.account if sight is Sight.FULL else None
        if by.nick or jid:
            actor = element("actor", None, {"nick": by.nick or None, "jid": jid})
    return actor, element("reason", None, None, reason) if reason else b""


def item_xml(occupant: Occupant, sight: Sight, *details: bytes, nick: str = "") -> bytes:
    """An occupant as somebody sees it; `nick` is one it is going to have."""
    seen = None if sight is Sight.NICK else str(occupant.shown.wire)
    return known_item_xml(occupant, seen, *details, nick=nick)


def known_item_xml(occupant: Occupant, jid: str | None, *details: bytes, nick: str = "") -> bytes:
    """The same with that real address."""
    role = "none" if occupant.role is Role.NONE else occupant.role.name.lower()
    attributes = {
        "affiliation": occupant.affiliation.name.lower(),
        "role": role,
        "jid": jid,
        "nick": nick or None,
    }
    return element("item", None, attributes, *details)


def absent_xml(account: str, affiliation: Affiliation, by: Author, reason: str) -> bytes:
    """Somebody who is not inside, for those who may know (XEP-0045, 10.3)."""
    attributes = {"affiliation": affiliation.name.lower(), "jid": account, "role": "none"}
    return element("item", None, attributes, *details_xml(by, reason, Sight.FULL))


def outsider(presence: Stanza, affiliation: Affiliation) -> Stanza:
    """Tell somebody who thinks otherwise that they are not in a room (XEP-0045, 7.2.17)."""
    reason = element("reason", None, None, "You are not in the room.")
    attributes = {"affiliation": affiliation.name.lower(), "role": "none"}
    item = element("item", None, attributes, reason)
    x = x_xml(item, *map(status_xml, (110, 307, 333)))
    return Stanza.make("presence", x, to=presence.sender, sender=presence.to, type="unavailable")
