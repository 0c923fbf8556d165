"""What the sender of a message would have done with it: message processing hints (XEP-0334).

In errors hints do not count: they may be echoes of what the error is about (5).
"""

from typing import Final

from xmppd.protocol.namespaces import CHAT_STATES, CONTENT, DELAY, HINTS, STANZA_IDS
from xmppd.protocol.stanza import Stanza

_NOT_CONTENT: Final = frozenset({CHAT_STATES, STANZA_IDS, DELAY})
"""Payload that alone says nothing that lasts."""


def forbids_archiving(message: Stanza) -> bool:
    """Whether no archive and no log is to hold it (4.1, no-permanent-store; 4.2, no-store)."""
    return _hints(message, "no-permanent-store", "no-store")


def forbids_copying(message: Stanza) -> bool:
    """Whether it is for the addressee alone, not for the user's other devices (4.3, no-copy)."""
    return _hints(message, "no-copy")


def asks_storing(message: Stanza) -> bool:
    """Whether it is worth keeping though it may not look so (4.4, store)."""
    return _hints(message, "store")


def is_worth_keeping(message: Stanza) -> bool:
    """Whether it says something that lasts, or asks to be kept, and does not forbid it.

    Chat states alone, for instance, do not last (XEP-0160, 3).
    """
    worth = False
    for ns, name, _, _ in message.children:
        if ns != HINTS:
            worth = worth or (ns not in _NOT_CONTENT and (ns, name) != (CONTENT, "thread"))
        elif message.attrs.get("type") != "error":
            if name == "no-store":
                return False
            worth = worth or name == "store"
    return worth


def _hints(message: Stanza, *names: str) -> bool:
    for ns, name, _, _ in message.children:
        if ns == HINTS and name in names:
            return message.attrs.get("type") != "error"
    return False
