"""What was said and taken back, as stanzas (XEP-0424, XEP-0425)."""

from __future__ import annotations

from xmppd.chat.model import Moderation, Removal
from xmppd.muc import names
from xmppd.muc.content import StanzaContent
from xmppd.muc.elements import occupant_id_xml
from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import STANZA_IDS
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

_LEFT = (
    (names.OCCUPANT_ID, "occupant-id"),
    (STANZA_IDS, "stanza-id"),
    (names.MUC_USER, "x"),
)
"""What stays of a message; of others the last of each is the room's."""


def is_tombstone(message: Stanza) -> bool:
    """Whether a message of an archive is all that is left of another one."""
    return message.has(names.RETRACT, "retracted")


def moderation_stanza(moderation: Moderation, id: str, room: Jid) -> Stanza:
    """Tells that a moderator has taken back a message (XEP-0425, 3.1), in the older words too."""
    retract = element("retract", names.RETRACT, {"id": moderation.id}, _by(moderation, room))
    told = retract, _for_older_clients(moderation, room)
    return Stanza.make("message", *told, sender=room, type="groupchat", id=id)


def _for_older_clients(moderation: Moderation, room: Jid) -> bytes:
    """The same as version 0.2 of XEP-0425 says it, which many clients know alone."""
    moderated = element(
        "moderated",
        names.MODERATE_0,
        {"by": room.with_resource(moderation.by.nick)},
        element("retract", names.RETRACT_0),
        *([element("reason", None, None, moderation.reason)] if moderation.reason else ()),
    )
    return element("apply-to", names.FASTEN, {"id": moderation.id}, moderated)


def tombstone(body: bytes, removal: Removal, room: Jid) -> bytes:
    """What an archive has in the place of a message (XEP-0424, 4; XEP-0425, 4)."""
    message = parse_stanza(body)
    own = {(ns, name): (start, stop) for ns, name, start, stop in message.children}
    left = [message.inner[slice(*own[what])] for what in _LEFT if what in own]
    inner = _retracted(removal, room) + b"".join(left)
    return Stanza(message.ns, message.name, message.attrs, inner).to_bytes()


def _retracted(removal: Removal, room: Jid) -> bytes:
    message, moderation = removal.message, removal.moderation
    content = message.content
    id = content.stanza.id if isinstance(content, StanzaContent) else None
    stamp = format_datetime(int(message.at * 1_000_000))
    said = b"" if moderation is None else _by(moderation, room)
    return element("retracted", names.RETRACT, {"id": id or message.id, "stamp": stamp}, said)


def _by(moderation: Moderation, room: Jid) -> bytes:
    who = {"by": room.with_resource(moderation.by.nick)}
    moderated = element("moderated", names.MODERATE, who, occupant_id_xml(moderation.by.id))
    reason = moderation.reason
    return moderated + (element("reason", None, None, reason) if reason else b"")
