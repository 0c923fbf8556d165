"""Who may reach an account, and whom its sessions reach: privacy lists at work.

The lists are changed by `blocking` (XEP-0191) and `privacy_lists` (XEP-0016); here they are kept,
once for both, and applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from xmppd.accounts.bound import OwnDocument
from xmppd.component.extension import Extension, on
from xmppd.component.stages import DROP, Life, Received, Sent
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.privacy import PRESENCE_IN, PRESENCE_OUT, Filter, Lists, Rule
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.user import User
from xmppd.storage.codecs import AttrsCodec
from xmppd.storage.interfaces import Versioned

_BLOCKED = element("blocked", "urn:xmpp:blocking:errors")

_NOTIFICATIONS = frozenset({None, "unavailable"})
NO_FILTER = Filter(())


@attrs.frozen
class ActiveList:
    """The list that a session has made active, as a note of the session (XEP-0016, 2.4)."""

    name: str


class Guard:
    """The lists of an account that has any, as a note of its user."""

    def __init__(self, lists: Lists) -> None:
        self.lists = lists
        self._filters = {name: Filter(rules) for name, rules in lists.lists.items()}

    def of(self, session: Session) -> Filter:
        """What applies to a session: its active list, else the default one (2.2, 1 and 2)."""
        active: ActiveList | None = session.notes.get(ActiveList)
        if active is not None and active.name in self._filters:
            return self._filters[active.name]
        return self.default

    @property
    def default(self) -> Filter:
        """What applies to the account where no session's list does."""
        return self._filters.get(self.lists.default, NO_FILTER)


class Privacy(Extension):
    """Apply privacy lists and block lists to all that accounts send and get (XEP-0016, 2.2)."""

    @on(Life.LOADED)
    def load(self, user: User) -> Deferred[None]:
        """Have the lists before anything is handled for the account."""

        def found(kept: Versioned[Lists] | None) -> None:
            if kept is not None:
                user.notes[Guard] = Guard(kept.value)

        return lists_document(user).get().addCallback(found)

    # What sessions send

    @on(Sent.CHECK, noted=Guard)
    def check_sent(self, stanza: Stanza, session: Session) -> None:
        """XEP-0016, 2.13; XEP-0191, 3.3: not-acceptable, and nothing is routed."""
        guard: Guard | None = session.user.notes.get(Guard)
        to = stanza.to
        if guard is None or to is None or is_exempt(session.user, to):
            return
        kind = PRESENCE_OUT if _is_notification(stanza) else None
        rule = first(guard.of(session), session.user, kind, to)
        if rule is not None and rule.deny:
            extra = _BLOCKED if rule.blocks else b""
            raise StanzaError("not-acceptable", type="cancel", extra=extra)

    @on(Sent.PICK, "presence", noted=Guard)
    def pick_contacts(
        self, stanza: Stanza, session: Session, addresses: Sequence[Jid]
    ) -> list[Jid]:
        """XEP-0016, 2.11: presence that the server spreads goes to those who may have it."""
        guard: Guard = session.user.notes[Guard]
        kind = PRESENCE_OUT if _is_notification(stanza) else None
        filter, user = guard.of(session), session.user
        return [jid for jid in addresses if not denies(filter, user, kind, jid)]

    # What comes for accounts

    @on(Received.CHECK, noted=Guard)
    def check_received(self, stanza: Stanza, user: User) -> Any:
        """XEP-0016, 2.13: presence and answers vanish, the rest is answered as if offline.

        What is said in a room where the user is vanishes as well: to the room an error says that
        the user has gone (RFC 6121, 8.5.3.2).
        """
        guard: Guard | None = user.notes.get(Guard)
        sender = stanza.sender
        if guard is None or sender is None or is_exempt(user, sender):
            return None
        kind = _incoming(stanza)
        filters = _concerned(guard, user, stanza)
        if not all([denies(filter, user, kind, sender) for filter in filters]):
            return None
        vanishing = stanza.name == "presence" or stanza.type in ("result", "error")
        if vanishing or _is_said_in_room(stanza, user):
            return DROP
        raise StanzaError("service-unavailable")

    @on(Received.PICK, noted=Guard)
    def pick_sessions(
        self, stanza: Stanza, user: User, sessions: list[Session]
    ) -> list[Session] | None:
        """Where sessions have different lists, each gets what its own lets through."""
        guard: Guard = user.notes[Guard]
        sender = stanza.sender
        if sender is None or is_exempt(user, sender):
            return None
        kind = _incoming(stanza)
        allowed = [one for one in sessions if not denies(guard.of(one), user, kind, sender)]
        if allowed or not sessions or stanza.name != "message":
            return allowed
        others = [one for one in _present(user) if not denies(guard.of(one), user, kind, sender)]
        top = max([one.priority for one in others], default=0)
        return [one for one in others if one.priority == top]


def is_exempt(user: User, jid: Jid) -> bool:
    """The account itself and its server are never blocked (XEP-0016, 2.1)."""
    return jid.bare == user.jid or jid == user.host.jid


def lists_document(user: User) -> OwnDocument[Lists]:
    """Where the lists of an account are kept."""
    document: OwnDocument[Lists] = user.account.document("privacy", AttrsCodec(Lists))
    return document


def lists_of(user: User) -> Lists:
    """The lists of an account that is in memory."""
    guard: Guard | None = user.notes.get(Guard)
    return Lists() if guard is None else guard.lists


def admits(session: Session, stanza: Stanza) -> bool:
    """Whether a session may get what has come for its account."""
    user, sender = session.user, stanza.sender
    guard: Guard | None = user.notes.get(Guard)
    if guard is None or sender is None or is_exempt(user, sender):
        return True
    return not denies(guard.of(session), user, _incoming(stanza), sender)


def first(filter: Filter, user: User, kind: str | None, jid: Jid) -> Rule | None:
    """The rule that decides about somebody, as the roster has them now (2.2, 9)."""
    contact = user.contacts.get(jid.bare)
    if contact is None:
        return filter.first(kind, jid)
    return filter.first(kind, jid, contact.groups, contact.subscription)


def denies(filter: Filter, user: User, kind: str | None, jid: Jid) -> bool:
    """Whether a list does not let that kind of stanza pass."""
    rule = first(filter, user, kind, jid)
    return rule is not None and rule.deny


def _concerned(guard: Guard, user: User, stanza: Stanza) -> list[Filter]:
    """The lists of those whom a stanza is for (2.2, 2)."""
    to = stanza.to
    assert to is not None
    session = user.sessions.get(to.resource) if to.resource else None
    if session is not None:
        return [guard.of(session)]
    if stanza.name == "iq":
        return [guard.default]
    sessions = user.available if stanza.name == "presence" else _present(user)
    return [guard.of(one) for one in sessions] or [guard.default]


def _is_said_in_room(stanza: Stanza, user: User) -> bool:
    """Whether a message is from a room that a session has entered."""
    session = user.sessions.get(stanza.to.resource) if stanza.to else None
    if stanza.sender is None or stanza.type != "groupchat" or session is None:
        return False
    return any(jid.bare == stanza.sender.bare for jid in session.directed or ())


def _present(user: User) -> list[Session]:
    return [one for one in user.available if one.priority >= 0 and not one.closing]


def _is_notification(stanza: Stanza) -> bool:
    return stanza.name == "presence" and stanza.type in _NOTIFICATIONS


def _incoming(stanza: Stanza) -> str | None:
    if stanza.name == "presence":
        return PRESENCE_IN if _is_notification(stanza) else None
    return stanza.name
