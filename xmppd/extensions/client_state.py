"""XEP-0352: what is not urgent waits while nobody looks at the client."""

from __future__ import annotations

from collections import OrderedDict

import attrs

from xmppd.component.extension import SessionExtension, on, stream_element
from xmppd.component.stages import Life
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import (
    CARBONS,
    CHAT_STATES,
    CLIENT,
    CLIENT_STATE,
    CONTENT,
    DELAY,
    HINTS,
    STANZA_IDS,
)
from xmppd.protocol.stanza import Stanza
from xmppd.sm.queue import is_replaceable
from xmppd.sm.session import Session

RECEIPTS, MARKERS = "urn:xmpp:receipts", "urn:xmpp:chat-markers:0"

_NOT_URGENT = frozenset({CHAT_STATES, RECEIPTS, MARKERS, HINTS, STANZA_IDS, DELAY})
"""Payload that alone makes no message urgent."""


class Waiting:
    """What waits for an inactive client, in the order in which it came.

    Of available and unavailable presence only the newest of a full JID waits, unless it is a
    room's (rule 13 of raw forwarding).
    """

    def __init__(self, session: Session, most: int, most_bytes: int) -> None:
        self._session = session
        self._most = most
        self._most_bytes = most_bytes
        self._items: OrderedDict[object, Stanza] = OrderedDict()
        self._size = 0

    def takes(self, stanza: Stanza) -> bool:
        """Whether a stanza waits; if not, all that waited has gone before it."""
        if is_urgent(stanza):
            self.flush()
            return False
        key: object = stanza
        if is_replaceable(stanza):
            key = stanza.sender
            older = self._items.pop(key, None)
            self._size -= 0 if older is None else len(older.inner)
        self._items[key] = stanza
        self._size += len(stanza.inner)
        if len(self._items) > self._most or self._size > self._most_bytes:
            self.flush()
        return True

    def flush(self) -> None:
        """Send all of it."""
        session, gate = self._session, self._session.gate
        session.gate = None
        while self._items and not session.closing:
            _, stanza = self._items.popitem(last=False)
            self._size -= len(stanza.inner)
            session.deliver(stanza)
        session.gate = gate

    def left(self) -> list[Stanza]:
        """What has not been sent; it is forgotten."""
        left = list(self._items.values())
        self._items.clear()
        self._size = 0
        return left


class ClientState(SessionExtension):
    """XEP-0352: while a client is inactive, presence, chat states and the like wait for the next
    message, or until it is active again."""

    xep = 352, "1.0.0"
    after_login = (element("csi", CLIENT_STATE),)

    @attrs.frozen
    class Options:
        """How much may wait; above it all of it is sent."""

        stanzas: int = attrs.field(default=500, metadata={"doc": "Stanzas that may wait."})
        bytes: int = attrs.field(default=262_144, metadata={"doc": "The same in bytes."})

    @stream_element(CLIENT_STATE, "inactive")
    def inactive(self, item: Stanza, session: Session) -> None:
        """XEP-0352, 4.2."""
        if session.gate is None:
            session.gate = Waiting(session, self.options.stanzas, self.options.bytes)

    @stream_element(CLIENT_STATE, "active")
    def active(self, item: Stanza, session: Session) -> None:
        """XEP-0352, 5.1: what waited goes before anything else is handled."""
        self.resumed(session)

    @on(Life.RESUMED)
    def resumed(self, session: Session) -> None:
        """XEP-0352, 5.2: every stream begins as active."""
        if session.gate is not None:
            session.gate.flush()
            if not session.closing:  # else what is left is still to be missed
                session.gate = None


def is_urgent(stanza: Stanza) -> bool:
    """Whether an inactive client is to be disturbed.

    Not by presence that comes and goes, nor by headlines, nor by messages that hold nothing but
    chat states, receipts and markers. A copy of a message is as urgent as the message.
    """
    if stanza.name == "presence":
        return stanza.type not in (None, "unavailable")
    if stanza.name != "message" or stanza.type == "error":
        return True
    if stanza.type == "headline":
        return False
    for ns, name, _, _ in stanza.children:
        if ns == CARBONS and name in ("sent", "received"):
            return _is_urgent_copy(stanza, name)
        if ns not in _NOT_URGENT and (ns, name) != (CONTENT, "thread"):
            return True
    return False


def _is_urgent_copy(stanza: Stanza, name: str) -> bool:
    """Whether the message is that one of our own copies holds."""
    copy = stanza.child(CARBONS, name)
    assert copy is not None
    message = copy.firstChildElement().firstChildElement()
    return any(
        one.uri not in _NOT_URGENT and (one.uri, one.name) != (CLIENT, "thread")
        for one in message.elements()
    )
