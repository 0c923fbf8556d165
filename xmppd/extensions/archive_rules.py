"""Which messages belong into an account's archive (XEP-0313, 5.1.1; XEP-0334)."""

from typing import Final

from xmppd.component.lasting import LASTING, says_something
from xmppd.protocol.hints import asks_storing, forbids_archiving
from xmppd.protocol.namespaces import DIRECT_INVITE, MUC_USER
from xmppd.protocol.stanza import Stanza
from xmppd.sm.delivery import message_type

KINDS: Final = {"normal": 0, "chat": 1, "headline": 2}
"""The `kind` of an entry, by its message's type."""

_SPEAKING: Final = LASTING | {
    "urn:xmpp:receipts",
    "urn:xmpp:chat-markers:0",
    "urn:xmpp:jingle-message:0",
    "urn:xmpp:call-invites:0",
    DIRECT_INVITE,
}
"""What says something of a conversation between two without a body."""


def is_worth_archiving(message: Stanza) -> bool:
    """Whether a message is part of a conversation, or asks to be kept (XEP-0334, 4.4).

    What rooms say stands in the rooms' archives. Hints against it count for more than that for it.
    """
    type = message_type(message)
    if type not in KINDS or forbids_archiving(message):
        return False
    if type != "headline" and (says_something(message, _SPEAKING) or _invites(message)):
        return True
    return asks_storing(message)


def _invites(message: Stanza) -> bool:
    """Whether a room passes on an invitation (XEP-0045, 7.8.2)."""
    return b"<invite" in (message.child_bytes(MUC_USER, "x") or b"")
