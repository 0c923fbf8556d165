"""What of a conversation is worth keeping though it has no body: for people and rooms alike."""

from collections.abc import Set as AbstractSet
from typing import Final

from xmppd.protocol.namespaces import CONTENT, RETRACT
from xmppd.protocol.stanza import Stanza

LASTING: Final = frozenset(
    {
        "urn:xmpp:reactions:0",
        RETRACT,
        "urn:xmpp:message-correct:0",
        "jabber:x:encrypted",
        "urn:xmpp:openpgp:0",
        "urn:xmpp:omemo:2",
        "eu.siacs.conversations.axolotl",
    }
)
"""Namespaces of what is said of other messages, and of ciphertext."""


def says_something(message: Stanza, lasting: AbstractSet[str] = LASTING) -> bool:
    """Whether a message has a body, or something of one of those namespaces."""
    for ns, name, _, _ in message.children:
        if (name == "body" and ns == CONTENT) or ns in lasting:
            return True
    return False
