"""What the sender of a message would have done with it: message processing hints (XEP-0334).

In errors hints do not count: they may be echoes of what the error is about (5).
"""

from xmppd.protocol.namespaces import HINTS
from xmppd.protocol.stanza import Stanza

_STORING = ("store",)
_NO_STORING = ("no-store",)
_NO_ARCHIVING = ("no-store", "no-permanent-store")
_NO_COPYING = ("no-copy",)


def forbids_storing(message: Stanza) -> bool:
    """Whether it is to be kept nowhere, not even until its recipient comes (4.2, no-store)."""
    return _has_one(message, _NO_STORING)


def forbids_archiving(message: Stanza) -> bool:
    """Whether no archive and no log is to hold it (4.1, no-permanent-store; 4.2, no-store)."""
    return _has_one(message, _NO_ARCHIVING)


def forbids_copying(message: Stanza) -> bool:
    """Whether it is for the addressee alone, not for the user's other devices (4.3, no-copy)."""
    return _has_one(message, _NO_COPYING)


def asks_storing(message: Stanza) -> bool:
    """Whether it is worth keeping though it may not look so (4.4, store)."""
    return _has_one(message, _STORING)


def _has_one(message: Stanza, names: tuple[str, ...]) -> bool:
    for ns, name, _, _ in message.children:
        if ns == HINTS and name in names:
            return message.attrs.get("type") != "error"
    return False
