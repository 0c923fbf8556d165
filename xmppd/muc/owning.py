"""What owners do: configure a room, destroy it (XEP-0045, 10)."""

from __future__ import annotations

from typing import Any

from xmppd.chat.commands import Configure, Destroy
from xmppd.chat.model import Affiliation, Person
from xmppd.chat.outcome import Reason
from xmppd.chat.rights import Right
from xmppd.component.extension import ACCOUNT, iq
from xmppd.muc import names
from xmppd.muc.asking import form_or
from xmppd.muc.decode import person_of
from xmppd.muc.forms import config_form, read_config
from xmppd.muc.house import House
from xmppd.muc.live import LiveRoom
from xmppd.muc.reasons import reason_of
from xmppd.muc.refusals import echoing, refusal
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Form, FormError, FormType
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza


class OwnerRequests:
    """Has owners configure rooms, and destroy them."""

    def __init__(self, rooms: House) -> None:
        self._rooms = rooms

    @iq("get", names.MUC_OWNER, "query", to=ACCOUNT)
    @echoing
    async def read_config(self, request: Stanza) -> Stanza:
        """The form in which owners configure a room."""
        live = await self._rooms.in_room(request)
        self._check_owner(live, person_of(request.sender))
        return request.reply(element("query", names.MUC_OWNER, None, _form_of(live).to_xml()))

    def _check_owner(self, live: LiveRoom, person: Person) -> None:
        if not live.room.may(person, Right.CONFIGURE):
            raise refusal(Reason.FORBIDDEN, live.jid)

    @iq("set", names.MUC_OWNER, "query", to=ACCOUNT)
    @echoing
    async def change_config(self, request: Stanza) -> Stanza:
        """Configure a room, or destroy it."""
        live = await self._rooms.in_room(request)
        person = person_of(request.sender)
        self._check_owner(live, person)
        asked = form_or(request, "destroy")
        if isinstance(asked, Form):
            return await self._configure(request, live, person, asked)
        return await self._rooms.done(request, live, _destruction(person, asked))

    async def _configure(
        self, request: Stanza, live: LiveRoom, person: Person, form: Form
    ) -> Stanza:
        if form.type is FormType.CANCEL:
            if live.room.saved.locked:
                return await self._rooms.done(request, live, Destroy(person))
            return request.reply()
        try:
            wanted = read_config(live.room, _form_of(live), form)
        except FormError as problem:
            raise StanzaError("not-acceptable", str(problem)) from None
        command = Configure(person, wanted.values, wanted.owners, wanted.admins)
        return await self._rooms.done(request, live, command)


def _form_of(live: LiveRoom) -> Form:
    rows = live.room.saved.standings.items()
    owners = [account for account, row in rows if row.affiliation is Affiliation.OWNER]
    admins = [account for account, row in rows if row.affiliation is Affiliation.ADMIN]
    return config_form(live.room, owners, admins)


def _destruction(person: Person, destroy: Any) -> Destroy:
    said = {child.name: str(child) for child in destroy.elements()}
    alternate = destroy.getAttribute("jid", "")
    if alternate:
        try:
            alternate = Jid.parse(alternate)
        except InvalidJid:
            raise StanzaError("jid-malformed") from None
    return Destroy(person, reason_of(destroy), alternate, said.get("password", ""))
