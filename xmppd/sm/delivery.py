"""Which sessions a message is for: the delivery rules of RFC 6121, section 8.5, as a table."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.user import User


class Rule(Enum):
    """What to do with a message."""

    MOST_AVAILABLE = auto()
    """To the sessions of the highest priority, all of them where several share it."""
    ALL = auto()
    """To every session whose priority is not negative."""
    MISSED = auto()
    """Nobody there: keep it offline, or service-unavailable."""
    REFUSE = auto()
    """service-unavailable."""
    IGNORE = auto()


class To(Enum):
    """How the message is addressed, and whom it finds."""

    __hash__ = object.__hash__  # Enum's own is slow, and this is asked for each message

    PRESENT = auto()
    """A bare JID with a session of a priority that is not negative."""
    ABSENT = auto()
    """A bare JID without (8.5.2.2)."""
    RESOURCE_GONE = auto()
    """A full JID that no session has (8.5.3.2)."""
    NOBODY = auto()
    """No such account (8.5.1)."""


TABLE: Final = {
    ("normal", To.PRESENT): Rule.MOST_AVAILABLE,
    ("chat", To.PRESENT): Rule.MOST_AVAILABLE,
    ("headline", To.PRESENT): Rule.ALL,
    ("groupchat", To.PRESENT): Rule.REFUSE,
    ("error", To.PRESENT): Rule.IGNORE,
    ("normal", To.ABSENT): Rule.MISSED,
    ("chat", To.ABSENT): Rule.MISSED,
    ("headline", To.ABSENT): Rule.IGNORE,
    ("groupchat", To.ABSENT): Rule.REFUSE,
    ("error", To.ABSENT): Rule.IGNORE,
    ("normal", To.RESOURCE_GONE): Rule.REFUSE,
    ("headline", To.RESOURCE_GONE): Rule.REFUSE,
    ("groupchat", To.RESOURCE_GONE): Rule.REFUSE,
    ("error", To.RESOURCE_GONE): Rule.IGNORE,
    ("normal", To.NOBODY): Rule.REFUSE,
    ("chat", To.NOBODY): Rule.REFUSE,
    ("headline", To.NOBODY): Rule.REFUSE,
    ("groupchat", To.NOBODY): Rule.REFUSE,
    ("error", To.NOBODY): Rule.IGNORE,
}
"""A chat message to a resource that is gone is treated as if sent to the bare JID."""

TYPES: Final = frozenset({"normal", "chat", "headline", "groupchat", "error"})


def message_type(stanza: Stanza) -> str:
    """The message's type; an unknown one counts as normal (RFC 6121, 5.2.2)."""
    type = stanza.attrs.get("type", "normal")
    return type if type in TYPES else "normal"


def is_refused(user: User, stanza: Stanza, sessions: Sequence[Session]) -> bool:
    """Whether a message that these sessions get goes back to its sender, as it is for nobody."""
    return not sessions and choose(user, stanza)[0] is Rule.REFUSE


def choose(user: User, stanza: Stanza) -> tuple[Rule, list[Session]]:
    """The rule for a message to that account, and whom it picks."""
    to = stanza.to
    assert to is not None
    type = message_type(stanza)
    if to.resource:
        session = user.sessions.get(to.resource)
        if session is not None and not session.closing and not session.full:
            return Rule.ALL, [session]
        if type != "chat":
            return TABLE[type, To.RESOURCE_GONE], []
    present = [
        one
        for one in user.sessions.values()
        if one.presence is not None and one.priority >= 0 and not (one.closing or one.full)
    ]
    rule = TABLE[type, To.PRESENT if present else To.ABSENT]
    if rule is Rule.ALL:
        return rule, present
    if rule is Rule.MOST_AVAILABLE:
        if len(present) == 1:
            return rule, present
        top = max(session.priority for session in present)
        return rule, [session for session in present if session.priority == top]
    return rule, []
