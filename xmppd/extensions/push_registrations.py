"""Nodes of push services that clients have enabled (XEP-0357, 5): read, kept, remembered."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from twisted.words.xish.domish import Element

from xmppd.accounts.bound import OwnTable
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Form, FormError, FormType
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import DATA_FORMS
from xmppd.protocol.stanza import Stanza
from xmppd.sm.user import User
from xmppd.storage.codecs import AttrsCodec
from xmppd.storage.interfaces import Row

PUBLISH_OPTIONS = "http://jabber.org/protocol/pubsub#publish-options"

MAX_FORM = 4_096
"""Bytes of publish options that are kept for one node."""


@attrs.frozen
class Registration:
    """A node of a push service that a client has enabled, with its publish options as XML."""

    service: str
    node: str
    options: str = ""


@attrs.define
class Enabled:
    """A registration at work. `busy`: a notification is on its way; `more`: and another is due."""

    kept: Registration
    busy: bool = False
    more: bool = False
    failures: int = 0


class EnabledHere(set[tuple[str, str]]):
    """The nodes that the client of a session has enabled, as a note of the session."""


@attrs.define
class Registrations:
    """All of an account, as a note of its user; `missed` counts what none of its sessions got."""

    enabled: dict[tuple[str, str], Enabled] = attrs.field(factory=dict)
    missed: int = 0
    last: Stanza | None = None


def table_of(user: User) -> OwnTable[Registration]:
    """Where they are kept: one row for each, in the section of its service."""
    table: OwnTable[Registration] = user.account.table("push", AttrsCodec(Registration))
    return table


def registrations(rows: Iterable[Row[Registration]]) -> Registrations:
    """What is kept, as it is remembered."""
    kept = [row.value for row in rows]
    return Registrations({(one.service, one.node): Enabled(one) for one in kept})


def service_of(command: Element) -> str:
    """The push service that a command names. Raises StanzaError."""
    if not (jid := command.getAttribute("jid")):
        raise StanzaError("bad-request", "which push service?")
    try:
        return Jid.parse(jid)
    except InvalidJid as error:
        raise StanzaError("jid-malformed", str(error)) from None


def options_of(enable: Element) -> str:
    """The form of publish options, as it is to be published (5); bad-request for another."""
    for found in enable.elements(DATA_FORMS, "x"):
        try:
            form = Form.parse(found)
        except FormError as error:
            raise StanzaError("bad-request", str(error)) from None
        if form.type is not FormType.SUBMIT or form.form_type != PUBLISH_OPTIONS:
            raise StanzaError("bad-request", "not a submitted form of publish options")
        xml = form.to_xml()
        if len(xml) > MAX_FORM:
            raise StanzaError("not-acceptable", "the publish options are too long")
        return xml.decode()
    return ""
