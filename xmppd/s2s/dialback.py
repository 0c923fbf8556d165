"""Server Dialback: keys and elements (XEP-0220, XEP-0185); no I/O and no decisions."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

import attrs
from twisted.words.xish import domish

from xmppd.protocol.errors import DEFAULT_TYPES
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import CONTENT, STANZA_ERRORS
from xmppd.protocol.stanza import Stanza

FAILED: Final = "remote-connection-failed"
"""A condition that only dialback has among those of stanzas (XEP-0220, 2.5)."""

PREFIX: Final = "db"
"""Our stream headers bind it, and all our elements have it (XEP-0220, 2)."""


class Keys:
    """Makes and knows dialback keys.

    `secret` is that of all servers that answer for a domain; without it nobody makes such keys.
    """

    def __init__(self, secret: str) -> None:
        self._secret = sha256(secret.encode()).hexdigest().encode()

    def key(self, receiving: str, originating: str, stream_id: str) -> str:
        """The key for a stream, whose id the receiving server has given (XEP-0185, 3)."""
        text = f"{receiving} {originating} {stream_id}"
        return hmac.new(self._secret, text.encode(), sha256).hexdigest()

    def is_right(self, key: str, receiving: str, originating: str, stream_id: str) -> bool:
        """Whether that is the key for a stream."""
        expected = self.key(receiving, originating, stream_id)
        return hmac.compare_digest(key.strip().encode(), expected.encode())


@attrs.frozen
class Dialback:
    """A `<db:result/>` or `<db:verify/>`.

    `type` is empty for a request, which has a `key`; an answer of type `error` has a `condition`.
    """

    name: str
    sender: Jid
    to: Jid
    id: str = ""
    type: str = ""
    key: str = attrs.field(default="", repr=False)
    condition: str = ""

    @classmethod
    def read(cls, stanza: Stanza) -> Dialback | None:
        """Take an element apart; None where it is none of dialback's, or its addresses are bad."""
        if stanza.name not in ("result", "verify"):
            return None
        try:
            sender, to = Jid.parse(stanza.attrs["from"]), Jid.parse(stanza.attrs["to"])
        except (KeyError, InvalidJid):
            return None
        if sender != sender.domain or to != to.domain:
            return None
        type = stanza.type or ""
        return cls(
            stanza.name,
            sender,
            to,
            stanza.id or "",
            type,
            "" if type else stanza.own_text().strip(),
            _condition(stanza) if type == "error" else "",
        )

    def to_bytes(self) -> bytes:
        """The element, with our prefix."""
        attributes = {
            "from": self.sender,
            "to": self.to,
            "id": self.id or None,
            "type": self.type or None,
        }
        content = _error(self.condition) if self.condition else b""
        return element(f"{PREFIX}:{self.name}", None, attributes, self.key, content)

    def answer(self, type: str, condition: str = "") -> Dialback:
        """What answers this request: `valid`, `invalid`, or `error` with its condition (2.5)."""
        return Dialback(self.name, self.to, self.sender, self.id, type, "", condition)

    def answers(self, request: Dialback) -> bool:
        """Whether this is an answer to that request, of the stream it went over (3.1).

        An id counts for verifications alone: there are servers that put one into other answers.
        """
        same = (self.name, self.sender, self.to) == (request.name, request.to, request.sender)
        return same and (self.name == "result" or self.id == request.id)


def _error(condition: str) -> bytes:
    """An `<error/>`; its condition may be one that stanzas do not have (2.5)."""
    return element("error", None, {"type": "cancel"}, element(condition, STANZA_ERRORS))


def _condition(stanza: Stanza) -> str:
    error = stanza.child(CONTENT, "error")
    found = [] if error is None else [child.name for child in error.elements() if _is_known(child)]
    return found[0] if found else "undefined-condition"


def _is_known(child: domish.Element) -> bool:
    return child.uri == STANZA_ERRORS and (child.name in DEFAULT_TYPES or child.name == FAILED)
