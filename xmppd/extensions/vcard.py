"""XEP-0054: an account's vCard, kept here and shown to anybody who asks."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred

from xmppd.accounts.bound import OwnDocument
from xmppd.component.extension import ACCOUNT, HOST, OWN_ACCOUNT, SessionExtension, iq
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.vcards import VCARD
from xmppd.sm.session import Session
from xmppd.sm.user import User
from xmppd.storage.codecs import XmlCodec
from xmppd.storage.interfaces import Versioned


@attrs.frozen
class Photo:
    """The photo of the vCard of a session's account, as a note of the session.

    `sha1` is that of its image in hexadecimal, empty where there is none. The note is gone when
    the vCard has changed since.
    """

    sha1: str


class VCard(SessionExtension):
    """XEP-0054, 3: get and set one's own, get another's; the host has one too."""

    xep = 54, "1.3.0"
    features = account_features = (VCARD,)

    @iq("get", VCARD, "vCard", to=OWN_ACCOUNT)
    def get(self, request: Stanza, session: Session) -> Deferred[Stanza]:
        """XEP-0054, 3.1."""
        return vcard_of(session.user).get().addCallback(_answer, request, "item-not-found")

    @iq("set", VCARD, "vCard", to=OWN_ACCOUNT)
    def set(self, request: Stanza, session: Session) -> Deferred[Stanza]:
        """XEP-0054, 3.2: always the whole of it."""
        kept = vcard_of(session.user).put(_payload(request))
        for one in session.user.sessions.values():
            one.notes.pop(Photo, None)
        return kept.addCallback(lambda _: request.reply())

    @iq("get", VCARD, "vCard", to=ACCOUNT)
    async def get_foreign(self, request: Stanza, session: Session | None) -> Stanza:
        """XEP-0054, 3.3: no vCard and no account are answered alike."""
        assert request.to is not None
        user = await self.host.user(request.to.local)
        found = None if user is None else await vcard_of(user).get()
        return _answer(found, request, "service-unavailable")

    @iq("set", VCARD, "vCard", to=ACCOUNT)
    def set_foreign(self, request: Stanza, session: Session | None) -> Stanza:
        """XEP-0054, 3.2."""
        raise StanzaError("forbidden")

    @iq("get", VCARD, "vCard", to=HOST)
    def get_host(self, request: Stanza, session: Session | None) -> Deferred[Stanza]:
        """XEP-0054, 3.3: a server has a vCard too."""
        found: Deferred[Any] = self.host.document("vcard", XmlCodec()).get(self.host.owner)
        return found.addCallback(_answer, request, "service-unavailable")

    @iq("set", VCARD, "vCard", to=HOST)
    def set_host(self, request: Stanza, session: Session | None) -> Deferred[Stanza]:
        """The server's own is written by its admins."""
        if request.sender is None or request.sender.bare not in self.host.admins:
            raise StanzaError("forbidden")
        vcards = self.host.document("vcard", XmlCodec())
        kept: Deferred[Any] = vcards.put(self.host.owner, _payload(request))
        return kept.addCallback(lambda _: request.reply())


def vcard_of(user: User) -> OwnDocument[bytes]:
    """Where the vCard of an account is kept."""
    document: OwnDocument[bytes] = user.account.document("vcard", XmlCodec())
    return document


def _payload(request: Stanza) -> bytes:
    vcard = request.payload()
    assert vcard is not None
    xml: str = vcard.toXml()
    return xml.encode()


def _answer(found: Versioned[bytes] | None, request: Stanza, condition: str) -> Stanza:
    if found is None:
        raise StanzaError(condition)
    return request.reply(found.value)
