"""What somebody says or shows, as the stanza it came in, less what only a room may say."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import attrs

from xmppd.chat.model import Presence
from xmppd.component.lasting import says_something
from xmppd.muc import names
from xmppd.protocol.datetimes import parse_microseconds
from xmppd.protocol.hints import asks_storing, forbids_archiving
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT, DELAY, MAM, STANZA_IDS
from xmppd.protocol.spans import Child
from xmppd.protocol.stanza import Stanza

_NEVER = frozenset(
    {
        (names.MUC, "x"),
        (names.MUC_USER, "x"),
        (names.OCCUPANT_ID, "occupant-id"),
        (names.ADDRESSES, "addresses"),
        (MAM, "result"),
        (names.CARBONS, "received"),
        (names.CARBONS, "sent"),
        (names.RETRACT, "retracted"),
    }
)
_SOMETIMES = frozenset(
    {
        (STANZA_IDS, "stanza-id"),
        (DELAY, "delay"),
        (names.RETRACT, "retract"),
        (names.FASTEN, "apply-to"),
    }
)
_SUSPECT = _NEVER | _SOMETIMES

_KEPT = ("id", "type", "xml:lang")


@attrs.frozen
class StanzaContent:
    """A stanza without its addresses; two are the same if they show the same."""

    stanza: Stanza = attrs.field(eq=lambda stanza: (stanza.lang, stanza.inner))
    storable: bool = False

    @property
    def said_at(self) -> float | None:
        """When its author says that it was said (XEP-0203)."""
        said = self.stanza.child(DELAY, "delay") if self.stanza.has(DELAY, "delay") else None
        if said is not None:
            with suppress(ValueError):
                return parse_microseconds(said.getAttribute("stamp", "")) / 1_000_000
        return None

    def undated(self) -> Stanza:
        """The stanza, not saying when it was said."""
        what = DELAY, "delay"
        return self.stanza.keeping([each for each in self.stanza.children if each[:2] != what])


def message_content(message: Stanza, room: Jid) -> StanzaContent:
    """What a message to a room, or to one inside, says."""
    stanza = cleaned(message, room)
    return StanzaContent(stanza, _storable(stanza))


def _storable(message: Stanza) -> bool:
    """Whether a message says something that lasts (XEP-0313, 6.1.2), and may (XEP-0334)."""
    if says_something(message):
        return not forbids_archiving(message)
    return asks_storing(message)


def presence_of(presence: Stanza, room: Jid) -> Presence:
    """What a presence to a room shows."""
    return Presence(StanzaContent(cleaned(presence, room)), _priority(presence))


def _priority(presence: Stanza) -> int:
    text = presence.text(CONTENT, "priority") if presence.has(CONTENT, "priority") else None
    try:
        return max(-128, min(127, int(text or 0)))
    except ValueError:
        return 0


def cleaned(stanza: Stanza, room: Jid) -> Stanza:
    """A stanza without addresses and without what only a room may say."""
    attributes = {
        key: value
        for key, value in stanza.attrs.items()
        if key in _KEPT or key.startswith("xmlns:")
    }
    children = stanza.children
    if any((ns, name) in _SUSPECT for ns, name, _, _ in children):
        stanza = stanza.keeping(_harmless(stanza, room))
    return Stanza(CONTENT, stanza.name, attributes, stanza.inner, stanza.children)


def _harmless(stanza: Stanza, room: Jid) -> Iterable[Child]:
    for child in stanza.children:
        what = child[0], child[1]
        if what in _NEVER or (what in _SOMETIMES and _pretends(stanza, child, room)):
            continue
        yield child


def _pretends(stanza: Stanza, child: Child, room: Jid) -> bool:
    """Whether an element speaks for the room: its id, its delay, or its moderation."""
    ns, name, start, stop = child
    tree = stanza.keeping([child]).child(ns, name)
    if tree is None:
        return True
    if ns == STANZA_IDS:
        return _same(tree.getAttribute("by", ""), room)
    if ns == DELAY:  # people may say when they said something elsewhere (XEP-0045, 7.9)
        return _same(tree.getAttribute("from", ""), room)
    return b"moderated" in stanza.inner[start:stop]


def _same(by: str, room: Jid) -> bool:
    try:
        return Jid.parse(by).bare == room
    except ValueError:
        return True
