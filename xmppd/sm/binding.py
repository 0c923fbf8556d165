"""Resource binding (RFC 6120, 7): a ticket becomes a session."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from xmppd.component.session import StreamFacts
from xmppd.component.stages import Life
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.sm import ending
from xmppd.sm.session import Session

if TYPE_CHECKING:
    from xmppd.sm.manager import SessionManager
    from xmppd.sm.user import User

MAX_SESSIONS = 1_000
"""Sessions of one account."""


def bind(
    manager: SessionManager, user: User, edge: Jid, facts: StreamFacts, asked: Mapping[str, str]
) -> Session:
    """Make the session that an `<open/>` asks for; raises StanzaError."""
    jid = _full_jid(user, asked.get("resource", ""))
    old = user.sessions.get(jid.resource)
    if old is not None:
        policy = asked.get("conflict") or user.host.resource_conflict
        if policy == "reject":
            raise StanzaError("conflict")
        if policy == "rename":
            jid = _made_jid(user)
        else:
            old.close(StreamError("conflict", "replaced by a new session"))
            ending.end(manager, old)
    if len(user.sessions) >= MAX_SESSIONS:
        raise StanzaError("resource-constraint", "too many sessions of this account")
    now = manager.clock.seconds()
    address = manager.new_address()
    session = Session(user, jid, address, edge, facts, manager.flush_later, now)
    manager.sessions[address] = session
    user.sessions[jid.resource] = session
    user.host.residents.woke(user)
    user.host.tell(Life.OPENED, session)
    return session


def _full_jid(user: User, resource: str) -> Jid:
    if not resource:
        return _made_jid(user)
    try:
        return user.jid.with_resource(resource)
    except InvalidJid as error:
        raise StanzaError("bad-request", str(error)) from None


def _made_jid(user: User) -> Jid:
    return user.jid.with_resource(secrets.token_urlsafe(9))
