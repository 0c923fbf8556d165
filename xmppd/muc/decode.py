"""Messages and presences to rooms, as commands (XEP-0045)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from twisted.words.xish.domish import Element

from xmppd.chat.commands import (
    Command,
    Decline,
    Enter,
    Invite,
    RequestVoice,
    RoleChange,
    Say,
    SetRoles,
    SetStandings,
    SetTopic,
    StandingChange,
    Whisper,
)
from xmppd.chat.model import Affiliation, HistoryWish, Invitation, Person, Role
from xmppd.muc import names
from xmppd.muc.content import message_content, presence_of
from xmppd.muc.reasons import reason_of
from xmppd.protocol.datetimes import parse_microseconds
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Form, FormError, FormType
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import CONTENT, DATA_FORMS
from xmppd.protocol.stanza import Stanza

MOST_INVITED = 20
"""People asked to come by one message."""


def person_of(jid: Jid | None) -> Person:
    """Who sent something."""
    assert jid is not None
    return Person(jid.bare, jid.resource)


def nick_of(text: str) -> str:
    """A nick as it is worn; an empty one stays that. Raises `StanzaError`."""
    try:
        return Jid.of("a", "b", text).resource if text else ""
    except InvalidJid:
        raise StanzaError("jid-malformed") from None


def entering(presence: Stanza, room: Jid) -> Enter:
    """What a presence with `<x/>` asks for."""
    assert presence.to is not None
    x = presence.child(names.MUC, "x")
    password, wish = "", HistoryWish()
    for child in [] if x is None else x.elements():
        if child.name == "password":
            password = str(child)
        elif child.name == "history":
            wish = _wish(child)
    person, nick = person_of(presence.sender), presence.to.resource
    return Enter(person, nick, presence_of(presence, room), password, wish, presence.sender)


def _wish(history: Element) -> HistoryWish:
    since = None
    with suppress(ValueError):
        since = parse_microseconds(history.getAttribute("since", "")) / 1_000_000
    return HistoryWish(
        _count(history.getAttribute("maxchars")),
        _count(history.getAttribute("maxstanzas")),
        _count(history.getAttribute("seconds")),
        since,
    )


def _count(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return int(text[:10])


def message_command(message: Stanza, room: Jid) -> Command | None:
    """What a message to a room or to one inside asks for; None: nothing.

    Raises `StanzaError` for what rooms do not take.
    """
    assert message.to is not None
    nick = message.to.resource
    if message.type == "groupchat":
        if nick:
            raise StanzaError("bad-request", type="modify", by=room)
        return _groupchat(message, room)
    if nick:
        return Whisper(person_of(message.sender), nick, message_content(message, room))
    if message.has(names.MUC_USER, "x"):
        return _invitations(message)
    if message.has(DATA_FORMS, "x"):
        return _form(message)
    if message.type == "chat" or message.has(CONTENT, "body"):
        raise StanzaError("bad-request", "only groupchat here", type="modify", by=room)
    return None


def _groupchat(message: Stanza, room: Jid) -> Command:
    person, content = person_of(message.sender), message_content(message, room)
    is_topic = message.has(CONTENT, "subject") and not (
        message.has(CONTENT, "body") or message.has(CONTENT, "thread")
    )
    return SetTopic(person, content) if is_topic else Say(person, content)


def _invitations(message: Stanza) -> Command:
    x = message.child(names.MUC_USER, "x")
    assert x is not None
    person = person_of(message.sender)
    invitations = []
    for child in x.elements():
        if child.name == "decline":
            return Decline(person, child.getAttribute("to", ""), reason_of(child))
        if child.name == "invite":
            invitations.append(_invitation(child))
    if not invitations or len(invitations) > MOST_INVITED:
        raise StanzaError("bad-request")
    return Invite(person, tuple(invitations))


def _invitation(invite: Element) -> Invitation:
    goes_on = next((child for child in invite.elements() if child.name == "continue"), None)
    thread = None if goes_on is None else goes_on.getAttribute("thread")
    to = _address(invite.getAttribute("to", ""))
    return Invitation(to.bare, reason_of(invite), thread, goes_on is not None, to.resource)


def _address(text: str) -> Jid:
    try:
        return Jid.parse(text)
    except InvalidJid:
        raise StanzaError("jid-malformed") from None


def _form(message: Stanza) -> Command | None:
    """A request for voice, or an answer to such a request or to one for membership."""
    x = message.child(DATA_FORMS, "x")
    assert x is not None
    try:
        form = Form.parse(x)
    except FormError as problem:
        raise StanzaError("bad-request", str(problem)) from None
    person = person_of(message.sender)
    if form.type is not FormType.SUBMIT:
        return None
    if form.form_type == names.REQUEST:
        return _voice(form, person)
    if form.form_type == names.REGISTER_FORM and _said(form, "muc#register_allow") in _YES:
        account = _address(_said(form, "muc#register_jid")).bare
        nick = nick_of(_said(form, "muc#register_roomnick"))
        return SetStandings(person, (StandingChange(account, Affiliation.MEMBER, nick),))
    return None


_YES = ("1", "true")


def _voice(form: Form, person: Person) -> Command | None:
    if _said(form, "muc#role") not in ("", "participant"):  # voice is no more than that
        raise StanzaError("bad-request", "only a participant's role")
    allow = form.field("muc#request_allow")
    if allow is None:
        return RequestVoice(person)
    if _said(form, "muc#request_allow") not in _YES:
        return None
    nick, jid = _said(form, "muc#roomnick"), _said(form, "muc#jid")
    account = _address(jid).bare if jid else ""
    return SetRoles(person, (RoleChange(nick, Role.PARTICIPANT, account=account),))


def _said(form: Form, var: str) -> str:
    field = form.field(var)
    return "".join(_first(field.values)) if field is not None else ""


def _first(values: Iterable[str]) -> list[str]:
    return list(values)[:1]
