"""Presence between one and many: of a session to contacts, and of a contact to sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.sm.host import Host
    from xmppd.sm.session import Session
    from xmppd.sm.user import User


def spread(host: Host, session: Session, stanza: Stanza, addresses: Sequence[Jid]) -> None:
    """Send presence that the server makes of a session's, to those whom no hook leaves out."""
    for hook in host.dispatch.sent_pick["presence"].of(stanza, session.user.notes):
        picked = hook(stanza, session, addresses)
        addresses = addresses if picked is None else picked
    send = host.manager.send
    for jid in addresses:
        send(stanza.readdressed(jid))


def picked(host: Host, user: User, stanza: Stanza, sessions: list[Session]) -> list[Session]:
    """Those of the sessions that get what has come for their account."""
    for hook in host.dispatch.received_pick[stanza.name].of(stanza, user.notes):
        chosen = hook(stanza, user, sessions)
        sessions = sessions if chosen is None else chosen
    return sessions
