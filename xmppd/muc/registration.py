"""Registering with a room (XEP-0045, 7.10)."""

from __future__ import annotations

from xmppd.chat.commands import Register, Unregister
from xmppd.chat.model import Affiliation
from xmppd.chat.outcome import Reason
from xmppd.component.extension import ACCOUNT, iq
from xmppd.muc import names
from xmppd.muc.asking import form_or, register_form
from xmppd.muc.decode import person_of
from xmppd.muc.guard import Guarded
from xmppd.muc.live import LiveRoom
from xmppd.muc.refusals import refusal
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Form, FormError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza


class RegistrationRequests:
    """Has people register with rooms."""

    def __init__(self, rooms: Guarded) -> None:
        self._rooms = rooms

    @iq("get", names.REGISTER, "query", to=ACCOUNT)
    async def read_registration(self, request: Stanza) -> Stanza:
        """What to fill in to register with a room (XEP-0045, 7.10)."""
        live = await self._rooms.in_room(request)
        account = person_of(request.sender).account
        standing = live.room.saved.standings.get(account)
        if standing is not None and standing.affiliation >= Affiliation.MEMBER:
            nick = element("username", None, None, standing.nick)
            content = element("registered") + (nick if standing.nick else b"")
        elif live.room.config["registration"] == "off" or _is_banned(live, account):
            raise refusal(Reason.REGISTRATION_CLOSED, live.jid)
        else:
            content = register_form().to_xml()
        return request.reply(element("query", names.REGISTER, None, content))

    @iq("set", names.REGISTER, "query", to=ACCOUNT)
    async def register(self, request: Stanza) -> Stanza:
        """Register with a room, or no longer."""
        live = await self._rooms.in_room(request)
        person = person_of(request.sender)
        self._rooms.check_knocking(live, person)
        asked = form_or(request, "remove")
        if isinstance(asked, Form):
            return await self._rooms.done(request, live, Register(person, _wanted_nick(asked)))
        return await self._rooms.done(request, live, Unregister(person))


def _is_banned(live: LiveRoom, account: str) -> bool:
    return live.room.affiliation(account) is Affiliation.OUTCAST


def _wanted_nick(form: Form) -> str:
    try:
        nick = register_form().validate(form)["muc#register_roomnick"]
        return Jid.of("a", "b", str(nick)).resource
    except FormError as problem:
        raise StanzaError("bad-request", str(problem)) from None
    except InvalidJid as problem:
        raise StanzaError("not-acceptable", str(problem)) from None
