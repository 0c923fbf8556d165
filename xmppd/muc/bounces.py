"""Messages that a room passed on and that came back: who sent them learns why, and no address."""

from __future__ import annotations

from xmppd.chat.nicks import fold
from xmppd.component.requests import condition_of
from xmppd.muc.decode import person_of
from xmppd.muc.elements import x_xml
from xmppd.muc.encode import Sending, addresses
from xmppd.muc.live import LiveRoom
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza


def returned(live: LiveRoom, error: Stanza) -> Sending | None:
    """What to tell of an error to a message of the room; None: nobody is to know."""
    if error.to is None or error.sender is None:
        return None
    return _private(live, error) if error.to.resource else _invitation(live, error)


def _private(live: LiveRoom, error: Stanza) -> Sending | None:
    """To who sent a private message: the condition alone (XEP-0045, 17.4)."""
    assert error.to is not None
    room = live.room
    refuser = room.occupant(person_of(error.sender))
    author = room.occupants.get(fold(error.to.resource))
    if refuser is None or author is None or error.id in live.reflected:
        return None
    failure = StanzaError(condition_of(error)).to_bytes()
    sender = live.jid.with_resource(refuser.nick)
    said = Stanza.make("message", failure, sender=sender, type="error", id=error.id)
    return Sending(said, addresses(room.stays[fold(author.nick)].values()))


def _invitation(live: LiveRoom, error: Stanza) -> Sending | None:
    """To who invited somebody that cannot be reached (XEP-0045, 7.8.2)."""
    assert error.sender is not None
    room, invitee = live.room, error.sender.bare
    inviter = room.invited.pop(invitee, None)
    if inviter is None:
        return None
    invite = x_xml(element("invite", None, {"to": invitee}))
    condition = condition_of(error)
    if condition == "service-unavailable":  # so servers say that there is no such account
        condition = "item-not-found"
    failure = StanzaError(condition, by=live.jid).to_bytes()
    said = Stanza.make("message", invite, failure, sender=live.jid, type="error")
    stays = [
        stay
        for occupant in room.all_of(inviter)
        for stay in room.stays[room.sessions[occupant.shown.person]].values()
    ]
    return Sending(said, addresses(stays))
