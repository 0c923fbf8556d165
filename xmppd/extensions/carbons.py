"""XEP-0280: what one device of a user sends or gets, the others get a copy of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import attrs

from xmppd.component.extension import ACCOUNT, OWN_ACCOUNT, SessionExtension, iq, on
from xmppd.component.stages import Received, Sent
from xmppd.extensions.archive import with_archive_id
from xmppd.extensions.privacy import admits
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forwarding import forwarded
from xmppd.protocol.hints import forbids_copying
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import CARBONS, CHAT_STATES, CONTENT, DIRECT_INVITE, MUC, MUC_USER
from xmppd.protocol.stanza import Stanza
from xmppd.sm.delivery import Rule, choose, message_type
from xmppd.sm.session import Session
from xmppd.sm.user import User

RULES = "urn:xmpp:carbons:rules:0"


REMEMBERED = 100
"""Messages of an account whose errors would still be copied."""

_INSTANT = frozenset({CHAT_STATES, "urn:xmpp:receipts", "urn:xmpp:chat-markers:0", DIRECT_INVITE})
"""Payload of instant messaging whatever the type of its message (6.1)."""

_COPIES = (CARBONS, "received"), (CARBONS, "sent")


@attrs.define
class Nicks:
    """The nicks that a session has in rooms, as a note of the session."""

    by_room: dict[Jid, str] = attrs.field(factory=dict)


class Carbons(SessionExtension):
    """XEP-0280: copy messages to the user's other devices; XEP-0297: as forwarded stanzas."""

    xep = 280, "1.0.1"
    also = ((297, "1.0"),)
    features = (CARBONS, RULES)
    after = ("privacy", "stanza_ids", "offline", "archive")

    # Enabling (4 and 5)

    @iq("set", CARBONS, "enable", to=OWN_ACCOUNT)
    def enable(self, request: Stanza, session: Session) -> Stanza:
        """XEP-0280, 4; 9.1: as often as the client likes."""
        session.notes[Carbons] = True
        return request.reply()

    @iq("set", CARBONS, "disable", to=OWN_ACCOUNT)
    def disable(self, request: Stanza, session: Session) -> Stanza:
        """XEP-0280, 5."""
        session.notes.pop(Carbons, None)
        return request.reply()

    @iq("set", CARBONS, "enable", to=ACCOUNT)
    @iq("set", CARBONS, "disable", to=ACCOUNT)
    def foreign(self, request: Stanza, session: Session | None) -> Stanza:
        """XEP-0280, 4.1 and 5.1: alike whether the account exists or not."""
        raise StanzaError("not-allowed")

    # Copying (7 and 8)

    @on(Received.MARK, "message", *_COPIES)
    def discard_forged(self, stanza: Stanza, user: User) -> Stanza:
        """XEP-0280, 12: copies are made here and nowhere else."""
        return stanza.keeping([c for c in stanza.children if (c[0], c[1]) not in _COPIES])

    @on(Sent.NOTE, "message")
    def copy_sent(self, stanza: Stanza, session: Session) -> None:
        """XEP-0280, 8. What goes to the account itself is copied where it is received."""
        user, to = session.user, stanza.to
        if len(user.sessions) == 1 or to is None or to.bare == user.jid:
            return
        others = [one for one in _enabled(user) if one is not session]
        if not others or not self._is_eligible(stanza, user, to):
            return
        nick = _nick(session, to.bare) if to.resource else None
        if nick is not None:  # 6.1: for those alone who could answer
            others = [one for one in others if _nick(one, to.bare) == nick]
        _copy("sent", with_archive_id(stanza, session), others, _nothing)

    @on(Received.NOTE, "message")
    def copy_received(self, stanza: Stanza, user: User, sessions: list[Session]) -> None:
        """XEP-0280, 7. What has been refused has not been received."""
        others, sender = without_it(stanza, user, sessions), stanza.sender
        if others and sender is not None and self._is_eligible(stanza, user, sender):
            stanza.copied = set()
            _copy("received", stanza, others, stanza.copied.add)

    def _is_eligible(self, stanza: Stanza, user: User, other: Jid) -> bool:
        """Whether a message is to be copied; that it was is remembered for its error."""
        copied: deque[tuple[Jid, str]] | None = user.notes.get(Carbons)
        if message_type(stanza) == "error":
            return copied is not None and (other.bare, stanza.id or "") in copied
        if not is_eligible(stanza):
            return False
        if stanza.id is not None:
            if copied is None:
                copied = user.notes[Carbons] = deque(maxlen=REMEMBERED)
            copied.append((other.bare, stanza.id))
        return True

    # Rooms

    @on(Sent.NOTE, "presence")
    def note_nick(self, stanza: Stanza, session: Session) -> None:
        """Remember which rooms the session is in, and under which nick."""
        to, nicks = stanza.to, session.notes.get(Nicks)
        if to is None:
            if stanza.type == "unavailable":
                session.notes.pop(Nicks, None)
        elif not to.resource:
            return
        elif stanza.type is None and (stanza.has(MUC, "x") or _nick(session, to.bare) is not None):
            if nicks is None:
                nicks = session.notes[Nicks] = Nicks()
            nicks.by_room[to.bare] = to.resource
        elif stanza.type == "unavailable" and nicks is not None:
            nicks.by_room.pop(to.bare, None)


def is_eligible(stanza: Stanza) -> bool:
    """Whether a message is one to copy by its content (6.1 and 9); errors are not."""
    type = message_type(stanza)
    if type in ("groupchat", "error") or stanza.has(CARBONS, "private") or forbids_copying(stanza):
        return False
    if type == "chat" or (type == "normal" and stanza.has(CONTENT, "body")):
        return True
    return any(ns in _INSTANT for ns, _, _, _ in stanza.children) or _is_mediated(stanza)


def without_it(stanza: Stanza, user: User, sessions: Sequence[Session]) -> list[Session]:
    """The sessions that are to have a copy of what those have received (7), if its content makes
    it one to copy."""
    if len(sessions) == len(user.sessions):
        return []
    others = [
        one
        for one in _enabled(user)
        if one not in sessions and one.jid != stanza.sender and admits(one, stanza)
    ]
    if not others or _is_of_room(stanza, user):
        return []
    rule, chosen = choose(user, stanza)  # for some of them it may wait behind kept messages
    return [] if rule is Rule.REFUSE else [one for one in others if one not in chosen]


def _is_mediated(stanza: Stanza) -> bool:
    """Whether it is an invitation by way of the room (XEP-0045, 7.8.2)."""
    x = stanza.child(MUC_USER, "x") if stanza.has(MUC_USER, "x") else None
    return x is not None and next(x.elements(MUC_USER, "invite"), None) is not None


def _is_of_room(stanza: Stanza, user: User) -> bool:
    """Whether an occupant of a room has sent it, which the room itself copies (6.1)."""
    sender = stanza.sender
    if sender is None or not sender.resource or stanza.type == "error":
        return False
    return stanza.has(MUC_USER, "x") or any(
        _nick(session, sender.bare) is not None for session in user.sessions.values()
    )


def _nick(session: Session, room: Jid) -> str | None:
    nicks: Nicks | None = session.notes.get(Nicks)
    return None if nicks is None else nicks.by_room.get(room)


def _enabled(user: User) -> list[Session]:
    return [one for one in user.available if Carbons in one.notes and not one.closing]


def _copy(
    name: str, stanza: Stanza, sessions: Iterable[Session], got: Callable[[Session], None]
) -> None:
    """A copy that a session ends without is gone: the message itself is where it belongs.

    :param got: called with each session whose client has its copy.
    """
    inner = element(name, CARBONS, None, forwarded(stanza))
    for session in sessions:
        copy = Stanza.make(
            "message", inner, to=session.jid, sender=session.user.jid, type=stanza.type
        )
        session.deliver_watched(copy, partial(got, session))


def _nothing(session: Session) -> None:
    """Nobody keeps a copy, so nobody waits until it is written."""
